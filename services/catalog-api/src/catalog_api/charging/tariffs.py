"""What a month of consumption is charged under given terms, line by line, exactly. Pure."""

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from catalog_api.charging.terms import Flat, NoCharge, PerUnit, PerUser, Terms, Tiered


@dataclass(frozen=True)
class Line:
    """So many of something at a price each."""

    what: str
    quantity: Fraction
    price: Fraction

    @property
    def amount(self) -> Fraction:
        return self.quantity * self.price


def charge_lines(terms: Terms, users: int, units: Decimal) -> list[Line]:
    """The lines of one customer's charge for one month."""
    match terms:
        case NoCharge():
            return []
        case Flat():
            return [Line("month", Fraction(1), Fraction(terms.amount))]
        case PerUser():
            return [Line("user", Fraction(users), Fraction(terms.amount))]
        case PerUnit():
            return [Line(terms.unit, Fraction(units), Fraction(terms.amount))]
        case Tiered():
            return _tier_lines(terms, units)


def charge_of(terms: Terms, users: int, units: Decimal) -> Fraction:
    """One customer's charge for one month, in the model's currency, not rounded."""
    return sum((line.amount for line in charge_lines(terms, users, units)), Fraction(0))


def _tier_lines(terms: Tiered, units: Decimal) -> list[Line]:
    """Only the units within a tier are charged at its price."""
    lines = []
    for tier in terms.tiers:
        last = units if tier.up_to is None else min(units, tier.up_to)
        if last > tier.above:
            within = Fraction(last) - Fraction(tier.above)
            lines.append(Line(terms.unit, within, Fraction(tier.amount)))
    return lines

"""What a service's books hold of a period, as it is read in one statement. Pure."""

from datetime import date
from decimal import Decimal
from fractions import Fraction
from uuid import UUID

from catalog_api.benchmarks.rules import Measure
from catalog_api.charging.rules import ChargeState, model_on
from catalog_api.charging.tariffs import charge_of
from catalog_api.charging.terms import Terms
from catalog_api.financials.figures import Charged, Consumed
from catalog_api.financials.rules import Money
from shared.schemas.common import Out


class HeldModel(Out):
    """A charging model and the month it holds from."""

    valid_from: date
    currency: str
    terms: Terms


class Used(Out):
    """What one customer used in a month."""

    month: date
    users: int
    units: Decimal


class ChargedSum(Out):
    """What was charged for a month, summed by state and currency."""

    state: ChargeState
    month: date
    currency: str
    amount: Decimal


class Published(Out):
    """A benchmark."""

    id: UUID
    measure: Measure
    value: Decimal
    currency: str | None
    unit: str
    source: str
    published_on: date
    url: str | None


class Books(Out):
    """`currencies`: of the service's own cost items; `cost_items`: those that have not ended."""

    currencies: list[str]
    cost_items: int
    models: list[HeldModel]
    used: list[Used]
    charged: list[ChargedSum]
    benchmarks: list[Published]


def consumed_of(books: Books) -> list[Consumed]:
    """Consumption, each entry charged by the model that holds in its month."""
    found = []
    for used in books.used:
        model = model_on(books.models, used.month)
        charge = None if model is None else _priced(used, model)
        found.append(Consumed(used.month, used.users, used.units, charge))
    return found


def _priced(used: Used, model: HeldModel) -> Money:
    amount = charge_of(model.terms, used.users, used.units)
    return Money(used.month, model.currency, amount)


def charged_of(books: Books) -> list[Charged]:
    """What was charged, as amounts that belong to months."""
    return [
        Charged(one.state, Money(one.month, one.currency, Fraction(one.amount)))
        for one in books.charged
    ]


def currencies_in(books: Books) -> set[str]:
    """Every currency that a figure of the books is kept in, except costs."""
    benchmarks = {one.currency for one in books.benchmarks if one.currency is not None}
    kept = {one.currency for one in books.models} | {one.currency for one in books.charged}
    return kept | benchmarks

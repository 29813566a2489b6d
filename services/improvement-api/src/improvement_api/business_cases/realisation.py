"""What was booked beside what a case planned, and the worth of the case with it. Pure.

A period that is over counts, line by line, with what was booked; where nothing was booked for a
line the plan still stands, and the line says so. A period that is not over counts as planned.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, localcontext

from improvement_api.business_cases.cash_flows import (
    Flow,
    amount_of,
    base_values,
    discount_factors,
    exact,
    flows_of,
    period_on,
    periods_over,
    present_value,
)
from improvement_api.business_cases.texts import BusinessCaseText, CashFlowLine, Direction


@dataclass(frozen=True)
class Booked:
    """What was booked for a line in a period, known by its first day; or at the very start."""

    line: str
    at_start: bool
    starts_on: date
    amount: Decimal


Sums = Mapping[str, Mapping[int, Decimal]]
"""What was booked, by line and period."""


@dataclass(frozen=True)
class LineRealisation:
    """A line in the periods that are over: what was expected of it and what was booked.

    `unrecorded` are periods that are over and in which it should have fallen, without a booking.
    """

    line: CashFlowLine
    planned: Decimal
    actual: Decimal
    unrecorded: int


@dataclass(frozen=True)
class Realisation:
    """`flows` and `npv` are those of the case with what was booked in place of what was planned.

    `not_counted` is booked money of lines or days that the case does not have.
    """

    over: int
    planned_flows: list[Flow]
    flows: list[Flow]
    planned_npv: Decimal
    npv: Decimal
    lines: list[LineRealisation]
    not_counted: Decimal


def realise(text: BusinessCaseText, booked: Iterable[Booked], today: date) -> Realisation:
    """Set what was booked beside the plan; period 0 is over from the day of the start on."""
    with localcontext(exact(text)):
        over = periods_over(text, today) if today >= text.starts_on else -1
        sums, not_counted = _sums(text, booked)
        values, factors = base_values(text), discount_factors(text)
        planned = flows_of(text, values)
        lines = [
            _line(line, amount_of(line, values), sums.get(line.key, {}), over)
            for line in text.lines
            if line.counts
        ]
        flows = _with_bookings(text, planned, sums, over)
        return Realisation(
            over=max(over, 0),
            planned_flows=planned,
            flows=flows,
            planned_npv=present_value((flow.net for flow in planned), factors),
            npv=present_value((flow.net for flow in flows), factors),
            lines=lines,
            not_counted=not_counted,
        )


def _sums(
    text: BusinessCaseText, booked: Iterable[Booked]
) -> tuple[dict[str, dict[int, Decimal]], Decimal]:
    """Bookings by line and period, and the sum of those that fit none of them."""
    sums: dict[str, dict[int, Decimal]] = {line.key: {} for line in text.lines if line.counts}
    not_counted = Decimal(0)
    for one in booked:
        period = 0 if one.at_start else period_on(text, one.starts_on)
        if period is None or one.line not in sums:
            not_counted += one.amount
        else:
            of_line = sums[one.line]
            of_line[period] = of_line.get(period, Decimal(0)) + one.amount
    return sums, not_counted


def _line(
    line: CashFlowLine, expected: Decimal, found: Mapping[int, Decimal], over: int
) -> LineRealisation:
    due = [period for period in line.occurrences if period <= over]
    return LineRealisation(
        line,
        planned=expected * len(due),
        actual=sum((found[period] for period in found if period <= over), Decimal(0)),
        unrecorded=sum(period not in found for period in due),
    )


def _with_bookings(
    text: BusinessCaseText, planned: Sequence[Flow], sums: Sums, over: int
) -> list[Flow]:
    """The planned flows with what was booked in place of what was planned for that line then."""
    values = base_values(text)
    costs = [flow.costs for flow in planned]
    benefits = [flow.benefits for flow in planned]
    for line in text.lines:
        side = costs if line.direction is Direction.COST else benefits
        for period, amount in sums.get(line.key, {}).items():
            if period <= over:
                due = period in line.occurrences
                side[period] += amount - (amount_of(line, values) if due else 0)
    return [Flow(n, *both) for n, both in enumerate(zip(costs, benefits, strict=True))]

"""The internal rate of return: a library finds it, exact arithmetic confirms it.

The rate r with Σ net(t) · (1 + r)^(−t) = 0, a year and effective. By Descartes' rule of signs a
cash flow that changes its sign once has exactly one; one that never does has none; with more
changes there may be several, none of which says anything by itself, so they are all told.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Context, Decimal, localcontext
from itertools import pairwise
from typing import Any, Final

from improvement_api.business_cases.texts import BusinessCaseText, Timing

LOWEST: Final = Decimal("-0.9999")
HIGHEST: Final = Decimal(1000)
_RANGE: Final = "between −99.99 % and 100 000 % a year"
_CLOSE: Final = Decimal("1e-9")  # far below the six decimals that are shown
_CONTEXT: Final = Context(prec=60)
_CLOSEST: Final = Decimal("1e-20")  # of a turning point: twice as many digits of the value there
_NOTHING: Final = Decimal("1e-24")  # a share of what is added up that is zero beside it
_GRID: Final = 20_000  # neighbours differ by less than a thousandth of 1 + r


@dataclass(frozen=True)
class InternalRate:
    """The one rate, or none and why; `rates` are all that were found, lowest first."""

    value: Decimal | None
    reason: str | None
    sign_changes: int
    rates: tuple[Decimal, ...]


@dataclass(frozen=True)
class _Steps:
    """Net flows at equal steps of time, from the first that is not zero, scaled to at most 1."""

    nets: tuple[Decimal, ...]
    a_year: int

    def worth(self, rate: Decimal) -> Decimal:
        """The present value at an annual rate: its sign is what counts."""
        factor = (1 + rate) ** (Decimal(-1) / self.a_year)
        value = Decimal(0)
        for net in reversed(self.nets):
            value = value * factor + net
        return value

    def touches(self, rate: Decimal) -> bool:
        """Whether the present value at a turning point is zero."""
        sizes = _Steps(tuple(abs(net) for net in self.nets), self.a_year)
        return abs(self.worth(rate)) <= _NOTHING * sizes.worth(rate)

    def slope(self) -> "_Steps":
        """Steps whose worth has the sign of the derivative of this one, by the discount factor."""
        nets = [place * net for place, net in enumerate(self.nets)]
        return _Steps(tuple(nets[1:]), self.a_year)


def internal_rate(text: BusinessCaseText, nets: Sequence[Decimal]) -> InternalRate:
    """The internal rate of return of the nets of period 0 and of every period after it."""
    changes = sign_changes(nets)
    if changes == 0:
        side = "below" if any(net > 0 for net in nets) else "above"
        side = f"is never {side} zero" if any(nets) else "is always zero"
        reason = f"the net cash flow never changes its sign: it {side}"
        return InternalRate(None, reason, 0, ())
    with localcontext(_CONTEXT):
        steps = _steps(text, nets)
        rates = tuple(_only_rate(steps) if changes == 1 else _rates(steps))
    if len(rates) == 1:
        return InternalRate(rates[0], None, changes, rates)
    return InternalRate(None, _why(changes, rates), changes, rates)


def sign_changes(nets: Sequence[Decimal]) -> int:
    """How often a cash flow turns from spending to earning or back; zeros count for nothing."""
    signs = [net > 0 for net in nets if net != 0]
    return sum(before != after for before, after in pairwise(signs))


def _why(changes: int, rates: Sequence[Decimal]) -> str:
    if changes == 1:
        return f"the rate does not lie {_RANGE}"
    times = f"the net cash flow changes its sign {changes} times"
    if not rates:
        return f"{times}, and no rate {_RANGE} was found at which its present value is zero"
    return f"{times}: it is not unique, {len(rates)} rates make its present value zero"


def _steps(text: BusinessCaseText, nets: Sequence[Decimal]) -> _Steps:
    """The flow on a grid of equal steps: half periods where money moves in the middle of one."""
    a_year = text.periodicity.per_year
    spread = list(nets)
    if text.timing is Timing.MID_PERIOD:
        a_year *= 2
        spread = [nets[0], *(one for net in nets[1:] for one in (net, Decimal(0)))]
    filled = [place for place, net in enumerate(spread) if net != 0]
    largest = max(abs(net) for net in nets)
    return _Steps(tuple(net / largest for net in spread[filled[0] : filled[-1] + 1]), a_year)


def _only_rate(steps: _Steps) -> Iterator[Decimal]:
    """The rate of a flow that changes its sign once, unless it lies out of range."""
    proposed = _proposed(steps)
    if proposed is not None and _turns(steps, proposed - _CLOSE, proposed + _CLOSE):
        yield proposed
    elif _turns(steps, LOWEST, HIGHEST):
        yield _between(steps, LOWEST, HIGHEST)


def _proposed(steps: _Steps) -> Decimal | None:
    """What the library says; it gives up on some long flows, and errs on extreme ones."""
    import pyxirr  # noqa: PLC0415 - most processes never need it

    found: float | None = pyxirr.irr([float(net) for net in steps.nets], silent=True)
    if found is None or not -1 < found < HIGHEST:
        return None
    rate = (1 + Decimal(found)) ** steps.a_year - 1
    return rate if LOWEST + _CLOSE < rate < HIGHEST - _CLOSE else None


def _turns(steps: _Steps, low: Decimal, high: Decimal) -> bool:
    """Whether the present value has another sign at one end than at the other, or is zero there."""
    return steps.worth(low) * steps.worth(high) <= 0


def _between(steps: _Steps, low: Decimal, high: Decimal, close: Decimal = _CLOSE) -> Decimal:
    """Bisection between two rates with present values of different signs."""
    rises = steps.worth(low) < 0
    while high - low > close:
        middle = (low + high) / 2
        if (steps.worth(middle) < 0) is rises:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _rates(steps: _Steps) -> list[Decimal]:
    """Every rate in range at which the present value is zero, lowest first.

    Most often it changes its sign there. Where it only touches zero it turns; between two turning
    points and their neighbours on the grid it crosses zero at most once.
    """
    slope = steps.slope()
    turns = [_between(slope, *sides, _CLOSEST) for sides in _changes(_signs_on_grid(slope))]
    rates = [rate for rate in turns if steps.touches(rate)]
    crossed = [(rate, steps.worth(rate) > 0) for rate in turns if rate not in rates]
    points = sorted([*_signs_on_grid(steps), *crossed])
    return sorted([*rates, *(_between(steps, *sides) for sides in _changes(points))])


def _changes(points: Iterable[tuple[Decimal, bool]]) -> Iterator[tuple[Decimal, Decimal]]:
    """The neighbours between which the sign changes."""
    for (low, before), (high, after) in pairwise(points):
        if before != after:
            yield low, high


def _signs_on_grid(steps: _Steps) -> Iterator[tuple[Decimal, bool]]:
    """Rates of a fine grid where floating point is sure of the sign, and whether it is positive."""
    import numpy as np  # noqa: PLC0415 - takes a tenth of a second, and few cases need it

    logs = np.linspace(np.log(float(1 + LOWEST)), np.log(float(1 + HIGHEST)), _GRID)
    factors = np.exp(-logs / steps.a_year)
    nets = [float(net) for net in steps.nets]
    # Powers of factors above 1 would overflow: there the flow is read from its end instead.
    backwards = factors > 1
    values, sizes = np.where(
        backwards,
        _horner(np, nets, np.minimum(1 / factors, 1)),
        _horner(np, nets[::-1], np.minimum(factors, 1)),
    )
    for rate, value, size in zip(np.exp(logs) - 1, values, sizes, strict=True):
        if abs(value) > 1e-12 * size:
            yield Decimal(float(rate)), bool(value > 0)


def _horner(np: Any, coefficients: Sequence[float], at: Any) -> tuple[Any, Any]:
    """Σ coefficient · at^power, the highest power first, and the same of their magnitudes."""
    value, size = np.zeros_like(at), np.zeros_like(at)
    for one in coefficients:
        value, size = value * at + one, size * at + abs(one)
    return value, size

"""What is credited when a guaranteed target is missed, to the cent. Pure.

The tier of the worst value that was passed decides, never more than the cap in a period: a percent
of the charge of the period, or an amount. A value is passed by a strictly worse one, so a target
that is just met costs nothing.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any, Final, NamedTuple

from metrics_api.clocks.support import hours_key
from metrics_api.indicators.figures import meets
from metrics_api.indicators.kpis import KPIS
from metrics_api.indicators.periods import Grain, Period
from shared.schemas.agreements import (
    AgreedGuarantee,
    AgreedTarget,
    AgreementState,
    AgreementVersionOut,
    CreditTier,
)
from shared.schemas.metrics import Comparator, KpiId

CENT: Final = Decimal("0.01")
HELD: Final = frozenset({AgreementState.ACTIVE, AgreementState.EXPIRED, AgreementState.TERMINATED})


class Credit(NamedTuple):
    """`worse_than` is that of the tier that decided, None where nothing is due."""

    amount: Decimal
    worse_than: float | None


NOTHING: Final = Credit(Decimal("0.00"), None)


def credit_due(target: AgreedTarget, guarantee: AgreedGuarantee, value: float) -> Credit:
    """What a figure of a period costs; amounts and percents have two decimals, half to even."""
    if meets(value, target.comparator, target.value):
        return NOTHING
    passed = [tier for tier in guarantee.tiers if _worse(target.comparator, value, tier)]
    if not passed:
        return NOTHING
    tier = passed[-1]
    amount = min(Decimal(tier.credit), Decimal(guarantee.cap))
    return Credit(amount.quantize(CENT, ROUND_HALF_EVEN), tier.worse_than)


def _worse(comparator: Comparator, value: float, tier: CreditTier) -> bool:
    if comparator in {Comparator.GTE, Comparator.GT}:
        return value < tier.worse_than
    return value > tier.worse_than


@dataclass(frozen=True)
class Guaranteed:
    """A guaranteed target of an agreement for one of its services, and when it holds.

    From a day of its calendar to a moment; `ends_at` is None while that is not known.
    """

    agreement: str
    version: int
    calendar: str  # key@version
    service: str
    target: AgreedTarget
    guarantee: AgreedGuarantee
    first_day: date
    ends_at: datetime | None

    @property
    def kpi(self) -> KpiId | None:
        """None where an SLI is promised."""
        return None if self.target.kpi is None else KpiId(self.target.kpi)

    @property
    def grain(self) -> Grain:
        return Grain(self.target.period.value)


def guaranteed(agreements: Sequence[AgreementVersionOut]) -> Iterator[Guaranteed]:
    """What agreements that hold or held guarantee, on a KPI or on an SLI.

    Of the versions of an agreement one holds at a time: the one that began last.
    """
    held = [agreement for agreement in agreements if agreement.state in HELD]
    for agreement in held:
        targets = {target.id: target for target in agreement.text.targets}
        ends_at = _end_of(agreement, held)
        for guarantee in agreement.text.guarantees:
            target = targets.get(guarantee.target)
            if target is not None and (target.sli is not None or target.kpi in KPIS):
                yield from _of_services(agreement, target, guarantee, ends_at)


def _end_of(agreement: AgreementVersionOut, held: Sequence[AgreementVersionOut]) -> datetime | None:
    """When a version ended, or a later one took its place; that may have been signed afterwards."""
    later = (
        other.starts_at
        for other in held
        if other.agreement == agreement.agreement and other.version > agreement.version
    )
    ends = [end for end in (agreement.ends_at, agreement.ended_at, *later) if end is not None]
    return min(ends, default=None)


def _of_services(
    agreement: AgreementVersionOut,
    target: AgreedTarget,
    guarantee: AgreedGuarantee,
    ends_at: datetime | None,
) -> Iterator[Guaranteed]:
    text = agreement.text
    for service in text.services:
        yield Guaranteed(
            agreement.agreement,
            agreement.version,
            hours_key(agreement),
            service,
            target,
            guarantee,
            max(text.valid_from, target.valid_from),
            ends_at,
        )


def holds_throughout(one: Guaranteed, period: Period) -> bool:
    """Whether a period lies wholly within the time in which a target holds."""
    return one.first_day <= period.first_day and (one.ends_at is None or period.end <= one.ends_at)


def identity_of(one: Guaranteed) -> dict[str, Any]:
    """What its credits are kept under, beside their periods."""
    return {
        "agreement": one.agreement,
        "version": one.version,
        "target": one.target.id,
        "service": one.service,
    }


@dataclass(frozen=True)
class Figure:
    """Of a finished period; `reason` is a code, why there is no value."""

    period: str
    start: datetime
    end: datetime
    value: float | None
    count: int
    reason: str | None


def row_of(one: Guaranteed, figure: Figure) -> dict[str, Any]:
    """What is kept of a period: the figure, what it is judged by, and what is due."""
    target, guarantee = one.target, one.guarantee
    value = figure.value
    credit = NOTHING if value is None else credit_due(target, guarantee, value)
    return {
        **identity_of(one),
        "period": figure.period,
        "period_start": figure.start,
        "period_end": figure.end,
        "kpi": None if one.kpi is None else one.kpi.value,
        "sli": target.sli,
        "priority": target.priority,
        "comparator": target.comparator.value,
        "target_value": target.value,
        "value": value,
        "count": figure.count,
        "missed": None if value is None else not meets(value, target.comparator, target.value),
        "worse_than": credit.worse_than,
        "credit": credit.amount,
        "basis": guarantee.basis.value,
        "currency": guarantee.currency,
        "reason": figure.reason,
    }

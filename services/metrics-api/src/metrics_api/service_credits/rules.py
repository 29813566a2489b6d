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

from metrics_api.indicators.figures import meets
from metrics_api.indicators.kpis import KPIS
from metrics_api.indicators.periods import Grain
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

    `last_day` is None while its end is not known.
    """

    agreement: str
    version: int
    service: str
    target: AgreedTarget
    guarantee: AgreedGuarantee
    first_day: date
    last_day: date | None

    @property
    def kpi(self) -> KpiId | None:
        """None where an SLI is promised."""
        return None if self.target.kpi is None else KpiId(self.target.kpi)

    @property
    def grain(self) -> Grain:
        return Grain(self.target.period.value)


def guaranteed(agreements: Sequence[AgreementVersionOut]) -> Iterator[Guaranteed]:
    """What agreements that hold or held guarantee, on a KPI or on an SLI."""
    for agreement in agreements:
        if agreement.state in HELD:
            targets = {target.id: target for target in agreement.text.targets}
            for guarantee in agreement.text.guarantees:
                target = targets.get(guarantee.target)
                if target is not None and (target.sli is not None or target.kpi in KPIS):
                    yield from _of_services(agreement, target, guarantee)


def _of_services(
    agreement: AgreementVersionOut, target: AgreedTarget, guarantee: AgreedGuarantee
) -> Iterator[Guaranteed]:
    text = agreement.text
    ends = [text.valid_to, None if agreement.ended_at is None else agreement.ended_at.date()]
    known = [end for end in ends if end is not None]
    for service in text.services:
        yield Guaranteed(
            agreement.agreement,
            agreement.version,
            service,
            target,
            guarantee,
            max(text.valid_from, target.valid_from),
            min(known) if known else None,
        )


def holds_throughout(one: Guaranteed, first_day: date, last_day: date) -> bool:
    """Whether a period lies wholly within the time in which a target holds."""
    return one.first_day <= first_day and (one.last_day is None or last_day <= one.last_day)


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
        "agreement": one.agreement,
        "version": one.version,
        "target": target.id,
        "service": one.service,
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

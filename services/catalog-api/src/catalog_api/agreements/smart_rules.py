"""Whether the targets of a text are SMART, and its guarantees, parties and dates sound.

Whether a target is attainable and what it is linked to exists is asked of the catalog (actions).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

from catalog_api.agreements.schemas import (
    AgreementWrite,
    GuaranteeWrite,
    PartyWrite,
    TargetWrite,
)
from shared.errors import FieldError
from shared.schemas.agreements import AgreementKind, Basis, PartyKind
from shared.schemas.metrics import Comparator

_AT_MOST = (Comparator.LTE, Comparator.LT)
_AT_LEAST = (Comparator.GTE, Comparator.GT)


@dataclass(frozen=True)
class Kpi:
    """The unit of a KPI, its range, and which comparators ask for what is better."""

    unit: str
    low: Decimal
    high: Decimal | None
    comparators: tuple[Comparator, ...]


def _hours(comparators: tuple[Comparator, ...]) -> Kpi:
    return Kpi("hours", Decimal(0), None, comparators)


def _ratio(comparators: tuple[Comparator, ...]) -> Kpi:
    return Kpi("ratio", Decimal(0), Decimal(1), comparators)


def _count() -> Kpi:
    return Kpi("count", Decimal(0), None, _AT_MOST)


KPIS = {
    "mttr": _hours(_AT_MOST),
    "mttr_business": _hours(_AT_MOST),
    "mtta": _hours(_AT_MOST),
    "mtbf": _hours(_AT_LEAST),
    "fcr": _ratio(_AT_LEAST),
    "reopen_rate": _ratio(_AT_MOST),
    "backlog": _count(),
    "incident_count": _count(),
    "availability": _ratio(_AT_LEAST),
    "sla_attainment": _ratio(_AT_LEAST),
    "csat": _ratio(_AT_LEAST),
    "nps": Kpi("points", Decimal(-100), Decimal(100), _AT_LEAST),
    "change_failure_rate": _ratio(_AT_MOST),
    "unplanned_outages": _count(),
    "low_value_share": _ratio(_AT_MOST),
    "fulfilment_time": _hours(_AT_MOST),
    "permanent_fix_rate": _ratio(_AT_LEAST),
}

# Who provides and who is served.
SIDES = {
    AgreementKind.SLA: (PartyKind.IT, PartyKind.CUSTOMER),
    AgreementKind.OLA: (PartyKind.UNIT, PartyKind.UNIT),
    AgreementKind.UNDERPINNING_CONTRACT: (PartyKind.VENDOR, PartyKind.IT),
}
_KEYED = (PartyKind.CUSTOMER, PartyKind.UNIT)


def unsound(kind: AgreementKind, text: AgreementWrite) -> list[FieldError]:
    """Everything in a text that cannot be agreed, as far as the text alone can tell."""
    return [
        *_bad_parties(kind, text),
        *_bad_scope(kind, text),
        *_bad_dates(text),
        *_repeated_ids("/targets", "id", [target.id for target in text.targets]),
        *(error for n, target in enumerate(text.targets) for error in _unsmart(n, target, text)),
        *_repeated_ids("/guarantees", "target", [one.target for one in text.guarantees]),
        *(error for n, one in enumerate(text.guarantees) for error in _bad_guarantee(n, one, text)),
    ]


def unit_of(target: TargetWrite) -> str | None:
    """The unit of a target's value; null for an indicator of metrics-api."""
    return None if target.kpi is None else KPIS[target.kpi].unit


def _bad_parties(kind: AgreementKind, text: AgreementWrite) -> Iterator[FieldError]:
    sides = {"provider": text.provider, "customer": text.customer}
    for (side, party), wanted in zip(sides.items(), SIDES[kind], strict=True):
        if party.kind is not wanted:
            detail = f"the {side} of an agreement of kind {kind} is of kind {wanted}"
            yield FieldError(f"/{side}/kind", detail, "wrong_party")
        elif party.kind in _KEYED and party.key is None:
            yield FieldError(f"/{side}/key", f"name the {party.kind} by its key", "missing")
        for position, person in enumerate(party.signatories):
            if person in party.signatories[:position]:
                pointer = f"/{side}/signatories/{position}"
                yield FieldError(pointer, f"{person} is named twice", "repeated")
    if _same_unit(text.provider, text.customer):
        yield FieldError("/customer/key", "the two parties are one unit", "same_party")


def _same_unit(one: PartyWrite, other: PartyWrite) -> bool:
    return one.kind is other.kind is PartyKind.UNIT and one.key == other.key


def _bad_scope(kind: AgreementKind, text: AgreementWrite) -> Iterator[FieldError]:
    if kind is AgreementKind.UNDERPINNING_CONTRACT and not text.vendor_products:
        yield FieldError("/vendor_products", "name what the vendor provides", "missing")
    elif kind is AgreementKind.SLA and not text.services:
        yield FieldError("/services", "name the services that are agreed on", "missing")
    elif not text.services and not text.vendor_products:
        detail = "name at least one service or vendor product"
        yield FieldError("/services", detail, "missing")
    for field in ("services", "vendor_products"):
        keys = getattr(text, field)
        for position, key in enumerate(keys):
            if key in keys[:position]:
                yield FieldError(f"/{field}/{position}", f"{key} is named twice", "repeated")


def _bad_dates(text: AgreementWrite) -> Iterator[FieldError]:
    if text.valid_to is not None and text.valid_to < text.valid_from:
        yield FieldError("/valid_to", "the last day is before the first one", "contradiction")
    if not _reviewed_in_time(text.valid_from, text.review_date):
        yield _not_time_bound("/review_date", text.valid_from)


def _reviewed_in_time(valid_from: date, review_date: date) -> bool:
    return valid_from < review_date <= a_year_after(valid_from)


def a_year_after(day: date) -> date:
    """The same day of the next year; the 28th for a 29 February."""
    try:
        return day.replace(year=day.year + 1)
    except ValueError:
        return day.replace(year=day.year + 1, day=28)


def _not_time_bound(pointer: str, valid_from: date) -> FieldError:
    first, last = valid_from + timedelta(days=1), a_year_after(valid_from)
    return FieldError(pointer, f"review it between {first} and {last}", "not_time_bound")


def _repeated_ids(pointer: str, field: str, ids: Sequence[str]) -> Iterator[FieldError]:
    for position, one in enumerate(ids):
        if one in ids[:position]:
            yield FieldError(
                f"{pointer}/{position}/{field}", f"{one} stands here twice", "repeated"
            )


def _unsmart(position: int, target: TargetWrite, text: AgreementWrite) -> Iterator[FieldError]:
    """What keeps a target from being specific, measurable, relevant and time-bound."""
    pointer = f"/targets/{position}"
    yield from _unspecific(pointer, target)
    yield from _unmeasurable(pointer, target)
    if not target.vital_activities and not target.objectives:
        detail = "link it to a vital activity or an objective that it serves"
        yield FieldError(f"{pointer}/vital_activities", detail, "not_relevant")
    valid_from = target.valid_from or text.valid_from
    if not _reviewed_in_time(valid_from, target.review_date or text.review_date):
        yield _not_time_bound(f"{pointer}/review_date", valid_from)


def _unspecific(pointer: str, target: TargetWrite) -> Iterator[FieldError]:
    if (target.kpi is None) == (target.sli is None):
        detail = "say what is measured: either a kpi or an sli"
        yield FieldError(f"{pointer}/kpi", detail, "not_specific")
    elif target.kpi is not None and target.kpi not in KPIS:
        detail = f"{target.kpi} is no KPI; there are: {', '.join(sorted(KPIS))}"
        yield FieldError(f"{pointer}/kpi", detail, "not_specific")


def _unmeasurable(pointer: str, target: TargetWrite) -> Iterator[FieldError]:
    for field in ("comparator", "value", "period"):
        if getattr(target, field) is None:
            detail = f"without a {field} nobody can tell whether it is met"
            yield FieldError(f"{pointer}/{field}", detail, "not_measurable")
    kpi = KPIS.get(target.kpi or "")
    if kpi is None:
        return
    if target.comparator is not None and target.comparator not in kpi.comparators:
        wanted = " or ".join(kpi.comparators)
        detail = f"of {target.kpi} one promises {wanted}"
        yield FieldError(f"{pointer}/comparator", detail, "not_measurable")
    if target.value is not None and not _in_range(kpi, target.value):
        upper = "" if kpi.high is None else f" and at most {kpi.high}"
        detail = f"{target.kpi} is in {kpi.unit}: at least {kpi.low}{upper}"
        yield FieldError(f"{pointer}/value", detail, "not_measurable")


def _in_range(kpi: Kpi, value: Decimal) -> bool:
    return kpi.low <= value and (kpi.high is None or value <= kpi.high)


def _bad_guarantee(
    position: int, guarantee: GuaranteeWrite, text: AgreementWrite
) -> Iterator[FieldError]:
    pointer = f"/guarantees/{position}"
    target = next((one for one in text.targets if one.id == guarantee.target), None)
    if target is None:
        detail = f"there is no target {guarantee.target} in this agreement"
        yield FieldError(f"{pointer}/target", detail, "unknown_target")
    yield from _bad_money(pointer, guarantee)
    yield from _bad_tiers(f"{pointer}/tiers", guarantee, target)


def _bad_money(pointer: str, guarantee: GuaranteeWrite) -> Iterator[FieldError]:
    if (guarantee.basis is Basis.AMOUNT) == (guarantee.currency is None):
        detail = "amounts have a currency, and shares of the charge have none"
        yield FieldError(f"{pointer}/currency", detail, "contradiction")
    if guarantee.basis is Basis.PERCENT and guarantee.cap > 100:
        yield FieldError(f"{pointer}/cap", "more than the whole charge", "out_of_range")
    most = max(tier.credit for tier in guarantee.tiers)
    if guarantee.cap < most:
        detail = f"a tier credits {most}: no cap under that"
        yield FieldError(f"{pointer}/cap", detail, "contradiction")


def _bad_tiers(
    pointer: str, guarantee: GuaranteeWrite, target: TargetWrite | None
) -> Iterator[FieldError]:
    """Tiers go from the slightest breach to the worst, and never credit less."""
    if target is None or target.comparator is None or target.value is None:
        return
    worse = -1 if target.comparator in _AT_LEAST else 1  # the way values go as they get worse
    if (guarantee.tiers[0].worse_than - target.value) * worse < 0:
        detail = f"a value that meets the target of {target.value} is no breach"
        yield FieldError(f"{pointer}/0/worse_than", detail, "no_breach")
    for position, (tier, following) in enumerate(pairwise(guarantee.tiers), start=1):
        if (following.worse_than - tier.worse_than) * worse <= 0:
            detail = "tiers go from the slightest breach to the worst"
            yield FieldError(f"{pointer}/{position}/worse_than", detail, "not_monotone")
        if following.credit < tier.credit:
            detail = "a worse breach is not credited with less"
            yield FieldError(f"{pointer}/{position}/credit", detail, "not_monotone")

"""States of an agreement version, its exact text and hash, and who may sign it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from hashlib import sha256
from typing import Any
from zoneinfo import ZoneInfo

import rfc8785

from catalog_api.fact_values import known, unknown
from shared.errors import Conflict, Forbidden
from shared.kit.states import check_state
from shared.schemas.agreements import AgreementKind, AgreementState, AgreementText, Side
from shared.schemas.common import FactValue

THING = "agreement version"

# Every change of a version in review leads back to draft; jobs activate and expire.
MOVES: Mapping[AgreementState, Collection[AgreementState]] = {
    AgreementState.DRAFT: (AgreementState.IN_REVIEW,),
    AgreementState.IN_REVIEW: (AgreementState.DRAFT, AgreementState.SIGNED),
    AgreementState.SIGNED: (AgreementState.ACTIVE,),
    AgreementState.ACTIVE: (AgreementState.EXPIRED, AgreementState.TERMINATED),
    AgreementState.EXPIRED: (),
    AgreementState.TERMINATED: (),
}
EXPIRING = timedelta(days=90)
OPEN = (AgreementState.DRAFT, AgreementState.IN_REVIEW)


def text_hash(text: AgreementText) -> str:
    """SHA-256, in hexadecimal, of the canonical JSON of a text."""
    return sha256(canonical(text)).hexdigest()


def canonical(text: AgreementText) -> bytes:
    """The RFC 8785 JSON of a text: the one spelling of its content."""
    return rfc8785.dumps(text.model_dump(mode="json"))


def bounds(
    zone: ZoneInfo, valid_from: date, valid_to: date | None
) -> tuple[datetime, datetime | None]:
    """When a version starts, and when it ends: after its last day. Days begin in that zone."""
    end = None if valid_to is None else _midnight(zone, valid_to + timedelta(days=1))
    return _midnight(zone, valid_from), end


def _midnight(zone: ZoneInfo, day: date) -> datetime:
    return datetime.combine(day, time(), zone)


@dataclass(frozen=True)
class Review:
    """A version that is to be signed; `given` says who has signed for which side already."""

    state: AgreementState
    text_hash: str
    signatories: Mapping[Side, Sequence[str]]
    given: Mapping[Side, str]
    ends_at: datetime | None


@dataclass(frozen=True)
class Signer:
    """A person, the side they sign for, and the hash of the text they saw."""

    person: str
    side: Side
    text_hash: str


def check_signature(review: Review, signer: Signer, now: datetime) -> None:
    """403 and 409 say why a signature does not count."""
    check_state(THING, review.state, (AgreementState.IN_REVIEW,), "signed")
    if signer.text_hash != review.text_hash:
        raise Conflict(
            "The text is not the one you have read: read it again before you sign",
            code="hash_differs",
            text_hash=review.text_hash,
        )
    if review.ends_at is not None and review.ends_at <= now:
        raise Conflict("The last day of this version has passed", code="already_over")
    _check_person(review, signer)


def _check_person(review: Review, signer: Signer) -> None:
    if signer.person not in review.signatories[signer.side]:
        raise Forbidden(
            f"{signer.person} is no signatory of the {signer.side}",
            code="not_a_signatory",
            signatories=list(review.signatories[signer.side]),
        )
    if signer.side in review.given:
        raise Conflict(
            f"{review.given[signer.side]} has signed for the {signer.side} already",
            code="side_signed",
            missing=[side.value for side in Side if side not in review.given],
        )
    if signer.person in review.given.values():
        raise Conflict(
            f"{signer.person} has signed for the other side: another person signs for the"
            f" {signer.side}",
            code="same_person",
            missing=[signer.side.value],
        )


def is_last(review: Review, signer: Signer) -> bool:
    """Whether both sides have signed with this signature."""
    return {*review.given, signer.side} == set(Side)


def pinned_targets(
    targets: Sequence[Mapping[str, Any]], earlier: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Targets with the number of their wording: one more than before where it has changed."""
    known = {one["id"]: one for one in earlier}
    return [{**one, "version": _wording(one, known.get(one["id"]))} for one in targets]


def _wording(target: Mapping[str, Any], earlier: Mapping[str, Any] | None) -> int:
    if earlier is None:
        return 1
    number: int = earlier["version"]
    before = {name: value for name, value in earlier.items() if name != "version"}
    return number if before == dict(target) else number + 1


def facts(section: Mapping[str, Any], now: datetime) -> dict[str, FactValue]:
    """What tollgates may ask of the agreements on a service; most of it depends on the date."""
    items = section["items"]
    active = [item for item in items if item["state"] == AgreementState.ACTIVE]
    slas = [item for item in items if item["kind"] == AgreementKind.SLA]
    return {
        "active_agreement_count": known(len(active), now),
        "sla_signed": known(bool(slas), now),
        "sla_active": known(any(item in active for item in slas), now),
        "agreement_review_overdue_count": known(
            sum(date.fromisoformat(item["review_date"]) < now.date() for item in active), now
        ),
        "agreements_expiring_within_90_days_count": known(
            sum(_ends_by(item, now + EXPIRING) for item in active), now
        ),
        "agreed_availability": _agreed_availability(active, now),
        "service_level_target_count": known(sum(len(item["targets"]) for item in active), now),
        "guarantee_count": known(sum(len(item["guarantees"]) for item in active), now),
        "operational_agreements_cover_dependencies": known(not section["uncovered"], now),
    }


def _ends_by(item: Mapping[str, Any], moment: datetime) -> bool:
    return item["ends_at"] is not None and datetime.fromisoformat(item["ends_at"]) <= moment


def _agreed_availability(active: Sequence[Mapping[str, Any]], now: datetime) -> FactValue:
    promised = [
        (target["value"], datetime.fromisoformat(item["activated_at"]))
        for item in active
        for target in item["targets"]
        if target["kpi"] == "availability"
    ]
    if not promised:
        return unknown("no active agreement promises an availability of the service", now)
    return known(*min(promised))

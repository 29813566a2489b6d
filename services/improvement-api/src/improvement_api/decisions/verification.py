"""Verifying the log: its chain, what each entry says, each decision's statement and signatures."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

import rfc8785
from sqlalchemy.ext.asyncio import AsyncSession

from improvement_api.decisions.keys import DecisionKeys
from improvement_api.decisions.queries import Logged, first_unlogged, log_after, noted_hash
from improvement_api.decisions.rules import (
    BEFORE_THE_FIRST,
    Break,
    Checkpoint,
    Flaw,
    Link,
    check_checkpoint,
    check_link,
    entry_text,
)
from improvement_api.decisions.statements import claims_of, said_of, signatures_said
from improvement_api.decisions.tables import BoardRejection, Decision
from improvement_api.signatures.queries import GivenSignature, signatures_of

AT_ONCE = 200  # entries in memory; with what they froze some ten kilobytes each


@dataclass(frozen=True)
class Verification:
    """`count` entries hold, the last of which has the hash `head`; `broken` is what follows."""

    count: int
    head: str | None
    broken: Break | None


async def verify_log(session: AsyncSession, keys: DecisionKeys, noted: Checkpoint) -> Verification:
    """Read the log from its beginning, some entries at a time, up to the first break.

    Whoever could rewrite the tables could write the chain anew: only who has noted an earlier
    `head` and `count` can see that, and that the end was cut off.
    """
    place = BEFORE_THE_FIRST
    while entries := await log_after(session, place[0], AT_ONCE):
        evaluations = (record.evaluation_id for _, record in entries if record is not None)
        given = await signatures_of(session, evaluations)
        # Off the event loop: a statement's signature costs a tenth of a millisecond.
        place, broken = await asyncio.to_thread(_verify_some, entries, given, place, keys)
        if broken is not None:
            return _verified(place, broken)
    return _verified(place, await _verify_end(session, place[0], noted))


def _verified(place: tuple[int, str], broken: Break | None) -> Verification:
    count, head = place
    return Verification(count, head if count else None, broken)


def _verify_some(
    entries: Sequence[Logged],
    given: Mapping[UUID, Sequence[GivenSignature]],
    place: tuple[int, str],
    keys: DecisionKeys,
) -> tuple[tuple[int, str], Break | None]:
    for entry, record in entries:
        link = Link(entry.seq, entry.entry, entry.prev_hash, entry.hash)
        broken = check_link(place, link) or _subject_break(link, record, given, keys)
        if broken is not None:
            return place, broken
        place = (link.seq, link.hash)
    return place, None


def _subject_break(
    link: Link,
    record: Decision | BoardRejection | None,
    given: Mapping[UUID, Sequence[GivenSignature]],
    keys: DecisionKeys,
) -> Break | None:
    if record is None:
        return Break(link.seq, Flaw.RECORD_MISSING, "the record that it is about is gone")
    broken = _record_break(link, record)
    if broken is None and isinstance(record, Decision):
        broken = _statement_break(link.seq, record, keys)
    return broken or _signature_break(link.seq, record, given.get(record.evaluation_id, ()))


def _record_break(link: Link, record: Decision | BoardRejection) -> Break | None:
    try:
        said = entry_text(said_of(record), link.seq)
    except rfc8785.CanonicalizationError as error:
        return Break(link.seq, Flaw.RECORD_ALTERED, f"its record cannot be written: {error}")
    if said != link.entry:
        reason = f"it does not say what its record says ({record.id})"
        return Break(link.seq, Flaw.RECORD_ALTERED, reason)
    return None


def _statement_break(seq: int, decision: Decision, keys: DecisionKeys) -> Break | None:
    try:
        claims = keys.read(decision.statement)
    except ValueError as error:
        return Break(seq, Flaw.STATEMENT_FORGED, str(error))
    claims.pop("iss", None)
    known = claims_of(decision)
    differing = sorted(
        name for name in claims.keys() | known.keys() if claims.get(name) != known.get(name)
    )
    if differing:
        reason = f"the signed statement says otherwise of: {', '.join(differing)}"
        return Break(seq, Flaw.RECORD_ALTERED, reason)
    return None


def _signature_break(
    seq: int, record: Decision | BoardRejection, given: Sequence[GivenSignature]
) -> Break | None:
    """Whether the signatures that counted are still those that were frozen, on the same facts."""
    frozen = record.frozen.get("signatures")
    if frozen is None:
        return None  # decided before signatures were frozen: there is nothing to compare them with
    at = record.decided_at if isinstance(record, Decision) else record.rejected_at
    facts = {one.row.facts_hash for one in given if one.counts(at)}
    if signatures_said(given, at) != frozen or facts - {record.frozen["facts_hash"]}:
        reason = f"the signatures of its evaluation are not those it froze ({record.evaluation_id})"
        return Break(seq, Flaw.SIGNATURES_ALTERED, reason)
    return None


async def _verify_end(session: AsyncSession, count: int, noted: Checkpoint) -> Break | None:
    unlogged = await first_unlogged(session)
    if unlogged is not None:
        return Break(None, Flaw.NOT_LOGGED, f"the {unlogged} has no entry")
    if noted.count is None and noted.head is None:
        return None
    return check_checkpoint(noted, count, await noted_hash(session, noted.count, noted.head))

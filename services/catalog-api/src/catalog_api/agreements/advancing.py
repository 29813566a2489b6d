"""What time does to agreements: versions begin on their first day and end after their last one."""

from datetime import datetime
from typing import Any

from catalog_api.agreements import queries, rules
from catalog_api.agreements.actions import record, version_of
from catalog_api.agreements.signing import begin_promises
from catalog_api.people import THE_CATALOG
from shared.errors import Conflict
from shared.kit.database import Engine, Session, transaction
from shared.kit.states import check_move
from shared.schemas.agreements import AgreementState, AgreementVersionOut

Place = tuple[str, int]
"""An agreement and the number of a version."""


async def advance(engine: Engine, now: datetime) -> None:
    """End and begin what is due, each version in a transaction of its own.

    Doing it again changes nothing. A version that would break a ceiling stays signed, says why,
    and is tried again the next time.
    """
    async with transaction(engine) as session:
        ending = await queries.due_to_end(session, now)
    for place in ending:
        async with transaction(engine) as session:
            await _expire(session, place, now)
    async with transaction(engine) as session:
        starting = await queries.due_to_start(session, now)
    for place in starting:
        async with transaction(engine) as session:
            await _activate(session, place, now)


async def _expire(session: Session, place: Place, now: datetime) -> None:
    version = await _locked(session, place)
    if version.state is AgreementState.ACTIVE and version.ends_at and version.ends_at <= now:
        values = {"ended_at": version.ends_at, "end_reason": "Its last day has passed"}
        await _move(session, version, AgreementState.EXPIRED, values, "expired")


async def _activate(session: Session, place: Place, now: datetime) -> None:
    version = await _locked(session, place)
    if version.state is not AgreementState.SIGNED:
        return
    former = await queries.active_version(session, version.agreement)
    replaced = None if former is None else await version_of(session, version.agreement, former)
    try:
        async with session.begin_nested():
            await begin_promises(session, version)
    except Conflict as conflict:
        await _hold_back(session, version, conflict.detail)
        return
    moment = _beginning(version, now)
    if replaced is not None:
        reason = f"Replaced by version {version.version}"
        values = {"ended_at": moment, "end_reason": reason}
        await _move(session, replaced, AgreementState.EXPIRED, values, "expired")
    values = {"activated_at": moment, "held_back": None}
    await _move(session, version, AgreementState.ACTIVE, values, "activated")


def _beginning(version: AgreementVersionOut, now: datetime) -> datetime:
    """When it began: on its first day, or when it was signed after that; now if it was held back.

    So it does not matter when the job came round to it.
    """
    if version.held_back is not None or version.signed_at is None:
        return now
    return max(version.starts_at, version.signed_at)


async def _hold_back(session: Session, version: AgreementVersionOut, reason: str) -> None:
    """Say once for each reason why a version does not begin."""
    if version.held_back == reason:
        return
    await queries.change_version(session, version.agreement, version.version, {"held_back": reason})
    after = await version_of(session, version.agreement, version.version)
    await record(session, THE_CATALOG, after, "held_back", version)


async def _move(
    session: Session,
    version: AgreementVersionOut,
    state: AgreementState,
    values: dict[str, Any],
    action: str,
) -> None:
    check_move(rules.THING, rules.MOVES, version.state, state)
    key, number = version.agreement, version.version
    await queries.change_version(session, key, number, {**values, "state": state})
    await record(session, THE_CATALOG, await version_of(session, key, number), action, version)


async def _locked(session: Session, place: Place) -> AgreementVersionOut:
    await queries.lock_agreement(session, place[0])
    return await version_of(session, *place)

"""Writing agreements: drafts, their review, new versions, and ending one before its time."""

from typing import Any

from catalog_api.agreements import queries, rules, texts
from catalog_api.agreements.schemas import AgreementCreate, AgreementPatch, AgreementWrite
from catalog_api.agreements.texts import Address
from catalog_api.ceilings.actions import ceilings_kept
from catalog_api.changes import ResourceChange, record_resource
from catalog_api.keys import key_for, key_taken
from catalog_api.people import require_person
from catalog_api.registry import rules as registry_rules
from catalog_api.rows import new_row
from shared.errors import Conflict
from shared.kit.auth import Principal
from shared.kit.clock import now
from shared.kit.database import Session
from shared.kit.etag import check_version
from shared.kit.patches import named
from shared.kit.states import check_move, check_state
from shared.schemas.agreements import AgreementState, AgreementText, AgreementVersionOut


async def create_agreement(session: Session, caller: Principal, body: AgreementCreate) -> str:
    """A new agreement with its first draft; answers its key."""
    key = key_for(body.key, body.name)
    address = Address(key, 1, body.kind)
    text = await texts.agreed_text(session, address, _text_part(body), [])
    row = {"key": key, "name": body.name, "kind": body.kind, "version": 1}
    if not await queries.insert_agreement(session, new_row(row)):
        raise key_taken(key, await queries.taken_keys_like(session, key))
    await _insert_draft(session, caller, text)
    await record(session, caller, await version_of(session, key, 1), "created", None)
    return key


async def rename_agreement(
    session: Session, caller: Principal, key: str, patch: AgreementPatch, expected: int
) -> None:
    """Change the name; nothing happens when nothing differs."""
    present = await queries.lock_agreement(session, key)
    check_version(expected, present.revision)
    changed = registry_rules.changes(present._asdict(), named(patch))
    if not changed:
        return
    before, after = registry_rules.before_of(changed), registry_rules.after_of(changed)
    await queries.change_agreement(session, key, after)
    await record_resource(
        session, caller, ResourceChange("agreement", key, "renamed", before, after)
    )


async def add_version(
    session: Session, caller: Principal, key: str, body: AgreementWrite
) -> AgreementVersionOut:
    """The next draft, whole; 409 while another one is drafted or in review."""
    present = await queries.lock_agreement(session, key)
    opened = await queries.open_version(session, key)
    if opened is not None:
        raise Conflict(
            f"Version {opened} of {key} is not signed yet: change that one",
            code="version_open",
            version=opened,
        )
    older = await version_of(session, key, present.version)
    address = Address(key, present.version + 1, present.kind)
    text = await texts.agreed_text(session, address, body, _targets(older.text))
    await _insert_draft(session, caller, text)
    await queries.change_agreement(session, key, {"version": address.version})
    added = await version_of(session, key, address.version)
    await record(session, caller, added, "version_added", older)
    return added


async def change_draft(
    session: Session, caller: Principal, place: tuple[str, int], body: AgreementWrite, expected: int
) -> AgreementVersionOut:
    """Replace the text of a draft. One in review is a draft again: what was signed is void."""
    before = await _locked(session, place)
    check_version(expected, before.revision)
    check_state(rules.THING, before.state, rules.OPEN, "changed")
    key, number = place
    earlier = await version_of(session, key, number - 1) if number > 1 else None
    text = await texts.agreed_text(
        session,
        Address(key, number, before.kind),
        body,
        _targets(earlier.text) if earlier else [],
    )
    values = await texts.row_of(session, text)
    if values["text_hash"] == before.text_hash:
        return before
    if before.state is not AgreementState.DRAFT:
        check_move(rules.THING, rules.MOVES, before.state, AgreementState.DRAFT)
        values["round"] = await queries.round_of(session, key, number) + 1
    values |= {"state": AgreementState.DRAFT, "authored_by": caller.person, "submitted_at": None}
    await queries.change_version(session, key, number, values)
    await queries.write_parts(session, text)
    return await _changed(session, caller, before, "changed")


async def submit_version(
    session: Session, caller: Principal, place: tuple[str, int]
) -> AgreementVersionOut:
    """Put a draft into review; 409 when by now it promises more than the ceilings allow."""
    before = await _locked(session, place)
    check_move(rules.THING, rules.MOVES, before.state, AgreementState.IN_REVIEW)
    beyond = [
        one for one in await texts.attainability(session, before.text) if one.attainable is False
    ]
    if beyond:
        raise Conflict(
            f"The target {beyond[0].target} is not attainable: {texts.beyond(beyond[0])}",
            code="not_attainable",
            targets=[one.model_dump() for one in beyond],
        )
    values = {"state": AgreementState.IN_REVIEW, "submitted_at": now()}
    await queries.change_version(session, *place, values)
    return await _changed(session, caller, before, "submitted")


async def terminate_version(
    session: Session, caller: Principal, place: tuple[str, int], reason: str
) -> AgreementVersionOut:
    """End an active version before its last day, in person and with the reason."""
    require_person(caller, "terminate an agreement")
    before = await _locked(session, place)
    check_move(rules.THING, rules.MOVES, before.state, AgreementState.TERMINATED)
    values = {"state": AgreementState.TERMINATED, "ended_at": now(), "end_reason": reason}
    async with ceilings_kept(session, texts.scope_of(before.text)):
        await queries.change_version(session, *place, values)
    return await _changed(session, caller, before, "terminated")


async def version_of(session: Session, key: str, number: int) -> AgreementVersionOut:
    """A version with its text and the signatures under it; 404 if there is none."""
    return AgreementVersionOut.model_validate(await queries.get_version(session, key, number))


async def record(
    session: Session,
    caller: Principal,
    version: AgreementVersionOut,
    action: str,
    before: AgreementVersionOut | None,
) -> None:
    """Audit and announce a version, whole."""
    change = ResourceChange(
        "agreement",
        version.agreement,
        action,
        None if before is None else before.model_dump(),
        version.model_dump(),
    )
    await record_resource(session, caller, change)


async def _changed(
    session: Session, caller: Principal, before: AgreementVersionOut, action: str
) -> AgreementVersionOut:
    after = await version_of(session, before.agreement, before.version)
    await record(session, caller, after, action, before)
    return after


async def _locked(session: Session, place: tuple[str, int]) -> AgreementVersionOut:
    await queries.lock_agreement(session, place[0])
    return await version_of(session, *place)


async def _insert_draft(session: Session, caller: Principal, text: AgreementText) -> None:
    values = await texts.row_of(session, text)
    state = {"state": AgreementState.DRAFT, "round": 0, "authored_by": caller.person}
    address = {"agreement_key": text.agreement, "version": text.version}
    await queries.insert_version(session, {**address, **values, **state})
    await queries.write_parts(session, text)


def _text_part(body: AgreementCreate) -> AgreementWrite:
    fields = {name: getattr(body, name) for name in AgreementWrite.model_fields}
    return AgreementWrite.model_construct(**fields)


def _targets(text: AgreementText) -> list[dict[str, Any]]:
    return [target.model_dump(mode="json") for target in text.targets]

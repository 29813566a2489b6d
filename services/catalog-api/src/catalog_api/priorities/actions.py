"""Writing priority schemes, choosing which one holds, and asking it for a priority."""

from typing import Any

from catalog_api import refusals
from catalog_api.calendars import queries as calendar_queries
from catalog_api.changes import ResourceChange, record_resource
from catalog_api.keys import key_for, key_taken
from catalog_api.priorities import queries, rules
from catalog_api.priorities.comparisons import refuse_looser_scheme
from catalog_api.priorities.rules import Assigned, UnknownLevel
from catalog_api.priorities.schemas import SchemeCreate, SchemePatch, SchemeText
from catalog_api.refusals import refuse
from catalog_api.registry import queries as registry_queries
from catalog_api.registry import rules as registry_rules
from catalog_api.rows import new_row
from shared.errors import FieldError, Invalid
from shared.kit.auth import Principal
from shared.kit.clock import now
from shared.kit.database import Session
from shared.kit.etag import check_version
from shared.kit.patches import named
from shared.schemas.agreements import PriorityTarget, SchemeVersionOut


async def priority_of(
    session: Session, service: str, impact: str, urgency: str, pointer: str = ""
) -> Assigned | None:
    """The priority that the scheme of a service gives; None when there is no scheme at all.

    422 naming the levels of the scheme for an impact or urgency that it does not have; `pointer`
    is where in the request the two stand.
    """
    scheme = await queries.scheme_of(session, service)
    if scheme is None:
        return None
    try:
        return rules.assign(SchemeVersionOut.model_validate(scheme), impact, urgency)
    except UnknownLevel as error:
        raise Invalid(
            str(error),
            code=f"unknown_{error.field}",
            pointer=f"{pointer}/{error.field}",
            allowed=error.allowed,
        ) from error


async def create_scheme(session: Session, caller: Principal, body: SchemeCreate) -> str:
    """A new scheme with its first version; the first scheme of all is the default."""
    await queries.lock_promises(session)
    key = key_for(body.key, body.name)
    version = await _version(session, body, (key, 1), caller)
    is_default = await queries.default_scheme(session) is None
    fields = {"name": body.name, "description": body.description, "is_default": is_default}
    if not await queries.insert_scheme(session, new_row({"key": key, **fields, "version": 1})):
        raise key_taken(key, await queries.taken_keys_like(session, key))
    await queries.insert_version(session, _row(version))
    if is_default:
        promised = await queries.promises_under_default(session)
        await refuse_looser_scheme(session, version, promised)
    after = {**fields, **version.model_dump()}
    await record_resource(
        session, caller, ResourceChange("priority_scheme", key, "created", None, after)
    )
    return key


async def rename_scheme(
    session: Session, caller: Principal, key: str, patch: SchemePatch, expected: int
) -> None:
    """Change name and description; nothing happens when nothing differs."""
    present = await queries.get_scheme(session, key, lock=True)
    check_version(expected, present.revision)
    changed = registry_rules.changes(present._asdict(), named(patch))
    if not changed:
        return
    before, after = registry_rules.before_of(changed), registry_rules.after_of(changed)
    await queries.change_scheme(session, key, after)
    await record_resource(
        session, caller, ResourceChange("priority_scheme", key, "changed", before, after)
    )


async def add_version(
    session: Session, caller: Principal, key: str, body: SchemeText
) -> SchemeVersionOut:
    """The next version, in force at once for whoever has the scheme; 409 when it is too loose."""
    await queries.lock_promises(session)
    present = await queries.get_scheme(session, key, lock=True)
    older = SchemeVersionOut.model_validate(
        await queries.get_version(session, key, present.version)
    )
    version = await _version(session, body, (key, present.version + 1), caller)
    await queries.insert_version(session, _row(version))
    await queries.change_scheme(session, key, {"version": version.version})
    promised = await queries.promises_under(session, key)
    if present.is_default:
        promised += await queries.promises_under_default(session)
    await refuse_looser_scheme(session, version, promised)
    change = ResourceChange(
        "priority_scheme", key, "version_added", older.model_dump(), version.model_dump()
    )
    await record_resource(session, caller, change)
    return version


async def make_default(session: Session, caller: Principal, key: str) -> None:
    """Let this scheme hold wherever none is chosen; the one before stops in the same moment."""
    await queries.lock_promises(session)
    present = await queries.get_scheme(session, key, lock=True)
    if present.is_default:
        return
    await refuse_looser_scheme(
        session, await _newest(session, key), await queries.promises_under_default(session)
    )
    off, on = {"is_default": False}, {"is_default": True}
    changes = [ResourceChange("priority_scheme", key, "made_default", off, on)]
    former = await queries.default_scheme(session)
    if former is not None:
        await queries.change_scheme(session, former, off)
        changes.append(ResourceChange("priority_scheme", former, "changed", on, off))
    await queries.change_scheme(session, key, on)
    await record_resource(session, caller, *changes)


async def assign_scheme(session: Session, caller: Principal, service: str, scheme: str) -> None:
    """Choose the scheme of one service; 409 when it is looser than what is signed for it."""
    await queries.lock_promises(session)
    await registry_queries.lock_service(session, service)
    if not await queries.newest_versions(session, {scheme}):
        refuse([refusals.unknown("priority_scheme", "/scheme", scheme)])
    before = await queries.override_of(session, service)
    if before == scheme:
        return
    await refuse_looser_scheme(
        session, await _newest(session, scheme), await queries.promises_to(session, service)
    )
    await queries.set_override(session, service, scheme)
    change = ResourceChange(
        "priority_scheme", scheme, "assigned", {"scheme": before}, {"scheme": scheme}, service
    )
    await record_resource(session, caller, change)


async def unassign_scheme(session: Session, caller: Principal, service: str) -> None:
    """Leave a service to the default; 409 when that is looser than what is signed for it."""
    await queries.lock_promises(session)
    await registry_queries.lock_service(session, service)
    before = await queries.override_of(session, service)
    if before is None:
        return
    await queries.remove_override(session, service)
    default = await queries.scheme_of(session, service)
    if default is not None:
        promised = await queries.promises_to(session, service)
        await refuse_looser_scheme(session, SchemeVersionOut.model_validate(default), promised)
    change = ResourceChange(
        "priority_scheme", before, "unassigned", {"scheme": before}, {"scheme": None}, service
    )
    await record_resource(session, caller, change)


async def _newest(session: Session, key: str) -> SchemeVersionOut:
    newest = (await queries.newest_versions(session, {key}))[key]
    return SchemeVersionOut.model_validate(await queries.get_version(session, key, newest))


async def _version(
    session: Session, body: SchemeText, number: tuple[str, int], caller: Principal
) -> SchemeVersionOut:
    """The version of a text, its calendars pinned; 422 when it is unsound."""
    errors = rules.unsound(body.impacts, body.urgencies, body.matrix, body.priorities)
    pinned, unknown = await _pinned(session, body)
    refuse(errors + unknown)
    return SchemeVersionOut(
        scheme=number[0],
        version=number[1],
        impacts=body.impacts,
        urgencies=body.urgencies,
        matrix=body.matrix,
        priorities=pinned,
        recorded_at=now(),
        recorded_by=caller.person,
    )


async def _pinned(
    session: Session, body: SchemeText
) -> tuple[list[PriorityTarget], list[FieldError]]:
    """Targets with the calendar version that is named, or else the newest; and what is unknown."""
    newest = await calendar_queries.newest_versions(
        session, {meaning.calendar for meaning in body.priorities}
    )
    pinned, unknown = [], []
    for position, meaning in enumerate(body.priorities):
        last = newest.get(meaning.calendar)
        version = meaning.calendar_version or last
        if last is None or version is None:
            pointer = f"/priorities/{position}/calendar"
            unknown.append(refusals.unknown("calendar", pointer, meaning.calendar))
        elif version > last:
            pointer = f"/priorities/{position}/calendar_version"
            detail = f"the newest version of {meaning.calendar} is {last}"
            unknown.append(FieldError(pointer, detail, "unknown_calendar_version"))
        else:
            fields = meaning.model_dump() | {"calendar_version": version}
            pinned.append(PriorityTarget.model_validate(fields))
    return pinned, unknown


def _row(version: SchemeVersionOut) -> dict[str, Any]:
    return {**version.model_dump(exclude={"scheme"}), "scheme_key": version.scheme}

"""Writing practices, linking them to opportunities, and their adoption by services."""

from typing import Any

from catalog_api.changes import ResourceChange, record_resource
from catalog_api.keys import key_for, key_taken
from catalog_api.practices import queries, rules
from catalog_api.practices.schemas import AdoptionPut, PracticeCreate, PracticePatch
from catalog_api.practices.tables import Practice, PracticeAdoption
from catalog_api.registry import rules as registry_rules
from catalog_api.registry.queries import lock_service
from catalog_api.rows import change_row, insert_row, new_row, table_of
from shared.errors import Conflict, Invalid, NotFound
from shared.kit.auth import Principal
from shared.kit.clock import now
from shared.kit.database import Session
from shared.kit.etag import check_version
from shared.kit.patches import named

PRACTICE = "practice"
ADOPTION = "practice_adoption"


async def create_practice(session: Session, caller: Principal, body: PracticeCreate) -> Any:
    key = key_for(body.key, body.title)
    fields = {**body.model_dump(mode="json"), "key": key}
    if not await insert_row(session, Practice, new_row(fields)):
        raise key_taken(key, await queries.taken_practice_keys(session, key))
    await record_resource(session, caller, ResourceChange(PRACTICE, key, "created", None, fields))
    return await queries.get_practice(session, key)


async def change_practice(
    session: Session, caller: Principal, key: str, patch: PracticePatch, expected: int
) -> Any:
    present = await queries.lock_practice(session, key)
    check_version(expected, present.revision)
    _refuse_retired(present)
    wanted = named(patch, mode="json")
    changed = registry_rules.changes(present._asdict(), wanted)
    if changed:
        before, after = registry_rules.before_of(changed), registry_rules.after_of(changed)
        await change_row(session, Practice, table_of(Practice).c.key == key, after)
        await record_resource(
            session, caller, ResourceChange(PRACTICE, key, "changed", before, after)
        )
    return await queries.get_practice(session, key)


async def retire_practice(session: Session, caller: Principal, key: str, expected: int) -> Any:
    """Nobody can take it up any more; who has adopted it keeps it."""
    present = await queries.lock_practice(session, key)
    check_version(expected, present.revision)
    _refuse_retired(present)
    after = {"retired_on": now().date()}
    await change_row(session, Practice, table_of(Practice).c.key == key, after)
    await record_resource(
        session, caller, ResourceChange(PRACTICE, key, "retired", {"retired_on": None}, after)
    )
    return await queries.get_practice(session, key)


async def link_opportunity(
    session: Session, caller: Principal, key: str, opportunity: str
) -> tuple[Any, bool]:
    """The link and whether it is new; improvement-api knows whether the opportunity is there."""
    await queries.lock_practice(session, key)
    is_new = await queries.insert_link(session, key, opportunity, caller.person, now())
    if is_new:
        after = {"opportunity": opportunity}
        await record_resource(
            session, caller, ResourceChange(PRACTICE, key, "opportunity_linked", None, after)
        )
    return await queries.get_link(session, key, opportunity), is_new


async def unlink_opportunity(
    session: Session, caller: Principal, key: str, opportunity: str
) -> None:
    await queries.lock_practice(session, key)
    await queries.delete_link(session, key, opportunity)
    before = {"opportunity": opportunity}
    await record_resource(
        session, caller, ResourceChange(PRACTICE, key, "opportunity_unlinked", before, None)
    )


async def adopt(
    session: Session, caller: Principal, service: str, practice: str, body: AdoptionPut
) -> tuple[Any, bool]:
    """What the service says of the practice, and whether it is the first time."""
    _refuse_incomplete(body)
    await lock_service(session, service)
    _refuse_retired(await queries.lock_practice(session, practice))
    wanted = body.model_dump()
    present = await queries.find_adoption(session, practice, service)
    if present is None:
        row = {"practice_key": practice, "service_key": service, **wanted}
        await insert_row(session, PracticeAdoption, new_row(row))
        before, after, action = None, wanted, "created"
    else:
        changed = registry_rules.changes(present._asdict(), wanted)
        if not changed:
            return present, False
        before, after = registry_rules.before_of(changed), registry_rules.after_of(changed)
        action = "changed"
        await queries.change_adoption(session, practice, service, after)
    change = ResourceChange(ADOPTION, f"{service}/{practice}", action, before, after, service)
    await record_resource(session, caller, change)
    return await queries.find_adoption(session, practice, service), present is None


async def forget_adoption(session: Session, caller: Principal, service: str, practice: str) -> None:
    """The service says nothing of the practice any more; 404 when it said nothing."""
    await lock_service(session, service)
    present = await queries.find_adoption(session, practice, service)
    if present is None:
        raise NotFound(f"{service} says nothing of the practice {practice}")
    await queries.delete_adoption(session, practice, service)
    before = {field: getattr(present, field) for field in AdoptionPut.model_fields}
    change = ResourceChange(ADOPTION, f"{service}/{practice}", "removed", before, None, service)
    await record_resource(session, caller, change)


def _refuse_retired(practice: Any) -> None:
    if practice.retired_on is not None:
        raise Conflict(
            f"The practice {practice.key} retired on {practice.retired_on}",
            code="practice_retired",
            retired_on=practice.retired_on.isoformat(),
        )


_NEEDED = {
    "reason": "say why the practice does not apply",
    "due_on": "a planned practice has a due date, and no other has one",
}


def _refuse_incomplete(body: AdoptionPut) -> None:
    field = rules.adoption_problem(body.adoption, body.reason, body.due_on)
    if field is not None:
        raise Invalid(_NEEDED[field], pointer=f"/{field}")

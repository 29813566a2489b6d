"""Creating, moving and ending units, and their members, with their audit entries."""

from datetime import date
from typing import Any
from uuid import UUID, uuid4

from catalog_api.changes import ResourceChange, record_resource
from catalog_api.keys import key_for, key_taken
from catalog_api.organisation import queries, rules
from catalog_api.organisation.schemas import MemberCreate, MemberPatch, UnitCreate, UnitPatch
from catalog_api.organisation.tables import OrganisationUnit, UnitMember
from catalog_api.raci.queries import held_by_unit
from catalog_api.registry import rules as registry_rules
from catalog_api.rows import change_row, insert_row, new_row, table_of
from shared.errors import Conflict, Invalid
from shared.kit.auth import Principal
from shared.kit.clock import now
from shared.kit.database import Session
from shared.kit.etag import check_version
from shared.kit.patches import named

UNIT = "organisation_unit"
MEMBER = "unit_member"


async def create_unit(session: Session, caller: Principal, body: UnitCreate) -> Any:
    """A new unit, at the top or under another one; 409 when its key is taken."""
    key = key_for(body.key, body.name)
    await queries.lock_tree(session)
    await _refuse_unknown_parent(session, body.parent)
    fields = {**body.model_dump(mode="json"), "key": key}
    row = new_row({"parent_key" if name == "parent" else name: v for name, v in fields.items()})
    if not await insert_row(session, OrganisationUnit, row):
        raise key_taken(key, await queries.taken_unit_keys(session, key))
    await record_resource(session, caller, ResourceChange(UNIT, key, "created", None, fields))
    return await queries.get_unit(session, key)


async def change_unit(
    session: Session, caller: Principal, key: str, patch: UnitPatch, expected: int
) -> Any:
    """Change the named fields; a unit comes under no unit that stands below it (409)."""
    await queries.lock_tree(session)
    present = await queries.get_unit(session, key, lock=True)
    check_version(expected, present.revision)
    _refuse_ended(present)
    wanted = named(patch, mode="json")
    changed = registry_rules.changes(present._asdict(), wanted)
    if not changed:
        return present
    before, after = registry_rules.before_of(changed), registry_rules.after_of(changed)
    if "parent" in after:
        await _refuse_unknown_parent(session, after["parent"])
        await _refuse_circle(session, key, after["parent"])
    values = {"parent_key" if name == "parent" else name: v for name, v in after.items()}
    await change_row(session, OrganisationUnit, _this_unit(key), values)
    await record_resource(session, caller, ResourceChange(UNIT, key, "changed", before, after))
    return await queries.get_unit(session, key)


async def end_unit(session: Session, caller: Principal, key: str, expected: int) -> Any:
    """The unit is no more from today, and its memberships with it.

    409 while units below it or RACI assignments still count on it.
    """
    await queries.lock_tree(session)
    present = await queries.get_unit(session, key, lock=True)
    check_version(expected, present.revision)
    _refuse_ended(present)
    below = await queries.present_children(session, key)
    duties = [vars(duty) for duty in await held_by_unit(session, key)]
    if below or duties:
        raise Conflict(
            f"The unit {key} cannot end before what counts on it is given to others:"
            f" {len(below)} units below it, {len(duties)} RACI assignments",
            code="unit_in_use",
            units=below,
            raci=duties,
        )
    today = now().date()
    await change_row(session, OrganisationUnit, _this_unit(key), {"ended_on": today})
    await queries.end_members(session, key, today)
    before, after = {"ended_on": None}, {"ended_on": today}
    await record_resource(session, caller, ResourceChange(UNIT, key, "ended", before, after))
    return await queries.get_unit(session, key)


async def add_member(session: Session, caller: Principal, unit: str, body: MemberCreate) -> Any:
    """A membership; 409 when it shares a day with another one of the same person."""
    _refuse_ended(await queries.get_unit(session, unit, lock=True))
    begins = body.valid_from or now().date()
    await _refuse_overlap(session, unit, body.subject, (begins, body.valid_to), None)
    fields = {"subject": body.subject, "valid_from": begins, "valid_to": body.valid_to}
    member = uuid4()
    await insert_row(session, UnitMember, new_row({**fields, "id": member, "unit_key": unit}))
    after = {**fields, "unit": unit}
    await record_resource(
        session, caller, ResourceChange(MEMBER, str(member), "created", None, after)
    )
    return await queries.get_member(session, unit, member)


async def change_member(
    session: Session, caller: Principal, unit: str, member: UUID, patch: MemberPatch, expected: int
) -> Any:
    """End a membership, or let it last longer."""
    _refuse_ended(await queries.get_unit(session, unit, lock=True))
    present = await queries.get_member(session, unit, member)
    check_version(expected, present.revision)
    if patch.valid_to == present.valid_to:
        return present
    days = (present.valid_from, patch.valid_to)
    await _refuse_overlap(session, unit, present.subject, days, member)
    condition = table_of(UnitMember).c.id == member
    await change_row(session, UnitMember, condition, {"valid_to": patch.valid_to})
    before, after = {"valid_to": present.valid_to}, {"valid_to": patch.valid_to}
    await record_resource(
        session, caller, ResourceChange(MEMBER, str(member), "changed", before, after)
    )
    return await queries.get_member(session, unit, member)


def _this_unit(key: str) -> Any:
    return table_of(OrganisationUnit).c.key == key


def _refuse_ended(unit: Any) -> None:
    if unit.ended_on is not None:
        raise Conflict(
            f"The unit {unit.key} ended on {unit.ended_on} and cannot change any more",
            code="unit_ended",
            ended_on=unit.ended_on.isoformat(),
        )


async def _refuse_unknown_parent(session: Session, parent: str | None) -> None:
    if parent is not None and not await queries.known_units(session, {parent}):
        raise Invalid(
            f"there is no organisation unit {parent}, or it has ended",
            code="unknown_organisation_unit",
            pointer="/parent",
        )


async def _refuse_circle(session: Session, key: str, parent: str | None) -> None:
    if parent is None:
        return
    circle = rules.cycle(key, parent, await queries.parents_above(session, parent))
    if circle:
        raise Conflict(
            f"{key} stands above {parent}: the units would go round in a circle",
            code="unit_cycle",
            pointer="/parent",
            circle=circle,
        )


async def _refuse_overlap(
    session: Session,
    unit: str,
    subject: str,
    days: tuple[date, date | None],
    but: UUID | None,
) -> None:
    begins, ends = days
    if ends is not None and ends <= begins:
        raise Invalid("valid_to must be after valid_from", pointer="/valid_to")
    rows = await queries.memberships(session, unit, subject)
    others = [(row.valid_from, row.valid_to) for row in rows if row.id != but]
    shared = rules.overlaps(begins, ends, others)
    if shared is not None:
        raise Conflict(
            f"{subject} belongs to {unit} from {shared[0]} to {shared[1] or 'now on'} already",
            code="already_member",
            valid_from=shared[0].isoformat(),
            valid_to=shared[1].isoformat() if shared[1] else None,
        )

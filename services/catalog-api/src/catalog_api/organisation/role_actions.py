"""Describing roles, and which of them a service needs and has."""

from typing import Any

from catalog_api.changes import ResourceChange, record_resource
from catalog_api.organisation import queries, rules
from catalog_api.organisation.schemas import RequiredRole, RoleCreate, RolePatch, ServiceRoles
from catalog_api.organisation.tables import CatalogedRole
from catalog_api.ownership.queries import present_owners
from catalog_api.raci.queries import held_by_role
from catalog_api.registry import rules as registry_rules
from catalog_api.registry.queries import get_service
from catalog_api.rows import change_row, insert_row, new_row, table_of
from shared.errors import Conflict
from shared.kit.auth import Principal
from shared.kit.database import Session
from shared.kit.etag import check_version
from shared.kit.patches import named

ROLE = "role"


async def create_role(session: Session, caller: Principal, body: RoleCreate) -> Any:
    """A role for the catalog; 409 when it describes that one already."""
    fields = {**body.model_dump(mode="json"), "retired": False}
    if not await insert_row(session, CatalogedRole, new_row(fields)):
        raise Conflict(
            f"The catalog has the role {body.role}: change it there",
            code="role_taken",
            pointer="/role",
        )
    await record_resource(session, caller, ResourceChange(ROLE, body.role, "created", None, fields))
    return await queries.get_role(session, body.role)


async def change_role(
    session: Session, caller: Principal, role: str, patch: RolePatch, expected: int
) -> Any:
    """Change the named fields; a role that the product or a RACI counts on cannot retire (409)."""
    present = await queries.get_role(session, role, lock=True)
    check_version(expected, present.revision)
    changed = registry_rules.changes(present._asdict(), named(patch, mode="json"))
    if not changed:
        return present
    before, after = registry_rules.before_of(changed), registry_rules.after_of(changed)
    if after.get("retired"):
        await _refuse_needed(session, role)
    await change_row(session, CatalogedRole, table_of(CatalogedRole).c.role == role, after)
    await record_resource(session, caller, ResourceChange(ROLE, role, "changed", before, after))
    return await queries.get_role(session, role)


async def roles_of_service(session: Session, key: str) -> ServiceRoles:
    """The roles that a service needs at its stage, who holds them, and what is missing."""
    service = await get_service(session, key)
    required = await queries.required_roles(session, service.stage)
    owners = await present_owners(session, key)
    held = {owner.role for owner in owners}
    return ServiceRoles(
        service=key,
        stage=service.stage,
        required=[
            RequiredRole(
                role=role,
                name=name,
                holders=sorted(owner.subject for owner in owners if owner.role == role),
            )
            for role, name in required.items()
        ],
        missing=rules.missing_roles(required, held),
        uncatalogued=rules.uncatalogued(held, await queries.known_roles(session, held)),
    )


async def _refuse_needed(session: Session, role: str) -> None:
    if role == rules.SERVICE_OWNER:
        raise Conflict(
            "service_owner cannot retire: every live service has exactly one", code="role_in_use"
        )
    duties = [vars(duty) for duty in await held_by_role(session, role)]
    if duties:
        raise Conflict(
            f"{role} cannot retire before its {len(duties)} RACI assignments are given to others",
            code="role_in_use",
            raci=duties,
        )

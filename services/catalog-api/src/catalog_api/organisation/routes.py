"""Organisation units, their members and the catalog of roles over HTTP."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Query, Response

from catalog_api.organisation import actions, queries, role_actions
from catalog_api.organisation.queries import RoleFilters, UnitFilters
from catalog_api.organisation.rules import UnitKind
from catalog_api.organisation.schemas import (
    MemberCreate,
    MemberOut,
    MemberPatch,
    RoleCreate,
    RoleOut,
    RolePatch,
    ServiceRoles,
    UncataloguedRole,
    UnitCreate,
    UnitOut,
    UnitPatch,
)
from shared.kit.auth import Principal, requires
from shared.kit.database import Session
from shared.kit.etag import IfMatch, set_etag
from shared.kit.idempotency import Idempotent
from shared.kit.pagination import PageQuery, page_of
from shared.kit.problems import problem_responses
from shared.kit.routing import Router
from shared.schemas.catalog import Role, Stage
from shared.schemas.common import Day, Key, Page, ShortText
from shared.schemas.processes import Process

router = Router(prefix="/v1", tags=["organisation"])

CatalogRead = Annotated[Principal, requires("catalog:read")]
CatalogWrite = Annotated[Principal, requires("catalog:write")]
OnDay = Annotated[Day | None, Query(description="only those that hold on this day")]


async def unit_filters(
    kind: UnitKind | None = None,
    parent: Annotated[Key | None, Query(description="the unit directly above")] = None,
    manager: Annotated[ShortText | None, Query(description="subject of the manager")] = None,
    past: Annotated[bool, Query(description="also units that have ended")] = False,
) -> UnitFilters:
    return UnitFilters(kind, parent, manager, past)


async def role_filters(
    stage: Annotated[Stage | None, Query(description="required at this stage")] = None,
    process: Annotated[Process | None, Query(description="carries this process")] = None,
    retired: bool | None = None,
) -> RoleFilters:
    return RoleFilters(stage, process, retired)


@router.post(
    "/organisation-units",
    status_code=201,
    operation_id="create_organisation_unit",
    response_model=UnitOut,
    responses=problem_responses(409),
)
async def create_organisation_unit(
    body: UnitCreate, session: Session, caller: CatalogWrite, response: Response, _: Idempotent
) -> Any:
    """Create a unit; without a key it gets the slug of its name."""
    unit = await actions.create_unit(session, caller, body)
    response.headers["Location"] = f"/v1/organisation-units/{unit.key}"
    return _tagged(unit, response)


@router.get(
    "/organisation-units", operation_id="list_organisation_units", response_model=Page[UnitOut]
)
async def list_organisation_units(
    session: Session,
    caller: CatalogRead,
    filters: Annotated[UnitFilters, Depends(unit_filters)],
    page: PageQuery,
) -> Any:
    """Units by key."""
    rows = await queries.list_units(session, filters, page)
    return page_of(rows, page, key=lambda row: (row.key,))


@router.get(
    "/organisation-units/{key}",
    operation_id="get_organisation_unit",
    response_model=UnitOut,
    responses=problem_responses(404),
)
async def get_organisation_unit(
    key: Key, session: Session, caller: CatalogRead, response: Response
) -> Any:
    """A unit, also when it has ended."""
    return _tagged(await queries.get_unit(session, key), response)


@router.patch(
    "/organisation-units/{key}",
    operation_id="change_organisation_unit",
    response_model=UnitOut,
    responses=problem_responses(404, 409, 412, 428),
)
async def change_organisation_unit(
    key: Key,
    body: UnitPatch,
    session: Session,
    caller: CatalogWrite,
    expected: IfMatch,
    response: Response,
) -> Any:
    """Change the fields that are named; `parent` moves the unit with everything below it."""
    return _tagged(await actions.change_unit(session, caller, key, body, expected), response)


@router.post(
    "/organisation-units/{key}/end",
    operation_id="end_organisation_unit",
    response_model=UnitOut,
    responses=problem_responses(404, 409, 412, 428),
)
async def end_organisation_unit(
    key: Key, session: Session, caller: CatalogWrite, expected: IfMatch, response: Response
) -> Any:
    """End a unit today, with its memberships; not while units or RACI assignments need it."""
    return _tagged(await actions.end_unit(session, caller, key, expected), response)


@router.post(
    "/organisation-units/{key}/members",
    status_code=201,
    operation_id="add_unit_member",
    response_model=MemberOut,
    responses=problem_responses(404, 409),
)
async def add_unit_member(
    key: Key,
    body: MemberCreate,
    session: Session,
    caller: CatalogWrite,
    response: Response,
    _: Idempotent,
) -> Any:
    """Let a person belong to a unit from one day to another."""
    member = await actions.add_member(session, caller, key, body)
    response.headers["Location"] = f"/v1/organisation-units/{key}/members/{member.id}"
    return _tagged(member, response)


@router.get(
    "/organisation-units/{key}/members",
    operation_id="list_unit_members",
    response_model=Page[MemberOut],
    responses=problem_responses(404),
)
async def list_unit_members(
    key: Key, session: Session, caller: CatalogRead, page: PageQuery, on: OnDay = None
) -> Any:
    """Memberships by beginning: the whole history, or those of one day."""
    await queries.get_unit(session, key)
    rows = await queries.list_members(session, key, on, page)
    return page_of(rows, page, key=lambda row: (row.valid_from, row.id))


@router.get(
    "/organisation-units/{key}/members/{member}",
    operation_id="get_unit_member",
    response_model=MemberOut,
    responses=problem_responses(404),
)
async def get_unit_member(
    key: Key, member: UUID, session: Session, caller: CatalogRead, response: Response
) -> Any:
    """One membership."""
    return _tagged(await queries.get_member(session, key, member), response)


@router.patch(
    "/organisation-units/{key}/members/{member}",
    operation_id="change_unit_member",
    response_model=MemberOut,
    responses=problem_responses(404, 409, 412, 428),
)
async def change_unit_member(
    key: Key,
    member: UUID,
    body: MemberPatch,
    session: Session,
    caller: CatalogWrite,
    expected: IfMatch,
    response: Response,
) -> Any:
    """End a membership on a day, or with null let it last."""
    changed = await actions.change_member(session, caller, key, member, body, expected)
    return _tagged(changed, response)


@router.get(
    "/unit-memberships", operation_id="list_unit_memberships", response_model=Page[MemberOut]
)
async def list_unit_memberships(
    session: Session,
    caller: CatalogRead,
    page: PageQuery,
    subject: Annotated[ShortText, Query(description="whose memberships")],
    on: OnDay = None,
) -> Any:
    """The units that a person belongs to, by key."""
    rows = await queries.list_memberships(session, subject, on, page)
    return page_of(rows, page, key=lambda row: (row.unit, row.id))


@router.post(
    "/roles",
    status_code=201,
    operation_id="create_role",
    response_model=RoleOut,
    responses=problem_responses(409),
)
async def create_role(
    body: RoleCreate, session: Session, caller: CatalogWrite, response: Response, _: Idempotent
) -> Any:
    """Describe a role and say at which stages and for which processes it is required."""
    role = await role_actions.create_role(session, caller, body)
    response.headers["Location"] = f"/v1/roles/{role.role}"
    return _tagged(role, response)


@router.get("/roles", operation_id="list_roles", response_model=Page[RoleOut])
async def list_roles(
    session: Session,
    caller: CatalogRead,
    filters: Annotated[RoleFilters, Depends(role_filters)],
    page: PageQuery,
) -> Any:
    """The catalog of roles, by role."""
    rows = await queries.list_roles(session, filters, page)
    return page_of(rows, page, key=lambda row: (row.role,))


@router.get(
    "/roles/{role}",
    operation_id="get_role",
    response_model=RoleOut,
    responses=problem_responses(404),
)
async def get_role(role: Role, session: Session, caller: CatalogRead, response: Response) -> Any:
    """One role."""
    return _tagged(await queries.get_role(session, role), response)


@router.patch(
    "/roles/{role}",
    operation_id="change_role",
    response_model=RoleOut,
    responses=problem_responses(404, 409, 412, 428),
)
async def change_role(
    role: Role,
    body: RolePatch,
    session: Session,
    caller: CatalogWrite,
    expected: IfMatch,
    response: Response,
) -> Any:
    """Change the fields that are named, or retire the role."""
    return _tagged(await role_actions.change_role(session, caller, role, body, expected), response)


@router.get(
    "/uncatalogued-roles",
    operation_id="list_uncatalogued_roles",
    response_model=Page[UncataloguedRole],
)
async def list_uncatalogued_roles(session: Session, caller: CatalogRead, page: PageQuery) -> Any:
    """Roles that people hold for services and the catalog of roles does not describe."""
    rows = await queries.list_uncatalogued(session, page)
    return page_of(rows, page, key=lambda row: (row.role,))


@router.get(
    "/services/{key}/roles",
    operation_id="get_service_roles",
    responses=problem_responses(404),
)
async def get_service_roles(key: Key, session: Session, caller: CatalogRead) -> ServiceRoles:
    """Which roles the service needs at its stage, who holds them, which are missing."""
    return await role_actions.roles_of_service(session, key)


def _tagged(row: Any, response: Response) -> Any:
    set_etag(response, row.revision)
    return row

"""Retirement plans over HTTP."""

from typing import Annotated, Any

from fastapi import Path, Response

from catalog_api.registry.queries import require_service
from catalog_api.retirement import actions, queries, rules
from catalog_api.retirement.schemas import (
    MigrationOut,
    MigrationPut,
    RetirementCreate,
    RetirementOut,
    RetirementPatch,
    StepTick,
)
from catalog_api.retirement.situations import situation_of
from shared.kit.auth import Principal, requires
from shared.kit.clock import now
from shared.kit.database import Session
from shared.kit.etag import IfMatch, set_etag
from shared.kit.idempotency import Idempotent
from shared.kit.pagination import PageQuery, page_of
from shared.kit.problems import problem_responses
from shared.kit.routing import Router
from shared.schemas.common import Key, Page

router = Router(prefix="/v1/services/{key}/retirement-plan", tags=["retirement"])

CatalogRead = Annotated[Principal, requires("catalog:read")]
CatalogWrite = Annotated[Principal, requires("catalog:write")]
ApprovalsWrite = Annotated[Principal, requires("approvals:write")]


@router.post(
    "",
    status_code=201,
    operation_id="create_retirement_plan",
    response_model=RetirementOut,
    responses=problem_responses(404, 409),
)
async def create_retirement_plan(
    key: Key,
    body: RetirementCreate,
    session: Session,
    caller: CatalogWrite,
    response: Response,
    _: Idempotent,
) -> Any:
    """Draft how a service ends; a service has one such plan."""
    plan = await actions.create_plan(session, caller, key, body)
    response.headers["Location"] = f"/v1/services/{key}/retirement-plan"
    return await _tagged(session, response, plan)


@router.get(
    "",
    operation_id="get_retirement_plan",
    response_model=RetirementOut,
    responses=problem_responses(404),
)
async def get_retirement_plan(
    key: Key, session: Session, caller: CatalogRead, response: Response
) -> Any:
    """The plan, whether the service is ready to retire, and what keeps it from that."""
    return await _tagged(session, response, await queries.get_plan(session, key))


@router.patch(
    "",
    operation_id="change_retirement_plan",
    response_model=RetirementOut,
    responses=problem_responses(404, 409, 412, 428),
)
async def change_retirement_plan(
    key: Key,
    body: RetirementPatch,
    session: Session,
    caller: CatalogWrite,
    expected: IfMatch,
    response: Response,
) -> Any:
    """Change the named fields of a draft; an approved plan is taken back first."""
    plan = await actions.change_plan(session, caller, key, body, expected)
    return await _tagged(session, response, plan)


@router.post(
    "/approval",
    operation_id="approve_retirement_plan",
    response_model=RetirementOut,
    responses=problem_responses(404, 409, 412, 428),
)
async def approve_retirement_plan(
    key: Key,
    session: Session,
    caller: ApprovalsWrite,
    expected: IfMatch,
    response: Response,
) -> Any:
    """Approve, in person and as portfolio_manager, the version that was read.

    409 `plan_incomplete` names the decisions that are missing; its authors do not approve it.
    """
    plan = await actions.approve_plan(session, caller, key, expected)
    return await _tagged(session, response, plan)


@router.post(
    "/revision",
    operation_id="revise_retirement_plan",
    response_model=RetirementOut,
    responses=problem_responses(404, 409),
)
async def revise_retirement_plan(
    key: Key, session: Session, caller: CatalogWrite, response: Response
) -> Any:
    """Take the approval back: the plan is a draft again and can change."""
    return await _tagged(session, response, await actions.revise_plan(session, caller, key))


@router.put(
    "/steps/{step}",
    operation_id="tick_retirement_step",
    response_model=RetirementOut,
    responses=problem_responses(404),
)
async def tick_retirement_step(
    key: Key,
    step: Annotated[Key, Path(description="id of the step")],
    body: StepTick,
    session: Session,
    caller: CatalogWrite,
    response: Response,
) -> Any:
    """Say that a step is done, or not any more; the plan keeps who said so."""
    plan = await actions.tick_step(session, caller, key, step, done=body.done)
    return await _tagged(session, response, plan)


@router.get(
    "/customers",
    operation_id="list_migrated_customers",
    response_model=Page[MigrationOut],
    responses=problem_responses(404),
)
async def list_migrated_customers(
    key: Key, session: Session, caller: CatalogRead, page: PageQuery
) -> Any:
    """Customers that were moved away, by key."""
    await require_service(session, key)
    found = await queries.list_migrations(session, key, page)
    return page_of(found, page, key=lambda row: (row.customer,))


@router.put(
    "/customers/{customer}",
    operation_id="record_migrated_customer",
    response_model=MigrationOut,
    responses=problem_responses(404, 409),
)
async def record_migrated_customer(
    key: Key, customer: Key, body: MigrationPut, session: Session, caller: CatalogWrite
) -> Any:
    """Keep where a customer went; it remains a customer until its engagement ends."""
    return await actions.put_migration(session, caller, key, customer, body)


@router.delete(
    "/customers/{customer}",
    status_code=204,
    operation_id="remove_migrated_customer",
    responses=problem_responses(404),
)
async def remove_migrated_customer(
    key: Key, customer: Key, session: Session, caller: CatalogWrite
) -> None:
    """Take back that a customer was moved away."""
    await actions.remove_migration(session, caller, key, customer)


async def _tagged(session: Session, response: Response, plan: Any) -> dict[str, Any]:
    set_etag(response, plan.revision)
    fields = plan._asdict()
    situation = await situation_of(session, plan.service, now().date())
    missing = rules.missing_of(fields, situation)
    return {**fields, "ready": not missing, "missing": [vars(one) for one in missing]}

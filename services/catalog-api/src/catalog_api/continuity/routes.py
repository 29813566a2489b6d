"""Continuity plans, their tests and the chain check over HTTP."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Path, Query, Response

from catalog_api.continuity import actions, queries
from catalog_api.continuity.judgements import chain_of, standing_of
from catalog_api.continuity.rules import ChainLink, Link
from catalog_api.continuity.schemas import (
    ChainCheck,
    ContinuityPlanApprove,
    ContinuityPlanOut,
    ContinuityPlanWrite,
    ContinuityTestCreate,
    ContinuityTestOut,
    ServiceContinuity,
    shown_link,
)
from catalog_api.dependencies.closures import hard_providers_below
from catalog_api.dependencies.rules import NodeKind
from catalog_api.plans.rules import PlanState
from catalog_api.registry.queries import require_service
from shared.kit.auth import Principal, requires
from shared.kit.database import Session, answer
from shared.kit.etag import IfMatch, set_etag
from shared.kit.idempotency import Idempotent
from shared.kit.pagination import PageParams, PageQuery, bad_cursor, page_of
from shared.kit.problems import problem_responses
from shared.kit.routing import Router
from shared.schemas.common import Key, Page

router = Router(prefix="/v1/services/{key}", tags=["continuity"])

CatalogRead = Annotated[Principal, requires("catalog:read")]
CatalogWrite = Annotated[Principal, requires("catalog:write")]
ApprovalsWrite = Annotated[Principal, requires("approvals:write")]
Number = Annotated[int, Path(ge=1, lt=2**31)]

_PLANS = "/continuity-plans"
_PLAN = "/continuity-plans/{version}"


@router.post(
    _PLANS,
    status_code=201,
    operation_id="create_continuity_plan",
    response_model=ContinuityPlanOut,
    responses=problem_responses(404, 409),
)
async def create_continuity_plan(
    key: Key,
    body: ContinuityPlanWrite,
    session: Session,
    caller: CatalogWrite,
    response: Response,
    _: Idempotent,
) -> Any:
    """Start a version as a draft; 409 while another one is a draft or in review."""
    plan = await actions.create_plan(session, caller, key, body)
    response.headers["Location"] = f"/v1/services/{key}/continuity-plans/{plan.version}"
    return _tagged(plan, response)


@router.get(
    _PLANS,
    operation_id="list_continuity_plans",
    response_model=Page[ContinuityPlanOut],
    responses=problem_responses(404),
)
async def list_continuity_plans(
    key: Key,
    session: Session,
    caller: CatalogRead,
    page: PageQuery,
    state: Annotated[PlanState | None, Query(description="only versions in this state")] = None,
) -> Any:
    """Versions of the service's continuity plan, the newest first."""
    await require_service(session, key)
    found = await queries.list_plans(session, key, state, page)
    return page_of(found, page, key=lambda row: (row.version,))


@router.get(
    _PLAN,
    operation_id="get_continuity_plan",
    response_model=ContinuityPlanOut,
    responses=problem_responses(404),
)
async def get_continuity_plan(
    key: Key, version: Number, session: Session, caller: CatalogRead, response: Response
) -> Any:
    """One version with the hash of its text, which an approval names."""
    return _tagged(await queries.get_plan(session, key, version), response)


@router.put(
    _PLAN,
    operation_id="replace_continuity_plan",
    response_model=ContinuityPlanOut,
    responses=problem_responses(404, 409, 412, 428),
)
async def replace_continuity_plan(
    key: Key,
    version: Number,
    body: ContinuityPlanWrite,
    session: Session,
    caller: CatalogWrite,
    expected: IfMatch,
    response: Response,
) -> Any:
    """Replace the text of a draft; a text that is in review, approved or superseded stays (409)."""
    plan = await actions.replace_text(session, caller, (key, version), body, expected)
    return _tagged(plan, response)


@router.post(
    _PLAN + "/submission",
    operation_id="submit_continuity_plan",
    response_model=ContinuityPlanOut,
    responses=problem_responses(404, 409),
)
async def submit_continuity_plan(
    key: Key, version: Number, session: Session, caller: CatalogWrite, response: Response
) -> Any:
    """Ask for approval; 409 names the parts that are missing."""
    return _tagged(await actions.submit_plan(session, caller, (key, version)), response)


@router.post(
    _PLAN + "/return",
    operation_id="return_continuity_plan",
    response_model=ContinuityPlanOut,
    responses=problem_responses(404, 409),
)
async def return_continuity_plan(
    key: Key, version: Number, session: Session, caller: CatalogWrite, response: Response
) -> Any:
    """Send a version in review back to draft."""
    return _tagged(await actions.return_plan(session, caller, (key, version)), response)


@router.post(
    _PLAN + "/approval",
    operation_id="approve_continuity_plan",
    response_model=ContinuityPlanOut,
    responses=problem_responses(404, 409),
)
async def approve_continuity_plan(
    key: Key,
    version: Number,
    body: ContinuityPlanApprove,
    session: Session,
    caller: ApprovalsWrite,
    response: Response,
) -> Any:
    """Approve in person, as continuity_manager or service_owner, a text that others wrote.

    The version before is superseded. 409 when its RTO breaks what somebody promises above it.
    """
    plan = await actions.approve_plan(session, caller, (key, version), body.text_hash)
    return _tagged(plan, response)


@router.get(
    "/continuity",
    operation_id="get_service_continuity",
    response_model=ServiceContinuity,
    responses=problem_responses(404),
)
async def get_service_continuity(key: Key, session: Session, caller: CatalogRead) -> Any:
    """The plan in force, when it was last tested well, and whether a test is overdue."""
    await require_service(session, key)
    plan = await answer(session, queries.plan_in_force(key))
    if plan is None:
        return {"service": key, "plan": None, "standing": None}
    tests = await answer(session, queries.newest_tests(key))
    return {"service": key, "plan": plan, "standing": standing_of(plan, tests)}


@router.get(
    "/continuity/chain-check",
    operation_id="check_continuity_chain",
    responses=problem_responses(404),
)
async def check_continuity_chain(
    key: Key,
    session: Session,
    caller: CatalogRead,
    page: PageQuery,
    link: Annotated[Link | None, Query(description="only providers judged so")] = None,
) -> ChainCheck:
    """Whether all that the service cannot do without is back as soon, and loses as little, as it.

    Hard providers to any depth, by kind and key; those without a plan are `missing`.
    """
    await require_service(session, key)
    plan = await answer(session, queries.plan_in_force(key))
    chain = await chain_of(session, plan, await answer(session, hard_providers_below([key])))
    asked = [one for one in chain.links if link in (None, one.link)]
    found = page_of(
        _after(asked, page), page, key=lambda one: (one.provider.kind.value, one.provider.key)
    )
    return ChainCheck(
        service=key,
        plan_version=None if plan is None else plan.version,
        complete=chain.complete,
        within=chain.count(Link.WITHIN),
        breaking=chain.count(Link.BREAKS),
        missing=chain.count(Link.MISSING),
        rows=[shown_link(one) for one in found["items"]],
        next_cursor=found["next_cursor"],
    )


@router.post(
    "/continuity-tests",
    status_code=201,
    operation_id="create_continuity_test",
    response_model=ContinuityTestOut,
    responses=problem_responses(404, 409),
)
async def create_continuity_test(
    key: Key,
    body: ContinuityTestCreate,
    session: Session,
    caller: CatalogWrite,
    response: Response,
    _: Idempotent,
) -> Any:
    """Record a test of the approved plan; it is never changed afterwards."""
    test = await actions.record_test(session, caller, key, body)
    response.headers["Location"] = f"/v1/services/{key}/continuity-tests/{test.id}"
    return test


@router.get(
    "/continuity-tests",
    operation_id="list_continuity_tests",
    response_model=Page[ContinuityTestOut],
    responses=problem_responses(404),
)
async def list_continuity_tests(
    key: Key, session: Session, caller: CatalogRead, page: PageQuery
) -> Any:
    """Tests of the service's continuity plans, the newest first."""
    await require_service(session, key)
    found = await queries.list_tests(session, key, page)
    return page_of(found, page, key=lambda row: (row.performed_on, row.id))


@router.get(
    "/continuity-tests/{test}",
    operation_id="get_continuity_test",
    response_model=ContinuityTestOut,
    responses=problem_responses(404),
)
async def get_continuity_test(key: Key, test: UUID, session: Session, caller: CatalogRead) -> Any:
    """One test."""
    return await queries.get_test(session, key, test)


def _tagged(plan: Any, response: Response) -> Any:
    set_etag(response, plan.revision)
    return plan


def _after(links: list[ChainLink], page: PageParams) -> list[ChainLink]:
    """Links after the cursor, one more than the page holds."""
    if page.after is None:
        return links[: page.limit + 1]
    kinds = {kind.value for kind in NodeKind}
    if len(page.after) != 2 or page.after[0] not in kinds or not isinstance(page.after[1], str):
        raise bad_cursor()
    kept = [one for one in links if (one.provider.kind.value, one.provider.key) > tuple(page.after)]
    return kept[: page.limit + 1]

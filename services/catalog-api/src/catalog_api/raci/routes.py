"""RACI charts over HTTP."""

from typing import Annotated, Any

from fastapi import Body, Depends, Query, Response

from catalog_api.raci import actions, queries
from catalog_api.raci.queries import AssignmentFilters, GapFilters
from catalog_api.raci.rules import Responsibility
from catalog_api.raci.schemas import (
    AssignmentOut,
    Assignments,
    ChartOut,
    HeldAssignment,
    ServiceGaps,
    ServiceRaci,
)
from catalog_api.registry.queries import require_service
from shared.kit.auth import Principal, requires
from shared.kit.database import Session
from shared.kit.etag import IfMatch, set_etag
from shared.kit.pagination import PageQuery, page_of
from shared.kit.problems import problem_responses
from shared.kit.routing import Router
from shared.schemas.catalog import Role, Stage
from shared.schemas.common import Key, Page, ShortText, Timestamp
from shared.schemas.processes import Process

router = Router(prefix="/v1", tags=["raci"])

CatalogRead = Annotated[Principal, requires("catalog:read")]
CatalogWrite = Annotated[Principal, requires("catalog:write")]


async def assignment_filters(
    subject: Annotated[ShortText | None, Query(description="a person, named as such")] = None,
    unit: Key | None = None,
    role: Role | None = None,
    process: Process | None = None,
    responsibility: Responsibility | None = None,
) -> AssignmentFilters:
    return AssignmentFilters(subject, unit, role, process, responsibility)


async def gap_filters(portfolio: Key | None = None, stage: Stage | None = None) -> GapFilters:
    return GapFilters(portfolio, stage)


@router.get(
    "/services/{key}/raci",
    operation_id="get_service_raci",
    responses=problem_responses(404),
)
async def get_service_raci(
    key: Key,
    session: Session,
    caller: CatalogRead,
    as_of: Annotated[Timestamp | None, Query(description="absent: now")] = None,
) -> ServiceRaci:
    """Who does what in the ten processes of a service, now or at any moment before."""
    await require_service(session, key)
    return await actions.read_charts(session, key, as_of)


@router.get(
    "/services/{key}/raci/{process}",
    operation_id="get_raci_chart",
    responses=problem_responses(404),
)
async def get_raci_chart(
    key: Key, process: Process, session: Session, caller: CatalogRead, response: Response
) -> ChartOut:
    """The chart of one process and what it lacks; its ETag is "0" before it was ever written."""
    await require_service(session, key)
    return await _chart(session, key, process, response)


@router.put(
    "/services/{key}/raci/{process}",
    operation_id="replace_raci_chart",
    responses=problem_responses(404, 409, 412, 428),
)
async def replace_raci_chart(
    key: Key,
    process: Process,
    body: Annotated[Assignments, Body()],
    session: Session,
    caller: CatalogWrite,
    expected: IfMatch,
    response: Response,
) -> ChartOut:
    """Make these the present assignments; who is not named stops, and the history is kept.

    Exactly one is accountable. Without a responsible the chart stands and is reported as a gap.
    """
    await actions.replace_chart(session, caller, (key, process), body, expected)
    return await _chart(session, key, process, response)


@router.get(
    "/services/{key}/raci/{process}/history",
    operation_id="list_raci_history",
    response_model=Page[AssignmentOut],
    responses=problem_responses(404),
)
async def list_raci_history(
    key: Key, process: Process, session: Session, caller: CatalogRead, page: PageQuery
) -> Any:
    """Every assignment that the chart ever had, by beginning."""
    await require_service(session, key)
    rows = await queries.list_history(session, key, process, page)
    return page_of(rows, page, key=lambda row: (row.valid_from, row.id))


@router.get(
    "/raci-assignments",
    operation_id="list_raci_assignments",
    response_model=Page[HeldAssignment],
)
async def list_raci_assignments(
    session: Session,
    caller: CatalogRead,
    filters: Annotated[AssignmentFilters, Depends(assignment_filters)],
    page: PageQuery,
) -> Any:
    """What a person, unit or role is named for now, by service and process."""
    rows = await queries.list_assignments(session, filters, page)
    return page_of(rows, page, key=lambda row: (row.service, row.process, row.id))


@router.get("/raci-gaps", operation_id="list_raci_gaps", response_model=Page[ServiceGaps])
async def list_raci_gaps(
    session: Session,
    caller: CatalogRead,
    filters: Annotated[GapFilters, Depends(gap_filters)],
    page: PageQuery,
    incomplete: Annotated[
        bool,
        Query(description="leave complete services out; a page may then hold fewer than `limit`"),
    ] = False,
) -> Any:
    """Services that are not retired, by key, each with what its RACI lacks."""
    rows = await queries.judged_services(session, filters, page)
    found = page_of(rows, page, key=lambda row: (row.key,))
    judged = await actions.report_gaps(session, found["items"])
    return {**found, "items": [one for one in judged if not (incomplete and one.complete)]}


async def _chart(session: Session, key: str, process: Process, response: Response) -> ChartOut:
    chart = await actions.read_chart(session, key, process)
    set_etag(response, chart.revision)
    return chart

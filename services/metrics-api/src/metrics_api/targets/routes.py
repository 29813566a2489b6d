"""Targets over HTTP."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Query, Response

from metrics_api.indicators.kpis import KPIS
from metrics_api.targets import actions, queries
from metrics_api.targets.queries import TargetFilter
from metrics_api.targets.schemas import TargetCreate, TargetOut, TargetPatch
from shared.kit.auth import Principal, requires
from shared.kit.database import Session
from shared.kit.etag import IfMatch, set_etag
from shared.kit.idempotency import Idempotent
from shared.kit.pagination import PageQuery, page_of
from shared.kit.problems import problem_responses
from shared.kit.routing import Router
from shared.schemas.common import Day, Key, Page
from shared.schemas.metrics import KpiId

router = Router(prefix="/v1/targets", tags=["targets"])

MetricsRead = Annotated[Principal, requires("metrics:read")]
TargetsWrite = Annotated[Principal, requires("targets:write")]


@router.post("", status_code=201, operation_id="create_target", responses=problem_responses(409))
async def create_target(
    body: TargetCreate, session: Session, caller: TargetsWrite, response: Response, _: Idempotent
) -> TargetOut:
    """Set a target on a KPI of a service; on no day may two of them hold."""
    target = await actions.create_target(session, caller, body)
    response.headers["Location"] = f"/v1/targets/{target.id}"
    return _tagged(target, response)


@router.get("", operation_id="list_targets", response_model=Page[TargetOut])
async def list_targets(
    session: Session,
    caller: MetricsRead,
    page: PageQuery,
    service: Key | None = None,
    kpi: KpiId | None = None,
    valid_on: Annotated[Day | None, Query(description="that hold on this day")] = None,
) -> Any:
    """Targets by service, KPI and first day."""
    rows = await queries.list_targets(session, TargetFilter(service, kpi, valid_on), page)
    return _page(rows, page, lambda row: (row.service, row.kpi, row.valid_from, row.id))


@router.get("/{target}", operation_id="get_target", responses=problem_responses(404))
async def get_target(
    target: UUID, session: Session, caller: MetricsRead, response: Response
) -> TargetOut:
    """A target as it is now."""
    return _tagged(await queries.get_target(session, target), response)


@router.get(
    "/{target}/versions",
    operation_id="list_target_versions",
    response_model=Page[TargetOut],
    responses=problem_responses(404),
)
async def list_target_versions(
    target: UUID, session: Session, caller: MetricsRead, page: PageQuery
) -> Any:
    """Every version of a target, newest first."""
    await queries.get_target(session, target)
    rows = await queries.list_versions(session, target, page)
    return _page(rows, page, lambda row: (row.version,))


@router.patch(
    "/{target}", operation_id="change_target", responses=problem_responses(404, 409, 412, 428)
)
async def change_target(
    target: UUID,
    body: TargetPatch,
    session: Session,
    caller: TargetsWrite,
    expected: IfMatch,
    response: Response,
) -> TargetOut:
    """Change the fields that are named. It then judges past periods differently, too: to raise
    the bar from a day on, end this target and set another."""
    return _tagged(await actions.change_target(session, caller, target, body, expected), response)


@router.delete("/{target}", operation_id="end_target", responses=problem_responses(404, 412, 428))
async def end_target(
    target: UUID, session: Session, caller: TargetsWrite, expected: IfMatch, response: Response
) -> TargetOut:
    """End a target: it holds no longer from today on, and stays for the days on which it held."""
    return _tagged(await actions.end_target(session, caller, target, expected), response)


def _out(row: Any) -> TargetOut:
    return TargetOut.model_validate({**row._mapping, "unit": KPIS[KpiId(row.kpi)].unit})


def _tagged(target: Any, response: Response) -> TargetOut:
    set_etag(response, target.version)
    return _out(target)


def _page(rows: Any, page: Any, key: Any) -> dict[str, Any]:
    found = page_of(rows, page, key)
    return {**found, "items": [_out(row) for row in found["items"]]}

"""SLOs over HTTP."""

from typing import Annotated, Any

from fastapi import Query, Request, Response

from metrics_api.as_of.knowing import known
from metrics_api.indicators.parameters import AsOf
from metrics_api.slis.schemas import ObjectKey
from metrics_api.slos import actions, queries, reading
from metrics_api.slos.queries import SloFilter
from metrics_api.slos.rules import Level, SloState
from metrics_api.slos.schemas import HistoryDayOut, SloCreate, SloOut, SloPatch, SloStatusOut
from metrics_api.versioned.actions import versions_page
from shared.kit.auth import Principal, requires
from shared.kit.database import Session
from shared.kit.etag import IfMatch, set_etag
from shared.kit.idempotency import Idempotent
from shared.kit.pagination import PageQuery, page_of
from shared.kit.problems import problem_responses
from shared.kit.routing import Router
from shared.schemas.common import Day, Key, Page, Timestamp

router = Router(prefix="/v1", tags=["slos"])

MetricsRead = Annotated[Principal, requires("metrics:read")]
SlosWrite = Annotated[Principal, requires("slos:write")]
At = Annotated[Timestamp | None, Query(description="moment of the status; absent: as_of, or now")]
Lookbacks = Annotated[
    str,
    Query(
        max_length=100,
        description="comma-separated durations over which burn rates are given, at most 10",
        examples=["1h,6h,3d"],
    ),
]


@router.post("/slos", status_code=201, operation_id="create_slo", responses=problem_responses(409))
async def create_slo(
    body: SloCreate, session: Session, caller: SlosWrite, response: Response, _: Idempotent
) -> SloOut:
    """Promise a share of good events or time slices of a service; without `sli` a composite."""
    slo = await actions.create_slo(session, caller, body)
    response.headers["Location"] = f"/v1/slos/{slo.key}"
    return _tagged(slo, response)


@router.get("/slos", operation_id="list_slos", response_model=Page[SloOut])
async def list_slos(
    session: Session,
    caller: MetricsRead,
    page: PageQuery,
    service: Key | None = None,
    sli: ObjectKey | None = None,
    state: SloState | None = None,
) -> Any:
    """SLOs by key."""
    rows = await queries.list_slos(session, SloFilter(service, sli, state), page)
    found = page_of(rows, page, lambda row: (row.key,))
    return {**found, "items": [actions.out_of(row._mapping) for row in found["items"]]}


@router.get("/slos/{key}", operation_id="get_slo", responses=problem_responses(404))
async def get_slo(
    key: ObjectKey, session: Session, caller: MetricsRead, response: Response
) -> SloOut:
    """An SLO as it is now."""
    return _tagged(await queries.get_slo(session, key), response)


@router.get(
    "/slos/{key}/versions",
    operation_id="list_slo_versions",
    response_model=Page[SloOut],
    responses=problem_responses(404),
)
async def list_slo_versions(
    key: ObjectKey, session: Session, caller: MetricsRead, page: PageQuery
) -> Any:
    """Every version of an SLO, newest first."""
    await queries.get_slo(session, key)
    return await versions_page(session, queries.SLOS, key, page)


@router.patch(
    "/slos/{key}", operation_id="change_slo", responses=problem_responses(404, 409, 412, 428)
)
async def change_slo(
    key: ObjectKey,
    body: SloPatch,
    session: Session,
    caller: SlosWrite,
    expected: IfMatch,
    response: Response,
) -> SloOut:
    """Change the fields that are named; the SLO is then judged by them, also for the past."""
    return _tagged(await actions.change_slo(session, caller, key, body, expected), response)


@router.delete("/slos/{key}", operation_id="retire_slo", responses=problem_responses(404, 412, 428))
async def retire_slo(
    key: ObjectKey, session: Session, caller: SlosWrite, expected: IfMatch, response: Response
) -> SloOut:
    """Retire an SLO: it raises no more alerts and leaves the list of statuses."""
    return _tagged(await actions.retire_slo(session, caller, key, expected), response)


@router.get(
    "/slos/{key}/status", operation_id="get_slo_status", responses=problem_responses(404, 422)
)
async def get_slo_status(
    key: ObjectKey,
    request: Request,
    session: Session,
    caller: MetricsRead,
    at: At = None,
    lookbacks: Lookbacks = "1h,6h,1d,3d",
    as_of: AsOf = None,
) -> SloStatusOut:
    """Value, budget and burn rates of an SLO, with and without its corrections."""
    moment = reading.moment_of(at, lookbacks, as_of)
    async with known(session, request.app.state.engine, as_of) as seen:
        slo = await queries.get_slo_then(seen, key, as_of)
        return await reading.status_of(seen, slo, moment)


@router.get(
    "/slos/{key}/history",
    operation_id="list_slo_history",
    response_model=Page[HistoryDayOut],
    responses=problem_responses(404, 422),
)
async def list_slo_history(
    key: ObjectKey,
    request: Request,
    session: Session,
    caller: MetricsRead,
    page: PageQuery,
    first: Annotated[Day, Query(alias="from")],
    last: Annotated[Day | None, Query(alias="to", description="included; absent: today")] = None,
    as_of: AsOf = None,
) -> Any:
    """How an SLO stood at the end of each day, of its calendar's time zone or else of UTC.

    As of a moment there are no days after it.
    """
    async with known(session, request.app.state.engine, as_of) as seen:
        slo = await queries.get_slo_then(seen, key, as_of)
        days = await reading.history_of(seen, slo, (first, last), page, as_of)
    return page_of(days, page, lambda day: (day.day,))


@router.get(
    "/slo-statuses",
    operation_id="list_slo_statuses",
    response_model=Page[SloStatusOut],
    responses=problem_responses(422),
)
async def list_slo_statuses(
    request: Request,
    session: Session,
    caller: MetricsRead,
    page: PageQuery,
    service: Key | None = None,
    sli: ObjectKey | None = None,
    level: Level | None = None,
    at: At = None,
    lookbacks: Lookbacks = "",
    as_of: AsOf = None,
) -> Any:
    """How the active SLOs stand, by key. With a level a page may hold less than its limit.

    As of a moment they are those that were active then.
    """
    wanted = SloFilter(service, sli, SloState.ACTIVE)
    moment = reading.moment_of(at, lookbacks, as_of)
    async with known(session, request.app.state.engine, as_of) as seen:
        return await reading.page_of_statuses(seen, wanted, level, moment, page)


def _tagged(slo: Any, response: Response) -> SloOut:
    set_etag(response, slo.version)
    return actions.out_of(slo._mapping)

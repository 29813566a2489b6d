"""Judgements of targets over HTTP."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Path, Query

from metrics_api.judgements import queries
from metrics_api.judgements.queries import JudgementFilter
from metrics_api.judgements.rules import Verdict
from metrics_api.judgements.schemas import JudgementOut, JudgementVersionOut
from metrics_api.targets.queries import get_target
from shared.kit.auth import Principal, requires
from shared.kit.database import Session
from shared.kit.pagination import PageQuery, page_of
from shared.kit.problems import problem_responses
from shared.kit.routing import Router
from shared.schemas.common import Key, Page
from shared.schemas.metrics import KpiId

router = Router(prefix="/v1", tags=["judgements"])

MetricsRead = Annotated[Principal, requires("metrics:read")]
_LABEL = r"^\d{4}(-(Q[1-4]|W\d{2}|\d{2}(-\d{2})?))?$"
PeriodLabel = Annotated[str, Query(pattern=_LABEL, max_length=10, examples=["2026-03"])]


@router.get("/judgements", operation_id="list_judgements", response_model=Page[JudgementOut])
async def list_judgements(
    session: Session,
    caller: MetricsRead,
    page: PageQuery,
    service: Key | None = None,
    kpi: KpiId | None = None,
    verdict: Verdict | None = None,
    period: PeriodLabel | None = None,
) -> Any:
    """Whether targets were met in the full periods in which they held, the newest first.

    They are judged within minutes of a period's end, and again for 90 days as records come late.
    """
    wanted = JudgementFilter(service, kpi, verdict, period)
    return _page(await queries.list_judgements(session, wanted, page), page)


@router.get(
    "/targets/{target}/judgements",
    operation_id="list_target_judgements",
    response_model=Page[JudgementOut],
    responses=problem_responses(404),
)
async def list_target_judgements(
    target: UUID,
    session: Session,
    caller: MetricsRead,
    page: PageQuery,
    verdict: Verdict | None = None,
) -> Any:
    """The judgements of one target, the newest period first."""
    await get_target(session, target)
    wanted = JudgementFilter(None, None, verdict, None, target)
    return _page(await queries.list_judgements(session, wanted, page), page)


@router.get(
    "/targets/{target}/judgements/{period}/versions",
    operation_id="list_judgement_versions",
    response_model=Page[JudgementVersionOut],
    responses=problem_responses(404),
)
async def list_judgement_versions(
    target: UUID,
    period: Annotated[str, Path(pattern=_LABEL, max_length=10, examples=["2026-03"])],
    session: Session,
    caller: MetricsRead,
    page: PageQuery,
) -> Any:
    """Every version of a judgement, newest first: late records make new ones."""
    await get_target(session, target)
    rows = await queries.list_versions(session, target, period, page)
    return page_of(rows, page, lambda row: (row.version,))


def _page(rows: Any, page: Any) -> dict[str, Any]:
    return page_of(rows, page, lambda row: (row.first_day, row.target_id))

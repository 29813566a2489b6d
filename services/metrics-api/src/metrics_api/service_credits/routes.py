"""HTTP of service credits."""

from typing import Annotated, Any

from fastapi import Depends, Query

from metrics_api.copies.queries import is_copied_agreement
from metrics_api.service_credits import queries
from metrics_api.service_credits.queries import CreditFilter
from metrics_api.service_credits.schemas import ServiceCreditOut
from shared.errors import NotFound
from shared.kit.auth import Principal, requires
from shared.kit.database import Session
from shared.kit.pagination import PageQuery, page_of
from shared.kit.problems import problem_responses
from shared.kit.routing import Router
from shared.schemas.common import Key, Page, Timestamp

router = Router(prefix="/v1", tags=["clocks"])

MetricsRead = Annotated[Principal, requires("metrics:read")]


async def credit_filter(
    agreement: Annotated[Key | None, Query()] = None,
    service: Annotated[Key | None, Query()] = None,
    due: Annotated[bool | None, Query(description="whether anything is due; absent: all")] = None,
    ended_from: Annotated[Timestamp | None, Query(description="end of the period")] = None,
    ended_to: Annotated[Timestamp | None, Query(description="not included")] = None,
) -> CreditFilter:
    return CreditFilter(agreement, service, due, ended_from, ended_to)


@router.get(
    "/service-credits", operation_id="list_service_credits", responses=problem_responses(400)
)
async def list_service_credits(
    session: Session,
    _: MetricsRead,
    wanted: Annotated[CreditFilter, Depends(credit_filter)],
    page: PageQuery,
) -> Page[ServiceCreditOut]:
    """Finished periods of guaranteed targets and what is due for them, the latest first."""
    return _page(await queries.list_credits(session, wanted, page), page)


@router.get(
    "/agreements/{key}/service-credits",
    operation_id="list_agreement_service_credits",
    responses=problem_responses(400, 404),
)
async def list_agreement_service_credits(
    key: Key, session: Session, _: MetricsRead, page: PageQuery
) -> Page[ServiceCreditOut]:
    """The same of one agreement, over all its versions."""
    if not await is_copied_agreement(session, key):
        raise NotFound(f"There is no agreement {key} known here")
    return _page(await queries.list_credits(session, CreditFilter(agreement=key), page), page)


def _page(rows: Any, page: PageQuery) -> Page[ServiceCreditOut]:
    paged = page_of(rows, page, key=lambda row: (row.period_end, row.id))
    return Page[ServiceCreditOut].model_validate(paged)

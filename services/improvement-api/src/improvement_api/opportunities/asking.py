"""What is asked of the other services about an opportunity, before a request's transaction."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Request

from improvement_api.opportunities.queries import get_opportunity
from improvement_api.opportunities.rules import LinkKind
from improvement_api.opportunities.schemas import (
    LinkCreate,
    OpportunityCreate,
    OpportunityPlan,
    PracticeOfOpportunity,
)
from improvement_api.providers import Providers, Remotes, check_service
from improvement_api.references import answered, check_objective
from shared.errors import Invalid
from shared.kit.database import reading
from shared.kit.pagination import MAX_LIMIT
from shared.schemas.common import Page
from shared.schemas.metrics import KpiId, TrendSummary


async def _checked_opportunity(body: OpportunityCreate, remotes: Remotes) -> OpportunityCreate:
    await check_service(remotes, body.service, "/service")
    return body


async def _checked_objective(body: OpportunityPlan, remotes: Remotes) -> OpportunityPlan:
    await check_objective(remotes, body.objective, "/objective")
    return body


async def _checked_link(body: LinkCreate, remotes: Remotes) -> LinkCreate:
    """Incidents and risks are looked up where they are kept; 422 when they are not there."""
    known = True
    if body.kind is LinkKind.INCIDENT:
        known = await _incident_known(body.target, remotes)
    elif body.kind is LinkKind.RISK:
        known = await _risk_known(body.target, remotes)
    if not known:
        raise Invalid(
            f"There is no {body.kind} {body.target}", code="unknown_target", pointer="/target"
        )
    return body


async def _incident_known(target: str, remotes: Providers) -> bool:
    source, _, external_id = target.partition("/")
    if not source or not external_id:
        return False
    return await answered(remotes.metrics.has_incident(source, external_id)) is not None


async def _risk_known(target: str, remotes: Providers) -> bool:
    try:
        risk_id = UUID(target)
    except ValueError:
        return False
    return await answered(remotes.catalog.get_risk(risk_id)) is not None


async def _practices(
    opportunity_id: UUID,
    remotes: Remotes,
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT, description="items a page")] = 100,
    cursor: Annotated[
        str | None, Query(max_length=2000, description="`next_cursor` of the page before")
    ] = None,
) -> Page[PracticeOfOpportunity]:
    asked = remotes.catalog.practices_of_opportunity(str(opportunity_id), limit, cursor)
    page = await answered(asked)
    items = [] if page is None else page.items
    return Page[PracticeOfOpportunity](
        items=[PracticeOfOpportunity.model_validate(item) for item in items],
        next_cursor=None if page is None else page.next_cursor,
    )


async def _trend(
    opportunity_id: UUID, request: Request, remotes: Remotes
) -> tuple[KpiId | None, TrendSummary | None]:
    """The KPI of an opportunity and its trend; None: it has no KPI, or nothing was measured."""
    async with reading(request.app.state.engine) as session:
        opportunity = await get_opportunity(session, opportunity_id)
    if opportunity.kpi is None:
        return None, None
    kpi = KpiId(opportunity.kpi)
    return kpi, await answered(remotes.metrics.trend_of_service(opportunity.service, kpi))


CheckedOpportunity = Annotated[OpportunityCreate, Depends(_checked_opportunity)]
CheckedObjective = Annotated[OpportunityPlan, Depends(_checked_objective)]
CheckedLink = Annotated[LinkCreate, Depends(_checked_link)]
OpportunityPractices = Annotated[Page[PracticeOfOpportunity], Depends(_practices)]
AskedTrend = Annotated[tuple[KpiId | None, TrendSummary | None], Depends(_trend)]

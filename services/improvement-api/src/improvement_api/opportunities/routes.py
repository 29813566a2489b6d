"""Opportunities over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Response
from pydantic import StringConstraints

from improvement_api.opportunities import actions, queries
from improvement_api.opportunities.asking import (
    AskedTrend,
    CheckedLink,
    CheckedObjective,
    CheckedOpportunity,
    OpportunityPractices,
)
from improvement_api.opportunities.queries import OpportunityFilter
from improvement_api.opportunities.rules import (
    FORMULA,
    LinkKind,
    OpportunityState,
    Source,
    suggested_criticality,
)
from improvement_api.opportunities.schemas import (
    AssessmentPut,
    LinkCreate,
    LinkOut,
    OccurrenceOut,
    OpportunityMove,
    OpportunityOut,
    OpportunityPatch,
    PracticeOfOpportunity,
    RankedOpportunity,
    SuggestionOut,
    Target,
)
from improvement_api.opportunities.shapes import occurrence_out, opportunity_out
from improvement_api.opportunities.tables import Opportunity
from shared.errors import Invalid
from shared.kit import clock
from shared.kit.auth import Principal, requires
from shared.kit.database import Session
from shared.kit.etag import IfMatch, set_etag
from shared.kit.idempotency import Idempotent
from shared.kit.pagination import PageQuery, page_of
from shared.kit.problems import problem_responses
from shared.kit.routing import Router
from shared.schemas.common import Key, Page, ShortText, Storable
from shared.schemas.metrics import KpiId

router = Router(prefix="/v1/opportunities", tags=["opportunities"])

PlansRead = Annotated[Principal, requires("plans:read")]
PlansWrite = Annotated[Principal, requires("plans:write")]


async def opportunity_filter(
    state: OpportunityState | None = None,
    service: Key | None = None,
    kpi: KpiId | None = None,
    source: Source | None = None,
    owner: Annotated[ShortText | None, Query(description="owned by this subject")] = None,
    cause_key: Annotated[
        Annotated[str, StringConstraints(min_length=1, max_length=500), Storable] | None,
        Query(description="opened by this cause"),
    ] = None,
    link_kind: Annotated[LinkKind | None, Query(description="with `link`: points at it")] = None,
    link: Annotated[Target | None, Query(description="with `link_kind`")] = None,
) -> OpportunityFilter:
    if (link_kind is None) != (link is None):
        raise Invalid("link_kind and link go together", pointer="/query/link")
    linked = None if link_kind is None or link is None else (link_kind, link)
    return OpportunityFilter(state, service, kpi, source, owner, cause_key, linked)


@router.post(
    "", status_code=201, operation_id="create_opportunity", responses=problem_responses(409)
)
async def create_opportunity(
    caller: PlansWrite,
    body: CheckedOpportunity,
    session: Session,
    response: Response,
    _: Idempotent,
) -> OpportunityOut:
    """Raise an opportunity: a problem stated neutrally, whom it hurts, what solving it is worth."""
    opportunity = await actions.raise_opportunity(session, body, caller)
    response.headers["Location"] = f"/v1/opportunities/{opportunity.id}"
    return await _shown(session, opportunity, response)


@router.get("", operation_id="list_opportunities")
async def list_opportunities(
    caller: PlansRead,
    session: Session,
    wanted: Annotated[OpportunityFilter, Depends(opportunity_filter)],
    page: PageQuery,
) -> Page[OpportunityOut]:
    """Opportunities, newest first."""
    rows = await queries.list_opportunities(session, wanted, page)
    shown = page_of(rows, page, key=lambda row: (row.created_at, row.id))
    plans = await queries.plans_of(session, [row.id for row in shown["items"]])
    items = [opportunity_out(row, plans.get(row.id)) for row in shown["items"]]
    return Page[OpportunityOut](items=items, next_cursor=shown["next_cursor"])


@router.get("/ranking", operation_id="rank_opportunities")
async def rank_opportunities(
    caller: PlansRead,
    session: Session,
    page: PageQuery,
    service: Annotated[Key | None, Query(description="of this service only")] = None,
) -> Page[RankedOpportunity]:
    """The backlog (new, assessed, accepted) by WSJF: what to do first stands first.

    WSJF = cost of delay / job size (SAFe). Of equal ones the greater cost of delay goes first, then
    the older. Those that are not assessed have no rank and come last, the oldest first.
    """
    rows = await queries.ranked_backlog(session, service, page)
    shown = page_of(rows, page, key=lambda row: (row.score, row.cost, row[0].created_at, row[0].id))
    items = [
        RankedOpportunity(
            **dict(opportunity_out(row[0], None)),
            rank=None if row[0].wsjf is None else row.place,
        )
        for row in shown["items"]
    ]
    return Page[RankedOpportunity](items=items, next_cursor=shown["next_cursor"])


@router.get("/{opportunity_id}", operation_id="get_opportunity", responses=problem_responses(404))
async def get_opportunity(
    opportunity_id: UUID, caller: PlansRead, session: Session, response: Response
) -> OpportunityOut:
    """One opportunity: for one that a trigger opened, with the figures that caused it."""
    opportunity = await queries.get_opportunity(session, opportunity_id)
    return await _shown(session, opportunity, response)


@router.patch(
    "/{opportunity_id}",
    operation_id="change_opportunity",
    responses=problem_responses(404, 409, 412, 428),
)
async def change_opportunity(
    opportunity_id: UUID,
    body: OpportunityPatch,
    caller: PlansWrite,
    expected: IfMatch,
    session: Session,
    response: Response,
) -> OpportunityOut:
    """Change what an opportunity says, as long as it waits for a plan."""
    changed = await actions.change_opportunity(session, opportunity_id, body, expected, caller)
    return await _shown(session, changed, response)


@router.put(
    "/{opportunity_id}/assessment",
    operation_id="assess_opportunity",
    responses=problem_responses(404, 409, 412, 428),
)
async def assess_opportunity(
    opportunity_id: UUID,
    body: AssessmentPut,
    caller: PlansWrite,
    expected: IfMatch,
    session: Session,
    response: Response,
) -> OpportunityOut:
    """Set the inputs of WSJF; a new opportunity becomes assessed by it."""
    assessed = await actions.assess_opportunity(session, opportunity_id, body, expected, caller)
    return await _shown(session, assessed, response)


@router.get(
    "/{opportunity_id}/assessment/suggestion",
    operation_id="suggest_assessment",
    responses=problem_responses(404, 503),
)
async def suggest_assessment(
    opportunity_id: UUID, caller: PlansRead, asked: AskedTrend
) -> SuggestionOut:
    """What the measured trend of its KPI says of time criticality; the other inputs are people's.

    A convention of ours over a significant degrading trend: it breaches the target within 30 days
    13, 90 days 8, 180 days 5, a year 3, later 2; it misses it already 20. Else there is none.
    """
    kpi, trend = asked
    suggested = suggested_criticality(trend, clock.now().date())
    return SuggestionOut(
        time_criticality=suggested.points,
        reason=suggested.reason,
        kpi=kpi,
        direction=None if trend is None else trend.direction,
        n=None if trend is None else trend.n,
        p_value=None if trend is None else trend.p_value,
        slope_per_month=None if trend is None else trend.slope_per_month,
        breaches_on=None if trend is None else trend.crossing.on,
        formula=FORMULA,
    )


@router.post(
    "/{opportunity_id}/transitions",
    status_code=201,
    operation_id="move_opportunity",
    responses=problem_responses(404, 409),
)
async def move_opportunity(
    opportunity_id: UUID,
    body: OpportunityMove,
    caller: PlansWrite,
    session: Session,
    response: Response,
    _: Idempotent,
) -> OpportunityOut:
    """Accept an assessed opportunity, or reject any: then with a comment that says why.

    Any other move is a 409 that lists the allowed ones. Assessing and planning have operations of
    their own.
    """
    moved = await actions.move_opportunity(session, opportunity_id, body, caller)
    return await _shown(session, moved, response)


@router.post(
    "/{opportunity_id}/plan",
    status_code=201,
    operation_id="plan_opportunity",
    responses=problem_responses(404, 409),
)
async def plan_opportunity(
    opportunity_id: UUID,
    caller: PlansWrite,
    body: CheckedObjective,
    session: Session,
    response: Response,
    _: Idempotent,
) -> OpportunityOut:
    """Make an improvement plan, a draft, of an accepted opportunity; `plan` is its id."""
    planned, plan = await actions.plan_opportunity(session, opportunity_id, body, caller)
    response.headers["Location"] = f"/v1/plans/{plan.id}"
    set_etag(response, planned.version)
    return opportunity_out(planned, plan.id)


@router.get(
    "/{opportunity_id}/occurrences",
    operation_id="list_opportunity_occurrences",
    responses=problem_responses(404),
)
async def list_occurrences(
    opportunity_id: UUID, caller: PlansRead, session: Session, page: PageQuery
) -> Page[OccurrenceOut]:
    """Each time its cause occurred, newest first, with the figures."""
    await queries.get_opportunity(session, opportunity_id)
    rows = await queries.list_occurrences(session, page, opportunity_id=opportunity_id)
    shown = page_of(rows, page, key=lambda row: (row.recorded_at, row.id))
    items = [occurrence_out(row) for row in shown["items"]]
    return Page[OccurrenceOut](items=items, next_cursor=shown["next_cursor"])


@router.post(
    "/{opportunity_id}/links",
    status_code=201,
    operation_id="link_opportunity",
    responses=problem_responses(404),
)
async def link_opportunity(
    opportunity_id: UUID, caller: PlansWrite, body: CheckedLink, session: Session
) -> LinkOut:
    """Let it point at an incident, a risk, a theme of feedback or a root cause analysis.

    Linking the same again changes nothing. Practices are linked in the catalog.
    """
    return LinkOut.model_validate(await actions.link(session, opportunity_id, body, caller))


@router.get(
    "/{opportunity_id}/links",
    operation_id="list_opportunity_links",
    responses=problem_responses(404),
)
async def list_links(
    opportunity_id: UUID, caller: PlansRead, session: Session, page: PageQuery
) -> Page[LinkOut]:
    """What it points at, the oldest link first."""
    await queries.get_opportunity(session, opportunity_id)
    rows = await queries.list_links(session, opportunity_id, page)
    shown = page_of(rows, page, key=lambda row: (row.linked_at, row.kind.value, row.target))
    items = [LinkOut.model_validate(row) for row in shown["items"]]
    return Page[LinkOut](items=items, next_cursor=shown["next_cursor"])


@router.delete(
    "/{opportunity_id}/links",
    status_code=204,
    operation_id="unlink_opportunity",
    responses=problem_responses(404),
)
async def unlink_opportunity(
    opportunity_id: UUID,
    kind: LinkKind,
    target: Annotated[Target, Query()],
    caller: PlansWrite,
    session: Session,
) -> None:
    """Take a link away."""
    await queries.get_opportunity(session, opportunity_id)
    await actions.unlink(session, opportunity_id, LinkCreate(kind=kind, target=target), caller)


@router.get(
    "/{opportunity_id}/practices",
    operation_id="list_opportunity_practices",
    responses=problem_responses(404, 503),
)
async def list_practices(
    opportunity_id: UUID, caller: PlansRead, asked: OpportunityPractices, session: Session
) -> Page[PracticeOfOpportunity]:
    """Practices of the catalog that are linked to it, by key."""
    await queries.get_opportunity(session, opportunity_id)
    return asked


async def _shown(session: Session, opportunity: Opportunity, response: Response) -> OpportunityOut:
    set_etag(response, opportunity.version)
    plans = await queries.plans_of(session, [opportunity.id])
    return opportunity_out(opportunity, plans.get(opportunity.id))

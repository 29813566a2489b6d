"""Statements over opportunities and the causes that open them."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, Select, Text, cast, delete, func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from improvement_api.fact_sheets import SERVICE
from improvement_api.opportunities.rules import (
    BACKLOG,
    Cause,
    Former,
    Handling,
    LinkKind,
    OpportunityState,
    Source,
    ended_at,
)
from improvement_api.opportunities.tables import (
    Occurrence,
    Opportunity,
    OpportunityLink,
)
from improvement_api.plans.tables import Plan
from shared.errors import NotFound
from shared.kit.pagination import PageParams, keyset


@dataclass(frozen=True)
class OpportunityFilter:
    """None means any; `linked` is a kind and a target that it points at."""

    state: OpportunityState | None = None
    service: str | None = None
    kpi: str | None = None
    source: Source | None = None
    owner: str | None = None
    cause_key: str | None = None
    linked: tuple[LinkKind, str] | None = None


async def get_opportunity(
    session: AsyncSession, opportunity_id: UUID, *, lock: bool = False
) -> Opportunity:
    found = await session.get(Opportunity, opportunity_id, with_for_update=lock or None)
    if found is None:
        raise NotFound(f"There is no opportunity {opportunity_id}")
    return found


async def list_opportunities(
    session: AsyncSession, wanted: OpportunityFilter, page: PageParams
) -> list[Opportunity]:
    """Opportunities, newest first, one more than the page holds."""
    statement = _only(select(Opportunity), wanted)
    order: list[Any] = [Opportunity.created_at.desc(), Opportunity.id.desc()]
    return list(await session.scalars(keyset(statement, order, page)))


def _only(statement: Select[Any], wanted: OpportunityFilter) -> Select[Any]:
    for name in ("state", "service", "kpi", "source", "owner", "cause_key"):
        value = getattr(wanted, name)
        if value is not None:
            statement = statement.where(getattr(Opportunity, name) == value)
    if wanted.linked is not None:
        kind, target = wanted.linked
        linked = select(OpportunityLink.opportunity_id).where(
            OpportunityLink.kind == kind, OpportunityLink.target == target
        )
        statement = statement.where(Opportunity.id.in_(linked))
    return statement


async def ranked_backlog(
    session: AsyncSession, service: str | None, page: PageParams
) -> list[Row[Any]]:
    """The backlog with each one's place, one more than the page holds.

    The highest WSJF first; of equal ones the greater cost of delay, then the older, then the id.
    Those that are not assessed have no place and come last, the oldest first.
    """
    score = func.coalesce(Opportunity.wsjf, -1).label("score")
    cost = func.coalesce(Opportunity.cost_of_delay, -1).label("cost")
    order = (score.desc(), cost.desc(), Opportunity.created_at, Opportunity.id)
    place = func.row_number().over(order_by=order).label("place")
    backlog = select(Opportunity.id.label("id"), score, cost, Opportunity.created_at, place)
    backlog = backlog.where(Opportunity.state.in_(BACKLOG))
    if service is not None:
        backlog = backlog.where(Opportunity.service == service)
    ranked = backlog.subquery()
    statement = select(Opportunity, ranked.c.place, ranked.c.score, ranked.c.cost).join(
        ranked, ranked.c.id == Opportunity.id
    )
    keys: list[Any] = [
        ranked.c.score.desc(),
        ranked.c.cost.desc(),
        ranked.c.created_at,
        ranked.c.id,
    ]
    return list((await session.execute(keyset(statement, keys, page))).all())


async def insert_opportunity(session: AsyncSession, opportunity: Opportunity) -> None:
    session.add(opportunity)
    await session.flush()


async def refresh(session: AsyncSession, opportunity: Opportunity) -> None:
    """Write what was changed and read back what the database computes."""
    await session.flush()
    await session.refresh(opportunity)


async def plans_of(session: AsyncSession, ids: Collection[UUID]) -> dict[UUID, UUID]:
    """The plans that opportunities became, by opportunity."""
    statement = (
        select(Opportunity.id, Plan.id)
        .join(Plan, Plan.opportunity_id == Opportunity.id)
        .where(Opportunity.id.in_(ids))
    )
    return {row[0]: row[1] for row in await session.execute(statement)}


async def lock_matter(session: AsyncSession, cause: Cause) -> None:
    """Let all that want to open for the matter of a cause wait here for each other's commit."""
    await session.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"),
        {"name": f"improvement.matter.{cause.matter}"},
    )


async def former_of(session: AsyncSession, cause: Cause) -> tuple[UUID, Former] | tuple[None, None]:
    """The opportunity that was opened last for the matter of a cause, by whichever trigger."""
    trigger = Opportunity.cause["trigger"].astext
    statement = (
        select(Opportunity.id, trigger, Opportunity.state, Opportunity.state_since)
        .add_columns(Plan.state, Plan.updated_at)
        .outerjoin(Plan, Plan.opportunity_id == Opportunity.id)
        .where(
            Opportunity.service == cause.service,
            Opportunity.cause["subject"].astext == cause.subject,
        )
        .order_by(Opportunity.created_at.desc())
        .limit(1)
    )
    found = (await session.execute(statement)).first()
    if found is None:
        return None, None
    opportunity_id, opener, state, since, plan_state, moved_at = found
    plan = None if plan_state is None else (plan_state, moved_at)
    return opportunity_id, Former(opener, state, ended_at(state, since, plan))


async def find_occurrence(
    session: AsyncSession, cause_key: str, identity: str
) -> Occurrence | None:
    statement = select(Occurrence).where(
        Occurrence.cause_key == cause_key, Occurrence.identity == identity
    )
    found: Occurrence | None = await session.scalar(statement)
    return found


async def insert_occurrence(session: AsyncSession, occurrence: Occurrence) -> None:
    session.add(occurrence)
    await session.flush()


async def list_occurrences(
    session: AsyncSession,
    page: PageParams,
    *,
    trigger: str | None = None,
    opportunity_id: UUID | None = None,
    service: str | None = None,
    handling: Handling | None = None,
) -> list[Occurrence]:
    """Occurrences, newest first, one more than the page holds."""
    conditions = (
        (Occurrence.trigger, trigger),
        (Occurrence.opportunity_id, opportunity_id),
        (Occurrence.service, service),
        (Occurrence.handling, handling),
    )
    statement = select(Occurrence).where(
        *(column == value for column, value in conditions if value is not None)
    )
    order: list[Any] = [Occurrence.recorded_at.desc(), Occurrence.id.desc()]
    return list(await session.scalars(keyset(statement, order, page)))


async def keep_link(session: AsyncSession, link: OpportunityLink) -> tuple[OpportunityLink, bool]:
    """The link as it is kept, and whether it is new."""
    identity = (link.opportunity_id, link.kind, link.target)
    kept = await session.get(OpportunityLink, identity)
    if kept is not None:
        return kept, False
    session.add(link)
    await session.flush()
    return link, True


async def list_links(
    session: AsyncSession, opportunity_id: UUID, page: PageParams
) -> list[OpportunityLink]:
    """What an opportunity points at, the oldest first, one more than the page holds."""
    statement = select(OpportunityLink).where(OpportunityLink.opportunity_id == opportunity_id)
    order: list[Any] = [
        OpportunityLink.linked_at,
        cast(OpportunityLink.kind, Text),
        OpportunityLink.target,
    ]
    return list(await session.scalars(keyset(statement, order, page)))


async def delete_link(
    session: AsyncSession, opportunity_id: UUID, kind: LinkKind, target: str
) -> None:
    """Take a link away; NotFound when there is none."""
    statement = delete(OpportunityLink).where(
        OpportunityLink.opportunity_id == opportunity_id,
        OpportunityLink.kind == kind,
        OpportunityLink.target == target,
    )
    gone = await session.scalar(statement.returning(OpportunityLink.target))
    if gone is None:
        raise NotFound(f"The opportunity is not linked to the {kind} {target}")


FACTS: Final = select(func.count()).where(
    Opportunity.service == SERVICE, Opportunity.state.in_(BACKLOG)
)
"""Opportunities of a service that wait for a plan."""

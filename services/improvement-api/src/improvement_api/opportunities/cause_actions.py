"""Opening an opportunity for a cause: a matter never has two that are not at their end."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from improvement_api.opportunities import queries
from improvement_api.opportunities.actions import facts_of
from improvement_api.opportunities.rules import (
    Cause,
    Former,
    Handling,
    OpportunityState,
    Source,
    cause_document,
    handle,
    reason_of,
)
from improvement_api.opportunities.tables import Occurrence, Opportunity
from improvement_api.people import THE_SERVICE, acting_for
from shared.kit.audit import record
from shared.kit.clock import now
from shared.kit.database import Session
from shared.kit.events import emit


@dataclass(frozen=True)
class Handled:
    """What became of an occurrence; `repeated` when it had been told before."""

    handling: Handling
    opportunity_id: UUID
    repeated: bool


async def open_opportunity_for_cause(
    session: Session, cause: Cause, caller_name: str = THE_SERVICE.subject
) -> Handled:
    """Open an opportunity for a cause, or add the occurrence to the one that its matter has.

    Safe to repeat: an occurrence (the cause's key and its `identity`) is handled once. Any number
    of transactions that do this at once wait for each other matter by matter. Who handles several
    causes in one transaction takes them in the order of their matters, so that none deadlocks.
    """
    await queries.lock_matter(session, cause)
    known = await queries.find_occurrence(session, cause.key, cause.identity)
    if known is not None:
        return Handled(known.handling, known.opportunity_id, repeated=True)
    at = now()
    former_id, former = await queries.former_of(session, cause)
    handling = handle(cause, former, at)
    if handling is Handling.OPENED:
        opportunity_id = await _open(session, cause, at, caller_name)
    else:
        assert former_id is not None, "what opens nothing has something before it"
        opportunity_id = former_id
        if handling is Handling.APPENDED:
            await _append(session, former_id, cause, at)
    await _keep(session, cause, (handling, former, opportunity_id), at)
    return Handled(handling, opportunity_id, repeated=False)


async def _open(session: Session, cause: Cause, at: datetime, caller_name: str) -> UUID:
    caller = acting_for(caller_name)
    document = cause_document(cause)
    opportunity = Opportunity(
        id=uuid4(),
        title=cause.title,
        problem=cause.problem,
        service=cause.service,
        kpi=cause.kpi,
        impacts=[impact.model_dump() for impact in cause.impacts],
        benefit=cause.benefit,
        owner=cause.owner,
        source=Source.TRIGGER,
        cause_key=cause.key,
        cause=document,
        figures=document["figures"],
        occurrences=1,
        last_occurred_at=cause.until,
        state=OpportunityState.NEW,
        state_since=at,
        version=1,
        created_at=at,
        created_by=caller.person,
        updated_at=at,
    )
    await queries.insert_opportunity(session, opportunity)
    facts = facts_of(opportunity)
    await record(session, caller, "opened", ("opportunity", str(opportunity.id)), None, facts)
    told = {**facts, "id": str(opportunity.id), "figures": document["figures"]}
    await emit(session, "opportunity.opened", cause.service, told)
    return opportunity.id


async def _append(session: Session, opportunity_id: UUID, cause: Cause, at: datetime) -> None:
    """One more occurrence; figures of an earlier time do not replace those of a later one."""
    opportunity = await queries.get_opportunity(session, opportunity_id, lock=True)
    opportunity.occurrences += 1
    last = opportunity.last_occurred_at
    if last is None or cause.until >= last:
        opportunity.figures = cause_document(cause)["figures"]
        opportunity.last_occurred_at = cause.until
    opportunity.version += 1
    opportunity.updated_at = at
    await queries.refresh(session, opportunity)
    told = {
        "id": str(opportunity_id),
        "cause_key": cause.key,
        "occurrences": opportunity.occurrences,
        "figures": cause_document(cause)["figures"],
    }
    await emit(session, "opportunity.recurred", cause.service, told)


async def _keep(
    session: Session, cause: Cause, outcome: tuple[Handling, Former | None, UUID], at: datetime
) -> None:
    handling, former, opportunity_id = outcome
    await queries.insert_occurrence(
        session,
        Occurrence(
            id=uuid4(),
            cause_key=cause.key,
            identity=cause.identity,
            trigger=cause.trigger,
            trigger_version=cause.trigger_version,
            service=cause.service,
            subject=cause.subject,
            figures=cause_document(cause)["figures"],
            until=cause.until,
            handling=handling,
            reason=reason_of(handling, cause, former),
            opportunity_id=opportunity_id,
            recorded_at=at,
        ),
    )

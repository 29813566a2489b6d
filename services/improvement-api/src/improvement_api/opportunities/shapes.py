"""How rows of opportunities become what is sent."""

from uuid import UUID

from improvement_api.opportunities.rules import MOVES, Figure
from improvement_api.opportunities.schemas import (
    AssessmentOut,
    ImpactOut,
    OccurrenceOut,
    OpportunityOut,
)
from improvement_api.opportunities.tables import Occurrence, Opportunity
from shared.schemas.metrics import KpiId


def opportunity_out(row: Opportunity, plan: UUID | None) -> OpportunityOut:
    return OpportunityOut(
        id=str(row.id),
        title=row.title,
        problem=row.problem,
        service=row.service,
        kpi=None if row.kpi is None else KpiId(row.kpi),
        impacts=[ImpactOut.model_validate(impact) for impact in row.impacts],
        benefit=row.benefit,
        owner=row.owner,
        source=row.source,
        cause_key=row.cause_key,
        cause=row.cause,
        figures=[Figure.model_validate(figure) for figure in row.figures],
        occurrences=row.occurrences,
        last_occurred_at=row.last_occurred_at,
        state=row.state,
        state_since=row.state_since,
        state_comment=row.state_comment,
        moves=list(MOVES[row.state]),
        assessment=_assessment(row),
        plan=None if plan is None else str(plan),
        version=row.version,
        created_at=row.created_at,
        created_by=row.created_by,
        updated_at=row.updated_at,
    )


def _assessment(row: Opportunity) -> AssessmentOut | None:
    if row.assessed_at is None:
        return None
    return AssessmentOut.model_validate(
        {name: getattr(row, name) for name in AssessmentOut.model_fields if name != "comment"}
        | {"comment": row.assessment or ""}
    )


def occurrence_out(row: Occurrence) -> OccurrenceOut:
    return OccurrenceOut(
        id=str(row.id),
        trigger=row.trigger,
        trigger_version=row.trigger_version,
        service=row.service,
        subject=row.subject,
        cause_key=row.cause_key,
        identity=row.identity,
        figures=[Figure.model_validate(figure) for figure in row.figures],
        until=row.until,
        handling=row.handling,
        reason=row.reason,
        opportunity=str(row.opportunity_id),
        recorded_at=row.recorded_at,
    )

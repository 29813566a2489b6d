"""States of an opportunity, WSJF, and whether a cause that occurs again opens another. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any, Final, Literal

from pydantic import Field

from improvement_api.plans.rules import FINAL as PLAN_ENDED
from improvement_api.plans.rules import PlanState
from shared.errors import Conflict
from shared.kit.states import check_state
from shared.schemas.common import NonBlank, Out, ShortText, Wire
from shared.schemas.metrics import KpiId, TrendSummary

Points = Literal[1, 2, 3, 5, 8, 13, 20]
"""The modified Fibonacci scale of SAFe."""

FORMULA: Final = (
    "WSJF = cost of delay / job size; cost of delay = user and business value + time criticality"
    " + risk reduction and opportunity enablement; each on the scale 1, 2, 3, 5, 8, 13, 20"
    " relative to the rest of the backlog (Scaled Agile Framework, WSJF; after Reinertsen, The"
    " Principles of Product Development Flow, 2009)"
)


class OpportunityState(StrEnum):
    NEW = "new"
    ASSESSED = "assessed"
    ACCEPTED = "accepted"
    PLANNED = "planned"
    REJECTED = "rejected"


class Source(StrEnum):
    MANUAL = "manual"
    TRIGGER = "trigger"


class LinkKind(StrEnum):
    """What an opportunity may point at beside its cause; practices point at it themselves."""

    INCIDENT = "incident"
    RISK = "risk"
    FEEDBACK_THEME = "feedback_theme"
    ROOT_CAUSE_ANALYSIS = "root_cause_analysis"


class Handling(StrEnum):
    """What became of an occurrence of a cause."""

    OPENED = "opened"
    APPENDED = "appended"
    QUIET = "quiet"
    OLD = "old"


MOVES: Final[Mapping[OpportunityState, Sequence[OpportunityState]]] = {
    OpportunityState.NEW: (OpportunityState.ASSESSED, OpportunityState.REJECTED),
    OpportunityState.ASSESSED: (OpportunityState.ACCEPTED, OpportunityState.REJECTED),
    OpportunityState.ACCEPTED: (OpportunityState.PLANNED, OpportunityState.REJECTED),
    OpportunityState.PLANNED: (OpportunityState.REJECTED,),
    OpportunityState.REJECTED: (),
}
BACKLOG: Final = (OpportunityState.NEW, OpportunityState.ASSESSED, OpportunityState.ACCEPTED)
"""What waits for a plan: the states that are ranked, and that count as open."""


class Figure(Out):
    """A figure that made a trigger fire; null is what its kind of signal does not say."""

    measure: str = Field(description="KPI or other measure", examples=["mttr"])
    period: str | None = Field(description="that it is of, or the moment", examples=["2026-03"])
    value: float | None
    comparator: str | None = Field(description="how it is compared with the target")
    target: float | None = Field(description="the target, limit or threshold")
    n: int | None = Field(description="records that the value is of")
    event: str | None = Field(description="id of the event that told it")


class Impact(Wire):
    """Whom the problem hurts, and how."""

    stakeholder: ShortText = Field(examples=["Clerks of the branch offices"])
    effect: Annotated[NonBlank, Field(examples=["They cannot print for half a day."])]


@dataclass(frozen=True)
class Cause:
    """Something that calls for improvement, as one occurrence of it tells.

    `trigger`, `service` and `subject` (such as `kpi:mttr`, `slo:vpn-up/0`) name the cause.
    `identity` names the occurrence among those of its cause: the event that told it, or the period
    that it is of. `until` is the end of what the figures tell of.
    """

    trigger: str
    service: str
    subject: str
    identity: str
    until: datetime
    figures: Sequence[Figure]
    title: str
    problem: str
    benefit: str
    impacts: Sequence[Impact] = ()
    owner: str | None = None
    kpi: KpiId | None = None
    trigger_version: int | None = None
    quiet: timedelta = timedelta(days=90)

    @property
    def key(self) -> str:
        """The canonical key of the cause: the same for each of its occurrences."""
        return f"{self.trigger}:{self.service}:{self.subject}"

    @property
    def matter(self) -> str:
        """What is to be improved, whichever trigger tells of it: nothing opens twice for it."""
        return f"{self.service}:{self.subject}"


@dataclass(frozen=True)
class Former:
    """The opportunity that was opened last for a matter, by whichever `trigger`; `ended_at` is
    null while it is open."""

    trigger: str
    state: OpportunityState
    ended_at: datetime | None


def ended_at(
    state: OpportunityState,
    since: datetime,
    plan: tuple[PlanState, datetime] | None,
) -> datetime | None:
    """When an opportunity ended: as it was rejected, or as the plan it became did; None before.

    `since` is when it came to its state, `plan` the plan's state and when it came to that.
    """
    if state is OpportunityState.REJECTED:
        return since
    if state is OpportunityState.PLANNED and plan is not None and plan[0] in PLAN_ENDED:
        return plan[1]
    return None


def handle(cause: Cause, former: Former | None, now: datetime) -> Handling:
    """Whether an occurrence opens an opportunity, or what else becomes of it.

    While the former one is open it is one more occurrence of that. Once it has ended, only what
    tells of a later time is new; and after a rejection nothing opens during the quiet time.
    """
    if former is None:
        return Handling.OPENED
    if former.ended_at is None:
        return Handling.APPENDED
    if cause.until <= former.ended_at:
        return Handling.OLD
    rejected = former.state is OpportunityState.REJECTED
    if rejected and now < former.ended_at + cause.quiet:
        return Handling.QUIET
    return Handling.OPENED


def reason_of(handling: Handling, cause: Cause, former: Former | None) -> str:
    """Why an occurrence was handled so, in one sentence."""
    ended = None if former is None else former.ended_at
    match handling:
        case Handling.OPENED if former is None:
            return "Nothing had been opened for it before"
        case Handling.OPENED:
            return "What had been opened for it before has ended, and it has occurred again"
        case Handling.APPENDED:
            return f"What {_opener(cause, former)} has opened for it is not at its end yet"
        case Handling.OLD:
            return f"It tells of a time before the former opportunity ended ({ended})"
        case _:
            return (
                f"It was rejected at {ended}, and the trigger keeps quiet for {cause.quiet.days}"
                " days after that"
            )


def _opener(cause: Cause, former: Former | None) -> str:
    return "this trigger" if former is None or former.trigger == cause.trigger else former.trigger


def check_move(state: OpportunityState, to: OpportunityState) -> None:
    """Refuse a move by hand that is not possible, naming those that are (409).

    Assessing and planning take more than a word, so each has an operation of its own.
    """
    allowed = [move.value for move in MOVES[state]]
    if to not in allowed:
        raise Conflict(
            f"An opportunity that is {state} cannot become {to};"
            f" it can become: {', '.join(allowed) or 'nothing else'}",
            code="move_not_allowed",
            state=state.value,
            allowed=allowed,
        )
    if to is OpportunityState.ASSESSED:
        raise Conflict(
            "An opportunity becomes assessed by its assessment",
            code="assessment_required",
            state=state.value,
            allowed=allowed,
        )
    if to is OpportunityState.PLANNED:
        raise Conflict(
            "An opportunity becomes planned by the plan that is made of it",
            code="plan_required",
            state=state.value,
            allowed=allowed,
        )


def check_assessable(state: OpportunityState) -> None:
    """Assessed again as long as no plan was made of it, and it was not rejected (409)."""
    check_state("opportunity", state, BACKLOG, "assessed")


def check_editable(state: OpportunityState) -> None:
    """A rejected opportunity stays as it was, and a planned one goes on as its plan (409)."""
    check_state("opportunity", state, BACKLOG, "changed")


def check_plannable(state: OpportunityState) -> None:
    """A plan is made of an accepted opportunity (409)."""
    check_state("opportunity", state, (OpportunityState.ACCEPTED,), "planned")


@dataclass(frozen=True)
class Criticality:
    """A suggested time criticality; null `points` with the reason where figures say nothing."""

    points: int | None
    reason: str


_BY_DAYS: Final = ((30, 13), (90, 8), (180, 5), (365, 3))


def suggested_criticality(trend: TrendSummary | None, today: date) -> Criticality:
    """Time criticality by how soon a degrading trend of the KPI breaches its target.

    Our own convention: within 30 days 13, 90 days 8, 180 days 5, a year 3, later 2; 20 where the
    target is missed already and the trend leads further off. Only a trend that is significant says
    anything of urgency.
    """
    if trend is None or trend.direction is None:
        return Criticality(None, "there are too few figures for a trend of the KPI")
    if trend.direction != "degrading":
        return Criticality(None, f"the trend of the KPI over n = {trend.n} is not degrading")
    crossing = trend.crossing
    if crossing.state == "already":
        return Criticality(20, "the target is missed, and the trend leads further off")
    if crossing.state != "breach":
        return Criticality(None, "the KPI is degrading, and has no target that it will breach")
    if crossing.on is None:
        return Criticality(1, "the trend breaches the target in more than a century")
    days = (crossing.on - today).days
    points = next((points for limit, points in _BY_DAYS if days <= limit), 2)
    return Criticality(points, f"the trend breaches the target on {crossing.on}")


def cause_document(cause: Cause) -> dict[str, Any]:
    """What an opportunity keeps of the cause that opened it."""
    return {
        "trigger": cause.trigger,
        "trigger_version": cause.trigger_version,
        "service": cause.service,
        "subject": cause.subject,
        "occurrence": cause.identity,
        "until": cause.until.isoformat(),
        "figures": [figure.model_dump(mode="json") for figure in cause.figures],
    }

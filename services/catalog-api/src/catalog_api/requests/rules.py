"""How a request moves through its fulfilment steps, and what its timings mean."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol, TypeVar

from catalog_api.fact_values import definition, known, unknown
from shared.errors import Conflict, NotFound
from shared.schemas.catalog import RequestState
from shared.schemas.common import FactValue

_GIVEN_UP = (RequestState.CANCELLED, RequestState.REJECTED)
MOVES: Mapping[RequestState, Collection[RequestState]] = {
    RequestState.SUBMITTED: (RequestState.IN_FULFILMENT, *_GIVEN_UP),
    RequestState.IN_FULFILMENT: (RequestState.FULFILLED, *_GIVEN_UP),
    RequestState.FULFILLED: (),
    RequestState.CANCELLED: (),
    RequestState.REJECTED: (),
}
OPEN = (RequestState.SUBMITTED, RequestState.IN_FULFILMENT)
RECENT_DAYS = 90
DEFINITIONS = (
    definition("open_request_count", "integer", "requests", "Requests that have not ended"),
    definition("overdue_request_count", "integer", "requests", "Open requests that are past due"),
    definition(
        "fulfilled_request_count",
        "integer",
        "requests",
        f"Requests fulfilled within the last {RECENT_DAYS} days",
    ),
    definition(
        "request_on_time_share",
        "number",
        "ratio",
        f"Share of these that were fulfilled when they were due; of {RECENT_DAYS} days",
    ),
)
_NUMBER = re.compile(r"REQ-([0-9]{1,12})")


class StepLike(Protocol):
    """A step as it stands: neither stamp, the first, or both."""

    @property
    def step(self) -> str: ...
    @property
    def target_minutes(self) -> int: ...
    @property
    def started_at(self) -> datetime | None: ...
    @property
    def completed_at(self) -> datetime | None: ...


Step = TypeVar("Step", bound=StepLike)


def number_of(number: int) -> str:
    """What people call a request, such as REQ-000123."""
    return f"REQ-{number:06d}"


def read_number(name: str) -> int | None:
    """The number in REQ-000123; None for anything else."""
    found = _NUMBER.fullmatch(name)
    return int(found.group(1)) if found else None


def next_step(steps: Iterable[Step]) -> Step | None:
    """The first that is not completed; None when all are."""
    return next((step for step in steps if step.completed_at is None), None)


def startable(steps: Sequence[Step], wanted: str) -> Step:
    """The wanted step if it is next and not started; 404 or 409 naming the one that is next."""
    step = _next_if(steps, wanted)
    if step.started_at is not None:
        raise Conflict(f"The step {wanted} was started", code="step_started", next=wanted)
    return step


def completable(steps: Sequence[Step], wanted: str) -> Step:
    """The wanted step if it is under way; 404 or 409 naming the one that is next."""
    step = _next_if(steps, wanted)
    if step.started_at is None:
        raise Conflict(
            f"The step {wanted} was not started: start it first",
            code="step_not_started",
            next=wanted,
        )
    return step


def _next_if(steps: Sequence[Step], wanted: str) -> Step:
    if all(step.step != wanted for step in steps):
        raise NotFound(f"This request has no step {wanted}")
    present = next_step(steps)
    if present is None or present.step != wanted:
        following = None if present is None else present.step
        raise Conflict(
            f"Steps are walked in their order: the next one is {following or 'none'}",
            code="step_not_next",
            next=following,
        )
    return present


def due_at(submitted_at: datetime, target_minutes: Iterable[int]) -> datetime:
    """When all steps are due, one after the other, by the clock."""
    return submitted_at + timedelta(minutes=sum(target_minutes))


def is_overdue(state: RequestState, due: datetime, now: datetime) -> bool:
    """It has not ended, and should have."""
    return state in OPEN and due < now


def minutes_taken(step: StepLike) -> float | None:
    """From start to completion; None until it is completed."""
    if step.started_at is None or step.completed_at is None:
        return None
    return (step.completed_at - step.started_at).total_seconds() / 60


def step_met(step: StepLike) -> bool | None:
    """Whether a completed step took no longer than its target."""
    taken = minutes_taken(step)
    return None if taken is None else taken <= step.target_minutes


def timings(request: Any, steps: Sequence[Any]) -> dict[str, Any]:
    """What is computed from the stamps of a request and its steps."""
    fulfilled_at = request.ended_at if request.state is RequestState.FULFILLED else None
    return {
        "number": number_of(request.number),
        "fulfilled_at": fulfilled_at,
        "met": None if fulfilled_at is None else fulfilled_at <= request.due_at,
        "steps": [
            {
                **step._mapping,
                "id": step.step,
                "minutes": minutes_taken(step),
                "met": step_met(step),
            }
            for step in steps
        ],
    }


def facts(section: Mapping[str, Any], now: datetime) -> dict[str, FactValue]:
    """Every fact of DEFINITIONS, from the requests of the service as its document counts them."""
    lately = section["fulfilled_lately"]
    share = unknown(f"no request was fulfilled in {RECENT_DAYS} days", now)
    if lately:
        share = known(section["met_lately"] / lately, now)
    return {
        "open_request_count": known(sum(section[state] for state in OPEN), now),
        "overdue_request_count": known(section["overdue"], now),
        "fulfilled_request_count": known(lately, now),
        "request_on_time_share": share,
    }

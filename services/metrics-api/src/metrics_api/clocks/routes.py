"""HTTP of clocks: those of an incident, how they were counted, and those that run out next."""

from datetime import timedelta
from enum import StrEnum
from itertools import islice
from typing import Annotated, Any

from fastapi import Query, Request

from metrics_api.attribution.queries import current_directory
from metrics_api.clocks import queries
from metrics_api.clocks.counting import MINUTE_US, micros, moment_of
from metrics_api.clocks.promises import Promise, ServiceTerms
from metrics_api.clocks.reading import Explained, Why, explained
from metrics_api.clocks.rules import Life
from metrics_api.clocks.schemas import (
    AtRiskOut,
    ClockOut,
    IncidentClocksOut,
    IntervalOut,
    PromisedClocksOut,
)
from metrics_api.clocks.standing import (
    Clock,
    ClockState,
    Reading,
    open_between,
    promised,
    read_clock,
)
from metrics_api.incidents.queries import get_whole_incident
from metrics_api.incidents.rules import FoldedIncident, life_of
from metrics_api.settings import Settings
from shared.errors import NotFound
from shared.kit import clock
from shared.kit.auth import Principal, requires
from shared.kit.database import Session, driver
from shared.kit.pagination import PageQuery, bad_cursor, page_of
from shared.kit.problems import problem_responses
from shared.kit.routing import Router
from shared.schemas.common import Key, Page, ShortText

router = Router(prefix="/v1", tags=["clocks"])

IncidentsRead = Annotated[Principal, requires("metrics:read")]


class Against(StrEnum):
    AGREEMENT = "agreement"
    SCHEME = "scheme"


@router.get(
    "/incidents/{source}/{external_id}/clocks",
    operation_id="get_incident_clocks",
    responses=problem_responses(404),
)
async def get_incident_clocks(
    source: Key, external_id: ShortText, request: Request, session: Session, _: IncidentsRead
) -> IncidentClocksOut:
    """Response and resolution clock of an incident, against its agreement and its scheme.

    They count hours of the calendar that the target names, neither on hold nor between a
    resolution and a reopening. The response clock ends with the acknowledgement (the tool's, else
    the first move to in_progress), at the latest with the resolution. What is promised now holds
    for past incidents too; of agreements the one counts that covers the opening.
    """
    incident = await get_whole_incident(session, source, external_id)
    terms = await _terms(request, session, incident)
    opened = None if incident.opened_at is None else micros(incident.opened_at)
    life, now = life_of(incident), clock.now()
    share = _settings(request).breach_predicted_at
    return IncidentClocksOut(
        source=source,
        external_id=external_id,
        service=incident.service,
        priority=incident.priority,
        judged_by=incident.clock_basis,
        reason=_why_unjudged(incident, life, terms.promise_at(opened), micros(now)),
        agreement=_promised(life, terms.agreement_at(opened), micros(now), share),
        scheme=_promised(life, terms.scheme, micros(now), share),
        hold_minutes=_minutes(incident.hold_us),
        business_minutes=_minutes(incident.business_us),
        as_of=now,
    )


@router.get(
    "/incidents/{source}/{external_id}/clocks/explain",
    operation_id="explain_incident_clock",
    responses=problem_responses(400, 404),
)
async def explain_incident_clock(
    source: Key,
    external_id: ShortText,
    request: Request,
    session: Session,
    _: IncidentsRead,
    page: PageQuery,
    which: Annotated[Clock, Query(alias="clock")] = Clock.RESOLUTION,
    against: Annotated[
        Against | None, Query(description="absent: what the incident is judged by")
    ] = None,
) -> Page[IntervalOut]:
    """The exact intervals that a clock counted and those that it did not, with the reason.

    In order and without gaps from the opening to the completion, or to now; the counted ones add
    up to its elapsed time. Without a clock there is nothing to list.
    """
    incident = await get_whole_incident(session, source, external_id)
    terms = await _terms(request, session, incident)
    opened = None if incident.opened_at is None else micros(incident.opened_at)
    promise = _chosen(terms, opened, against)
    if promise is None and against is not None:
        raise NotFound(f"No {against.value} says anything about the times of this incident")
    reading = read_clock(life_of(incident), promise, which, micros(clock.now()))
    since = _since(page.after)
    rows = list(islice(explained(reading, since), page.limit + 1))
    paged = page_of(rows, page, key=lambda row: (row.start,))
    paged["items"] = [_interval(one) for one in paged["items"]]
    return Page[IntervalOut].model_validate(paged)


@router.get("/clocks/at-risk", operation_id="list_clocks_at_risk", responses=problem_responses(400))
async def list_clocks_at_risk(
    request: Request,
    session: Session,
    _: IncidentsRead,
    page: PageQuery,
    service: Annotated[Key | None, Query()] = None,
    which: Annotated[Clock | None, Query(alias="clock")] = None,
    within_hours: Annotated[
        float, Query(gt=0, le=8784, description="due within so many hours from now")
    ] = 24,
) -> Page[AtRiskOut]:
    """Running clocks by the time at which they run out, the next one first.

    One that has no time left when its calendar closes runs out when that opens again: until then
    it stands here, due in the past.
    """
    now = clock.now()
    directory = await current_directory(await driver(session), request.app.state.memory)
    until = now + timedelta(hours=within_hours)
    wanted = queries.AtRiskFilter(service, which, now, until)
    rows = await queries.list_at_risk(session, wanted, page)
    paged = page_of(rows, page, key=_risk_key)
    paged["items"] = [
        {**row._mapping, "left_minutes": _left(row, directory.terms.of(row.service), micros(now))}
        for row in paged["items"]
    ]
    return Page[AtRiskOut].model_validate(paged)


async def _terms(request: Request, session: Session, incident: FoldedIncident) -> ServiceTerms:
    directory = await current_directory(await driver(session), request.app.state.memory)
    return directory.terms.of(incident.service)


def _why_unjudged(
    incident: FoldedIncident, life: Life, promise: Promise | None, now: int
) -> str | None:
    if incident.clock_basis is not None:
        return None
    if incident.service is None:
        return "unattributed"
    return read_clock(life, promise, Clock.RESOLUTION, now).reason


def _settings(request: Request) -> Settings:
    settings: Settings = request.app.state.settings
    return settings


def _chosen(terms: ServiceTerms, opened: int | None, against: Against | None) -> Promise | None:
    if against is Against.AGREEMENT:
        return terms.agreement_at(opened)
    return terms.scheme if against is Against.SCHEME else terms.promise_at(opened)


def _promised(
    life: Life, promise: Promise | None, now: int, share: float
) -> PromisedClocksOut | None:
    if promise is None:
        return None
    readings = {each.value: _clock(read_clock(life, promise, each, now), share) for each in Clock}
    return PromisedClocksOut(basis=promise.basis, **readings)


def _clock(reading: Reading, share: float) -> ClockOut:
    target, left = reading.target, reading.left_us
    soon = (
        reading.state is ClockState.RUNNING
        and target is not None
        and left is not None
        and left < target.limit_us * share
    )
    stamps = (reading.due_at, reading.completed_at, reading.breached_at)
    due_at, completed_at, breached_at = (None if at is None else moment_of(at) for at in stamps)
    return ClockOut(
        state=reading.state,
        reason=reading.reason,
        target_minutes=None if target is None else target.minutes,
        calendar=None if target is None else target.calendar,
        elapsed_minutes=_minutes(reading.elapsed_us),
        left_minutes=_minutes(left),
        due_at=due_at,
        completed_at=completed_at,
        breached_at=breached_at,
        predicted_breach=soon,
    )


def _minutes(us: int | None) -> float | None:
    return None if us is None else us / MINUTE_US


def _interval(one: Explained) -> IntervalOut:
    return IntervalOut(
        start=moment_of(one.start),
        end=moment_of(one.end),
        counted=one.why is Why.COUNTED,
        reason=one.why,
        minutes=(one.end - one.start) / MINUTE_US,
    )


def _since(after: tuple[Any, ...] | None) -> int | None:
    """Where the page before began its last interval; 400 for a cursor that is none of ours."""
    if after is None:
        return None
    if len(after) != 1 or isinstance(after[0], bool) or not isinstance(after[0], int):
        raise bad_cursor()
    since: int = after[0]
    return since


def _risk_key(row: Any) -> tuple[Any, ...]:
    return (row.due_at, row.source_id, row.external_id, row.clock)


def _left(row: Any, terms: ServiceTerms, now: int) -> float | None:
    """Open minutes until a running clock is due."""
    by = promised(terms, row.opened_at, row.priority, Clock(row.clock))
    return None if by is None else _minutes(open_between(by, now, micros(row.due_at)))

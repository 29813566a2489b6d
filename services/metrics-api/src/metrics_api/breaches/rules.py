"""Which clocks of an incident ran out. Pure."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple, Protocol

from metrics_api.clocks.counting import MINUTE_US, micros, moment_of
from metrics_api.clocks.promises import ServiceTerms, Target, Terms
from metrics_api.clocks.standing import (
    Clock,
    Promised,
    open_between,
    promised,
    ran_out,
)
from metrics_api.incidents.rules import FoldedIncident, life_of
from shared.calendars import OutsideCalendar


class Breach(NamedTuple):
    """A clock that ran out, and by what it was judged."""

    source_id: int
    external_id: str
    clock: str
    service: str
    priority: int
    basis: str
    target_minutes: int
    calendar: str
    breached_at: datetime


class Changed(NamedTuple):
    """Breaches that there are, and (source, id, clock) of those that there may be no more."""

    breached: Sequence[Breach]
    retracted: Sequence[tuple[int, str, str]]


def after_change(
    identity: tuple[int, str],
    before: FoldedIncident | None,
    after: FoldedIncident,
    terms: ServiceTerms,
    now: datetime,
) -> Changed:
    """What a change of an incident does to its breaches."""
    breached = list(breaches_of(identity, after, terms, now))
    if before is None:
        return Changed(breached, [])
    still = {breach.clock for breach in breached}
    gone = [clock for clock in breached_clocks(before, now) if clock.value not in still]
    return Changed(breached, [(*identity, clock.value) for clock in gone])


def has_breached(incident: FoldedIncident, clock: Clock, now: datetime) -> bool:
    """Whether a clock of an end state has run out by now: completed late, or late and not done."""
    if clock is Clock.RESPONSE:
        met, late_from = incident.response_met, incident.response_late_from
    else:
        met, late_from = incident.resolution_met, incident.resolution_late_from
    return met is False or (late_from is not None and late_from < now)


def breached_clocks(incident: FoldedIncident, now: datetime) -> list[Clock]:
    return [clock for clock in Clock if has_breached(incident, clock, now)]


def breaches_of(
    identity: tuple[int, str], incident: FoldedIncident, terms: ServiceTerms, now: datetime
) -> Iterator[Breach]:
    """The breaches of an incident by now."""
    for clock in breached_clocks(incident, now):
        assert incident.opened_at is not None
        assert incident.service is not None
        assert incident.priority is not None
        by = promised(terms, incident.opened_at, incident.priority, clock)
        breached_at = None if by is None else _breached_at(incident, by, clock)
        if by is not None and breached_at is not None:
            yield Breach(
                *identity,
                clock.value,
                incident.service,
                incident.priority,
                by.basis,
                by.target.minutes,
                by.target.calendar,
                breached_at,
            )


def _breached_at(incident: FoldedIncident, by: Promised, clock: Clock) -> datetime | None:
    """When a clock ran out that completed late or is late."""
    response = clock is Clock.RESPONSE
    due_at = incident.response_due_at if response else incident.resolution_due_at
    if due_at is not None:
        return due_at
    out = ran_out(life_of(incident), by.target)
    return None if out is None else moment_of(out)


def as_row(breach: Breach, now: datetime) -> dict[str, Any]:
    """The row of a breach that was detected now and is not told yet."""
    return breach._asdict() | {"detected_at": now, "telling": "due"}


class Running(Protocol):
    """A running clock as it is watched: when it runs out is known, its life is not needed."""

    @property
    def source(self) -> str: ...
    @property
    def external_id(self) -> str: ...
    @property
    def service(self) -> str: ...
    @property
    def opened_at(self) -> datetime: ...
    @property
    def priority(self) -> int: ...
    @property
    def due_at(self) -> datetime: ...


class Soon(NamedTuple):
    """A clock that is about to run out."""

    basis: str
    target: Target
    left_us: int


def watched_until(terms: Terms, clock: Clock, share: float, now: int) -> int | None:
    """Until when a clock must be due to be about to run out, for the slowest of all targets."""
    every = [terms.default, *terms.services.values()]
    promises = [one.scheme for one in every if one.scheme is not None]
    promises += [agreed.promise for one in every for agreed in one.agreed]
    targets = {
        target
        for promise in promises
        for pair in promise.targets.values()
        if (target := pair[clock is Clock.RESOLUTION]) is not None
    }
    reached = [_reach(target, share, now) for target in targets]
    return max((one for one in reached if one is not None), default=None)


def _reach(target: Target, share: float, now: int) -> int | None:
    if target.time is None:
        return None
    try:
        return target.time.reach(now, int(target.limit_us * share))
    except OutsideCalendar:
        return None


def about_to_breach(
    running: Running, terms: ServiceTerms, clock: Clock, share: float, now: int
) -> Soon | None:
    """A running clock with less than this share of its time left.

    While it runs, what is left is the open time until it is due.
    """
    by = promised(terms, running.opened_at, running.priority, clock)
    left = None if by is None else open_between(by, now, micros(running.due_at))
    if by is None or left is None or left >= by.target.limit_us * share:
        return None
    return Soon(by.basis, by.target, left)


def running_event(running: Running, soon: Soon, clock: Clock) -> dict[str, Any]:
    """What an event says of a clock that is about to run out."""
    return {
        "service": running.service,
        "source": running.source,
        "external_id": running.external_id,
        "clock": clock.value,
        "priority": running.priority,
        "basis": soon.basis,
        "target_minutes": soon.target.minutes,
        "calendar": soon.target.calendar,
        "minutes_left": soon.left_us / MINUTE_US,
        "due_at": running.due_at,
    }


def told_event(breach: Any, source: str) -> dict[str, Any]:
    """What an event says of a breach."""
    names = ("service", "external_id", "clock", "priority", "basis", "target_minutes", "calendar")
    stamps = ("breached_at", "detected_at")
    return {"source": source, **{name: getattr(breach, name) for name in (*names, *stamps)}}

"""Which clocks of an incident ran out. Pure."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from metrics_api.clocks.counting import micros, moment_of
from metrics_api.clocks.promises import ServiceTerms
from metrics_api.clocks.rules import Clock, judge
from metrics_api.incidents.rules import FoldedIncident, life_of


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
    """Whether a clock of an end state has run out by now: completed late, or due and not done."""
    if clock is Clock.RESPONSE:
        met, due_at = incident.response_met, incident.response_due_at
    else:
        met, due_at = incident.resolution_met, incident.resolution_due_at
    return met is False or (due_at is not None and due_at < now)


def breached_clocks(incident: FoldedIncident, now: datetime) -> list[Clock]:
    return [clock for clock in Clock if has_breached(incident, clock, now)]


def breaches_of(
    identity: tuple[int, str], incident: FoldedIncident, terms: ServiceTerms, now: datetime
) -> Iterator[Breach]:
    """The breaches of an incident by now."""
    for clock in breached_clocks(incident, now):
        reading = judge(life_of(incident), terms, clock, micros(now))
        if reading.breached_at is not None and reading.target is not None:
            assert incident.service is not None
            assert incident.priority is not None
            assert incident.clock_basis is not None
            yield Breach(
                *identity,
                clock.value,
                incident.service,
                incident.priority,
                incident.clock_basis,
                reading.target.minutes,
                reading.target.calendar,
                moment_of(reading.breached_at),
            )


def as_row(breach: Breach, now: datetime) -> dict[str, Any]:
    """The row of a breach that was detected now and is not told yet."""
    return breach._asdict() | {"detected_at": now, "telling": "due"}

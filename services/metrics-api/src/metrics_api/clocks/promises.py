"""What is promised for the incidents of a service: by agreements, else by its scheme. Pure.

Compiled from the copies of the catalog, so that the ingest asks nobody. Of the agreements that
cover the opening of an incident and pin a scheme the best one holds (`support.by_preference`); else
the newest version of the service's scheme. A change holds for what is there too: the incidents of
the services concerned are clocked again.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from metrics_api.clocks.counting import MINUTE_US, OpenTime, micros, open_time
from metrics_api.clocks.support import ALWAYS, by_preference, hours_key, version_key
from metrics_api.copies.schemas import SchemeChoiceCopy, SupportHoursCopy
from shared.calendars import calendar_from, calendar_of
from shared.schemas.agreements import (
    AgreementState,
    AgreementVersionOut,
    CalendarVersionOut,
    PriorityTarget,
    SchemeVersionOut,
)

RECLOCK_JOB: Final = "reclock_incidents"
HOLDING: Final = frozenset(
    {AgreementState.ACTIVE, AgreementState.EXPIRED, AgreementState.TERMINATED}
)
"""Agreements in these states hold or held."""


@dataclass(frozen=True, slots=True)
class Target:
    """At most `minutes` of a calendar's hours; `time` is None while that is not known here."""

    minutes: int
    limit_us: int
    calendar: str  # key@version
    time: OpenTime | None


@dataclass(frozen=True, slots=True)
class Promise:
    """`basis` is agreement:KEY@VERSION or scheme:KEY@VERSION; the rest is the scheme's.

    `matrix` is keyed by folded words; `targets` are (response, resolution) by priority.
    """

    basis: str
    matrix: Mapping[tuple[str, str], int]
    targets: Mapping[int, tuple[Target | None, Target | None]]

    def priority_of(self, impact: str, urgency: str) -> int | None:
        """What an impact and an urgency in a tool's words make; None if it does not know them."""
        return self.matrix.get((_folded(impact), _folded(urgency)))

    def targets_of(self, priority: int | None) -> tuple[Target | None, Target | None]:
        """Response and resolution target of a priority."""
        return (None, None) if priority is None else self.targets.get(priority, (None, None))


class Agreed(NamedTuple):
    """A promise for incidents opened in [start, end)."""

    start: int
    end: int | None
    promise: Promise

    def covers(self, opened: int) -> bool:
        return self.start <= opened and (self.end is None or opened < self.end)


@dataclass(frozen=True, slots=True)
class ServiceTerms:
    """What holds for a service; agreements stand best first."""

    support: OpenTime
    agreed: tuple[Agreed, ...]
    scheme: Promise | None

    def agreement_at(self, opened: int | None) -> Promise | None:
        """What is agreed for an incident opened then."""
        if opened is not None:
            for agreed in self.agreed:
                if agreed.covers(opened):
                    return agreed.promise
        return None

    def promise_at(self, opened: int | None) -> Promise | None:
        """What an incident opened then is judged by (Records rule 11)."""
        return self.agreement_at(opened) or self.scheme if self.agreed else self.scheme


NO_TERMS: Final = ServiceTerms(open_time(ALWAYS), (), None)
"""Of incidents that belong to no service."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What holds for each service; `default` for those without anything of their own."""

    services: Mapping[str, ServiceTerms] = field(default_factory=dict)
    default: ServiceTerms = NO_TERMS

    def of(self, service: str | None) -> ServiceTerms:
        if service is None:
            return NO_TERMS
        return self.services.get(service, self.default)


NOTHING_PROMISED: Final = Terms()


@dataclass(frozen=True)
class Copied:
    """The copies that promises are made of, by their keys."""

    agreements: Mapping[str, AgreementVersionOut]
    schemes: Mapping[str, SchemeVersionOut]
    choices: Mapping[str, SchemeChoiceCopy]
    calendars: Mapping[str, CalendarVersionOut]
    hours: Mapping[str, SupportHoursCopy]


def compiled(copied: Copied) -> Terms:
    """The terms of all services."""
    times = {key: open_time(calendar_of(one)) for key, one in copied.calendars.items()}
    newest = _newest(copied.schemes.values())
    schemes = {key: _promise(f"scheme:{_key(one)}", one, times) for key, one in newest.items()}
    default = copied.choices.get("")
    held = None if default is None else schemes.get(default.scheme)
    agreements = _by_service(copied, times)
    services = {
        service: ServiceTerms(
            _support(service, agreements.get(service, ()), copied, times),
            tuple(agreed for _, agreed in agreements.get(service, ()) if agreed is not None),
            schemes.get(copied.choices[service].scheme) if service in copied.choices else held,
        )
        for service in sorted(agreements.keys() | copied.choices.keys() | copied.hours.keys())
        if service
    }
    return Terms(services, ServiceTerms(open_time(ALWAYS), (), held))


_Agreement = tuple[AgreementVersionOut, Agreed | None]


def _by_service(copied: Copied, times: Mapping[str, OpenTime]) -> dict[str, list[_Agreement]]:
    """Agreements that hold or held over each service, best first, with what they promise."""
    found: dict[str, list[_Agreement]] = {}
    for agreement in by_preference(copied.agreements.values()):
        if agreement.state in HOLDING:
            agreed = _agreed(agreement, copied.schemes, times)
            for service in agreement.text.services:
                found.setdefault(service, []).append((agreement, agreed))
    return found


def _agreed(
    agreement: AgreementVersionOut,
    schemes: Mapping[str, SchemeVersionOut],
    times: Mapping[str, OpenTime],
) -> Agreed | None:
    """What an agreement promises about times; None if it pins no scheme that is known here."""
    pinned = agreement.text.priority_scheme
    if pinned is None:
        return None
    scheme = schemes.get(version_key(pinned.scheme, pinned.scheme_version))
    if scheme is None:
        return None
    ends = [end for end in (agreement.ends_at, agreement.ended_at) if end is not None]
    basis = f"agreement:{version_key(agreement.agreement, agreement.version)}"
    return Agreed(
        micros(agreement.starts_at),
        micros(min(ends)) if ends else None,
        _promise(basis, scheme, times),
    )


def _support(
    service: str,
    agreements: Iterable[_Agreement],
    copied: Copied,
    times: Mapping[str, OpenTime],
) -> OpenTime:
    """As `support.support_calendar`, from what is compiled."""
    for agreement, _ in agreements:
        time = times.get(hours_key(agreement))
        if agreement.state is AgreementState.ACTIVE and time is not None:
            return time
    own = copied.hours.get(service)
    if own is None:
        return open_time(ALWAYS)
    hours = own.support_hours
    return open_time(calendar_from(hours.timezone, hours.weekly, ()))


def _newest(schemes: Iterable[SchemeVersionOut]) -> dict[str, SchemeVersionOut]:
    ordered = sorted(schemes, key=lambda one: one.version)
    return {one.scheme: one for one in ordered}


def _promise(basis: str, scheme: SchemeVersionOut, times: Mapping[str, OpenTime]) -> Promise:
    matrix = {
        (_folded(impact), _folded(urgency)): priority
        for impact, row in scheme.matrix.items()
        for urgency, priority in row.items()
    }
    targets = {
        one.priority: (
            _target(one, one.response_minutes, times),
            _target(one, one.resolution_minutes, times),
        )
        for one in scheme.priorities
    }
    return Promise(basis, matrix, targets)


def _target(
    meaning: PriorityTarget, minutes: int | None, times: Mapping[str, OpenTime]
) -> Target | None:
    if minutes is None:
        return None
    calendar = version_key(meaning.calendar, meaning.calendar_version)
    return Target(minutes, minutes * MINUTE_US, calendar, times.get(calendar))


def _key(scheme: SchemeVersionOut) -> str:
    return version_key(scheme.scheme, scheme.version)


def _folded(words: str) -> str:
    return words.strip().casefold()


def changed_services(before: Terms, after: Terms, known: Iterable[str]) -> list[str]:
    """Services among the known ones and those with terms for which something else holds now."""
    every = {*known, *before.services, *after.services}
    return sorted(key for key in every if before.of(key) != after.of(key))


def terms_from(copies: Mapping[str, Mapping[str, Any]]) -> Terms:
    """The terms, from the data of copies by kind and key."""
    parsed = {
        kind: {key: model.model_validate(data) for key, data in copies.get(kind, {}).items()}
        for kind, model in PROMISING.items()
    }
    return compiled(
        Copied(
            parsed["agreement_version"],
            parsed["scheme_version"],
            parsed["scheme_choice"],
            parsed["calendar_version"],
            parsed["support_hours"],
        )
    )


PROMISING: Final[Mapping[str, type[Any]]] = {
    "agreement_version": AgreementVersionOut,
    "scheme_version": SchemeVersionOut,
    "scheme_choice": SchemeChoiceCopy,
    "calendar_version": CalendarVersionOut,
    "support_hours": SupportHoursCopy,
}
"""Kinds of copies that promises are made of."""

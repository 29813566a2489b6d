"""Which calendar the support of a service follows. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Final
from zoneinfo import ZoneInfo

from metrics_api.copies.schemas import SupportHoursCopy
from shared.calendars import DAY, Calendar, calendar_from, calendar_of
from shared.schemas.agreements import AgreementKind, AgreementVersionOut, CalendarVersionOut

ALWAYS: Final = Calendar(ZoneInfo("UTC"), (((timedelta(), DAY),),) * 7, frozenset())
"""24 × 7."""

PREFERENCE: Final = tuple(AgreementKind)
"""Of agreements over one service an SLA stands above an OLA, that above a contract."""


def version_key(name: str, version: int) -> str:
    """The key of a copy of one version."""
    return f"{name}@{version}"


def hours_key(agreement: AgreementVersionOut) -> str:
    """The key of the calendar version that an agreement counts its hours by."""
    return version_key(agreement.text.hours.calendar, agreement.text.hours.calendar_version)


def by_preference(agreements: Iterable[AgreementVersionOut]) -> list[AgreementVersionOut]:
    """The best first: by kind, then the one that began last, then by key."""
    ordered = sorted(agreements, key=lambda one: (one.agreement, -one.version))
    ordered.sort(key=lambda one: one.starts_at, reverse=True)
    return sorted(ordered, key=lambda one: PREFERENCE.index(one.kind))


def support_calendar(
    service: str,
    agreements: Sequence[AgreementVersionOut],
    calendars: Mapping[str, CalendarVersionOut],
    hours: Mapping[str, SupportHoursCopy],
) -> Calendar:
    """Hours of the best of these (active) agreements, else the service's own, else 24 × 7.

    `calendars` by `key@version`, `hours` by service. An agreement whose calendar is not known
    here yet says nothing.
    """
    for agreement in by_preference(agreements):
        version = calendars.get(hours_key(agreement))
        if service in agreement.text.services and version is not None:
            return calendar_of(version)
    own = hours.get(service)
    if own is None:
        return ALWAYS
    return calendar_from(own.support_hours.timezone, own.support_hours.weekly, ())

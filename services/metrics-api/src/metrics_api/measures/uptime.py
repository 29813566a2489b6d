"""The support hours inside which availability counts, as the statements are told them. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from metrics_api.clocks.support import ALWAYS
from metrics_api.measures.rules import Part
from shared.calendars import Calendar, OutsideCalendar, open_intervals

_ALL_TIME: Final = "{(,)}"


class SupportHours(NamedTuple):
    """Multiranges of open time as PostgreSQL writes them, and which of them each part counts by.

    None: its calendar does not know the holidays of its time, so nothing was agreed in it.
    """

    multiranges: list[dict[str, Any]]
    of_part: Mapping[int, int | None]


def support_hours(parts: Mapping[int, Part], calendars: Mapping[str, Calendar]) -> SupportHours:
    """The open time of these parts, by their numbers; each calendar is gone through once.

    So a fleet of SLOs sends the hours of its few calendars, not those of each of its windows.
    """
    by_calendar: dict[Calendar, list[int]] = {}
    for number, part in parts.items():
        by_calendar.setdefault(calendars[part.asked.look.service], []).append(number)
    multiranges: list[dict[str, Any]] = []
    of_part: dict[int, int | None] = dict.fromkeys(parts)
    for calendar, numbers in by_calendar.items():
        stretches = [parts[number].stretch for number in numbers]
        low, high = min(one.start for one in stretches), max(one.end for one in stretches)
        for group, opened in _open_times(calendar, numbers, stretches, (low, high)):
            of_part |= dict.fromkeys(group, len(multiranges))
            multiranges.append({"hours": len(multiranges), "open": opened})
    return SupportHours(multiranges, of_part)


def _open_times(
    calendar: Calendar,
    numbers: Sequence[int],
    stretches: Sequence[tuple[datetime, datetime]],
    whole: tuple[datetime, datetime],
) -> list[tuple[Sequence[int], str]]:
    """For all parts together; where the calendar does not know all of that, one by one."""
    together = _open_time(calendar, *whole)
    if together is not None:
        return [(numbers, together)]
    each = (
        ([number], _open_time(calendar, *stretch))
        for number, stretch in zip(numbers, stretches, strict=True)
    )
    return [(group, opened) for group, opened in each if opened is not None]


def _open_time(calendar: Calendar, low: datetime, high: datetime) -> str | None:
    if calendar == ALWAYS:
        return _ALL_TIME
    try:
        intervals = open_intervals(calendar, low, high)
    except OutsideCalendar:
        return None
    ranges = ",".join(f"[{one.start.isoformat()},{one.end.isoformat()})" for one in intervals)
    return f"{{{ranges}}}"

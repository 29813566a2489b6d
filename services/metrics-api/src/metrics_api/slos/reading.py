"""Reading how SLOs stand: one, all of them, and one day after the other."""

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from metrics_api.measures.rules import Stretch
from metrics_api.slos import queries, rules
from metrics_api.slos.durations import (
    PATTERN,
    Window,
    calendar_of,
    length_of,
    minute_of,
    window_at,
)
from metrics_api.slos.queries import SloFilter
from metrics_api.slos.rules import LONGEST, Level, Sums
from metrics_api.slos.schemas import HistoryDayOut, HistoryObjectiveOut, SloStatusOut
from metrics_api.slos.standing import (
    COMPOSITE,
    NO_ANSWER,
    Answers,
    Question,
    Slot,
    answers_to,
)
from metrics_api.slos.status import Moment, limits_of, statuses, target_of, whole_of
from shared.errors import Invalid
from shared.kit.clock import now
from shared.kit.database import Session
from shared.kit.pagination import PageParams, bad_cursor, page_of

_DAY: Final = timedelta(days=1)
_MOST_LOOKBACKS: Final = 10


def moment_of(at: datetime | None, lookbacks: str, as_of: datetime | None) -> Moment:
    """When SLOs are asked about and how far back; 422 for the future and for no durations.

    What was still to come `as_of` is the future too.
    """
    present = as_of or now()
    if at is not None and at > present:
        raise Invalid(
            "at must not lie in the future, nor after as_of",
            code="in_the_future",
            pointer="/query/at",
        )
    asked = tuple(dict.fromkeys(one.strip() for one in lookbacks.split(",") if one.strip()))
    if len(asked) > _MOST_LOOKBACKS or not all(map(_is_lookback, asked)):
        raise Invalid(
            f"lookbacks are at most {_MOST_LOOKBACKS} durations such as 1h,6h,3d",
            code="bad_lookbacks",
            pointer="/query/lookbacks",
        )
    return Moment(at or present, asked, present, as_of)


def _is_lookback(text: str) -> bool:
    return re.fullmatch(PATTERN, text, re.ASCII) is not None and length_of(text) <= LONGEST


async def status_of(session: Session, slo: Any, moment: Moment) -> SloStatusOut:
    (status,) = await statuses(session, [slo], moment)
    return status


async def page_of_statuses(
    session: Session, wanted: SloFilter, level: Level | None, moment: Moment, page: PageParams
) -> dict[str, Any]:
    """One page of SLOs as they stand; of another level than asked none is shown."""
    rows = await queries.list_slos(session, wanted, page, moment.as_of)
    found = page_of(rows, page, lambda row: (row.key,))
    items = await statuses(session, found["items"], moment)
    return {**found, "items": [one for one in items if level in (None, one.level)]}


async def history_of(
    session: Session,
    slo: Any,
    days: tuple[date, date | None],
    page: PageParams,
    as_of: datetime | None,
) -> list[HistoryDayOut]:
    """The days of a page and one more; each with its window and on its own."""
    present = as_of or now()
    calendar = calendar_of(slo.time_window)
    zone = ZoneInfo("UTC") if calendar is None else calendar.zone
    asked = _days(days, present.astimezone(zone).date(), page)
    windows = {day: _window_on(slo, day, zone, present) for day in asked}
    stretches: dict[str, Stretch] = {}
    for day, window in windows.items():
        stretches |= _stretches_on(day, zone, window, present)
    answers, _ = await answers_to(session, [Question(slo, stretches)], present, as_of)
    return [
        _day_out(slo, day, answers, as_of, complete=_end_of(day, zone) <= present.astimezone(UTC))
        for day in asked
    ]


def _days(days: tuple[date, date | None], today: date, page: PageParams) -> list[date]:
    first, last = days[0], min(days[1] or today, today)
    if days[1] is not None and days[1] < first:
        raise Invalid("to must not be before from", code="bad_range", pointer="/query/to")
    if page.after is not None:
        if len(page.after) != 1 or type(page.after[0]) is not date:
            raise bad_cursor()
        first = max(first, page.after[0] + _DAY)
    return [first + n * _DAY for n in range(min(page.limit + 1, (last - first).days + 1))]


def _end_of(day: date, zone: ZoneInfo) -> datetime:
    return minute_of(datetime.combine(day + _DAY, time(), zone))


def _window_on(slo: Any, day: date, zone: ZoneInfo, present: datetime) -> Window | None:
    """The window as it stood at the end of a day, or now."""
    at = min(_end_of(day, zone), present)
    return window_at(slo.time_window["duration"], calendar_of(slo.time_window), at)


def _stretches_on(
    day: date, zone: ZoneInfo, window: Window | None, present: datetime
) -> dict[str, Stretch]:
    start = minute_of(datetime.combine(day, time(), zone))
    alone = Stretch(start, min(_end_of(day, zone), minute_of(present)))
    stretches = {f"day {day}": alone} if alone.start < alone.end else {}
    if window is not None:
        stretches[f"window {day}"] = Stretch(window.start, window.end)
    return stretches


def _day_out(
    slo: Any, day: date, answers: Answers, as_of: datetime | None, *, complete: bool
) -> HistoryDayOut:
    objectives = [_objective_on(slo, number, day, answers) for number in range(len(slo.objectives))]
    decisive: Sequence[HistoryObjectiveOut] = objectives
    if slo.sli is None:
        decisive = [_composite_on(slo, day, answers)]
        objectives += decisive
    return HistoryDayOut(
        day=day,
        as_of=as_of,
        complete=complete,
        level=rules.worst([one.level for one in decisive]),
        objectives=objectives,
    )


def _objective_on(slo: Any, number: int, day: date, answers: Answers) -> HistoryObjectiveOut:
    sums = answers.get(Slot(slo.key, number, f"window {day}"), NO_ANSWER).corrected
    alone = answers.get(Slot(slo.key, number, f"day {day}"), NO_ANSWER).corrected
    budget = rules.budget_of(sums, target_of(slo.objectives[number]))
    remaining = None if budget is None else budget.remaining_ratio
    return HistoryObjectiveOut(
        number=number,
        level=rules.level_of(sums.total, remaining, limits_of(slo)),
        value=_value(sums),
        remaining_ratio=None if remaining is None else float(remaining),
        day_good=float(alone.good),
        day_total=float(alone.total),
        day_value=_value(alone),
    )


def _composite_on(slo: Any, day: date, answers: Answers) -> HistoryObjectiveOut:
    whole = whole_of(slo, answers, f"window {day}", corrected=True)
    alone = whole_of(slo, answers, f"day {day}", corrected=True)
    remaining = whole.remaining_ratio
    return HistoryObjectiveOut(
        number=COMPOSITE,
        level=rules.level_of(whole.events, remaining, limits_of(slo)),
        value=None if whole.sums is None else _value(whole.sums),
        remaining_ratio=None if remaining is None else float(remaining),
        day_good=None if alone.sums is None else float(alone.sums.good),
        day_total=None if alone.sums is None else float(alone.sums.total),
        day_value=None if alone.sums is None else _value(alone.sums),
    )


def _value(sums: Sums) -> float | None:
    value = rules.value_of(sums)
    return None if value is None else float(value)

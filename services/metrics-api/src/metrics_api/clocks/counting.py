"""Open time of a calendar, counted fast: by bisection over the boundaries of its years.

`shared.calendars` walks a calendar day by day and is the measure of what is right; this keeps what
it found, a year at a time, so that an ingest of millions can afford clocks. Moments are whole
microseconds since 1970.
"""

from bisect import bisect_left, bisect_right
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final, NamedTuple

from shared.calendars import DAY, HORIZON, Calendar, open_intervals

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND: Final = timedelta(microseconds=1)
MINUTE_US: Final = 60_000_000
_HORIZON_US: Final = HORIZON // MICROSECOND
_MEAN_YEAR_US: Final = 31_556_952_000_000


def micros(moment: datetime) -> int:
    """Whole microseconds from 1970 to a moment."""
    span = moment - EPOCH
    return (span.days * 86_400 + span.seconds) * 1_000_000 + span.microseconds


def moment_of(us: int) -> datetime:
    """The inverse of `micros`."""
    return EPOCH + timedelta(microseconds=us)


class _Year(NamedTuple):
    """The open intervals of a year of the calendar's zone, and how much is open up to each."""

    opens: list[int]
    closes: list[int]
    before: list[int]  # open time of the year before the interval
    after: list[int]  # and with it
    total: int


class OpenTime:
    """The open time of one calendar; two are equal if their calendars are."""

    def __init__(self, calendar: Calendar) -> None:
        self.calendar = calendar
        self.always = not calendar.closed and all(
            len(hours) == 1 and hours[0] == (timedelta(), DAY) for hours in calendar.week
        )
        self._bounded = calendar.first_year is not None or calendar.last_year is not None
        if self._bounded:
            self.always = False
        self._begins: dict[int, int] = {}
        self._years: dict[int, _Year] = {}

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        return isinstance(other, OpenTime) and self.calendar == other.calendar

    def __hash__(self) -> int:
        return hash(self.calendar)

    def counted(self, start: int, end: int) -> int:
        """The open microseconds in [start, end); raises OutsideCalendar as support_time does."""
        if end <= start:
            return 0
        if self.always:
            return end - start
        first, last = self._number(start), self._number(end)
        if first == last:
            return self._within(last, end) - self._within(first, start)
        between = sum(self._year(number).total for number in range(first, last))
        return between - self._within(first, start) + self._within(last, end)

    def reach(self, start: int, amount: int) -> int | None:
        """The first moment by which `amount` of open time has passed since `start`.

        None if that takes more than ten years; raises OutsideCalendar where it is not known.
        """
        if amount <= 0:
            return start
        if self.always:
            return start + amount
        limit = start + _HORIZON_US
        number = self._number(start)
        wanted = self._within(number, start) + amount
        while self._begin(number) < limit:
            year = self._year(number)
            if wanted <= year.total:
                place = bisect_left(year.after, wanted)
                found = year.opens[place] + wanted - year.before[place]
                return found if found <= limit else None
            wanted -= year.total
            number += 1
        return None

    def _number(self, us: int) -> int:
        """The year, in the calendar's zone, that a moment lies in."""
        number = 1970 + us // _MEAN_YEAR_US
        while us < self._begin(number):
            number -= 1
        while us >= self._begin(number + 1):
            number += 1
        return number

    def _begin(self, number: int) -> int:
        begin = self._begins.get(number)
        if begin is None:
            begin = micros(datetime(number, 1, 1, tzinfo=self.calendar.zone).astimezone(UTC))
            self._begins[number] = begin
        return begin

    def _within(self, number: int, us: int) -> int:
        """Open time from the beginning of its year to a moment."""
        if us == self._begin(number):
            return 0  # so that what ends with a known year does not ask for the next one
        year = self._year(number)
        place = bisect_right(year.opens, us) - 1
        if place < 0:
            return 0
        return year.before[place] + min(us, year.closes[place]) - year.opens[place]

    def _year(self, number: int) -> _Year:
        year = self._years.get(number)
        if year is None:
            year = self._years[number] = self._count_year(number)
        return year

    def _count_year(self, number: int) -> _Year:
        begin, end = moment_of(self._begin(number)), moment_of(self._begin(number + 1))
        year = _Year([], [], [], [], 0)
        total = 0
        for interval in open_intervals(self.calendar, begin, end):
            opens, closes = micros(interval.start), micros(interval.end)
            year.opens.append(opens)
            year.closes.append(closes)
            year.before.append(total)
            total += closes - opens
            year.after.append(total)
        return year._replace(total=total)


@lru_cache(maxsize=4096)
def open_time(calendar: Calendar) -> OpenTime:
    """The open time of a calendar; what it has counted is kept for the life of the process."""
    return OpenTime(calendar)

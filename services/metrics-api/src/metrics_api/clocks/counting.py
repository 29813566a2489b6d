"""Open time of a calendar, counted fast: by bisection over the boundaries of its years.

`shared.calendars` walks a calendar day by day and is the measure of what is right; this keeps what
it found, a year at a time, so that an ingest of millions can afford clocks. Moments are whole
microseconds since 1970.
"""

from bisect import bisect_left, bisect_right
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final, NamedTuple

from shared.calendars import DAY, HORIZON, Calendar, OutsideCalendar, open_intervals

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
    """The open intervals of a year of the calendar's zone, and how much is open up to each.

    The first interval is empty, so that every moment of the year lies at or after one.
    """

    begin: int
    end: int
    opens: list[int]
    closes: list[int]
    before: list[int]  # open time of the year before the interval
    after: list[int]  # and with it

    def within(self, us: int) -> int:
        """Open time from the beginning of the year to a moment of it."""
        place = bisect_right(self.opens, us) - 1
        return self.before[place] + min(us, self.closes[place]) - self.opens[place]


class OpenTime:
    """The open time of one calendar; two are equal if their calendars are."""

    def __init__(self, calendar: Calendar) -> None:
        self.calendar = calendar
        bounded = calendar.first_year is not None or calendar.last_year is not None
        whole_day = ((timedelta(), DAY),)
        closes = bool(calendar.closed) or any(hours != whole_day for hours in calendar.week)
        self.always = not bounded and not closes
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
        year = self._years.get(1970 + start // _MEAN_YEAR_US)
        if year is not None and year.begin <= start and end <= year.end:
            opens, closes, before, _ = year[2:]  # twice `within`, spelled out: this is hot
            first, last = bisect_right(opens, start) - 1, bisect_right(opens, end) - 1
            upto = before[last] + min(end, closes[last]) - opens[last]
            return upto - before[first] - min(start, closes[first]) + opens[first]
        return self._counted_over_years(start, end)

    def _counted_over_years(self, start: int, end: int) -> int:
        number, counted = self._number(start), 0
        year = self._year(number)
        counted = -year.within(start)
        while end > year.end:
            counted += year.after[-1]
            number += 1
            year = self._year(number)
        return counted + year.within(end)

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
        wanted = self._year(number).within(start) + amount
        while self._begin(number) < limit:
            year = self._year(number)
            if wanted <= year.after[-1]:
                place = bisect_left(year.after, wanted)
                found = year.opens[place] + wanted - year.before[place]
                return found if found <= limit else None
            wanted -= year.after[-1]
            number += 1
        return None

    def opens_next(self, us: int) -> int:
        """The moment up to which nothing more is open than by `us`: that itself while it is open.

        A year that is not known begins the unknown: then its beginning. If nothing opens within
        ten years, when they are over.
        """
        if self.always:
            return us
        limit, number = us + _HORIZON_US, self._number(us)
        while self._begin(number) < limit:
            try:
                year = self._year(number)
            except OutsideCalendar:
                return max(us, self._begin(number))
            place = max(1, bisect_right(year.closes, us))  # the first is empty
            if place < len(year.closes):
                return max(us, year.opens[place])
            number += 1
        return limit

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

    def _year(self, number: int) -> _Year:
        year = self._years.get(number)
        if year is None:
            year = self._years[number] = self._count_year(number)
        return year

    def _count_year(self, number: int) -> _Year:
        begin, end = self._begin(number), self._begin(number + 1)
        year = _Year(begin, end, [begin], [begin], [0], [0])
        total = 0
        for interval in open_intervals(self.calendar, moment_of(begin), moment_of(end)):
            opens, closes = micros(interval.start), micros(interval.end)
            year.opens.append(opens)
            year.closes.append(closes)
            year.before.append(total)
            total += closes - opens
            year.after.append(total)
        return year


@lru_cache(maxsize=4096)
def open_time(calendar: Calendar) -> OpenTime:
    """The open time of a calendar; what it has counted is kept for the life of the process."""
    return OpenTime(calendar)

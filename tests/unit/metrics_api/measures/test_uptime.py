"""The support hours that availability is counted in, as the statement is told them."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from metrics_api.clocks.support import ALWAYS
from metrics_api.measures.rules import Asked, Look, Mode, Part, Stretch
from metrics_api.measures.uptime import support_hours
from metrics_api.slis.rules import RecordMeasure
from shared.calendars import Calendar

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
MONDAY = datetime(2026, 1, 5, tzinfo=UTC)
OFFICE = Calendar(ZoneInfo("UTC"), (((9 * HOUR, 17 * HOUR),),) * 7, frozenset())
THIS_YEAR = Calendar(OFFICE.zone, OFFICE.week, frozenset(), 2026, 2026)


def part(service: str, first: int, last: int) -> Part:
    """Over days counted from a Monday in January."""
    availability = RecordMeasure.AVAILABILITY
    look = Look(1, service, availability, (), (), None, None, None, None, None)
    stretch = Stretch(MONDAY + first * DAY, MONDAY + last * DAY)
    return Part(Asked(0, look, Mode.EVENTS, stretch, ()), stretch, False)


def test_services_of_one_calendar_share_its_hours() -> None:
    parts = {3: part("mail", 0, 1), 7: part("phone", 1, 2)}

    found = support_hours(parts, {"mail": OFFICE, "phone": OFFICE})

    assert found.of_part == {3: 0, 7: 0}
    (hours,) = found.multiranges
    assert hours["open"] == (
        "{[2026-01-05T09:00:00+00:00,2026-01-05T17:00:00+00:00),"
        "[2026-01-06T09:00:00+00:00,2026-01-06T17:00:00+00:00)}"
    )


def test_all_time_is_told_without_counting_days() -> None:
    found = support_hours({0: part("mail", -100_000, 1)}, {"mail": ALWAYS})

    assert found.multiranges == [{"hours": 0, "open": "{(,)}"}]


def test_only_parts_outside_the_years_of_a_calendar_have_no_hours() -> None:
    parts = {0: part("mail", -30, -29), 1: part("mail", 0, 1), 2: part("mail", 2, 2)}

    found = support_hours(parts, {"mail": THIS_YEAR})

    assert found.of_part == {0: None, 1: 0, 2: 1}
    assert found.multiranges[1]["open"] == "{}"

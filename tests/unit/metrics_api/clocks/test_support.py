"""Which calendar the support of a service follows."""

from datetime import UTC, datetime
from typing import Any

from metrics_api.clocks.support import ALWAYS, by_preference, support_calendar
from metrics_api.copies.schemas import SupportHoursCopy
from shared.calendars import Calendar, calendar_of
from shared.schemas.agreements import AgreementVersionOut, CalendarVersionOut
from tests.support.promises import agreement, calendar, weekly

OFFICE = CalendarVersionOut.model_validate(calendar())
NIGHT = CalendarVersionOut.model_validate(calendar("night", weekly=weekly("18:00", "24:00")))
CALENDARS = {"office@1": OFFICE, "night@1": NIGHT}
OWN_HOURS = SupportHoursCopy.model_validate(
    {"service": "mail", "support_hours": {"timezone": "UTC", "weekly": weekly("08:00", "09:00")}}
)


def agreed(key: str = "mail-sla", **fields: Any) -> AgreementVersionOut:
    return AgreementVersionOut.model_validate(agreement(key, **fields))


def hours(name: str) -> dict[str, Any]:
    return {"calendar": name, "calendar_version": 1}


def supported(*agreements: AgreementVersionOut, own: bool = True) -> Calendar:
    return support_calendar("mail", agreements, CALENDARS, {"mail": OWN_HOURS} if own else {})


def test_a_service_is_supported_in_the_hours_of_its_agreement() -> None:
    assert supported(agreed()) == calendar_of(OFFICE)


def test_an_sla_stands_above_an_ola_that_began_later() -> None:
    later = datetime(2020, 1, 1, tzinfo=UTC)
    ola = agreed("ola", kind="ola", hours=hours("night"), starts_at=later)

    assert supported(ola, agreed()) == calendar_of(OFFICE)


def test_of_two_slas_the_one_that_began_last_stands_first() -> None:
    later = agreed("b", starts_at=datetime(2020, 1, 1, tzinfo=UTC))

    assert by_preference([agreed("a"), agreed("c"), later])[0] is later


def test_an_agreement_over_another_service_says_nothing() -> None:
    assert supported(agreed(services=("files",)), own=False) == ALWAYS


def test_without_an_agreement_the_hours_of_the_service_hold() -> None:
    assert [len(day) for day in supported().week] == [1, 1, 1, 1, 1, 0, 0]


def test_an_agreement_whose_calendar_is_not_known_yet_says_nothing() -> None:
    assert supported(agreed(hours=hours("unknown"))) == supported()

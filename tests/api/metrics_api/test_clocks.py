"""Clocks of incidents, on a real PostgreSQL."""

from datetime import UTC, datetime

from metrics_api.clocks.queries import support_calendars
from metrics_api.clocks.support import ALWAYS
from shared.calendars import calendar_of
from shared.kit.database import transaction
from shared.schemas.agreements import CalendarVersionOut
from tests.support.copies import add_copy
from tests.support.metrics import Metrics
from tests.support.promises import agreement, calendar, weekly

OFFICE = calendar_of(CalendarVersionOut.model_validate(calendar()))


class TestSupportCalendars:
    async def test_every_asked_service_has_one(self, metrics: Metrics) -> None:
        async with transaction(metrics.engine) as session:
            await add_copy(session, "calendar_version", "office@1", calendar())
            await add_copy(session, "agreement_version", "mail-sla@1", agreement())
            own = {"timezone": "UTC", "weekly": weekly("08:00", "09:00")}
            hours = {"service": "files", "support_hours": own}
            await add_copy(session, "support_hours", "files", hours)

            found = await support_calendars(session, ["mail", "files", "print"])

        assert found["mail"] == OFFICE
        assert [len(day) for day in found["files"].week] == [1, 1, 1, 1, 1, 0, 0]
        assert found["print"] == ALWAYS

    async def test_an_expired_agreement_gives_none(self, metrics: Metrics) -> None:
        async with transaction(metrics.engine) as session:
            await add_copy(session, "calendar_version", "office@1", calendar())
            ended = agreement(state="expired")
            await add_copy(session, "agreement_version", "mail-sla@1", ended)

            assert await support_calendars(session, ["mail"]) == {"mail": ALWAYS}

    async def test_it_is_known_as_of_a_moment(self, metrics: Metrics) -> None:
        known = datetime(2026, 1, 1, tzinfo=UTC)
        async with transaction(metrics.engine) as session:
            await add_copy(session, "calendar_version", "office@1", calendar())
            await add_copy(session, "agreement_version", "a@1", agreement("a"), recorded_at=known)

            before = await support_calendars(
                session, ["mail"], as_of=datetime(2025, 12, 31, tzinfo=UTC)
            )
            after = await support_calendars(session, ["mail"], as_of=known)

        assert before == {"mail": ALWAYS}
        assert after == {"mail": OFFICE}

"""Clocks of incidents, on a real PostgreSQL."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from metrics_api.attribution.rules import Memory
from metrics_api.breaches.actions import detect_breaches
from metrics_api.clocks.queries import support_calendars
from metrics_api.clocks.support import ALWAYS
from metrics_api.copies.actions import refresh
from metrics_api.copies.rules import READINGS
from metrics_api.incidents.reclock import reclock_service
from metrics_api.indicators.queries import cells_that_differ
from shared.calendars import calendar_of
from shared.kit.database import transaction
from shared.schemas.agreements import CalendarVersionOut
from tests.support.copies import add_copy
from tests.support.incidents import add_service
from tests.support.metrics import Metrics
from tests.support.promises import agreement, calendar, promised, scheme, weekly

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


class Lists:
    """The lists of a catalog, as they would be read."""

    def __init__(self) -> None:
        self.items: dict[str, list[Any]] = {
            "calendar_version": [calendar()],
            "scheme_version": [scheme("standard", 1, promised(1, 60, 480))],
            "scheme_choice": [{"service": None, "scheme": "standard"}],
            "agreement_version": [],
        }

    async def iterate(self, path: str) -> AsyncIterator[dict[str, Any]]:
        (kind,) = (kind for kind in self.items if READINGS[kind].path == path)
        for item in self.items[kind]:
            yield item

    async def told(self, metrics: Metrics, *kinds: str) -> None:
        """Let metrics-api look, and do what it enqueued by that."""
        for kind in kinds or self.items:
            await refresh(metrics.engine, self, kind)
        async with transaction(metrics.engine) as session:
            jobs = (
                await session.execute(
                    text(
                        "DELETE FROM metrics_jobs.procrastinate_jobs"
                        " WHERE task_name = 'reclock_incidents' RETURNING args"
                    )
                )
            ).scalars()
            services = {key for args in jobs for key in args["services"]}
        for service in sorted(services):
            await reclock_service(metrics.engine, Memory(), service)


OPENED = "2026-03-02T09:00:00Z"  # a Monday
TEN = "2026-03-02T10:00:00Z"
NOON = "2026-03-02T12:00:00Z"


@pytest.fixture
async def catalog(metrics: Metrics) -> Lists:
    """A source, two services, and an hour to respond and a day's work to resolve."""
    async with transaction(metrics.engine) as session:
        await add_service(session, "mail")
        await add_service(session, "files")
    reply = await metrics.http.post("/v1/sources", json={"key": "desk", "name": "Desk"})
    assert reply.status_code == 201, reply.text
    lists = Lists()
    await lists.told(metrics)
    return lists


async def push(metrics: Metrics, external_id: str = "1", **fields: Any) -> Any:
    body = {
        "source": "desk",
        "external_id": external_id,
        "state": "new",
        "service": "mail",
        "priority": 1,
        "opened_at": OPENED,
        "updated_at": OPENED,
    } | fields
    reply = await metrics.http.post("/v1/incidents", json=body)
    assert reply.status_code in (200, 201), reply.text
    return reply.json()


async def resolve(metrics: Metrics, at: str, external_id: str = "1", **fields: Any) -> Any:
    return await push(
        metrics, external_id, state="resolved", updated_at=at, resolved_at=at, **fields
    )


async def clocks(metrics: Metrics, external_id: str = "1") -> Any:
    reply = await metrics.http.get(f"/v1/incidents/desk/{external_id}/clocks")
    assert reply.status_code == 200, reply.text
    return reply.json()


async def breaches(metrics: Metrics, **query: Any) -> list[Any]:
    reply = await metrics.http.get("/v1/breaches", params=query)
    assert reply.status_code == 200, reply.text
    items: list[Any] = reply.json()["items"]
    return items


def soon(minutes: float) -> str:
    return (datetime.now(UTC) + timedelta(minutes=minutes)).isoformat()


class TestClocks:
    async def test_a_resolved_incident_has_kept_or_missed_its_times(
        self, metrics: Metrics, catalog: Lists
    ) -> None:
        await push(metrics)
        await resolve(metrics, NOON)

        found = await clocks(metrics)

        assert (found["judged_by"], found["agreement"]) == ("scheme:standard@1", None)
        assert found["business_minutes"] == 180
        response, resolution = found["scheme"]["response"], found["scheme"]["resolution"]
        assert (response["state"], response["breached_at"]) == ("breached", TEN)
        assert (resolution["state"], resolution["left_minutes"]) == ("met", 300)

    @pytest.mark.parametrize(
        ("fields", "reason"),
        [
            ({"service": "nobody"}, "unattributed"),
            ({"priority": None}, "no_priority"),
            ({"priority": 4}, "no_target"),
            ({}, None),
        ],
    )
    async def test_why_an_incident_is_judged_by_nothing_is_told(
        self, metrics: Metrics, catalog: Lists, fields: dict[str, Any], reason: str | None
    ) -> None:
        await push(metrics, **fields)

        assert (await clocks(metrics))["reason"] == reason

    async def test_both_the_agreement_and_the_scheme_are_shown(
        self, metrics: Metrics, catalog: Lists
    ) -> None:
        pinned = {"scheme": "strict", "scheme_version": 1}
        catalog.items["scheme_version"].append(scheme("strict", 1, promised(1, 5, 60)))
        catalog.items["agreement_version"] = [agreement(priority_scheme=pinned)]
        await catalog.told(metrics)
        await push(metrics)
        await resolve(metrics, NOON)

        found = await clocks(metrics)

        assert found["judged_by"] == "agreement:mail-sla@1"
        assert found["agreement"]["resolution"]["state"] == "breached"
        assert found["scheme"]["resolution"]["state"] == "met"

    async def test_the_priority_is_made_of_impact_and_urgency(
        self, metrics: Metrics, catalog: Lists
    ) -> None:
        made = await push(metrics, priority=None, impact="High", urgency="high")

        assert (made["priority"], made["raw_priority"], made["impact"]) == (1, None, "High")

    async def test_an_incident_that_is_not_there_is_404(self, metrics: Metrics) -> None:
        for path in ("clocks", "clocks/explain"):
            reply = await metrics.http.get(f"/v1/incidents/desk/none/{path}")
            assert reply.status_code == 404


class TestExplain:
    async def test_the_intervals_are_paged_and_add_up(
        self, metrics: Metrics, catalog: Lists
    ) -> None:
        await push(metrics)
        await resolve(metrics, "2026-03-04T10:00:00Z")
        url = "/v1/incidents/desk/1/clocks/explain"
        whole = (await metrics.http.get(url)).json()["items"]
        pages: list[Any] = []
        cursor = None
        while cursor is not None or not pages:
            query = {"limit": 2} | ({"cursor": cursor} if cursor else {})
            reply = (await metrics.http.get(url, params=query)).json()
            pages += reply["items"]
            cursor = reply["next_cursor"]

        assert pages == whole
        assert [one["reason"] for one in whole] == [
            *("counted", "outside_hours") * 2,
            "counted",
        ]
        counted = sum(one["minutes"] for one in whole if one["counted"])
        assert counted == (await clocks(metrics))["scheme"]["resolution"]["elapsed_minutes"]

    async def test_an_agreement_that_says_nothing_is_404(
        self, metrics: Metrics, catalog: Lists
    ) -> None:
        await push(metrics)
        url = "/v1/incidents/desk/1/clocks/explain"

        assert (await metrics.http.get(url, params={"against": "agreement"})).status_code == 404

    @pytest.mark.parametrize("cursor", ["WzFd", "WyJ4Il0", "W3RydWVd", "WzEsMl0"])
    async def test_a_forged_cursor_gives_no_500(
        self, metrics: Metrics, catalog: Lists, cursor: str
    ) -> None:
        await push(metrics)
        url = "/v1/incidents/desk/1/clocks/explain"

        assert (await metrics.http.get(url, params={"cursor": cursor})).status_code in (200, 400)


class TestAtRisk:
    async def test_running_clocks_come_in_the_order_of_their_due_times(
        self, metrics: Metrics, catalog: Lists
    ) -> None:
        catalog.items["calendar_version"] = [calendar(weekly=ALL_WEEK)]
        await catalog.told(metrics)
        await push(metrics, "late", opened_at=soon(-30), updated_at=soon(-30))
        await push(metrics, "early", opened_at=soon(-50), updated_at=soon(-50))
        await push(metrics, "held", state="on_hold", opened_at=soon(-50), updated_at=soon(-40))
        await push(metrics, "other", service="files", opened_at=soon(-40), updated_at=soon(-40))

        query: dict[str, Any] = {"service": "mail", "within_hours": 1, "limit": 1}
        first = (await metrics.http.get("/v1/clocks/at-risk", params=query)).json()
        query["cursor"] = first["next_cursor"]
        second = (await metrics.http.get("/v1/clocks/at-risk", params=query)).json()

        (one,), (other,) = first["items"], second["items"]
        assert (one["external_id"], one["clock"]) == ("early", "response")
        assert one["left_minutes"] == pytest.approx(10, abs=0.5)
        assert (other["external_id"], second["next_cursor"]) == ("late", None)

    async def test_one_without_time_left_stands_here_until_its_calendar_opens(
        self, metrics: Metrics, catalog: Lists
    ) -> None:
        # A zone in which it is noon now, and nine to eleven was open today.
        noon = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
        zone = f"Etc/GMT{noon.hour - 12:+}" if noon.hour != 12 else "UTC"
        morning = [one | {"start": "09:00", "end": "11:00"} for one in ALL_WEEK]
        catalog.items["calendar_version"] = [calendar(timezone=zone, weekly=morning)]
        catalog.items["scheme_version"] = [scheme("standard", 1, promised(1, None, 120))]
        await catalog.told(metrics)
        for name, hours in (("spent", 3), ("half", 2), ("over", 26)):
            opened = (noon - timedelta(hours=hours)).isoformat()
            await push(metrics, name, opened_at=opened, updated_at=opened)

        paused = (noon - timedelta(hours=2.5)).isoformat()
        await push(metrics, "held", state="on_hold", opened_at=paused, updated_at=paused)
        await detect_breaches(metrics.engine, Memory())

        reply = await metrics.http.get("/v1/clocks/at-risk", params={"within_hours": 24})

        found = [(one["external_id"], one["left_minutes"]) for one in reply.json()["items"]]
        assert found == [("spent", 0), ("half", 60)]
        facts = (await metrics.http.get("/v1/services/mail/facts")).json()["facts"]
        assert facts["clocks_due_next_24_hours"]["value"] == len(found)
        # The other clocks have run out, or do not run.
        states = [
            (await clocks(metrics, name))["scheme"]["resolution"]["state"]
            for name in ("spent", "half", "over", "held")
        ]
        assert states == ["running", "running", "breached", "paused"]
        assert facts["open_breached_clocks"]["value"] == states.count("breached")
        query = {"kpi": "sla_attainment", "periods": f"{noon.year}"}
        kpis = (await metrics.http.get("/v1/services/mail/kpis", params=query)).json()["kpis"]
        assert kpis[0]["values"][0]["open_breached"] == states.count("breached")


ALL_WEEK = weekly("00:00", "24:00", ("monday", "tuesday", "wednesday", "thursday", "friday"))
ALL_WEEK += weekly("00:00", "24:00", ("saturday", "sunday"))


class TestChangedPromises:
    async def test_a_new_version_of_the_scheme_clocks_what_is_there_again(
        self, metrics: Metrics, catalog: Lists
    ) -> None:
        await push(metrics)
        await resolve(metrics, NOON)
        catalog.items["scheme_version"].append(scheme("standard", 2, promised(1, 240, 60)))

        await catalog.told(metrics)

        found = await clocks(metrics)
        assert found["judged_by"] == "scheme:standard@2"
        assert found["scheme"]["resolution"]["state"] == "breached"
        (only,) = await breaches(metrics, retracted=False)
        assert (only["clock"], only["basis"]) == ("resolution", "scheme:standard@2")
        (taken_back,) = await breaches(metrics, retracted=True)
        assert taken_back["clock"] == "response"
        async with transaction(metrics.engine) as session:
            assert await cells_that_differ(session) == []

    async def test_only_the_services_concerned_are_clocked_again(
        self, metrics: Metrics, catalog: Lists
    ) -> None:
        catalog.items["scheme_version"].append(scheme("strict", 1, promised(1, 5, 60)))
        catalog.items["scheme_choice"].append({"service": "files", "scheme": "strict"})
        for key in ("mail", "files"):
            await push(metrics, key, service=key)
            await resolve(metrics, NOON, key, service=key)

        await catalog.told(metrics)

        assert (await clocks(metrics, "mail"))["judged_by"] == "scheme:standard@1"
        assert (await clocks(metrics, "files"))["judged_by"] == "scheme:strict@1"

    async def test_the_next_update_is_read_by_the_new_promise(
        self, metrics: Metrics, catalog: Lists
    ) -> None:
        await push(metrics)
        catalog.items["scheme_version"].append(scheme("standard", 2, promised(1, 5, 60)))
        await refresh(metrics.engine, catalog, "scheme_version")

        await push(metrics, "2")

        assert (await clocks(metrics, "2"))["judged_by"] == "scheme:standard@2"

    async def test_an_incident_that_moves_is_clocked_for_its_new_service(
        self, metrics: Metrics, catalog: Lists
    ) -> None:
        catalog.items["scheme_version"].append(scheme("strict", 1, promised(1, 5, 60)))
        catalog.items["scheme_choice"].append({"service": "files", "scheme": "strict"})
        await catalog.told(metrics)
        await push(metrics)
        await resolve(metrics, NOON)

        records = [{"source": "desk", "external_id": "1"}]
        body = {"service": "files", "records": records}
        assert (await metrics.http.post("/v1/attributions", json=body)).status_code == 201

        assert (await clocks(metrics))["judged_by"] == "scheme:strict@1"
        found = await breaches(metrics)
        assert {(one["service"], one["clock"]) for one in found} == {
            ("files", "response"),
            ("files", "resolution"),
        }

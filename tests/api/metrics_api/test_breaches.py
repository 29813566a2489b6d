"""Clocks that ran out: kept once, told once, taken back when they did not after all."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, text

from metrics_api.attribution.rules import Memory
from metrics_api.base import KIT
from metrics_api.breaches import actions
from metrics_api.breaches.tables import Breach, BreachPrediction
from shared.kit import clock
from shared.kit.database import transaction
from tests.support.copies import add_copy
from tests.support.eventually import eventually
from tests.support.incidents import add_service
from tests.support.metrics import Metrics
from tests.support.promises import calendar, promised, scheme, weekly

ALL_WEEK = weekly("00:00", "24:00") + weekly("00:00", "24:00", ("saturday", "sunday"))
QUARTER_YEAR = timedelta(days=90)


@pytest.fixture(autouse=True)
async def promises(metrics: Metrics) -> None:
    """An hour to respond, eight to resolve, around the clock."""
    async with transaction(metrics.engine) as session:
        await add_service(session, "mail")
        await add_service(session, "files")
        await add_copy(session, "calendar_version", "office@1", calendar(weekly=ALL_WEEK))
        await add_copy(session, "scheme_version", "s@1", scheme("s", 1, promised(1, 60, 480)))
        await add_copy(session, "scheme_choice", "", {"service": "", "scheme": "s"})
    reply = await metrics.http.post("/v1/sources", json={"key": "desk", "name": "Desk"})
    assert reply.status_code == 201, reply.text


def ago(hours: float) -> str:
    return (datetime.now(UTC) - timedelta(hours=hours)).isoformat()


async def push(metrics: Metrics, external_id: str, opened: float, **fields: Any) -> None:
    """An incident opened so many hours ago, in progress from the first moment."""
    body = {
        "source": "desk",
        "external_id": external_id,
        "state": "in_progress",
        "service": "mail",
        "priority": 1,
        "opened_at": ago(opened),
        "updated_at": ago(opened),
        "acknowledged_at": ago(opened),
    } | fields
    reply = await metrics.http.post("/v1/incidents", json=body)
    assert reply.status_code in (200, 201), reply.text


async def breaches(metrics: Metrics, **query: Any) -> list[Any]:
    reply = await metrics.http.get("/v1/breaches", params=query)
    assert reply.status_code == 200, reply.text
    items: list[Any] = reply.json()["items"]
    return items


async def detect(metrics: Metrics) -> int:
    return await actions.detect_breaches(metrics.engine, Memory())


async def tell(metrics: Metrics) -> int:
    return await actions.tell_breaches(metrics.engine, QUARTER_YEAR)


async def events(metrics: Metrics) -> list[tuple[str, str, Any]]:
    table = KIT.events.outbox_event
    async with transaction(metrics.engine) as session:
        rows = await session.execute(
            select(table.c.type, table.c.subject, table.c.data).order_by(table.c.position)
        )
        return [(row.type, row.subject, row.data) for row in rows]


class TestDetection:
    async def test_a_running_clock_that_runs_out_is_found_once(self, metrics: Metrics) -> None:
        await push(metrics, "1", opened=8 - 0.5 / 3600)  # half a second is left
        await push(metrics, "in time", opened=7)
        assert await breaches(metrics) == []

        async def found() -> bool:
            return await detect(metrics) == 1

        await eventually(found)
        assert await detect(metrics) == 0

        (found,) = await breaches(metrics)
        assert (found["external_id"], found["clock"], found["basis"]) == (
            "1",
            "resolution",
            "scheme:s@1",
        )
        assert (found["target_minutes"], found["retracted_at"]) == (480, None)

    async def test_one_that_ends_late_is_kept_with_its_update(self, metrics: Metrics) -> None:
        await push(metrics, "1", opened=20)
        resolved = {"state": "resolved", "updated_at": ago(1), "resolved_at": ago(1)}
        await push(metrics, "1", opened=20, **resolved)

        assert [one["clock"] for one in await breaches(metrics)] == ["resolution"]
        assert await detect(metrics) == 0

    async def test_late_data_takes_a_breach_back_and_later_data_brings_it_again(
        self, metrics: Metrics
    ) -> None:
        await push(metrics, "1", opened=20)
        await detect(metrics)

        in_time = {"state": "resolved", "updated_at": ago(15), "resolved_at": ago(15)}
        await push(metrics, "1", opened=20, **in_time)
        (taken_back,) = await breaches(metrics)
        late = {"state": "closed", "updated_at": ago(1), "resolved_at": ago(2)}
        await push(metrics, "1", opened=20, **late)
        (again,) = await breaches(metrics)

        assert taken_back["retracted_at"] is not None
        assert again["retracted_at"] is None
        assert again["detected_at"] == taken_back["detected_at"]

    async def test_filters_and_pages(self, metrics: Metrics) -> None:
        for number in range(3):
            await push(metrics, str(number), opened=20 + number)
        await push(metrics, "other", opened=20, service="files")
        await detect(metrics)

        first = await breaches(metrics, service="mail", clock="resolution", limit=2)

        assert [one["external_id"] for one in first] == ["0", "1"]
        assert len(await breaches(metrics, breached_from=ago(12.5))) == 2
        assert await breaches(metrics, basis="scheme:other@1") == []


class TestTelling:
    async def test_each_is_told_once_in_the_order_of_its_service(self, metrics: Metrics) -> None:
        for number, hours in enumerate((10, 12, 11)):
            await push(metrics, str(number), opened=hours)
        await detect(metrics)

        assert await tell(metrics) == 3
        assert await tell(metrics) == 0

        told = await events(metrics)
        assert [(kind, data["external_id"]) for kind, _, data in told] == [
            ("clock.breached", "1"),
            ("clock.breached", "2"),
            ("clock.breached", "0"),
        ]
        assert {(subject, data["source"]) for _, subject, data in told} == {("mail", "desk")}
        assert (await breaches(metrics))[0]["told_at"] is not None

    async def test_history_is_kept_and_not_told(self, metrics: Metrics) -> None:
        await push(metrics, "1", opened=24 * 100)
        await detect(metrics)

        assert await tell(metrics) == 0
        assert [one["told_at"] for one in await breaches(metrics)] == [None]

    async def test_a_breach_that_comes_back_is_not_told_again(self, metrics: Metrics) -> None:
        await push(metrics, "1", opened=20)
        await detect(metrics)
        await tell(metrics)
        in_time = {"state": "resolved", "updated_at": ago(15), "resolved_at": ago(15)}
        await push(metrics, "1", opened=20, **in_time)
        late = {"state": "closed", "updated_at": ago(1), "resolved_at": ago(2)}
        await push(metrics, "1", opened=20, **late)

        assert await tell(metrics) == 0

    async def test_ten_thousand_at_once(self, metrics: Metrics) -> None:
        async with transaction(metrics.engine) as session:
            await session.execute(
                text(
                    "INSERT INTO metrics.breach (source_id, external_id, clock, service, priority,"
                    " basis, target_minutes, calendar, breached_at, detected_at, telling)"
                    " SELECT id, n::text, 'resolution', 'mail', 1, 'scheme:s@1', 480, 'office@1',"
                    " now() - n * interval '1 second', now(), 'due'"
                    " FROM metrics.source, generate_series(1, 10000) AS n WHERE id <> 0"
                )
            )

        assert await tell(metrics) == 10_000

        table = KIT.events.outbox_event
        async with transaction(metrics.engine) as session:
            count = await session.scalar(select(func.count()).select_from(table))
            untold = select(func.count()).select_from(Breach).where(Breach.told_at.is_(None))
            assert (count, await session.scalar(untold)) == (10_000, 0)


class TestPrediction:
    async def predict(self, metrics: Metrics, share: float = 0.2) -> int:
        return await actions.predict_breaches(metrics.engine, Memory(), share)

    async def test_a_clock_with_little_left_is_told_once(self, metrics: Metrics) -> None:
        await push(metrics, "soon", opened=7)  # an hour of eight is left
        await push(metrics, "time enough", opened=5)
        await push(metrics, "held", opened=7.5, state="on_hold", updated_at=ago(1))

        assert await self.predict(metrics) == 1
        assert await self.predict(metrics) == 0

        ((kind, subject, data),) = await events(metrics)
        assert (kind, subject) == ("clock.breach_predicted", "mail")
        assert (data["external_id"], data["clock"]) == ("soon", "resolution")
        assert data["minutes_left"] == pytest.approx(60, abs=1)

    async def test_the_share_is_a_setting(self, metrics: Metrics) -> None:
        await push(metrics, "1", opened=5)

        assert await self.predict(metrics, 0.5) == 1

        async with transaction(metrics.engine) as session:
            (row,) = (await session.scalars(select(BreachPrediction))).all()
        assert row.predicted_at <= clock.now() < row.due_at

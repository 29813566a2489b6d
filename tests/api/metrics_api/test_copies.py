"""Copies of the catalog: what its events set off, and what follows from a change of names."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from metrics_api.attribution.rules import Memory
from metrics_api.attribution.words import follow_words
from metrics_api.copies.actions import refresh
from metrics_api.copies.rules import READINGS, copy_of, kinds_told_by
from shared.kit.database import transaction
from shared.kit.webhooks import new_secret, signed_request
from tests.support.copies import waiting
from tests.support.incidents import add_service
from tests.support.metrics import Metrics, running_metrics
from tests.support.postgres import Database
from tollgate_local.environment import COPIED

SECRET = new_secret()


@pytest.fixture
async def metrics(metrics_db: Database, tmp_path: Path) -> AsyncIterator[Metrics]:
    secret = SecretStr(SECRET)
    async with running_metrics(metrics_db, tmp_path, catalog_event_secret=secret) as running:
        yield running


async def deliver(metrics: Metrics, kind: str, event_id: str = "e1") -> Any:
    event = {"specversion": "1.0", "id": event_id, "type": kind, "data": {"key": "office"}}
    body, headers = signed_request([event], SECRET, datetime.now(UTC))
    reply = await metrics.http.post("/v1/events/catalog", content=body, headers=headers)
    assert reply.status_code == 200, reply.text
    return reply.json()["taken"]


class TestEvents:
    async def test_one_has_the_kinds_that_it_is_about_refreshed(self, metrics: Metrics) -> None:
        assert await deliver(metrics, "priority_scheme.changed") is True

        assert [job["kind"] for job in await waiting(metrics, "refresh_copy")] == [
            "scheme_choice",
            "scheme_version",
        ]

    async def test_many_are_one_refresh(self, metrics: Metrics) -> None:
        for number in range(3):
            await deliver(metrics, "calendar.changed", f"e{number}")

        assert await waiting(metrics, "refresh_copy") == [{"kind": "calendar_version"}]

    async def test_one_that_no_copy_depends_on_sets_off_nothing(self, metrics: Metrics) -> None:
        assert await deliver(metrics, "risk.created") is False
        assert await waiting(metrics, "refresh_copy") == []

    def test_every_kind_is_told_of_by_some_event(self) -> None:
        told = {kind for reading in READINGS.values() for kind in reading.events}

        assert {kind for event in told for kind in kinds_told_by(f"{event}.changed")} == set(
            READINGS
        )

    def test_the_catalog_is_asked_to_send_every_event_that_is_needed(self) -> None:
        needed = {f"{event}.*" for reading in READINGS.values() for event in reading.events}
        assert needed - {"service.*"} == set(COPIED)


class Products:
    """The vendor products of a catalog."""

    def __init__(self, *names: str) -> None:
        self.names = names

    async def iterate(self, path: str) -> AsyncIterator[dict[str, Any]]:
        for name in self.names:
            yield {"key": "suite", "name": name, "vendor": "Example AG"}


async def test_a_renamed_vendor_product_is_found_again(metrics: Metrics) -> None:
    async with transaction(metrics.engine) as session:
        await add_service(session, "mail")
    await metrics.http.post("/v1/sources", json={"key": "desk", "name": "Desk"})
    stamp = "2026-03-02T09:00:00Z"
    incident = {"external_id": "1", "opened_at": stamp, "updated_at": stamp, "service": "mail"}
    body = incident | {"source": "desk", "state": "new", "vendor": "Office Suite"}
    assert (await metrics.http.post("/v1/incidents", json=body)).json()["vendor_product"] is None

    await refresh(metrics.engine, Products("office suite"), "vendor_product")
    assert await waiting(metrics, "follow_words") == [{}]
    assert await follow_words(metrics.engine, Memory()) == 1

    found = (await metrics.http.get("/v1/incidents/desk/1")).json()
    assert found["vendor_product"] == "suite"


def test_a_service_without_support_hours_leaves_no_copy() -> None:
    assert copy_of("support_hours", {"key": "mail", "support_hours": None}) is None

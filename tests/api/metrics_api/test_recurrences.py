"""What improvement-api asks about incidents and comments, through the client that it asks with."""

import itertools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx
import psycopg
import pytest

from shared.clients.metrics import MetricsClient
from tests.support.metrics import Metrics
from tests.support.postgres import Database
from tests.support.statements import counted_statements

SINCE = datetime(2026, 3, 1, tzinfo=UTC)
ASKED = {"service": "vpn", "opened_from": SINCE.isoformat()}


@dataclass
class Straight:
    """A remote that is the app itself."""

    http: httpx.AsyncClient
    name: str = "metrics-api"

    async def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        json: Any = None,
        idempotent: bool | None = None,
        idempotency_key: str | None = None,
    ) -> httpx.Response:
        reply = await self.http.request(method, path, params=params, json=json)
        assert reply.is_success, reply.text
        return reply


@pytest.fixture
async def client(metrics: Metrics) -> MetricsClient:
    reply = await metrics.http.post("/v1/sources", json={"key": "desk", "name": "Desk"})
    assert reply.status_code == 201, reply.text
    return MetricsClient(Straight(metrics.http))


async def push(metrics: Metrics, external_id: str, **fields: Any) -> None:
    body = {
        "source": "desk",
        "external_id": external_id,
        "version": 1,
        "updated_at": "2026-03-02T08:00:00Z",
        "state": "new",
        "opened_at": "2026-03-02T08:00:00Z",
    }
    reply = await metrics.http.post("/v1/incidents", json=body | fields)
    assert reply.status_code in (200, 201), reply.text


def attribute(database: Database) -> None:
    with psycopg.connect(database.admin_url, autocommit=True) as admin:
        admin.execute("UPDATE metrics.incident SET service = 'vpn'")


class TestMajorIncidents:
    async def test_they_are_those_of_the_flag_else_of_priority_1(
        self, metrics: Metrics, client: MetricsClient
    ) -> None:
        await push(metrics, "A", major=True, priority="P3")
        await push(metrics, "B", priority="P1")
        await push(metrics, "C", major=False, priority="P1")
        await push(metrics, "D")
        await push(metrics, "E", priority="P1", opened_at="2026-02-01T00:00:00Z")

        page = await client.major_incidents(SINCE, None)
        others = (await metrics.http.get("/v1/incidents?major=false")).json()["items"]

        assert [one.external_id for one in page.items] == ["A", "B"]
        assert page.next_cursor is None
        assert [one["external_id"] for one in others] == ["C", "D"]

    async def test_their_index_answers(
        self, metrics: Metrics, client: MetricsClient, metrics_db: Database
    ) -> None:
        await push(metrics, "A")
        with counted_statements() as statements:
            await client.major_incidents(SINCE, None)
        (asked,) = [each for each in statements if "FROM metrics.incident" in each]
        with psycopg.connect(metrics_db.admin_url) as admin:
            admin.execute(
                "INSERT INTO metrics.incident"
                " SELECT (jsonb_populate_record(i, jsonb_build_object('external_id', n))).*"
                " FROM metrics.incident i, generate_series(1, 5000) AS n"
            )
            admin.execute("ANALYZE metrics.incident")
            numbers = itertools.count(1)
            numbered = re.sub(r"%\(\w+\)s", lambda _: f"${next(numbers)}", asked)
            plan = admin.execute(f"EXPLAIN (GENERIC_PLAN) {numbered}").fetchall()
            admin.rollback()

        assert "ix_incident_major" in str(plan)


class TestRecurrences:
    async def test_those_count_that_fit_all_that_is_given(
        self, metrics: Metrics, client: MetricsClient, metrics_db: Database
    ) -> None:
        await push(metrics, "A", title="VPN Certificate 100% expired", problem="PRB1")
        await push(metrics, "B", title="certificate", problem="PRB2")
        await push(metrics, "C", title="certificate", opened_at="2026-02-28T23:59:00Z")
        await push(metrics, "D", title="certificate", state="cancelled")
        await push(metrics, "E", title="Something else", problem="PRB1")
        attribute(metrics_db)

        by_title = await client.recurrences(ASKED | {"title": "CERTIFICATE"})
        by_both = await client.recurrences(ASKED | {"title": "100%", "problem": "PRB1"})
        of_others = await client.recurrences(ASKED | {"service": "mail", "title": "certificate"})

        assert [one.external_id for one in by_title.first] == ["A", "B"]
        assert (by_both.count, by_both.first[0].external_id) == (1, "A")
        assert (of_others.count, of_others.first) == (0, [])

    async def test_a_hundred_are_named_and_all_are_counted(
        self, metrics: Metrics, client: MetricsClient, metrics_db: Database
    ) -> None:
        lines = [
            {
                "source": "desk",
                "external_id": f"N{n}",
                "version": 1,
                "updated_at": "2026-03-02T08:00:00Z",
                "state": "new",
                "opened_at": "2026-03-02T08:00:00Z",
                "problem": "PRB1",
            }
            for n in range(120)
        ]
        reply = await metrics.http.post("/v1/incidents/batch", json=lines)
        assert reply.json()["accepted"] == 120, reply.text
        attribute(metrics_db)

        found = await client.recurrences(ASKED | {"problem": "PRB1"})

        assert (found.count, len(found.first)) == (120, 100)

    async def test_a_question_without_a_fingerprint_is_refused(self, metrics: Metrics) -> None:
        reply = await metrics.http.get("/v1/incidents/recurrences", params=ASKED)

        assert (reply.status_code, reply.json()["code"]) == (422, "no_fingerprint")


async def test_comments_are_listed_by_when_they_came(
    metrics: Metrics, client: MetricsClient
) -> None:
    before = datetime.now(UTC)
    survey = {
        "source": "desk",
        "external_id": "S1",
        "version": 1,
        "updated_at": "2026-03-02T08:00:00Z",
        "kind": "csat",
        "score": 2,
        "comment": "Signing in is slow",
        "answered_at": "2026-03-02T08:00:00Z",
    }
    reply = await metrics.http.post("/v1/surveys", json=survey)
    assert reply.status_code == 201, reply.text

    page = await client.survey_comments(before, datetime.now(UTC), None)
    earlier = await client.survey_comments(SINCE, before, None)

    assert [(one.external_id, one.kind, one.score) for one in page.items] == [("S1", "csat", 2)]
    assert earlier.items == []

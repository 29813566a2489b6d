"""/metrics tells what waits: an operator sees a stuck worker or a dead subscriber by it."""

from collections.abc import Sequence

import psycopg
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from metrics_api.attribution.rules import Memory
from metrics_api.inbox.processing import process_some
from shared.kit.backlog import Gauge
from tests.support.metrics import Metrics
from tests.support.postgres import Database

Figures = dict[tuple[str, str], float]


async def figures(metrics: Metrics) -> Figures:
    """By name and value of the label, empty where there is none."""
    reply = await metrics.http.get("/metrics")
    assert reply.status_code == 200, reply.text
    return {
        (sample.name, next(iter(sample.labels.values()), "")): sample.value
        for family in text_string_to_metric_families(reply.text)
        for sample in family.samples
    }


async def test_deliveries_that_wait_are_counted_until_they_are_read(metrics: Metrics) -> None:
    await metrics.http.post("/v1/sources", json={"key": "desk", "name": "D", "kind": "pagerduty"})
    for number in range(3):
        await metrics.http.post("/v1/sources/desk/events", json={"event": {"id": f"E{number}"}})

    before = await figures(metrics)
    assert before["receipts_pending", ""] == 3
    assert before["receipts_lag_seconds", ""] > 0
    assert before["jobs", "waiting"] >= 1
    assert before["backlog_readable", ""] == 1

    while await process_some(metrics.engine, Memory()):
        pass
    after = await figures(metrics)
    assert (after["receipts_pending", ""], after["receipts_lag_seconds", ""]) == (0, 0)


async def test_a_subscriber_that_is_behind_is_seen_by_its_name(
    metrics: Metrics, metrics_db: Database
) -> None:
    rows = (("wants-all", "{}", 0), ("wants-family", "{target.*}", 0), ("has-all", "{}", 5))
    with psycopg.connect(metrics_db.admin_url) as admin:
        for name, types, cursor in rows:
            admin.execute(
                "INSERT INTO metrics.subscription (id, name, url, types, secret, state, built_in,"
                " cursor, failures, created_at, created_by) VALUES (gen_random_uuid(), %s,"
                " 'https://example.com', %s, 's', 'active', false, %s, 2, now(), 'ada')",
                [name, types, cursor],
            )
        admin.execute(
            "INSERT INTO metrics.outbox_event (id, sequence, type, subject, data, occurred_at)"
            " VALUES (gen_random_uuid(), 1, 'clock.breached', 'mail', '{}',"
            " now() - interval '1 hour'),"
            " (gen_random_uuid(), 2, 'target.missed', 'mail', '{}', now() - interval '1 minute')"
        )

    found = await figures(metrics)

    behind = {name: found["event_subscriber_behind_seconds", name] for name, _, _ in rows}
    assert behind["wants-all"] >= 3600
    assert 60 <= behind["wants-family"] < 3600
    assert behind["has-all"] == 0
    assert found["event_subscriber_failures", "wants-all"] == 2


async def test_figures_of_the_process_outlive_those_of_the_database(metrics: Metrics) -> None:
    async def failing(session: AsyncSession) -> Sequence[Gauge]:
        await session.execute(text("SELECT * FROM metrics.no_such_table"))
        return ()

    metrics.app.state.backlog = (failing,)

    found = await figures(metrics)

    assert found["backlog_readable", ""] == 0
    assert ("jobs", "waiting") not in found
    assert any(name == "python_info" for name, _ in found)

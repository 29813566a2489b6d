"""Under a red target stand the records that made it red: those that its KPI counts, no others."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from metrics_api.incidents.rules import FoldedIncident, Transition
from metrics_api.records.tables import ChangeRecord, Outage, RequestRecord
from shared.kit.database import transaction
from tests.support.incidents import add_service, make_incident, replace, resolved_incident
from tests.support.metrics import Metrics
from tests.support.record_rows import given_records

START = datetime(2026, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


def day(number: float) -> datetime:
    """So many days after the January that is asked about began."""
    return START + timedelta(days=number)


def moving(*moves: tuple[float, str], **facts: Any) -> FoldedIncident:
    """An incident that came into these states on these days."""
    states = [state for _, state in moves]
    steps = zip([None, *states[:-1]], moves, strict=True)
    return make_incident(
        state=states[-1],
        opened_at=day(moves[0][0]),
        transitions=tuple(Transition(day(at), before, state) for before, (at, state) in steps),
        **facts,
    )


def of_problem(resolved: float, problem: str, hours: float = 1) -> FoldedIncident:
    return resolved_incident("network", day(resolved), hours)._replace(problem=problem)


@pytest.fixture(autouse=True)
async def network(metrics: Metrics) -> None:
    async with transaction(metrics.engine) as session:
        await add_service(session, "network")


async def keep(metrics: Metrics, incidents: Mapping[str, FoldedIncident]) -> None:
    async with transaction(metrics.engine) as session:
        await replace(session, {}, incidents)


async def behind(metrics: Metrics, kpi: str, comparator: str, value: float) -> list[str]:
    """The ids under the target of a KPI, which January has missed."""
    bodies = {
        "/v1/targets": {
            "service": "network",
            "kpi": kpi,
            "comparator": comparator,
            "value": value,
            "valid_from": "2025-01-01",
        },
        "/v1/kras": {
            "key": "good-work",
            "name": "Good work",
            "owner": "ada",
            "kpis": [{"kpi": kpi, "service": "network"}],
        },
    }
    for path, body in bodies.items():
        assert (await metrics.http.post(path, json=body)).status_code == 201
    reply = await metrics.http.get("/v1/kras/good-work/tree", params={"period": "2026-01"})
    assert reply.status_code == 200, reply.text
    (target,) = [node for node in reply.json()["nodes"] if node["tier"] == "kpt"]
    assert target["own"] == "red", target
    return sorted(record["external_id"] for record in target["records"])


async def test_a_backlog_is_what_was_open_then_whatever_became_of_it(metrics: Metrics) -> None:
    await keep(
        metrics,
        {
            "open-still": moving((3, "new")),
            "open-from-before": moving((-40, "new"), (40, "resolved"), resolution_at=day(40)),
            "cancelled-since": moving((5, "new"), (33, "cancelled")),
            "reopened-since": moving((2, "new"), (4, "resolved"), (35, "in_progress")),
            "resolved-then": moving((2, "new"), (4, "resolved"), resolution_at=day(4)),
            "opened-since": moving((32, "new")),
        },
    )

    found = await behind(metrics, "backlog", "lte", 1)

    assert found == ["cancelled-since", "open-from-before", "open-still"]


@pytest.mark.parametrize(
    ("kpi", "comparator", "value", "also"),
    [("availability", "gte", 1, ["from-before"]), ("unplanned_outages", "lte", 0, [])],
)
async def test_an_outage_counts_where_it_lasts_or_where_it_began(
    metrics: Metrics, kpi: str, comparator: str, value: float, also: list[str]
) -> None:
    lasting = {"started_at": day(3), "ended_at": day(3) + HOUR}
    await given_records(
        metrics.engine,
        Outage,
        {"external_id": "in-it", **lasting},
        {"external_id": "from-before", "started_at": day(-2), "ended_at": day(1)},
        {"external_id": "over-before", "started_at": day(-2), "ended_at": day(-1)},
        {"external_id": "cancelled", **lasting, "state": "cancelled"},
        {"external_id": "degraded", **lasting, "degraded": True},
        {"external_id": "planned", "started_at": day(9), "ended_at": day(10), "planned": True},
        {"external_id": "backwards", "started_at": day(3), "ended_at": day(2)},
    )

    assert await behind(metrics, kpi, comparator, value) == sorted(["in-it", *also])


async def test_a_change_that_caused_an_incident_failed_though_it_says_otherwise(
    metrics: Metrics,
) -> None:
    done = {"completed_at": day(3), "state": "closed", "outcome": "successful", "risk_score": 1}
    done["risk_factors"] = []
    await given_records(
        metrics.engine,
        ChangeRecord,
        {**done, "external_id": "well"},
        {**done, "external_id": "failed", "outcome": "failed"},
        {**done, "external_id": "harmful"},
        {**done, "external_id": "cancelled", "outcome": "failed", "state": "cancelled"},
    )
    await keep(metrics, {"INC1": moving((4, "new"), caused_by="harmful")})

    assert await behind(metrics, "change_failure_rate", "lte", 0.1) == ["failed", "harmful"]


async def test_requests_of_low_value_are_flagged_or_many_alike(metrics: Metrics) -> None:
    asked = {"opened_at": day(3), "state": "new"}
    await given_records(
        metrics.engine,
        RequestRecord,
        *({**asked, "external_id": f"reset-{n}", "title": f"Reset PIN {n}"} for n in range(4)),
        {**asked, "external_id": "reset-4", "title": "reset pin 77", "low_value": False},
        {**asked, "external_id": "flagged", "title": "A mouse", "low_value": True},
        *({**asked, "external_id": f"rare-{n}", "title": "A laptop"} for n in range(4)),
        *({**asked, "external_id": f"untitled-{n}"} for n in range(5)),
    )

    found = await behind(metrics, "low_value_share", "lte", 0.1)

    assert found == ["flagged", *(f"reset-{n}" for n in range(4))]


async def test_a_cancelled_request_was_not_fulfilled_slowly(metrics: Metrics) -> None:
    slow = {"opened_at": day(3), "fulfilled_at": day(9), "state": "closed"}
    await given_records(
        metrics.engine,
        RequestRecord,
        {**slow, "external_id": "slow"},
        {**slow, "external_id": "cancelled", "state": "cancelled"},
    )

    assert await behind(metrics, "fulfilment_time", "lte", 1) == ["slow"]


async def test_work_that_was_handed_back_is_rework(metrics: Metrics) -> None:
    smooth = moving((1, "new"), (2, "in_progress"), (3, "resolved"), resolution_at=day(3))
    back = moving(
        (1, "new"), (2, "in_progress"), (2.5, "new"), (3, "resolved"), resolution_at=day(3)
    )
    await keep(metrics, {"smooth": smooth, "back": back})

    assert await behind(metrics, "rework_rate", "lte", 0.1) == ["back"]


async def test_a_fix_did_not_last_because_of_what_came_back(metrics: Metrics) -> None:
    await keep(
        metrics,
        {
            "first": of_problem(3, "PRB1"),
            "again": of_problem(25, "PRB1"),
            "soon-after": of_problem(50, "PRB1"),
            "much-later": of_problem(90, "PRB1"),
            "lasting": of_problem(5, "PRB2"),
        },
    )

    assert await behind(metrics, "permanent_fix_rate", "gte", 0.9) == ["soon-after"]

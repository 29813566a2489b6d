"""Facts for the tollgates, over HTTP."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from metrics_api.facts.sheets import SHEETS
from metrics_api.incidents.rules import Transition
from metrics_api.records.tables import Outage
from shared.kit.clock import now
from shared.kit.database import transaction
from tests.support.incidents import add_service, make_incident, resolved_incident, store
from tests.support.metrics import Metrics
from tests.support.record_rows import add_records
from tests.support.statements import counted_statements


def first_of_month(months_ago: int) -> datetime:
    today = now().date()
    index = today.year * 12 + today.month - 1 - months_ago
    return datetime(index // 12, index % 12 + 1, 1, tzinfo=UTC)


LAST_MONTH = first_of_month(1) + timedelta(days=3)
LONG_AGO = datetime(2016, 2, 3, tzinfo=UTC)


@pytest.fixture(autouse=True)
async def network(metrics: Metrics) -> None:
    async with transaction(metrics.engine) as session:
        await add_service(session, "network")


async def facts(metrics: Metrics, *names: str) -> dict[str, Any]:
    """All facts, or those of these names."""
    asked = {"name": names} if names else None
    reply = await metrics.http.get("/v1/services/network/facts", params=asked)
    assert reply.status_code == 200, reply.text
    found: dict[str, Any] = reply.json()["facts"]
    return found


async def set_target(metrics: Metrics, value: float, first: date) -> None:
    body = {
        "service": "network",
        "kpi": "mttr",
        "comparator": "lte",
        "value": value,
        "valid_from": first.isoformat(),
    }
    assert (await metrics.http.post("/v1/targets", json=body)).status_code == 201


async def test_every_fact_is_defined_and_every_definition_has_a_fact(metrics: Metrics) -> None:
    items = (await metrics.http.get("/v1/facts")).json()["items"]
    assert {item["name"] for item in items} == (await facts(metrics)).keys()
    assert {item["owner"] for item in items} == {"metrics"}
    assert all(item["name"].isidentifier() for item in items)


async def test_a_service_without_incidents_has_reasons_instead_of_figures(
    metrics: Metrics,
) -> None:
    found = await facts(metrics)
    assert found["mttr_last_full_month"]["value"] is None
    assert found["mttr_last_full_month"]["reason"]
    assert found["has_incident_records"]["value"] is False
    assert found["hours_since_last_record"]["value"] is None
    assert found["backlog_open"]["value"] == 0


async def test_the_last_full_month_is_judged_by_its_target(metrics: Metrics) -> None:
    async with transaction(metrics.engine) as session:
        await store(session, [resolved_incident("network", LAST_MONTH, 6)])
    await set_target(metrics, 5, LAST_MONTH.date())
    found = await facts(metrics)
    assert found["mttr_last_full_month"]["value"] == 6
    assert found["mttr_target_defined"]["value"] is True
    assert found["mttr_target_met_last_full_month"]["value"] is False
    assert found["targets_defined_count"]["value"] == 1
    assert found["targets_missed_count"]["value"] == 1


async def test_where_the_last_month_is_empty_the_latest_one_with_a_figure_stands(
    metrics: Metrics,
) -> None:
    async with transaction(metrics.engine) as session:
        await store(session, [resolved_incident("network", LONG_AGO, 4)])
    await set_target(metrics, 5, LONG_AGO.date())
    found = await facts(metrics)
    assert found["mttr_last_full_month"]["value"] is None
    assert found["mttr_target_met_last_full_month"]["value"] is None
    assert found["mttr_latest_full_month"]["value"] == 4
    assert found["mttr_target_met_latest_full_month"]["value"] is True
    assert found["targets_met_count"]["value"] == 1


async def test_the_first_of_a_quarter_is_in_its_figures(metrics: Metrics) -> None:
    quarter = first_of_month(12).replace(month=1)
    async with transaction(metrics.engine) as session:
        await store(session, [resolved_incident("network", quarter, 2)])
    found = await facts(metrics)
    assert found["mttr_latest_full_month"]["value"] == 2


async def test_kpis_of_other_records_are_facts_too(metrics: Metrics) -> None:
    outage = {"started_at": LAST_MONTH, "ended_at": LAST_MONTH + timedelta(hours=1)}
    async with transaction(metrics.engine) as session:
        await add_records(session, Outage, outage)
    body = {"service": "network", "kpi": "unplanned_outages", "comparator": "lte", "value": 0}
    body |= {"valid_from": LONG_AGO.date().isoformat()}
    assert (await metrics.http.post("/v1/targets", json=body)).status_code == 201
    found = await facts(metrics)
    assert found["unplanned_outages_last_full_month"]["value"] == 1
    assert found["unplanned_outages_target_met_last_full_month"]["value"] is False
    assert found["targets_missed_count"]["value"] == 1
    assert 0.99 < found["availability_last_full_month"]["value"] < 1
    assert found["csat_last_full_month"]["value"] is None
    assert "survey" in found["csat_last_full_month"]["reason"]


async def test_the_number_of_statements_does_not_grow_with_the_history(metrics: Metrics) -> None:
    await facts(metrics)  # from then on the process remembers names and promises
    with counted_statements() as few:
        await facts(metrics)
    outages = [
        {"started_at": at, "ended_at": at + timedelta(hours=1)}
        for at in (first_of_month(month) for month in range(1, 20))
    ]
    async with transaction(metrics.engine) as session:
        await add_records(session, Outage, *outages)
        await store(
            session, [resolved_incident("network", first_of_month(m), 1) for m in range(1, 20)]
        )
    with counted_statements() as many:
        await facts(metrics)
    assert len(few) < len(many) <= 25


async def test_a_fact_asked_for_by_name_is_the_same_as_among_all(metrics: Metrics) -> None:
    outage = {"started_at": LAST_MONTH, "ended_at": LAST_MONTH + timedelta(hours=1)}
    async with transaction(metrics.engine) as session:
        await add_records(session, Outage, outage)
        await store(session, [resolved_incident("network", LAST_MONTH, 6)])
    await set_target(metrics, 5, LAST_MONTH.date())
    changing = {"hours_since_last_record"}

    for name, fact in list((await facts(metrics)).items())[::7]:
        (found,) = (await facts(metrics, name, "unheard_of")).items()

        assert found[0] == name
        assert found[1]["reason"] == fact["reason"]
        assert name in changing or found[1]["value"] == fact["value"]


@pytest.mark.parametrize(
    ("name", "at_most"),
    [
        ("has_incident_records", 1),
        ("availability_target_defined", 3),
        ("slo_count", 4),
        ("targets_missed_count", 4),
    ],
)
async def test_what_is_not_named_is_not_read(metrics: Metrics, name: str, at_most: int) -> None:
    await set_target(metrics, 5, LAST_MONTH.date())

    with counted_statements() as made:
        await facts(metrics, name)

    assert len(made) <= at_most


def test_no_two_sheets_ask_by_one_name() -> None:
    asked = [name for sheet in SHEETS for name in sheet.ask("network", now())]

    assert len(asked) == len({"numbers", "targets", *asked}) - 2


async def test_names_are_few_enough_to_bound_the_question(metrics: Metrics) -> None:
    many = [f"fact_{number}" for number in range(301)]
    reply = await metrics.http.get("/v1/services/network/facts", params={"name": many})
    assert reply.status_code == 422


async def test_open_incidents_are_counted_the_major_ones_too(metrics: Metrics) -> None:
    opened = now() - timedelta(hours=2)
    moves = (Transition(opened, None, "new"),)
    small = make_incident(opened_at=opened, transitions=moves, priority=3)
    flagged = small._replace(major_flag=True)
    urgent = small._replace(priority=1)
    not_major = urgent._replace(major_flag=False)
    closed = resolved_incident("network", opened, 1)._replace(priority=1)
    stray = small._replace(service=None)
    async with transaction(metrics.engine) as session:
        await store(session, [small, flagged, urgent, not_major, closed, stray])
    found = await facts(metrics)
    assert found["backlog_open"]["value"] == 4
    assert found["open_major_incidents"]["value"] == 2
    assert found["incident_count_last_90_days"]["value"] == 5
    assert found["unattributed_incidents"]["value"] == 1
    assert found["hours_since_last_record"]["value"] == pytest.approx(2, abs=0.1)


async def test_a_record_of_the_future_keeps_no_service_fresh(metrics: Metrics) -> None:
    old = resolved_incident("network", now() - timedelta(days=20), 1)
    ahead = make_incident(opened_at=now() + timedelta(days=9000))
    async with transaction(metrics.engine) as session:
        await store(session, [ahead])
    assert (await facts(metrics))["hours_since_last_record"]["value"] == 0
    async with transaction(metrics.engine) as session:
        await store(session, [old])
    found = await facts(metrics)
    assert found["hours_since_last_record"]["value"] == pytest.approx(480, abs=0.1)


async def test_an_unknown_service_is_not_found(metrics: Metrics) -> None:
    assert (await metrics.http.get("/v1/services/unknown/facts")).status_code == 404


async def test_facts_need_the_right_to_read(metrics: Metrics) -> None:
    headers = metrics.caller(scopes=["catalog:read"])
    reply = await metrics.http.get("/v1/services/network/facts", headers=headers)
    assert reply.status_code == 403

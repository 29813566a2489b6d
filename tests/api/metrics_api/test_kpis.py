"""KPIs of a service over HTTP."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from metrics_api.incidents.rules import FoldedIncident, Transition
from shared.kit.database import transaction
from shared.schemas.metrics import KpiId
from tests.support.incidents import add_service, make_incident, resolved_incident, store
from tests.support.metrics import Metrics

MAY = datetime(2016, 5, 2, tzinfo=UTC)


@pytest.fixture(autouse=True)
async def network(metrics: Metrics) -> None:
    async with transaction(metrics.engine) as session:
        await add_service(session, "network")


async def given(metrics: Metrics, *incidents: FoldedIncident) -> None:
    async with transaction(metrics.engine) as session:
        await store(session, incidents)


async def values(metrics: Metrics, kpi: str, **asked: Any) -> list[dict[str, Any]]:
    asked = asked or {"periods": "2016-05"}
    reply = await metrics.http.get("/v1/services/network/kpis", params={"kpi": kpi, **asked})
    assert reply.status_code == 200, reply.text
    (series,) = reply.json()["kpis"]
    found: list[dict[str, Any]] = series["values"]
    return found


class TestDefinitions:
    async def test_every_kpi_says_how_it_is_computed(self, metrics: Metrics) -> None:
        items = (await metrics.http.get("/v1/kpis")).json()["items"]
        assert {item["id"] for item in items} == set(KpiId)
        assert all(item["formula"] and item["unit"] and item["source"] for item in items)


class TestFigures:
    async def test_durations_come_with_exact_percentiles(self, metrics: Metrics) -> None:
        found = [resolved_incident("network", MAY, hours) for hours in (1, 2, 3, 10)]
        await given(metrics, *found)
        (value,) = await values(metrics, "mttr")
        assert (value["value"], value["count"], value["reason"]) == (4.0, 4, None)
        assert value["percentiles"] == pytest.approx(
            {"p50": 2.5, "p90": 7.9, "p95": 8.95, "approximate": False}
        )

    async def test_what_does_not_count_is_counted_by_reason(self, metrics: Metrics) -> None:
        negative = resolved_incident("network", MAY, -2)
        unknown = resolved_incident("network", MAY, 1)._replace(resolution_at=None)
        cancelled = make_incident(
            state="cancelled", transitions=(Transition(MAY, "new", "cancelled"),)
        )
        await given(metrics, negative, unknown, cancelled)
        (value,) = await values(metrics, "mttr")
        assert value["exclusions"] == {
            "negative_duration": 1,
            "no_resolution_time": 1,
            "cancelled": 1,
        }
        assert (value["value"], value["count"]) == (None, 0)
        assert value["reason"]["code"] == "all_excluded"
        assert "cancelled 1" in value["reason"]["text"]

    async def test_shares_come_with_their_parts(self, metrics: Metrics) -> None:
        done = resolved_incident("network", MAY, 1)
        bounced = done._replace(reassignment_count=2)
        by_monitoring = done._replace(channel="monitoring")
        await given(metrics, done, done, bounced, by_monitoring)
        (value,) = await values(metrics, "fcr")
        assert value["share"] == {"numerator": 2, "denominator": 3}
        assert value["value"] == 2 / 3

    async def test_the_unacknowledged_stand_beside_mtta(self, metrics: Metrics) -> None:
        quick = make_incident(opened_at=MAY, acknowledgement_at=MAY + timedelta(minutes=30))
        await given(metrics, quick, make_incident(opened_at=MAY))
        (value,) = await values(metrics, "mtta")
        assert (value["value"], value["count"], value["unacknowledged"]) == (0.5, 1, 1)

    async def test_the_backlog_comes_with_its_identity(self, metrics: Metrics) -> None:
        moves = (
            Transition(MAY - timedelta(days=9), None, "new"),
            Transition(MAY, "new", "resolved"),
            Transition(MAY + timedelta(days=1), "resolved", "in_progress"),
            Transition(MAY + timedelta(days=2), "in_progress", "closed"),
            Transition(MAY + timedelta(days=40), "closed", "new"),
        )
        arrived_resolved = make_incident(
            state="resolved", transitions=(Transition(MAY, None, "resolved"),)
        )
        await given(metrics, make_incident(transitions=moves), arrived_resolved)
        april, may, june = await values(metrics, "backlog", periods="2016-04,2016-05,2016-06")
        assert (april["value"], may["value"], june["value"]) == (1, 0, 1)
        assert may["backlog"] == {
            "open_at_start": 1,
            "opened": 1,
            "reopened": 1,
            "resolved": 2,
            "closed_unresolved": 1,
            "cancelled": 0,
            "open_at_end": 0,
        }

    async def test_an_empty_period_says_why_there_is_no_number(self, metrics: Metrics) -> None:
        for kpi in KpiId:
            (value,) = await values(metrics, kpi)
            assert (value["value"], value["count"]) == (None, 0)
            assert value["reason"]["code"] == "no_records"

    async def test_a_series_of_a_grain_covers_the_range(self, metrics: Metrics) -> None:
        await given(metrics, make_incident(opened_at=MAY))
        asked = {"grain": "week", "from": "2016-04-28", "to": "2016-05-10"}
        found = await values(metrics, "incident_count", **asked)
        assert [(value["period"], value["count"]) for value in found] == [
            ("2016-W17", 0),
            ("2016-W18", 1),
            ("2016-W19", 0),
        ]

    async def test_without_a_kpi_all_of_them_are_answered(self, metrics: Metrics) -> None:
        reply = await metrics.http.get("/v1/services/network/kpis", params={"periods": "2016"})
        assert [series["kpi"] for series in reply.json()["kpis"]] == [kpi.value for kpi in KpiId]

    async def test_an_absurd_stamp_is_summed_all_the_same(self, metrics: Metrics) -> None:
        century = resolved_incident("network", MAY, 100 * 365 * 24)
        await given(metrics, *[century] * 3000)
        (value,) = await values(metrics, "mttr")
        assert value["value"] == 100 * 365 * 24


class TestRefusals:
    @pytest.mark.parametrize(
        ("asked", "pointer"),
        [
            ({}, "/query/periods"),
            ({"periods": "2016", "grain": "day"}, "/query/periods"),
            ({"grain": "day", "from": "2016-01-01"}, "/query/periods"),
            ({"grain": "day", "from": "2016-01-02", "to": "2016-01-01"}, "/query/to"),
            ({"grain": "day", "from": "2014-01-02", "to": "2016-01-01"}, "/query/to"),
            ({"grain": "day", "from": "0001-01-01", "to": "2016-01-01"}, "/query/from"),
            ({"grain": "day", "from": "2016-01-01", "to": "9999-12-31"}, "/query/to"),
            ({"grain": "day", "from": "1451606400", "to": "2016-01-01"}, "/query/from"),
            ({"grain": "hour", "from": "2016-01-01", "to": "2016-01-01"}, "/query/grain"),
            ({"periods": "2016", "timezone": "Nowhere"}, "/query/timezone"),
            ({"periods": "2016", "kpi": "none"}, "/query/kpi/0"),
        ],
    )
    async def test_a_bad_parameter_is_named(
        self, metrics: Metrics, asked: dict[str, str], pointer: str
    ) -> None:
        reply = await metrics.http.get("/v1/services/network/kpis", params=asked)
        assert reply.status_code == 422
        assert [error["pointer"] for error in reply.json()["errors"]] == [pointer]

    @pytest.mark.parametrize("key", ["unknown", "No%20Slug", "%00"])
    async def test_an_unknown_service_is_not_found(self, metrics: Metrics, key: str) -> None:
        reply = await metrics.http.get(f"/v1/services/{key}/kpis", params={"periods": "2016"})
        assert reply.status_code == 404

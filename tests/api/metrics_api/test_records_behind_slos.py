"""Under a red SLO stand the records that its SLI counted as bad in the period, no others."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from metrics_api.incidents.rules import FoldedIncident
from metrics_api.records.tables import ChangeRecord, Outage, RequestRecord, Survey
from shared.kit.database import transaction
from tests.support.as_of import ok
from tests.support.copies import add_copy
from tests.support.corrections import approved
from tests.support.incidents import add_service, make_incident, replace
from tests.support.metrics import Metrics
from tests.support.promises import agreement, calendar, weekly
from tests.support.record_rows import given_records
from tests.support.slos import define_sli, define_slo, made, push
from tests.support.statements import counted_statements

START = datetime(2026, 1, 1, tzinfo=UTC)
ACTIVITY = {"customer": "sales", "name": "Orders", "criticality": "high", "active": True}
UP: dict[str, Any] = {"measure": "availability"}
WITHIN: dict[str, Any] = {"measure": "incidents_resolved_within", "within_hours": 5}
RATED = {"kind": "csat", "score": 1}
NEARLY_ALL = [{"target": 0.999999}]
SLICE: dict[str, Any] = {"target": 0.9999, "time_slice_target": 0.5, "time_slice_window": 60}
SLICES: dict[str, Any] = {"budgeting_method": "timeslices", "objectives": [SLICE]}


def day(number: float) -> datetime:
    """So many days after the January that is asked about began."""
    return START + timedelta(days=number)


def resolved(at: float, hours: float, **facts: Any) -> FoldedIncident:
    opened_at = day(at) - timedelta(hours=hours)
    return make_incident(
        state="resolved",
        opened_at=opened_at,
        acknowledgement_at=opened_at,
        resolution_at=day(at),
        **facts,
    )


@pytest.fixture(autouse=True)
async def area(metrics: Metrics) -> None:
    """A key result area over a vital activity, on which SLOs can be hung."""
    async with transaction(metrics.engine) as session:
        await add_service(session, "network")
        await add_copy(session, "vital_activity", "orders", {"key": "orders", **ACTIVITY})
    target = {"service": "network", "kpi": "mtta", "comparator": "lte", "value": 1}
    held = await made(metrics, "/v1/targets", {**target, "valid_from": "2025-01-01"})
    measured = [{"kpi": "mtta", "service": "network"}]
    kra = {"key": "good-work", "name": "Good work", "owner": "ada", "kpis": measured}
    await made(metrics, "/v1/kras", kra)
    await hang(metrics, "kpt_vma", held["id"], "orders")


async def hang(metrics: Metrics, kind: str, upper: str, lower: str) -> None:
    await made(metrics, "/v1/tier-links", {"kind": kind, "upper": upper, "lower": lower})


async def promise(
    metrics: Metrics, feed: dict[str, Any], key: str = "promised", **slo: Any
) -> None:
    """An SLO that hardly anything may go wrong for, below the vital activity."""
    await define_sli(metrics, key=key, feed={"kind": "records", **feed})
    await define_slo(metrics, **{"key": key, "sli": key, "objectives": NEARLY_ALL, **slo})
    await hang(metrics, "vma_slo", "orders", key)


async def keep(metrics: Metrics, incidents: dict[str, FoldedIncident]) -> None:
    async with transaction(metrics.engine) as session:
        await replace(session, {}, incidents)


async def slos(metrics: Metrics, **asked: Any) -> dict[str, Any]:
    """The nodes of the SLOs in January, by key."""
    asked = {"period": "2026-01", **asked}
    reply = await ok(metrics.http.get("/v1/kras/good-work/tree", params=asked))
    return {node["key"]: node for node in reply.json()["nodes"] if node["tier"] == "slo"}


async def behind(metrics: Metrics, key: str = "promised", **asked: Any) -> list[dict[str, Any]]:
    """The records under an SLO, which January has missed."""
    slo = (await slos(metrics, **asked))[key]
    assert slo["own"] == "red", slo
    found: list[dict[str, Any]] = slo["records"]
    return found


def ids(records: Sequence[dict[str, Any]]) -> list[str]:
    return [record["external_id"] for record in records]


async def corrected(metrics: Metrics, start: datetime, minutes: int) -> None:
    """That much time of the service counts for nothing."""
    await approved(metrics, start=start.isoformat(), duration_minutes=minutes)


async def test_the_bad_ones_of_the_period_stand_there_worst_first(metrics: Metrics) -> None:
    await promise(metrics, {**WITHIN, "priorities": [1]})
    await keep(
        metrics,
        {
            "slow": resolved(3, 6, priority=1, title="Slow"),
            "slower": resolved(4, 30, priority=1),
            "quick": resolved(3, 4, priority=1),
            "of-another-priority": resolved(3, 6, priority=2),
            "of-another-service": resolved(3, 6, priority=1, service="mail"),
            "before": resolved(-1, 6, priority=1),
            "after": resolved(31, 6, priority=1),
            "cancelled": resolved(3, 6, priority=1)._replace(state="cancelled"),
        },
    )

    found = await behind(metrics)

    assert ids(found) == ["slower", "slow"]
    assert found[1] == {
        "kind": "incident",
        "source": "tests",
        "external_id": "slow",
        "title": "Slow",
        "at": "2026-01-04T00:00:00Z",
        "value": 6.0,
        "unit": "hours",
    }
    assert ids(await behind(metrics, records=1)) == ["slower"]
    assert await behind(metrics, records=0) == []


async def test_what_corrections_take_out_is_not_blamed(metrics: Metrics) -> None:
    await promise(metrics, WITHIN)
    await promise(metrics, UP, "up")
    await keep(metrics, {"excused": resolved(3, 6), "slow": resolved(5, 6)})
    await given_records(
        metrics.engine,
        Outage,
        {"external_id": "excused", "started_at": day(3), "ended_at": day(3.01)},
        {"external_id": "in-part", "started_at": day(3.5), "ended_at": day(4.5)},
    )
    await corrected(metrics, day(3), 24 * 60)

    assert ids(await behind(metrics)) == ["slow"]
    (outage,) = await behind(metrics, "up")
    assert (outage["external_id"], outage["value"]) == ("in-part", 12.0)


async def test_an_outage_counts_with_the_agreed_time_that_it_took(metrics: Metrics) -> None:
    hours = calendar("office", timezone="UTC", weekly=weekly("08:00", "16:00"))
    terms = agreement(
        "sla", services=("network",), hours={"calendar": "office", "calendar_version": 1}
    )
    async with transaction(metrics.engine) as session:
        await add_copy(session, "calendar_version", "office@1", hours)
        await add_copy(session, "agreement_version", "sla@1", terms)
    await promise(metrics, UP)
    midday = day(4.5)  # of a Monday
    hour = timedelta(hours=1)
    await given_records(
        metrics.engine,
        Outage,
        {"external_id": "at-work", "started_at": midday, "ended_at": midday + 2 * hour},
        {"external_id": "over-night", "started_at": midday + hour, "ended_at": midday + 21 * hour},
        {"external_id": "at-night", "started_at": day(6), "ended_at": day(6) + hour},
        {"external_id": "planned", "started_at": day(7.5), "ended_at": day(8), "planned": True},
        {"external_id": "degraded", "started_at": day(7.5), "ended_at": day(8), "degraded": True},
        {
            "external_id": "cancelled",
            "started_at": day(5.5),
            "ended_at": day(6),
            "state": "cancelled",
        },
        {"external_id": "backwards", "started_at": day(6.5), "ended_at": day(5)},
        {"external_id": "from-before", "started_at": day(-1.5), "ended_at": day(0.5)},
        {"external_id": "over-before", "started_at": day(-2), "ended_at": day(-1)},
    )

    found = await behind(metrics)

    # From before: Thursday from 8 to 12. Over night: Monday from 13 to 16, Tuesday from 8 to 9.
    counted = {record["external_id"]: record["value"] for record in found}
    assert counted == {"from-before": 4.0, "over-night": 4.0, "at-work": 2.0}
    assert ids(found) == ["over-night", "from-before", "at-work"]


async def test_in_time_slices_those_of_whole_slices_stand_there(metrics: Metrics) -> None:
    await promise(metrics, WITHIN, **SLICES)
    await promise(metrics, UP, "up", **SLICES)
    await keep(
        metrics, {"slow": resolved(3, 6), "excused": resolved(5.01, 6), "quick": resolved(4, 1)}
    )
    lasting = {"started_at": day(8), "ended_at": day(8.1)}
    await given_records(metrics.engine, Outage, {"external_id": "down", **lasting})
    await corrected(metrics, day(5), 10)

    assert ids(await behind(metrics)) == ["slow"]
    assert ids(await behind(metrics, "up")) == ["down"]


@pytest.mark.parametrize(
    ("feed", "threshold", "expected"),
    [
        ({"measure": "incidents_responded_in_time"}, {}, ["late", "late-unheard"]),
        ({"measure": "incidents_resolved_in_time"}, {}, ["late"]),
        ({"measure": "incidents_not_reopened"}, {}, ["reopened"]),
        ({"measure": "resolution_hours"}, {"op": "lte", "value": 5}, ["reopened"]),
        ({"measure": "requests_fulfilled_in_time"}, {}, ["belated"]),
        ({"measure": "fulfilment_hours"}, {"op": "lt", "value": 24}, ["belated"]),
        ({"measure": "changes_successful"}, {}, ["failed"]),
        ({"measure": "csat_satisfied"}, {}, ["angry"]),
        ({"measure": "csat_score"}, {"op": "gte", "value": 4}, ["angry"]),
    ],
)
async def test_each_measure_blames_what_it_counts_as_bad(
    metrics: Metrics, feed: dict[str, Any], threshold: dict[str, Any], expected: list[str]
) -> None:
    await keep(
        metrics,
        {
            "well": resolved(3, 1, response_met=True, resolution_met=True),
            "late": resolved(3, 2, response_met=False, resolution_met=False),
            "late-unheard": resolved(3, 3, response_met=False)._replace(acknowledgement_at=None),
            "reopened": resolved(3, 9, reopened=True),
        },
    )
    asked, done = {"opened_at": day(3)}, {"completed_at": day(4), "state": "closed"}
    await given_records(
        metrics.engine,
        RequestRecord,
        {**asked, "external_id": "soon", "fulfilled_at": day(3.5), "met": True},
        {**asked, "external_id": "belated", "fulfilled_at": day(9), "met": False},
    )
    await given_records(
        metrics.engine,
        ChangeRecord,
        {**done, "external_id": "successful", "outcome": "successful", "risk_score": 1},
        {**done, "external_id": "failed", "outcome": "failed", "risk_score": 1},
    )
    await given_records(
        metrics.engine,
        Survey,
        {**RATED, "external_id": "angry", "answered_at": day(3)},
        {**RATED, "external_id": "content", "answered_at": day(3), "score": 5},
        {**RATED, "external_id": "of-the-brand", "answered_at": day(3), "kind": "nps"},
    )
    key = "promised"
    kind = {"kind": "threshold", "parts": None} if threshold else {}
    await define_sli(metrics, key=key, feed={"kind": "records", **feed}, **kind)
    await define_slo(metrics, key=key, sli=key, objectives=[NEARLY_ALL[0] | threshold])
    await hang(metrics, "vma_slo", "orders", key)

    assert sorted(ids(await behind(metrics))) == expected


async def test_a_composite_tells_a_record_once_whatever_counts_it(metrics: Metrics) -> None:
    for key, feed in {"within": WITHIN, "urgent": {**WITHIN, "priorities": [1]}, "up": UP}.items():
        await define_sli(metrics, key=key, feed={"kind": "records", **feed})
    members = [{**SLICE, "sli": sli} for sli in ("within", "urgent", "up")]
    await define_slo(
        metrics, key="whole", sli=None, budgeting_method="timeslices", objectives=members
    )
    await hang(metrics, "vma_slo", "orders", "whole")
    await keep(metrics, {"slow": resolved(3, 6, priority=1), "slower": resolved(4, 60)})
    lasting = {"started_at": day(8), "ended_at": day(9)}
    await given_records(metrics.engine, Outage, {"external_id": "down", **lasting})

    assert ids(await behind(metrics, "whole")) == ["slower", "down", "slow"]


async def test_samples_are_no_records(metrics: Metrics) -> None:
    await define_sli(metrics)
    await define_slo(metrics)
    await hang(metrics, "vma_slo", "orders", "few-errors")
    await push(metrics, [{"at": day(3).isoformat(), "good": 0, "total": 100}])

    assert await behind(metrics, "few-errors") == []


async def test_what_is_not_red_blames_nothing(metrics: Metrics) -> None:
    await promise(metrics, WITHIN, objectives=[{"target": 0.1}])
    await keep(metrics, {"slow": resolved(3, 6), "quick": resolved(3, 1)})

    slo = (await slos(metrics))["promised"]

    assert (slo["own"], slo["records"]) == ("green", [])


async def test_many_red_slos_cost_no_more_statements_than_one(metrics: Metrics) -> None:
    await promise(metrics, WITHIN)
    await promise(metrics, UP, "up")
    await keep(metrics, {"slow": resolved(3, 6)})
    lasting = {"started_at": day(8), "ended_at": day(9)}
    await given_records(metrics.engine, Outage, {"external_id": "down", **lasting})
    with counted_statements() as for_two:
        await slos(metrics)
    await promise(metrics, WITHIN, "within")
    await promise(metrics, UP, "up-too")

    with counted_statements() as for_four:
        found = await slos(metrics, records=1)

    assert {key: ids(slo["records"]) for key, slo in found.items()} == {
        "promised": ["slow"],
        "within": ["slow"],
        "up": ["down"],
        "up-too": ["down"],
    }
    assert len(for_four) == len(for_two)


async def test_the_page_shows_them(metrics: Metrics) -> None:
    await promise(metrics, WITHIN, name="Solved soon")
    await keep(metrics, {"slow": resolved(3, 6, title="Slow <again>")})

    path = "/v1/kras/good-work/tree/page"
    page = (await ok(metrics.http.get(path, params={"period": "2026-01"}))).text

    assert "<h2>SLO: Solved soon</h2>" in page
    assert "Slow &lt;again&gt;" in page

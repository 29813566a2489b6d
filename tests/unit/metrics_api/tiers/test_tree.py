"""The tree of a key result area, from what was read of each tier."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

from metrics_api.tiers.rules import Break, Status, settled
from metrics_api.tiers.tree import (
    EventFound,
    Figure,
    Gathered,
    Link,
    SloFound,
    TargetFound,
    broken_links,
    build,
)
from shared.schemas.metrics import Comparator, KpiId

TARGET = "7b0c7d1e-0000-4000-8000-000000000001"
LINK = UUID("7b0c7d1e-0000-4000-8000-00000000000a")
OUTAGE = EventFound(
    "db-1", "zabbix", "42", "Disk full", "critical", datetime(2026, 1, 5, tzinfo=UTC), None
)
WHOLE = Gathered(
    key="workplaces",
    name="Reliable workplaces",
    kpis=[(KpiId.MTTR, "network")],
    service_names={"network": "Network"},
    figures={(KpiId.MTTR, "network"): Figure(2.0, 7, None)},
    targets=[TargetFound(TARGET, KpiId.MTTR, "network", Comparator.LTE, 2.5)],
    target_links=[Link(LINK, TARGET, "take-orders")],
    activities={"take-orders": "Take orders"},
    activity_links=[Link(LINK, "take-orders", "order-api")],
    slos={"order-api": SloFound("order-api", "Order API", ("order-up",), Status.GREEN, None, {})},
    slis={"order-up": "Order API is up"},
    sli_links=[Link(LINK, "order-up", "db-1")],
    events=[],
)


def statuses(found: Gathered) -> dict[str, str]:
    return {one.partition(":")[0]: status.value for one, status in settled(build(found)).items()}


def codes(found: Gathered) -> list[Break]:
    return [broken.code for broken in broken_links(found)]


def test_a_whole_tree_whose_targets_are_met_is_green() -> None:
    assert set(statuses(WHOLE).values()) == {"green"}
    assert broken_links(WHOLE) == []


def test_a_missed_target_makes_the_tiers_above_red_and_none_below() -> None:
    missed = replace(WHOLE, figures={(KpiId.MTTR, "network"): Figure(3.1, 7, None)})

    assert statuses(missed) == {
        "kra": "red",
        "kpi": "red",
        "kpt": "red",
        "vma": "green",
        "slo": "green",
        "sli": "green",
    }


def test_an_infrastructure_event_reaches_the_top() -> None:
    hit = replace(WHOLE, events=[OUTAGE])

    assert set(statuses(hit).values()) == {"red"}


def test_a_figure_that_is_not_there_is_unknown_and_says_why() -> None:
    empty = replace(WHOLE, figures={(KpiId.MTTR, "network"): Figure(None, 0, "nothing resolved")})

    node = build(empty)[f"kpt:{TARGET}"]

    assert (node.own, node.reason) == (Status.UNKNOWN, "nothing resolved")


def test_a_service_without_a_target_is_named() -> None:
    more = replace(WHOLE, kpis=[*WHOLE.kpis, (KpiId.MTTR, "erp")])

    assert build(more)["kpi:mttr"].reason == "No target holds for erp"
    assert codes(more) == [Break.KPI_WITHOUT_TARGET]


def test_each_missing_end_is_reported_with_its_link() -> None:
    assert codes(replace(WHOLE, kpis=[], targets=[], target_links=[])) == [Break.KRA_WITHOUT_KPI]
    assert codes(replace(WHOLE, target_links=[])) == [Break.TARGET_WITHOUT_VITAL_ACTIVITY]
    assert Break.UNKNOWN_VITAL_ACTIVITY in codes(replace(WHOLE, activities={}))
    assert codes(replace(WHOLE, activity_links=[])) == [Break.VITAL_ACTIVITY_WITHOUT_SLO]
    assert codes(replace(WHOLE, slos={})) == [Break.UNKNOWN_SLO]
    assert codes(replace(WHOLE, slis={})) == [Break.UNKNOWN_SLI]


def test_a_link_that_leads_nowhere_is_unknown_and_never_green() -> None:
    for broken in (replace(WHOLE, activities={}), replace(WHOLE, slos={})):
        assert statuses(broken)["kra"] == "unknown"

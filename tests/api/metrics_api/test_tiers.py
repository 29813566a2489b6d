"""The seven tiers over HTTP: key result areas, links, the tree, what is endangered."""

from datetime import UTC, datetime, timedelta
from typing import Any
from xml.etree import ElementTree

import httpx
import pytest

from metrics_api.tiers.reading import EVENTS_OF_A_COMPONENT
from shared.kit.clock import now
from shared.kit.database import transaction
from tests.support.copies import add_copy
from tests.support.incidents import add_service, make_incident, resolved_incident, store
from tests.support.metrics import Metrics

PERIOD = "2026-Q1"
RESOLVED = datetime(2026, 2, 1, tzinfo=UTC)
KRA = {
    "key": "workplaces",
    "name": "Reliable workplaces",
    "owner": "ada",
    "kpis": [{"kpi": "mttr", "service": "network"}],
}
SLI = {
    "key": "order-up",
    "service": "network",
    "kind": "ratio",
    "parts": "good_total",
    "feed": {"kind": "samples"},
}
SLO = {
    "key": "order-api",
    "service": "network",
    "sli": "order-up",
    "budgeting_method": "occurrences",
    "time_window": {"duration": "28d"},
    "objectives": [{"target": 0.9}],
    "minimum_events": 1,
}


@pytest.fixture(autouse=True)
async def network(metrics: Metrics) -> None:
    async with transaction(metrics.engine) as session:
        await add_service(session, "network")
        activity = {
            "key": "take-orders",
            "customer": "sales",
            "name": "Take orders",
            "criticality": "high",
            "active": True,
        }
        await add_copy(session, "vital_activity", "take-orders", activity)
        support = {"vital_activity": "take-orders", "service": "network", "strength": "essential"}
        await add_copy(session, "vital_support", "take-orders/network", support)


async def posted(metrics: Metrics, path: str, body: Any) -> dict[str, Any]:
    reply = await metrics.http.post(path, json=body)
    assert reply.is_success, reply.text
    made: dict[str, Any] = reply.json()
    return made


async def link(metrics: Metrics, kind: str, upper: str, lower: str) -> httpx.Response:
    body = {"kind": kind, "upper": upper, "lower": lower}
    return await metrics.http.post("/v1/tier-links", json=body)


async def resolve_incidents(metrics: Metrics, *hours: float) -> None:
    async with transaction(metrics.engine) as session:
        await store(session, [resolved_incident("network", RESOLVED, each) for each in hours])


async def whole_tree(metrics: Metrics, *, good: int = 99) -> str:
    """A key result area with everything below it; answers the id of its target."""
    await posted(metrics, "/v1/kras", KRA)
    target = await posted(
        metrics,
        "/v1/targets",
        {
            "service": "network",
            "kpi": "mttr",
            "comparator": "lte",
            "value": 5,
            "valid_from": "2025-01-01",
        },
    )
    await posted(metrics, "/v1/slis", SLI)
    await posted(metrics, "/v1/slos", SLO)
    sample = {"at": RESOLVED.isoformat(), "good": good, "total": 100}
    await posted(metrics, "/v1/slis/order-up/samples", [sample])
    for kind, upper, lower in (
        ("kpt_vma", target["id"], "take-orders"),
        ("vma_slo", "take-orders", "order-api"),
        ("sli_sie", "order-up", "db-1"),
    ):
        assert (await link(metrics, kind, upper, lower)).status_code == 201
    return str(target["id"])


async def push_event(metrics: Metrics, **fields: Any) -> None:
    source = {"key": "zabbix", "name": "Zabbix", "kind": "generic"}
    assert (await metrics.http.post("/v1/sources", json=source)).status_code in {201, 409}
    event = {
        "source": "zabbix",
        "external_id": "42",
        "title": "Disk full",
        "component": "db-1",
        "severity": "critical",
        "occurred_at": RESOLVED.isoformat(),
        "updated_at": RESOLVED.isoformat(),
    }
    await posted(metrics, "/v1/infrastructure-events", event | fields)


async def tree(metrics: Metrics) -> dict[str, Any]:
    path = "/v1/kras/workplaces/tree"
    reply = await metrics.http.get(path, params={"period": PERIOD})
    assert reply.status_code == 200, reply.text
    found: dict[str, Any] = reply.json()
    return found


def statuses(found: dict[str, Any]) -> dict[str, str]:
    return {node["tier"]: node["status"] for node in found["nodes"]}


class TestTree:
    async def test_one_call_gives_all_tiers_with_their_status(self, metrics: Metrics) -> None:
        await whole_tree(metrics)
        await resolve_incidents(metrics, 2, 4)

        found = await tree(metrics)

        assert statuses(found) == dict.fromkeys(["kra", "kpi", "kpt", "vma", "slo", "sli"], "green")
        assert (found["status"], found["broken_links"]) == ("green", [])

    async def test_under_a_red_target_stand_the_records_that_made_it_red(
        self, metrics: Metrics
    ) -> None:
        await whole_tree(metrics)
        await resolve_incidents(metrics, 2, 30)

        found = await tree(metrics)

        (target,) = [node for node in found["nodes"] if node["tier"] == "kpt"]
        assert (target["status"], found["status"]) == ("red", "red")
        assert target["detail"]["value"] == 16.0
        assert [record["value"] for record in target["records"]] == [30.0, 2.0]

    async def test_a_missed_slo_and_an_infrastructure_event_reach_the_top(
        self, metrics: Metrics
    ) -> None:
        await whole_tree(metrics, good=50)
        await resolve_incidents(metrics, 2)
        await push_event(metrics)

        found = await tree(metrics)

        assert statuses(found)["slo"] == statuses(found)["sie"] == statuses(found)["kra"] == "red"
        (event,) = [node for node in found["nodes"] if node["tier"] == "sie"]
        assert event["records"][0]["external_id"] == "42"

    async def test_a_bad_event_is_not_hidden_by_many_mild_ones_after_it(
        self, metrics: Metrics
    ) -> None:
        await whole_tree(metrics)
        await push_event(metrics)
        for number in range(EVENTS_OF_A_COMPONENT + 1):
            at = (RESOLVED + timedelta(minutes=number + 1)).isoformat()
            mild = {"severity": " Info", "occurred_at": at, "updated_at": at}
            await push_event(metrics, external_id=f"mild-{number}", **mild)

        found = await tree(metrics)

        shown = [node for node in found["nodes"] if node["tier"] == "sie"]
        assert len(shown) == EVENTS_OF_A_COMPONENT
        assert [node["status"] for node in shown].count("red") == 1
        assert statuses(found)["sli"] == "red"

    async def test_without_a_figure_it_is_unknown_and_says_why(self, metrics: Metrics) -> None:
        await whole_tree(metrics)

        found = await tree(metrics)

        (target,) = [node for node in found["nodes"] if node["tier"] == "kpt"]
        assert (target["own"], found["status"]) == ("unknown", "unknown")
        assert target["reason"]

    async def test_the_tree_is_drawn_as_a_page_and_as_a_picture(self, metrics: Metrics) -> None:
        await whole_tree(metrics)
        await resolve_incidents(metrics, 30)
        path, asked = "/v1/kras/workplaces/tree/page", {"period": PERIOD}

        page = await metrics.http.get(path, params=asked)
        picture = await metrics.http.get(path, params=asked | {"picture": True})

        assert page.headers["content-type"].startswith("text/html")
        assert picture.headers["content-type"] == "image/svg+xml"
        assert "Reliable workplaces" in page.text
        assert "<script" not in page.text + picture.text
        assert picture.text.count("<rect") == 6

    async def test_the_picture_is_xml_whatever_stands_in_a_name(self, metrics: Metrics) -> None:
        await posted(metrics, "/v1/kras", KRA | {"name": "A\x01 <b>&\ufffe"})

        path = f"/v1/kras/workplaces/tree/page?period={PERIOD}&picture=true"
        picture = await metrics.http.get(path)

        assert "A\ufffd <b>&\ufffd" in ElementTree.fromstring(picture.text).itertext()

    async def test_an_unknown_kra_and_a_bad_period_are_refused(self, metrics: Metrics) -> None:
        await posted(metrics, "/v1/kras", KRA)
        for path, period, status in (
            ("/v1/kras/nothing/tree", PERIOD, 404),
            ("/v1/kras/workplaces/tree", "soon", 422),
        ):
            reply = await metrics.http.get(path, params={"period": period})
            assert reply.status_code == status


class TestKras:
    async def test_a_key_is_given_once(self, metrics: Metrics) -> None:
        await posted(metrics, "/v1/kras", KRA)

        again = await metrics.http.post("/v1/kras", json=KRA)

        assert (again.status_code, again.json()["code"]) == (409, "key_taken")

    @pytest.mark.parametrize(
        ("fields", "pointer"),
        [
            ({"objective": "no-such"}, "/objective"),
            ({"kpis": [{"kpi": "mttr", "service": "nobody"}]}, "/kpis/0/service"),
            ({"kpis": [{"kpi": "speed", "service": "network"}]}, "/kpis/0/kpi"),
        ],
    )
    async def test_ends_that_are_not_known_are_named(
        self, metrics: Metrics, fields: dict[str, Any], pointer: str
    ) -> None:
        reply = await metrics.http.post("/v1/kras", json=KRA | fields)

        assert reply.status_code == 422
        assert reply.json()["errors"][0]["pointer"] == pointer

    async def test_a_change_replaces_the_kpis_and_is_audited(self, metrics: Metrics) -> None:
        await posted(metrics, "/v1/kras", KRA)
        fewer: dict[str, Any] = {"kpis": [], "name": "Workplaces"}

        reply = await metrics.http.patch(
            "/v1/kras/workplaces", json=fewer, headers={"If-Match": '"1"'}
        )

        assert (reply.json()["kpis"], reply.json()["version"]) == ([], 2)
        trail = await metrics.http.get("/v1/audit", params={"resource": "kra"})
        assert [entry["action"] for entry in trail.json()["items"]] == ["changed", "created"]

    async def test_every_version_is_kept_and_answered_newest_first(self, metrics: Metrics) -> None:
        first = await posted(metrics, "/v1/kras", KRA)
        changed = await metrics.http.patch(
            "/v1/kras/workplaces", json={"kpis": []}, headers={"If-Match": '"1"'}
        )

        page = await metrics.http.get("/v1/kras/workplaces/versions", params={"limit": 1})
        cursor = page.json()["next_cursor"]
        rest = await metrics.http.get("/v1/kras/workplaces/versions", params={"cursor": cursor})

        assert page.json()["items"] == [changed.json()]
        assert (rest.json()["items"], rest.json()["next_cursor"]) == ([first], None)

    async def test_versions_of_what_there_is_not_are_not_found(self, metrics: Metrics) -> None:
        reply = await metrics.http.get("/v1/kras/nothing/versions")

        assert (reply.status_code, reply.json()["code"]) == (404, "not_found")

    async def test_a_change_needs_the_version_that_was_read(self, metrics: Metrics) -> None:
        await posted(metrics, "/v1/kras", KRA)
        path, body = "/v1/kras/workplaces", {"name": "Other"}

        without = await metrics.http.patch(path, json=body)
        stale = await metrics.http.patch(path, json=body, headers={"If-Match": '"7"'})

        assert (without.status_code, stale.status_code) == (428, 412)


class TestLinks:
    async def test_linking_twice_is_harmless(self, metrics: Metrics) -> None:
        target = await whole_tree(metrics)

        again = await link(metrics, "kpt_vma", target, "take-orders")

        assert again.status_code == 200

    @pytest.mark.parametrize(
        ("kind", "upper", "lower", "pointer"),
        [
            ("kpt_vma", "no-uuid", "take-orders", "/upper"),
            ("vma_slo", "dance", "order-api", "/upper"),
            ("vma_slo", "take-orders", "gone", "/lower"),
            ("sli_sie", "gone", "db-1", "/upper"),
        ],
    )
    async def test_an_end_that_is_not_there_is_refused(
        self, metrics: Metrics, kind: str, upper: str, lower: str, pointer: str
    ) -> None:
        await whole_tree(metrics)

        reply = await link(metrics, kind, upper, lower)

        assert reply.status_code == 422
        assert reply.json()["errors"][0]["pointer"] == pointer

    async def test_a_link_is_told_with_the_path_by_which_it_ends(self, metrics: Metrics) -> None:
        await whole_tree(metrics)

        told = await link(metrics, "sli_sie", "order-up", "db-2")

        assert (await metrics.http.delete(told.headers["Location"])).status_code == 204

    async def test_a_link_whose_end_went_away_is_reported(self, metrics: Metrics) -> None:
        await whole_tree(metrics)
        tag = {"If-Match": "*"}
        assert (await metrics.http.delete("/v1/slos/order-api", headers=tag)).is_success

        broken = (await metrics.http.get("/v1/tier-links/broken")).json()["items"]

        assert [(one["tier"], one["code"], one["lower"]) for one in broken] == [
            ("vma", "unknown_slo", "order-api")
        ]
        path = f"/v1/tier-links/{broken[0]['link']}"
        assert (await metrics.http.delete(path)).status_code == 204
        again = (await metrics.http.get("/v1/tier-links/broken")).json()["items"]
        assert [one["code"] for one in again] == ["vital_activity_without_slo"]

    async def test_the_list_is_paged_and_filtered(self, metrics: Metrics) -> None:
        await whole_tree(metrics)

        first = (await metrics.http.get("/v1/tier-links", params={"limit": 2})).json()
        only = await metrics.http.get("/v1/tier-links", params={"kind": "sli_sie"})

        assert (len(first["items"]), bool(first["next_cursor"])) == (2, True)
        assert [one["lower"] for one in only.json()["items"]] == ["db-1"]


class TestDangers:
    async def test_an_open_incident_endangers_what_its_service_supports(
        self, metrics: Metrics
    ) -> None:
        await whole_tree(metrics)
        async with transaction(metrics.engine) as session:
            await store(session, [make_incident(opened_at=now() - timedelta(hours=1))])
        (incident,) = (await metrics.http.get("/v1/incidents")).json()["items"]

        path = f"/v1/incidents/tests/{incident['external_id']}/endangers"
        dangers = (await metrics.http.get(path)).json()

        (activity,) = dangers["vital_activities"]
        assert (activity["key"], activity["strength"]) == ("take-orders", "essential")
        assert activity["slos"] == ["order-api"]

    async def test_one_that_is_over_endangers_nothing(self, metrics: Metrics) -> None:
        await resolve_incidents(metrics, 2)
        (incident,) = (await metrics.http.get("/v1/incidents")).json()["items"]

        path = f"/v1/incidents/tests/{incident['external_id']}/endangers"
        dangers = (await metrics.http.get(path)).json()

        assert (dangers["vital_activities"], dangers["reason"]) == ([], "It is resolved")

    async def test_an_infrastructure_event_touches_activities_through_its_component(
        self, metrics: Metrics
    ) -> None:
        await whole_tree(metrics)
        await push_event(metrics)

        touched = await metrics.http.get("/v1/infrastructure-events/zabbix/42/touches")

        assert touched.json()["slis"] == ["order-up"]
        assert [one["key"] for one in touched.json()["vital_activities"]] == ["take-orders"]

    @pytest.mark.parametrize(
        "path",
        ["/v1/incidents/tests/none/endangers", "/v1/infrastructure-events/zabbix/none/touches"],
    )
    async def test_what_is_not_there_is_not_found(self, metrics: Metrics, path: str) -> None:
        assert (await metrics.http.get(path)).status_code == 404

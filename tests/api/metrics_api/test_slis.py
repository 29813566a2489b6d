"""SLIs over HTTP."""

from typing import Any

import pytest

from shared.kit.database import transaction
from tests.support.incidents import add_service
from tests.support.metrics import Metrics
from tests.support.slos import SLI, change, define_sli, define_slo, retire


@pytest.fixture(autouse=True)
async def network(metrics: Metrics) -> None:
    async with transaction(metrics.engine) as session:
        await add_service(session, "network")


QUERY = {
    "metric_source_ref": "prometheus",
    "type": "Prometheus",
    "spec": {"query": "up", "nested": {"deep": [1, 2.5, None, True]}},
}


class TestCreate:
    async def test_an_sli_is_read_as_it_was_written(self, metrics: Metrics) -> None:
        fields = {
            "name": "Requests without errors",
            "counter": True,
            "feed": {"kind": "prometheus", "server": "main", "step_seconds": 30},
            "sources": {"good": QUERY, "total": QUERY},
            "labels": {"team": "identity", "tags": ["auth", "edge"]},
            "annotations": {"example.com/dashboard": "https://grafana.example"},
        }
        reply = await metrics.http.post("/v1/slis", json=SLI | fields)
        assert (reply.status_code, reply.headers["ETag"]) == (201, '"1"')
        read = (await metrics.http.get(reply.headers["Location"])).json()
        assert read == reply.json()
        assert {name: read[name] for name in fields} == fields

    async def test_records_are_a_feed_with_filters(self, metrics: Metrics) -> None:
        feed = {
            "kind": "records",
            "measure": "incidents_resolved_within",
            "priorities": [1, 2],
            "channels": ["phone"],
            "within_hours": 4.5,
        }
        assert (await define_sli(metrics, feed=feed))["feed"] == feed

    @pytest.mark.parametrize(
        ("fields", "pointer"),
        [
            ({"key": "No Slug"}, "/key"),
            ({"key": "a" * 64}, "/key"),
            ({"service": "nobody"}, "/service"),
            ({"parts": None}, "/parts"),
            ({"kind": "threshold", "parts": "good_total"}, "/parts"),
            ({"feed": {"kind": "prometheus"}}, "/sources/good"),
            ({"sources": {"good": {"spec": {"a": "\x00"}}}}, "/sources/good/spec"),
            ({"sources": {"good": {"spec": {"a": [[[[[[[[[[1]]]]]]]]]]}}}}, "/sources/good/spec"),
            ({"labels": {"a b": "c"}}, "/labels/a b"),
        ],
    )
    async def test_a_bad_field_is_named(
        self, metrics: Metrics, fields: dict[str, Any], pointer: str
    ) -> None:
        reply = await metrics.http.post("/v1/slis", json=SLI | fields)
        assert reply.status_code == 422
        assert reply.json()["errors"][0]["pointer"] == pointer

    async def test_a_key_is_taken_for_ever(self, metrics: Metrics) -> None:
        await define_sli(metrics)
        await retire(metrics, "/v1/slis/errors")
        reply = await metrics.http.post("/v1/slis", json=SLI)
        assert (reply.status_code, reply.json()["code"]) == (409, "key_taken")

    async def test_defining_needs_its_scope(self, metrics: Metrics) -> None:
        reader = metrics.caller(scopes=["metrics:read"])
        reply = await metrics.http.post("/v1/slis", json=SLI, headers=reader)
        assert reply.status_code == 403


class TestChange:
    async def test_every_version_is_kept(self, metrics: Metrics) -> None:
        await define_sli(metrics)
        changed = (await change(metrics, "/v1/slis/errors", name="Errors")).json()
        assert (changed["name"], changed["version"]) == ("Errors", 2)
        kept = (await metrics.http.get("/v1/slis/errors/versions")).json()["items"]
        assert [(one["version"], one["name"]) for one in kept] == [(2, "Errors"), (1, None)]

    async def test_nothing_differs_nothing_happens(self, metrics: Metrics) -> None:
        sli = await define_sli(metrics)
        assert (await change(metrics, "/v1/slis/errors", feed=SLI["feed"])).json() == sli

    async def test_a_change_on_an_old_version_is_refused(self, metrics: Metrics) -> None:
        await define_sli(metrics)
        assert (await change(metrics, "/v1/slis/errors", 7, name="x")).status_code == 412

    async def test_the_kind_of_the_feed_stays(self, metrics: Metrics) -> None:
        await define_sli(metrics)
        feed = {"kind": "records", "measure": "availability"}
        assert (await change(metrics, "/v1/slis/errors", feed=feed)).status_code == 422


class TestRetire:
    async def test_one_that_an_slo_looks_at_stays(self, metrics: Metrics) -> None:
        await define_sli(metrics)
        await define_slo(metrics)
        reply = await retire(metrics, "/v1/slis/errors")
        assert (reply.status_code, reply.json()["slos"]) == (409, ["few-errors"])

    async def test_a_retired_one_is_kept_and_unchangeable(self, metrics: Metrics) -> None:
        await define_sli(metrics)
        retired = (await retire(metrics, "/v1/slis/errors")).json()
        assert (retired["state"], retired["version"]) == ("retired", 2)
        assert (await change(metrics, "/v1/slis/errors", 2, name="x")).status_code == 409
        listed = await metrics.http.get("/v1/slis", params={"state": "retired"})
        assert [one["key"] for one in listed.json()["items"]] == ["errors"]

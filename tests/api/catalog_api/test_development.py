"""Development records over HTTP: their parts, and the readiness computed from them."""

from typing import Any

import pytest

from tests.support.catalog import Catalog, Make

RECORD = "/v1/services/vpn/development"
ANY = {"If-Match": "*"}
DOCUMENT = {
    "id": "hld",
    "title": "Design",
    "uri": "https://docs.example.org/d",
    "state": "approved",
}
RUN = {
    "name": "Failover",
    "result": "passed",
    "executed_at": "2026-03-01T08:00:00Z",
    "uri": None,
}
COMPLETE = {
    "design_package": [DOCUMENT],
    "build": {"reference": "vpn 1.0", "uri": None, "state": "built"},
    "tests": [RUN | {"id": "failover"}],
    "checklist": [{"id": "trained", "text": "People are trained"}],
}


@pytest.fixture
async def vpn(catalog: Catalog, make_service: Make) -> Catalog:
    await make_service()
    return catalog


async def begin(catalog: Catalog, **parts: Any) -> dict[str, Any]:
    reply = await catalog.http.post(RECORD, json=parts)
    assert reply.status_code == 201, reply.text
    made: dict[str, Any] = reply.json()
    return made


class TestCreate:
    async def test_an_empty_record_gets_the_default_checklist_and_lacks_every_part(
        self, vpn: Catalog
    ) -> None:
        offered = (await vpn.http.get("/v1/development-checklist")).json()["checklist"]

        record = await begin(vpn)

        assert [(i["id"], i["text"]) for i in record["checklist"]] == [
            (i["id"], i["text"]) for i in offered
        ]
        assert not record["ready"]
        parts = {one["part"] for one in record["missing"]}
        assert parts == {"design_package", "build", "tests", "checklist"}

    async def test_a_service_has_one_record(self, vpn: Catalog) -> None:
        await begin(vpn)

        reply = await vpn.http.post(RECORD, json={})

        assert (reply.status_code, reply.json()["code"]) == (409, "development_exists")

    async def test_a_product_skips_it(self, catalog: Catalog, make_service: Make) -> None:
        await make_service(kind="product")

        reply = await catalog.http.post(RECORD, json={})

        assert (reply.status_code, reply.json()["code"]) == (409, "not_applicable")

    @pytest.mark.parametrize(
        ("parts", "pointer"),
        [
            ({"design_package": [DOCUMENT, DOCUMENT]}, "/design_package/1/id"),
            ({"tests": [RUN | {"id": "t", "executed_at": None}]}, "/tests/0"),
            ({"checklist": []}, "/checklist"),
        ],
    )
    async def test_what_cannot_be_is_pointed_at(
        self, vpn: Catalog, parts: dict[str, Any], pointer: str
    ) -> None:
        reply = await vpn.http.post(RECORD, json=parts)

        assert (reply.status_code, reply.json()["errors"][0]["pointer"]) == (422, pointer)

    async def test_without_a_record_there_is_none_to_read(self, vpn: Catalog) -> None:
        assert (await vpn.http.get(RECORD)).status_code == 404


class TestReadiness:
    async def test_it_is_ready_when_the_last_item_is_done(self, vpn: Catalog) -> None:
        before = await begin(vpn, **COMPLETE)

        reply = await vpn.http.put(f"{RECORD}/checklist/trained", json={"done": True})

        assert (before["ready"], reply.json()["ready"]) == (False, True)
        assert before["missing"] == [
            {"part": "checklist", "id": "trained", "reason": "is not done"}
        ]
        assert reply.json()["checklist"][0]["done_by"] == "ada"

    async def test_a_test_that_fails_later_makes_it_unready(self, vpn: Catalog) -> None:
        await begin(vpn, **COMPLETE)
        await vpn.http.put(f"{RECORD}/checklist/trained", json={"done": True})

        reply = await vpn.http.put(f"{RECORD}/tests/failover", json=RUN | {"result": "failed"})

        assert not reply.json()["ready"]
        assert [one["id"] for one in reply.json()["missing"]] == ["failover"]

    async def test_a_new_test_is_added_and_a_repeated_one_changes_nothing(
        self, vpn: Catalog
    ) -> None:
        await begin(vpn)

        first = await vpn.http.put(f"{RECORD}/tests/load", json=RUN)
        again = await vpn.http.put(f"{RECORD}/tests/load", json=RUN)

        assert [test["id"] for test in first.json()["tests"]] == ["load"]
        assert (again.json(), again.headers["ETag"]) == (first.json(), first.headers["ETag"])

    async def test_an_item_is_taken_back(self, vpn: Catalog) -> None:
        await begin(vpn, **COMPLETE)
        await vpn.http.put(f"{RECORD}/checklist/trained", json={"done": True})

        reply = await vpn.http.put(f"{RECORD}/checklist/trained", json={"done": False})

        item = reply.json()["checklist"][0]
        assert (item["done"], item["done_by"], item["done_at"]) == (False, None, None)

    async def test_an_unknown_item_is_not_found(self, vpn: Catalog) -> None:
        await begin(vpn)

        reply = await vpn.http.put(f"{RECORD}/checklist/none", json={"done": True})

        assert reply.status_code == 404


class TestChange:
    async def test_only_the_named_parts_change_and_ticks_stay(self, vpn: Catalog) -> None:
        await begin(vpn, **COMPLETE)
        await vpn.http.put(f"{RECORD}/checklist/trained", json={"done": True})
        more = [*COMPLETE["checklist"], {"id": "informed", "text": "Users know"}]

        reply = await vpn.http.patch(RECORD, json={"checklist": more}, headers=ANY)

        assert [item["done"] for item in reply.json()["checklist"]] == [True, False]
        assert reply.json()["design_package"] == COMPLETE["design_package"]

    @pytest.mark.parametrize(("tag", "status"), [({}, 428), ({"If-Match": '"7"'}, 412)])
    async def test_it_is_changed_as_it_was_read(
        self, vpn: Catalog, tag: dict[str, str], status: int
    ) -> None:
        await begin(vpn)

        reply = await vpn.http.patch(RECORD, json={"tests": []}, headers=tag)

        assert reply.status_code == status

    async def test_a_service_that_became_a_product_changes_its_record_no_more(
        self, vpn: Catalog
    ) -> None:
        await begin(vpn)
        await vpn.http.patch("/v1/services/vpn", json={"kind": "product"}, headers=ANY)

        reply = await vpn.http.patch(RECORD, json={"tests": []}, headers=ANY)

        assert (reply.status_code, reply.json()["code"]) == (409, "not_applicable")

    async def test_the_audit_trail_names_each_step(self, vpn: Catalog) -> None:
        await begin(vpn, **COMPLETE)
        await vpn.http.put(f"{RECORD}/checklist/trained", json={"done": True})
        await vpn.http.put(f"{RECORD}/tests/load", json=RUN)

        query = {"resource": "development_record", "key": "vpn"}
        entries = (await vpn.http.get("/v1/audit", params=query)).json()["items"]

        assert [e["action"] for e in entries] == ["test_recorded", "item_done", "created"]
        assert entries[1]["before"]["checklist"][0]["done"] is False

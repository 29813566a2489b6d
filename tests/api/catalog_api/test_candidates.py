"""Vendor candidates over HTTP: proposed, scored, chosen."""

from typing import Any

import httpx
import pytest

from tests.support.catalog import Catalog, Make

URL = "/v1/services/vpn/vendor-candidates"
REQUIREMENTS = [
    {"id": "open-api", "text": "Has an open API", "weight": 3},
    {"id": "in-europe", "text": "Data stay in Europe", "weight": 1},
]
STRATEGY = {
    "kind": "strategy",
    "why": "People work anywhere.",
    "outcomes": ["Nobody waits"],
    "objectives": ["growth"],
    "target_customers": ["finance"],
    "available_from": "2027-01-01",
    "requirements": REQUIREMENTS,
}


@pytest.fixture(autouse=True)
async def vpn(catalog: Catalog, onboard: Make) -> None:
    await onboard("vpn", owners=[{"role": "service_owner", "subject": "bea"}])


@pytest.fixture
async def strategy(catalog: Catalog) -> None:
    """An approved strategy with two requirements."""
    objective = {"key": "growth", "name": "Growth", "owner": "ada", "layer": "corporate"}
    customer = {
        "key": "finance", "name": "Finance", "kind": "internal", "relationship_owner": "ada",
    }  # fmt: skip
    await catalog.http.post("/v1/objectives", json=objective)
    await catalog.http.post("/v1/customers", json=customer)
    await approve_strategy(catalog, STRATEGY)


async def approve_strategy(catalog: Catalog, text: dict[str, Any]) -> None:
    body = {"text": text, "approver_roles": ["service_owner"]}
    made = await catalog.http.post("/v1/services/vpn/plans/strategy/versions", json=body)
    assert made.status_code == 201, made.text
    url = made.headers["Location"]
    submitted = await catalog.http.post(f"{url}/submission")
    assert submitted.status_code == 200, submitted.text
    approval = {"text_hash": submitted.json()["text_hash"]}
    done = await catalog.http.post(f"{url}/approvals", json=approval, headers=catalog.caller("bea"))
    assert done.status_code == 200, done.text


async def propose(catalog: Catalog, name: str = "Tunnel", **fields: Any) -> Any:
    reply = await catalog.http.post(URL, json={"name": name, "vendor": "Tunnel AG"} | fields)
    assert reply.status_code == 201, reply.text
    return reply.json()


async def score(catalog: Catalog, made: Any, requirement: str, points: int) -> httpx.Response:
    url = f"{URL}/{made['id']}/scores/{requirement}"
    return await catalog.http.put(url, json={"score": points, "reason": "Tried it"})


async def scored(catalog: Catalog, **fields: Any) -> Any:
    made = await propose(catalog, **fields)
    for one in REQUIREMENTS:
        assert (await score(catalog, made, str(one["id"]), 4)).status_code == 200
    return made


async def decide(catalog: Catalog, made: Any, verb: str = "select") -> httpx.Response:
    body = {"reason": "The best of all"}
    return await catalog.http.post(f"{URL}/{made['id']}/{verb}", json=body)


class TestPropose:
    async def test_a_candidate_is_open_and_unscored(self, catalog: Catalog, strategy: None) -> None:
        reply = await catalog.http.post(URL, json={"name": "Tunnel", "vendor": "Tunnel AG"})

        made = reply.json()
        assert (reply.status_code, made["state"], made["total"]) == (201, "open", 0)
        assert made["unscored"] == ["open-api", "in-europe"]
        assert reply.headers["Location"] == f"{URL}/{made['id']}"
        assert (await catalog.http.get(reply.headers["Location"])).json() == made

    async def test_without_a_strategy_there_is_nothing_to_score(self, catalog: Catalog) -> None:
        made = await propose(catalog)

        reply = await score(catalog, made, "open-api", 3)

        assert (made["total"], made["scores"]) == (None, [])
        assert (reply.status_code, reply.json()["code"]) == (409, "no_requirements")

    async def test_it_names_a_vendor_product_that_there_is(self, catalog: Catalog) -> None:
        body = {"name": "T", "vendor": "V", "vendor_product": "nothing"}

        reply = await catalog.http.post(URL, json=body)

        error = reply.json()["errors"][0]
        assert (error["pointer"], error["code"]) == ("/vendor_product", "unknown_vendor_product")

    async def test_a_service_that_is_not_there_needs_nothing(self, catalog: Catalog) -> None:
        url = "/v1/services/no/vendor-candidates"

        posted = await catalog.http.post(url, json={"name": "T", "vendor": "V"})

        assert (posted.status_code, (await catalog.http.get(url)).status_code) == (404, 404)


@pytest.mark.usefixtures("strategy")
class TestScore:
    async def test_the_total_weighs_the_scores(self, catalog: Catalog) -> None:
        made = await propose(catalog)
        await score(catalog, made, "open-api", 2)

        found = (await score(catalog, made, "in-europe", 4)).json()

        assert (found["total"], found["unscored"], found["revision"]) == (2.5, [], 3)
        assert found["scores"][0]["scored_by"] == "ada"

    async def test_a_requirement_is_scored_anew(self, catalog: Catalog) -> None:
        made = await propose(catalog)
        await score(catalog, made, "open-api", 2)

        found = (await score(catalog, made, "open-api", 4)).json()

        assert (found["total"], found["unscored"]) == (3, ["in-europe"])
        query = {"resource": "vendor_candidate", "key": made["id"]}
        newest = (await catalog.http.get("/v1/audit", params=query)).json()["items"][0]
        assert (newest["before"]["score"], newest["after"]["score"]) == (2, 4)

    async def test_only_what_the_strategy_requires_is_scored(self, catalog: Catalog) -> None:
        reply = await score(catalog, await propose(catalog), "cheap", 2)

        assert reply.status_code == 404
        assert "open-api" in reply.json()["detail"]

    async def test_scores_go_from_0_to_5(self, catalog: Catalog) -> None:
        reply = await score(catalog, await propose(catalog), "open-api", 6)

        assert (reply.status_code, reply.json()["errors"][0]["pointer"]) == (422, "/score")

    async def test_a_new_strategy_asks_for_new_scores(self, catalog: Catalog) -> None:
        made = await scored(catalog)
        more = [*REQUIREMENTS, {"id": "cheap", "text": "Costs little", "weight": 1}]
        await approve_strategy(catalog, STRATEGY | {"requirements": more})

        found = (await catalog.http.get(f"{URL}/{made['id']}")).json()

        assert (found["unscored"], found["total"]) == (["cheap"], 3.2)


@pytest.mark.usefixtures("strategy")
class TestDecide:
    async def test_the_chosen_one_becomes_a_vendor_product(self, catalog: Catalog) -> None:
        made = await scored(catalog)

        chosen = (await decide(catalog, made)).json()

        assert (chosen["state"], chosen["vendor_product"]) == ("selected", "tunnel")
        assert (chosen["decided_by"], chosen["decision_reason"]) == ("ada", "The best of all")
        product = (await catalog.http.get("/v1/vendor-products/tunnel")).json()
        assert (product["name"], product["vendor"]) == ("Tunnel", "Tunnel AG")

    async def test_one_that_is_a_vendor_product_already_is_linked(self, catalog: Catalog) -> None:
        body = {"key": "known", "name": "Known", "vendor": "V"}
        await catalog.http.post("/v1/vendor-products", json=body)

        chosen = (await decide(catalog, await scored(catalog, vendor_product="known"))).json()

        assert (chosen["state"], chosen["vendor_product"]) == ("selected", "known")

    async def test_one_that_is_not_fully_scored_cannot_be_chosen(self, catalog: Catalog) -> None:
        made = await propose(catalog)
        await score(catalog, made, "open-api", 5)

        reply = await decide(catalog, made)

        assert (reply.status_code, reply.json()["code"]) == (409, "candidate_not_scored")
        assert reply.json()["unscored"] == ["in-europe"]

    async def test_one_may_be_rejected_unscored(self, catalog: Catalog) -> None:
        rejected = (await decide(catalog, await propose(catalog), "reject")).json()

        assert (rejected["state"], rejected["vendor_product"]) == ("rejected", None)

    async def test_what_was_decided_on_stays_as_it_was(self, catalog: Catalog) -> None:
        made = await scored(catalog)
        chosen = (await decide(catalog, made)).json()
        await approve_strategy(catalog, STRATEGY | {"requirements": REQUIREMENTS[:1]})

        assert (await catalog.http.get(f"{URL}/{made['id']}")).json() == chosen

    @pytest.mark.parametrize("first", ["select", "reject"])
    @pytest.mark.parametrize("then", ["select", "reject", "change", "score"])
    async def test_after_the_decision_nothing_moves(
        self, catalog: Catalog, first: str, then: str
    ) -> None:
        made = await scored(catalog)
        assert (await decide(catalog, made, first)).status_code == 200

        if then == "change":
            url, body = f"{URL}/{made['id']}", {"name": "Other"}
            reply = await catalog.http.patch(url, json=body, headers={"If-Match": "*"})
        elif then == "score":
            reply = await score(catalog, made, "open-api", 1)
        else:
            reply = await decide(catalog, made, then)

        assert reply.status_code == 409
        assert reply.json()["state"] == {"select": "selected", "reject": "rejected"}[first]
        assert isinstance(reply.json()["allowed"], list)

    async def test_a_machine_cannot_choose(self, catalog: Catalog) -> None:
        made = await scored(catalog)
        token = catalog.token("pipeline", client_id="pipeline")

        reply = await catalog.http.post(
            f"{URL}/{made['id']}/select",
            json={"reason": "It said so"},
            headers={"Authorization": f"Bearer {token}"},
        )

        assert (reply.status_code, reply.json()["code"]) == (403, "not_in_person")


class TestListAndChange:
    async def test_the_list_is_filtered_and_paged(self, catalog: Catalog) -> None:
        first, second = await propose(catalog, "A"), await propose(catalog, "B")
        await decide(catalog, first, "reject")

        still_open = (await catalog.http.get(URL, params={"state": "open"})).json()["items"]
        page = (await catalog.http.get(URL, params={"limit": 1})).json()

        assert [one["id"] for one in still_open] == [second["id"]]
        assert [one["id"] for one in page["items"]] == [first["id"]]
        assert page["next_cursor"] is not None

    async def test_the_named_fields_change(self, catalog: Catalog) -> None:
        made = await propose(catalog)
        url = f"{URL}/{made['id']}"

        reply = await catalog.http.patch(url, json={"name": "New"}, headers={"If-Match": '"1"'})
        stale = await catalog.http.patch(url, json={"name": "X"}, headers={"If-Match": '"1"'})

        assert (reply.json()["name"], reply.headers["ETag"]) == ("New", '"2"')
        assert stale.status_code == 412

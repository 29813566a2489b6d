"""The practice library over HTTP."""

from typing import Any

import httpx
import pytest

from tests.support.catalog import Catalog, Make

URL = "/v1/practices"


async def make_practice(catalog: Catalog, key: str = "articles", **fields: Any) -> dict[str, Any]:
    body = {
        "key": key,
        "title": "Knowledge articles",
        "kind": "better",
        "process": "continuous_service_improvement",
        "context": "A desk that hears the same question again.",
        "statement": "Write an article when you resolve.",
        "consequence": "More calls end at once.",
    } | fields
    reply = await catalog.http.post(URL, json=body)
    assert reply.status_code == 201, reply.text
    made: dict[str, Any] = reply.json()
    return made


async def change(catalog: Catalog, key: str, body: Any, version: str = "*") -> httpx.Response:
    return await catalog.http.patch(f"{URL}/{key}", json=body, headers={"If-Match": version})


async def retire(catalog: Catalog, key: str) -> httpx.Response:
    return await catalog.http.post(f"{URL}/{key}/retire", headers={"If-Match": "*"})


async def adopt(catalog: Catalog, practice: str = "articles", **body: Any) -> httpx.Response:
    return await catalog.http.put(f"/v1/services/vpn/practices/{practice}", json=body)


async def found(catalog: Catalog, **query: Any) -> list[str]:
    return [one["key"] for one in (await catalog.http.get(URL, params=query)).json()["items"]]


class TestLibrary:
    async def test_a_practice_is_written_down(self, catalog: Catalog) -> None:
        made = await make_practice(catalog, tags=["desk", "a"], evidence_uri="urn:doc:1")

        assert (made["tags"], made["adopted_by"], made["opportunities"]) == (["a", "desk"], 0, 0)

    async def test_a_taken_key_is_refused_with_a_free_one(self, catalog: Catalog) -> None:
        made = await make_practice(catalog)

        body = {name: made[name] for name in ("title", "kind", "process", "context")}
        body |= {"key": "articles", "statement": "s", "consequence": "c"}
        reply = await catalog.http.post(URL, json=body)

        assert (reply.status_code, reply.json()["suggestion"]) == (409, "articles-2")

    async def test_practices_are_found_by_words_the_best_first(self, catalog: Catalog) -> None:
        await make_practice(catalog, "swarm", title="Swarming", statement="No articles needed.")
        await make_practice(catalog)
        await make_practice(catalog, "shout", kind="worst", title="Shouting", statement="Shout.")

        first = (await catalog.http.get(URL, params={"q": "articles", "limit": 1})).json()
        query = {"q": "articles", "limit": 1, "cursor": first["next_cursor"]}
        second = (await catalog.http.get(URL, params=query)).json()

        keys = [page["items"][0]["key"] for page in (first, second)]
        assert (keys, second["next_cursor"]) == (["articles", "swarm"], None)

    async def test_practices_are_filtered(self, catalog: Catalog) -> None:
        await make_practice(catalog, tags=["desk"])
        await make_practice(catalog, "shout", kind="worst", process="vendor_product_management")

        assert await found(catalog, kind="worst") == ["shout"]
        assert await found(catalog, process="vendor_product_management") == ["shout"]
        assert await found(catalog, tag="desk") == ["articles"]

    async def test_what_changed_is_audited(self, catalog: Catalog) -> None:
        await make_practice(catalog)

        reply = await change(catalog, "articles", {"title": "Articles"}, '"1"')
        query = {"resource": "practice", "key": "articles"}
        entry = (await catalog.http.get("/v1/audit", params=query)).json()["items"][0]

        assert reply.headers["ETag"] == '"2"'
        assert entry["before"] == {"title": "Knowledge articles"}
        assert (await change(catalog, "articles", {"title": "x"}, '"1"')).status_code == 412

    async def test_a_retired_practice_is_kept_and_not_taken_up(
        self, catalog: Catalog, make_service: Make
    ) -> None:
        await make_service("vpn")
        await make_practice(catalog)
        await retire(catalog, "articles")

        replies = [
            await retire(catalog, "articles"),
            await change(catalog, "articles", {"title": "x"}),
            await adopt(catalog, adoption="adopted"),
        ]

        assert [reply.json()["code"] for reply in replies] == ["practice_retired"] * 3
        assert (await found(catalog), await found(catalog, past=True)) == ([], ["articles"])


class TestOpportunities:
    async def test_an_opportunity_is_linked_once_and_found_by_it(self, catalog: Catalog) -> None:
        await make_practice(catalog)
        links = f"{URL}/articles/opportunities"

        first = await catalog.http.post(links, json={"opportunity": "opp-1"})
        again = await catalog.http.post(links, json={"opportunity": "opp-1"})

        assert (first.status_code, again.status_code) == (201, 200)
        assert first.json() == again.json()
        assert await found(catalog, opportunity="opp-1") == ["articles"]

    async def test_a_link_is_taken_away(self, catalog: Catalog) -> None:
        await make_practice(catalog)
        links = f"{URL}/articles/opportunities"
        linked = await catalog.http.post(links, json={"opportunity": "opp-1"})

        gone = await catalog.http.delete(linked.headers["Location"])

        assert gone.status_code == 204
        assert (await catalog.http.get(links)).json()["items"] == []
        assert (await catalog.http.delete(f"{links}/opp-1")).status_code == 404


class TestAdoption:
    @pytest.fixture(autouse=True)
    async def vpn(self, catalog: Catalog, make_service: Make) -> None:
        await make_service("vpn")
        await make_practice(catalog)

    async def test_a_service_plans_a_practice_and_adopts_it(self, catalog: Catalog) -> None:
        planned = await adopt(catalog, adoption="planned", due_on="2027-01-01")
        adopted = await adopt(catalog, adoption="adopted")
        again = await adopt(catalog, adoption="adopted")

        statuses = [reply.status_code for reply in (planned, adopted, again)]
        assert (statuses, again.headers["ETag"]) == ([201, 200, 200], '"2"')
        assert (adopted.json()["due_on"], adopted.json()["title"]) == (None, "Knowledge articles")
        practice = (await catalog.http.get(f"{URL}/articles")).json()
        assert practice["adopted_by"] == 1

    @pytest.mark.parametrize(
        ("body", "pointer"),
        [
            ({"adoption": "not_applicable"}, "/reason"),
            ({"adoption": "planned"}, "/due_on"),
            ({"adoption": "adopted", "due_on": "2027-01-01"}, "/due_on"),
            ({"adoption": "loved"}, "/adoption"),
        ],
    )
    async def test_what_is_missing_is_named(
        self, catalog: Catalog, body: dict[str, Any], pointer: str
    ) -> None:
        reply = await adopt(catalog, **body)

        assert (reply.status_code, reply.json()["errors"][0]["pointer"]) == (422, pointer)

    async def test_both_sides_list_it(self, catalog: Catalog) -> None:
        await adopt(catalog, adoption="not_applicable", reason="no desk")

        async def listed(path: str, **query: str) -> list[tuple[str, str]]:
            items = (await catalog.http.get(path, params=query)).json()["items"]
            return [(one["service"], one["practice"]) for one in items]

        assert await listed(f"{URL}/articles/adoptions") == [("vpn", "articles")]
        assert await listed("/v1/services/vpn/practices") == [("vpn", "articles")]
        assert await listed("/v1/services/vpn/practices", adoption="adopted") == []

    async def test_a_service_may_say_nothing_any_more(self, catalog: Catalog) -> None:
        await adopt(catalog, adoption="adopted")
        path = "/v1/services/vpn/practices/articles"

        assert (await catalog.http.delete(path)).status_code == 204
        assert (await catalog.http.delete(path)).status_code == 404
        entry = (
            await catalog.http.get("/v1/audit", params={"resource": "practice_adoption"})
        ).json()
        assert entry["items"][0]["before"]["adoption"] == "adopted"


@pytest.mark.parametrize(
    "path",
    [
        "/v1/practices/none",
        "/v1/practices/none/adoptions",
        "/v1/practices/none/opportunities",
        "/v1/services/none/practices",
    ],
)
async def test_what_is_not_there_is_not_found(catalog: Catalog, path: str) -> None:
    assert (await catalog.http.get(path)).status_code == 404

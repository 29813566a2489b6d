"""Services found: by filters, by words, page by page."""

from typing import Any

import pytest

from tests.support.catalog import Catalog, Make


async def found(catalog: Catalog, **params: Any) -> list[str]:
    reply = await catalog.http.get("/v1/services", params=params)
    assert reply.status_code == 200, reply.text
    return [item["key"] for item in reply.json()["items"]]


async def all_pages(catalog: Catalog, **params: Any) -> list[str]:
    keys: list[str] = []
    cursor = None
    while True:
        query = params | ({"cursor": cursor} if cursor else {})
        page = (await catalog.http.get("/v1/services", params=query)).json()
        keys += [item["key"] for item in page["items"]]
        if (cursor := page["next_cursor"]) is None:
            return keys


class TestFilters:
    @pytest.fixture(autouse=True)
    async def _services(self, catalog: Catalog, make_service: Make, onboard: Make) -> None:
        await catalog.http.post("/v1/portfolios", json={"key": "finance", "name": "Finance"})
        await make_service("vpn", criticality="high", tags=["remote", "net"])
        await make_service("mail", portfolio="finance", kind="business", tags=["remote"])
        await onboard("erp", kind="product", owners=[{"role": "service_owner", "subject": "bea"}])

    @pytest.mark.parametrize(
        ("filters", "keys"),
        [
            ({}, ["erp", "mail", "vpn"]),
            ({"portfolio": "finance"}, ["mail"]),
            ({"stage": "operate"}, ["erp"]),
            ({"kind": "product"}, ["erp"]),
            ({"criticality": "high"}, ["vpn"]),
            ({"owner": "bea"}, ["erp"]),
            ({"tag": "remote"}, ["mail", "vpn"]),
            ({"tag": "remote", "criticality": "high"}, ["vpn"]),
            ({"q": "mail", "tag": "remote"}, ["mail"]),
            ({"owner": "nobody"}, []),
        ],
    )
    async def test_filters_narrow_the_list(
        self, catalog: Catalog, filters: dict[str, str], keys: list[str]
    ) -> None:
        assert await found(catalog, **filters) == keys

    async def test_a_former_owner_is_not_found(self, catalog: Catalog) -> None:
        await catalog.http.put(
            "/v1/services/erp/owners",
            json=[{"role": "service_owner", "subject": "cal"}],
            headers={"If-Match": "*"},
        )

        assert await found(catalog, owner="bea") == []

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("stage", "nowhere"),
            ("kind", ""),
            ("criticality", "x"),
            ("limit", "0"),
            ("limit", "501"),
            ("limit", "9" * 40),
            ("portfolio", "Not A Key"),
            ("owner", "\x00"),
            ("q", "\x00"),
            ("q", ""),
        ],
    )
    async def test_a_malformed_filter_is_named(
        self, catalog: Catalog, name: str, value: str
    ) -> None:
        reply = await catalog.http.get("/v1/services", params={name: value})

        assert reply.status_code == 422
        assert reply.json()["errors"][0]["pointer"] == f"/query/{name}"

    @pytest.mark.parametrize("cursor", ["x", "!!", "WzFd", "W251bGxd", "e30", "WyJhIiwiYiJd"])
    @pytest.mark.parametrize("search", [{}, {"q": "mail"}])
    async def test_a_cursor_of_nobody_is_refused(
        self, catalog: Catalog, cursor: str, search: dict[str, str]
    ) -> None:
        reply = await catalog.http.get("/v1/services", params={"cursor": cursor} | search)

        assert (reply.status_code, reply.json()["code"]) == (400, "bad_cursor")


class TestWords:
    async def test_the_best_match_comes_first(self, catalog: Catalog, make_service: Make) -> None:
        await make_service("a", name="Mail", description="Needs the network.")
        await make_service("b", name="Network")
        await make_service("c", name="Printing")

        assert await found(catalog, q="network") == ["b", "a"]

    async def test_a_misspelt_name_is_found(self, catalog: Catalog, make_service: Make) -> None:
        await make_service("a", name="Network Infrastructure")

        assert await found(catalog, q="netwrok infrastrukture") == ["a"]

    async def test_the_beginning_of_a_name_is_found(
        self, catalog: Catalog, make_service: Make
    ) -> None:
        await make_service("a", name="Network Infrastructure")

        assert await found(catalog, q="infra") == ["a"]

    async def test_a_word_of_the_key_is_found(self, catalog: Catalog, make_service: Make) -> None:
        await make_service("branch-office-lan", name="Cables")

        assert await found(catalog, q="office") == ["branch-office-lan"]

    async def test_a_word_can_be_left_out(self, catalog: Catalog, make_service: Make) -> None:
        await make_service("a", name="Mail", description="on premises")
        await make_service("b", name="Post", description="on premises and mail")

        assert await found(catalog, q="premises -mail") == []
        assert sorted(await found(catalog, q="premises -cloud")) == ["a", "b"]

    @pytest.mark.parametrize("words", ["'", '"', "\\", "&|!()<->:*", "%_", "((((", "a" * 200, "☃"])
    async def test_no_words_break_the_search(
        self, catalog: Catalog, make_service: Make, words: str
    ) -> None:
        await make_service("a", name="Mail")

        assert await found(catalog, q=words) == []


class TestPages:
    @pytest.fixture(autouse=True)
    async def _services(self, catalog: Catalog) -> None:
        items = [
            {
                "key": f"net-{number:02}",
                "name": "Network" if number % 2 else f"Network part {number}",
                "portfolio": "workplace",
                "kind": "technical",
            }
            for number in range(11)
        ]
        assert (await catalog.http.post("/v1/services/bulk", json=items)).status_code == 200

    @pytest.mark.parametrize("limit", [1, 3, 10, 11, 500])
    async def test_pages_hold_every_service_once_by_key(self, catalog: Catalog, limit: int) -> None:
        assert await all_pages(catalog, limit=limit) == [f"net-{n:02}" for n in range(11)]

    @pytest.mark.parametrize("limit", [1, 3, 10])
    async def test_pages_of_a_search_hold_every_match_once_in_the_same_order(
        self, catalog: Catalog, limit: int
    ) -> None:
        whole = await found(catalog, q="network", limit=500)

        assert await all_pages(catalog, q="network", limit=limit) == whole
        assert sorted(whole) == [f"net-{n:02}" for n in range(11)]

    async def test_the_next_page_is_linked_with_the_same_filters(self, catalog: Catalog) -> None:
        reply = await catalog.http.get("/v1/services", params={"limit": 2, "q": "network"})

        link = reply.headers["Link"]
        assert link.endswith('rel="next"')
        following = await catalog.http.get(link[1 : link.index(">")])
        assert following.json()["items"][0]["key"] not in {
            item["key"] for item in reply.json()["items"]
        }

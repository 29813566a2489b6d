"""Dependencies over HTTP: edges, their rules, and writing many at once."""

import asyncio
from itertools import pairwise
from typing import Any

import pytest

from tests.support.catalog import Catalog, Make

BULK = "/v1/dependencies/bulk"


def on(key: str, kind: str = "service", **fields: Any) -> dict[str, Any]:
    """A dependency on that provider, hard if nothing else is said."""
    return {"provider": {"kind": kind, "key": key}, "strength": "hard"} | fields


def item(consumer: str, provider: str, **fields: Any) -> dict[str, Any]:
    return {"consumer": consumer, **on(provider, **fields)}


async def depend(catalog: Catalog, consumer: str, provider: str, **fields: Any) -> Any:
    reply = await catalog.http.post(
        f"/v1/services/{consumer}/dependencies", json=on(provider, **fields)
    )
    assert reply.status_code == 201, reply.text
    return reply.json()


async def add_product(catalog: Catalog, key: str, **fields: Any) -> None:
    body = {"key": key, "name": key, "vendor": "Vendor AG"} | fields
    assert (await catalog.http.post("/v1/vendor-products", json=body)).status_code == 201


async def pairs(catalog: Catalog, **filters: Any) -> list[tuple[str, str]]:
    items = (await catalog.http.get("/v1/dependencies", params=filters)).json()["items"]
    return [(one["consumer"], one["provider"]["key"]) for one in items]


@pytest.fixture
async def services(make_service: Make) -> None:
    for key in ("a", "b", "c"):
        await make_service(key)


@pytest.mark.usefixtures("services")
class TestCreate:
    async def test_a_service_depends_on_another(self, catalog: Catalog) -> None:
        body = on("b", cost_share=0.25, description="Signs in with it")

        reply = await catalog.http.post("/v1/services/a/dependencies", json=body)

        made = reply.json()
        assert (reply.status_code, reply.headers["ETag"]) == (201, '"1"')
        assert reply.headers["Location"] == f"/v1/services/a/dependencies/{made['id']}"
        assert (made["consumer"], made["strength"], made["cost_share"]) == ("a", "hard", 0.25)
        assert made["provider"] == {
            "kind": "service",
            "key": "b",
            "name": "b",
            "stage": "strategy",
            "state": None,
        }
        assert (await catalog.http.get(reply.headers["Location"])).json() == made

    async def test_a_service_depends_on_a_vendor_product(self, catalog: Catalog) -> None:
        await add_product(catalog, "mail", end_of_life_on="2020-01-01")

        made = await depend(catalog, "a", "mail", kind="vendor_product")

        assert made["provider"]["kind"] == "vendor_product"
        assert (made["provider"]["stage"], made["provider"]["state"]) == (None, "end_of_life")

    async def test_a_pair_is_there_once(self, catalog: Catalog) -> None:
        first = await depend(catalog, "a", "b")

        reply = await catalog.http.post("/v1/services/a/dependencies", json=on("b"))

        assert (reply.status_code, reply.json()["code"]) == (409, "dependency_exists")
        assert reply.json()["id"] == first["id"]

    async def test_no_service_depends_on_itself(self, catalog: Catalog) -> None:
        reply = await catalog.http.post("/v1/services/a/dependencies", json=on("a"))

        assert (reply.status_code, reply.json()["code"]) == (409, "dependency_cycle")
        assert reply.json()["path"] == ["a", "a"]

    async def test_a_cycle_is_refused_with_its_path(self, catalog: Catalog) -> None:
        await depend(catalog, "a", "b")
        await depend(catalog, "b", "c", strength="soft")

        reply = await catalog.http.post("/v1/services/c/dependencies", json=on("a"))

        assert (reply.status_code, reply.json()["code"]) == (409, "dependency_cycle")
        path = reply.json()["path"]
        assert path[0] == path[-1]
        assert set(pairwise(path)) == {("a", "b"), ("b", "c"), ("c", "a")}
        assert await pairs(catalog) == [("a", "b"), ("b", "c")]

    async def test_shares_of_a_provider_sum_to_one_at_most(self, catalog: Catalog) -> None:
        await depend(catalog, "a", "c", cost_share=0.7)

        reply = await catalog.http.post(
            "/v1/services/b/dependencies", json=on("c", cost_share=0.300001)
        )

        assert (reply.status_code, reply.json()["code"]) == (409, "cost_share_exceeded")
        assert reply.json()["providers"] == [{"kind": "service", "key": "c", "sum": 1.000001}]
        await depend(catalog, "b", "c", cost_share=0.3)

    @pytest.mark.parametrize(("consumer", "provider"), [("a", "old"), ("old", "a")])
    async def test_a_retired_service_gets_no_dependency(
        self, catalog: Catalog, onboard: Make, consumer: str, provider: str
    ) -> None:
        await onboard("old", stage="retirement", owners=[])

        reply = await catalog.http.post(f"/v1/services/{consumer}/dependencies", json=on(provider))

        assert (reply.status_code, reply.json()["code"]) == (409, "service_retired")
        assert reply.json()["services"] == ["old"]

    @pytest.mark.parametrize("kind", ["service", "vendor_product"])
    async def test_what_is_not_there_cannot_be_depended_on(
        self, catalog: Catalog, kind: str
    ) -> None:
        reply = await catalog.http.post("/v1/services/a/dependencies", json=on("nothing", kind))

        error = reply.json()["errors"][0]
        assert reply.status_code == 422
        assert (error["pointer"], error["code"]) == ("/provider/key", f"unknown_{kind}")

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("cost_share", 1.1),
            ("cost_share", -0.1),
            ("cost_share", 0.1234567),
            ("cost_share", "NaN"),
            ("strength", "firm"),
            ("provider", {"kind": "service"}),
        ],
    )
    async def test_a_malformed_field_is_named(
        self, catalog: Catalog, field: str, value: Any
    ) -> None:
        reply = await catalog.http.post(
            "/v1/services/a/dependencies", json=on("b") | {field: value}
        )

        assert reply.status_code == 422
        assert reply.json()["errors"][0]["pointer"].startswith(f"/{field}")

    async def test_an_unknown_consumer_is_not_found(self, catalog: Catalog) -> None:
        reply = await catalog.http.post("/v1/services/nothing/dependencies", json=on("b"))

        assert reply.status_code == 404

    async def test_writing_needs_its_scope(self, catalog: Catalog) -> None:
        reader = catalog.caller(scope="catalog:read")

        reply = await catalog.http.post("/v1/services/a/dependencies", json=on("b"), headers=reader)

        assert (reply.status_code, reply.json()["missing_scope"]) == (403, "catalog:write")


@pytest.mark.usefixtures("services")
class TestList:
    async def test_the_filters_narrow_the_list(self, catalog: Catalog) -> None:
        await add_product(catalog, "mail")
        await depend(catalog, "a", "b")
        await depend(catalog, "a", "c", strength="soft")
        await depend(catalog, "b", "mail", kind="vendor_product")

        assert await pairs(catalog, consumer="a") == [("a", "b"), ("a", "c")]
        assert await pairs(catalog, strength="soft") == [("a", "c")]
        assert await pairs(catalog, provider="c") == [("a", "c")]
        assert await pairs(catalog, provider_kind="vendor_product") == [("b", "mail")]

    async def test_a_services_own_are_paged_in_the_order_of_creation(
        self, catalog: Catalog
    ) -> None:
        await depend(catalog, "a", "c")
        await depend(catalog, "a", "b")
        await depend(catalog, "b", "c")
        url = "/v1/services/a/dependencies"

        first = (await catalog.http.get(url, params={"limit": 1})).json()
        rest = await catalog.http.get(url, params={"limit": 1, "cursor": first["next_cursor"]})

        assert [one["provider"]["key"] for one in first["items"]] == ["c"]
        assert [one["provider"]["key"] for one in rest.json()["items"]] == ["b"]
        assert rest.json()["next_cursor"] is None

    async def test_the_list_of_an_unknown_service_is_not_found(self, catalog: Catalog) -> None:
        assert (await catalog.http.get("/v1/services/nothing/dependencies")).status_code == 404


@pytest.mark.usefixtures("services")
class TestChange:
    async def test_only_the_named_fields_change(self, catalog: Catalog) -> None:
        made = await depend(catalog, "a", "b", description="Needs it")
        url = f"/v1/services/a/dependencies/{made['id']}"

        reply = await catalog.http.patch(
            url, json={"strength": "soft"}, headers={"If-Match": '"1"'}
        )

        assert (reply.status_code, reply.headers["ETag"]) == (200, '"2"')
        assert (reply.json()["strength"], reply.json()["description"]) == ("soft", "Needs it")

    async def test_a_share_that_exceeds_the_rest_is_refused(self, catalog: Catalog) -> None:
        await depend(catalog, "a", "c", cost_share=0.5)
        made = await depend(catalog, "b", "c", cost_share=0.5)
        url = f"/v1/services/b/dependencies/{made['id']}"

        reply = await catalog.http.patch(url, json={"cost_share": 0.6}, headers={"If-Match": "*"})

        assert (reply.status_code, reply.json()["code"]) == (409, "cost_share_exceeded")
        assert (await catalog.http.get(url)).json()["cost_share"] == 0.5

    async def test_a_stale_version_is_refused(self, catalog: Catalog) -> None:
        made = await depend(catalog, "a", "b")
        url = f"/v1/services/a/dependencies/{made['id']}"

        for tag, status in (('"7"', 412), (None, 428)):
            headers = {"If-Match": tag} if tag else {}
            reply = await catalog.http.patch(url, json={"cost_share": 0}, headers=headers)
            assert reply.status_code == status

    async def test_a_dependency_of_another_service_is_not_found(self, catalog: Catalog) -> None:
        made = await depend(catalog, "a", "b")

        reply = await catalog.http.get(f"/v1/services/c/dependencies/{made['id']}")

        assert reply.status_code == 404


@pytest.mark.usefixtures("services")
class TestRemove:
    async def test_it_is_gone_and_the_way_back_is_free(self, catalog: Catalog) -> None:
        made = await depend(catalog, "a", "b")
        url = f"/v1/services/a/dependencies/{made['id']}"

        assert (await catalog.http.delete(url)).status_code == 204

        assert (await catalog.http.delete(url)).status_code == 404
        await depend(catalog, "b", "a")

    async def test_the_audit_trail_keeps_what_it_was(self, catalog: Catalog) -> None:
        made = await depend(catalog, "a", "b", cost_share=0.5)
        await catalog.http.delete(f"/v1/services/a/dependencies/{made['id']}")

        query = {"resource": "dependency", "key": made["id"]}
        entries = (await catalog.http.get("/v1/audit", params=query)).json()["items"]

        assert [entry["action"] for entry in entries] == ["removed", "created"]
        assert entries[0]["after"] is None
        assert entries[0]["before"] == entries[1]["after"]


@pytest.mark.usefixtures("services")
class TestBulk:
    async def test_all_are_created_and_a_repeat_changes_nothing(self, catalog: Catalog) -> None:
        await add_product(catalog, "mail")
        mail = item("a", "mail", kind="vendor_product")
        items = [item("a", "b", cost_share=0.5), item("b", "c"), mail]

        first = (await catalog.http.post(BULK, json=items)).json()
        second = (await catalog.http.post(BULK, json=items)).json()

        assert (first["created"], first["changed"], first["unchanged"]) == (3, 0, 0)
        assert (second["created"], second["changed"], second["unchanged"]) == (0, 0, 3)
        assert await pairs(catalog) == [("a", "b"), ("a", "mail"), ("b", "c")]
        assert first["items"][0]["changes"]["cost_share"] == {"before": None, "after": 0.5}

    async def test_only_the_fields_an_item_names_are_changed(self, catalog: Catalog) -> None:
        made = await depend(catalog, "a", "b", cost_share=0.5, description="Why")
        change = {"consumer": "a", "provider": on("b")["provider"], "cost_share": 0.25}

        reply = (await catalog.http.post(BULK, json=[change])).json()

        assert reply["items"][0]["changes"] == {"cost_share": {"before": 0.5, "after": 0.25}}
        now = (await catalog.http.get(f"/v1/services/a/dependencies/{made['id']}")).json()
        assert (now["description"], now["strength"], now["revision"]) == ("Why", "hard", 2)

    async def test_a_dry_run_shows_the_difference_and_writes_nothing(
        self, catalog: Catalog
    ) -> None:
        await depend(catalog, "a", "b")
        items = [item("a", "b", strength="soft"), item("b", "c")]

        reply = await catalog.http.post(BULK, params={"dry_run": True}, json=items)

        outcomes = [one["outcome"] for one in reply.json()["items"]]
        assert (reply.json()["dry_run"], outcomes) == (True, ["changed", "created"])
        assert await pairs(catalog, strength="hard") == [("a", "b")]
        trail = await catalog.http.get("/v1/audit", params={"resource": "dependency"})
        assert len(trail.json()["items"]) == 1

    @pytest.mark.parametrize("dry_run", [True, False])
    async def test_a_cycle_among_new_and_old_refuses_all(
        self, catalog: Catalog, dry_run: bool
    ) -> None:
        await depend(catalog, "a", "b")
        items = [item("b", "c"), item("c", "a")]

        reply = await catalog.http.post(BULK, params={"dry_run": dry_run}, json=items)

        assert (reply.status_code, reply.json()["code"]) == (409, "dependency_cycle")
        assert await pairs(catalog) == [("a", "b")]

    async def test_shares_are_summed_over_the_whole_set(self, catalog: Catalog) -> None:
        items = [item("a", "c", cost_share=0.6), item("b", "c", cost_share=0.6)]

        reply = await catalog.http.post(BULK, json=items)

        assert (reply.status_code, reply.json()["code"]) == (409, "cost_share_exceeded")
        assert reply.json()["providers"][0]["sum"] == 1.2

    async def test_every_bad_item_is_named(self, catalog: Catalog) -> None:
        items = [item("nothing", "b"), item("a", "none"), item("a", "b")]

        reply = await catalog.http.post(BULK, json=items)

        errors = [(error["pointer"], error["code"]) for error in reply.json()["errors"]]
        assert reply.status_code == 422
        assert errors == [
            ("/0/consumer", "unknown_service"),
            ("/1/provider/key", "unknown_service"),
        ]

    async def test_a_pair_stands_in_the_list_once(self, catalog: Catalog) -> None:
        reply = await catalog.http.post(BULK, json=[item("a", "b"), item("a", "b")])

        assert [error["pointer"] for error in reply.json()["errors"]] == ["/1"]

    async def test_a_new_one_needs_its_strength(self, catalog: Catalog) -> None:
        bare = {"consumer": "a", "provider": {"kind": "service", "key": "b"}}

        reply = await catalog.http.post(BULK, json=[bare])

        assert [error["pointer"] for error in reply.json()["errors"]] == ["/0/strength"]

    async def test_what_is_there_may_be_sent_again_after_its_provider_retired(
        self, catalog: Catalog, onboard: Make
    ) -> None:
        await onboard("old", stage="operate")
        await depend(catalog, "a", "old")
        decision = catalog.decision("old", "to-retirement", "operate", "retirement")
        moved = await catalog.http.post("/v1/services/old/transitions", json={"decision": decision})
        assert moved.status_code == 201, moved.text

        same = await catalog.http.post(BULK, json=[item("a", "old")])
        fresh = await catalog.http.post(BULK, json=[item("b", "old")])

        assert (same.status_code, same.json()["unchanged"]) == (200, 1)
        assert (fresh.status_code, fresh.json()["code"]) == (409, "service_retired")


@pytest.mark.usefixtures("services")
class TestAtOnce:
    async def test_of_two_writers_that_share_no_service_and_close_a_cycle_one_is_refused(
        self, catalog: Catalog, make_service: Make
    ) -> None:
        await make_service("d")
        await depend(catalog, "a", "b")
        await depend(catalog, "c", "d")

        replies = await asyncio.gather(
            *(
                catalog.http.post(f"/v1/services/{consumer}/dependencies", json=on(provider))
                for consumer, provider in (("b", "c"), ("d", "a"))
            )
        )

        assert sorted(reply.status_code for reply in replies) == [201, 409]
        assert len(await pairs(catalog)) == 3

    async def test_writers_at_once_do_not_share_out_more_than_there_is(
        self, catalog: Catalog
    ) -> None:
        replies = await asyncio.gather(
            *(
                catalog.http.post(f"/v1/services/{key}/dependencies", json=on("c", cost_share=0.6))
                for key in ("a", "b")
            )
        )

        assert sorted(reply.status_code for reply in replies) == [201, 409]

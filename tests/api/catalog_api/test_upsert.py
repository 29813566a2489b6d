"""Services upserted by key in bulk."""

import asyncio
from typing import Any

import pytest

from tests.support.catalog import Catalog, Make
from tests.support.statements import counted_statements

URL = "/v1/services/bulk"


def item(key: str, **fields: Any) -> dict[str, Any]:
    return {"key": key, "name": key, "portfolio": "workplace", "kind": "technical"} | fields


async def upsert(catalog: Catalog, items: list[dict[str, Any]], **query: Any) -> dict[str, Any]:
    reply = await catalog.http.post(URL, json=items, params=query)
    assert reply.status_code == 200, reply.text
    result: dict[str, Any] = reply.json()
    return result


def counts(result: dict[str, Any]) -> tuple[int, int, int]:
    return result["created"], result["changed"], result["unchanged"]


async def test_new_services_are_created_and_known_ones_changed(
    catalog: Catalog, make_service: Make
) -> None:
    await make_service("vpn", description="old")

    result = await upsert(catalog, [item("vpn", description="new"), item("mail")])

    assert counts(result) == (1, 1, 0)
    assert result["items"][0]["changes"]["description"] == {"before": "old", "after": "new"}
    assert (await catalog.http.get("/v1/services/mail")).json()["stage"] == "strategy"


async def test_repeating_it_changes_nothing(catalog: Catalog) -> None:
    items = [item("vpn", tags=["b", "a"], criticality="high"), item("mail")]
    await upsert(catalog, items)

    result = await upsert(catalog, items)

    assert counts(result) == (0, 0, 2)
    service = await catalog.http.get("/v1/services/vpn")
    assert service.headers["ETag"] == '"1"'


async def test_fields_that_are_not_named_stay(catalog: Catalog, make_service: Make) -> None:
    await make_service("vpn", description="Tunnels.", criticality="low")

    await upsert(catalog, [{"key": "vpn", "criticality": "high"}])

    service = (await catalog.http.get("/v1/services/vpn")).json()
    assert (service["description"], service["criticality"]) == ("Tunnels.", "high")


async def test_a_dry_run_shows_the_difference_and_changes_nothing(
    catalog: Catalog, make_service: Make
) -> None:
    await make_service("vpn")
    items = [item("vpn", name="Tunnel"), item("mail")]

    shown = await upsert(catalog, items, dry_run=True)

    assert (await catalog.http.get("/v1/services/vpn")).headers["ETag"] == '"1"'
    assert (await catalog.http.get("/v1/services/mail")).status_code == 404
    assert shown | {"dry_run": False} == await upsert(catalog, items)


async def test_every_bad_item_is_named_and_nothing_is_done(catalog: Catalog) -> None:
    items = [
        item("good"),
        item("lost", portfolio="nowhere"),
        {"key": "bare"},
        item("good"),
    ]

    reply = await catalog.http.post(URL, json=items)

    assert reply.status_code == 422
    assert {error["pointer"] for error in reply.json()["errors"]} == {
        "/1/portfolio",
        "/2/name",
        "/2/portfolio",
        "/2/kind",
        "/3/key",
    }
    assert (await catalog.http.get("/v1/services/good")).status_code == 404


async def test_the_stage_is_refused_at_its_place(catalog: Catalog) -> None:
    reply = await catalog.http.post(URL, json=[item("vpn"), item("mail", stage="operate")])

    assert reply.status_code == 422
    assert [error["pointer"] for error in reply.json()["errors"]] == ["/1/stage"]


async def test_a_tools_name_for_another_service_is_no_key(
    catalog: Catalog, make_service: Make
) -> None:
    await make_service("gateway", external_references=[{"name": "VPN"}])

    reply = await catalog.http.post(URL, json=[item("vpn")])

    assert [error["code"] for error in reply.json()["errors"]] == ["reference_taken"]


@pytest.mark.parametrize("body", [[], {}, None, "text", [1], [[]], [{}]])
async def test_what_is_no_list_of_services_is_refused(catalog: Catalog, body: Any) -> None:
    assert (await catalog.http.post(URL, json=body)).status_code == 422


async def test_a_thousand_services_are_taken_and_one_more_is_not(catalog: Catalog) -> None:
    items = [item(f"s{number}") for number in range(1001)]

    many = await catalog.http.post(URL, json=items)
    result = await upsert(catalog, items[:1000])

    assert many.status_code == 422
    assert counts(result) == (1000, 0, 0)


async def test_each_change_is_audited(catalog: Catalog, make_service: Make) -> None:
    await make_service("vpn")

    await upsert(catalog, [item("vpn", name="Tunnel"), item("mail")])

    changed = (await catalog.http.get("/v1/services/vpn/audit")).json()["items"][0]
    created = (await catalog.http.get("/v1/services/mail/audit")).json()["items"][0]
    assert (changed["before"], changed["after"]) == ({"name": "vpn"}, {"name": "Tunnel"})
    assert (created["action"], created["after"]["name"]) == ("created", "mail")


ADA = {"role": "service_owner", "subject": "ada"}
BEA = {"role": "service_manager", "subject": "bea"}


def names(service: dict[str, Any]) -> list[str]:
    return sorted(reference["name"] for reference in service["external_references"])


async def refused(catalog: Catalog, *items: dict[str, Any]) -> list[tuple[str, str]]:
    reply = await catalog.http.post(URL, json=items)
    assert reply.status_code == 422, reply.text
    return [(error["pointer"], error["code"]) for error in reply.json()["errors"]]


async def read(catalog: Catalog, key: str) -> dict[str, Any]:
    found: dict[str, Any] = (await catalog.http.get(f"/v1/services/{key}")).json()
    return found


class TestOwnersAndReferences:
    async def test_new_services_come_with_both(self, catalog: Catalog) -> None:
        references = [{"source": None, "name": "VPN 1"}, {"source": "snow", "name": "CI7"}]
        await upsert(catalog, [item("vpn", owners=[ADA, BEA], external_references=references)])

        service = await read(catalog, "vpn")

        assert [owner["subject"] for owner in service["owners"]] == ["bea", "ada"]
        assert (names(service), service["revision"]) == (["CI7", "VPN 1"], 1)

    async def test_what_is_given_replaces_what_is_there(
        self, catalog: Catalog, make_service: Make
    ) -> None:
        await make_service("vpn", owners=[ADA, BEA], external_references=[{"name": "old"}])

        result = await upsert(
            catalog, [{"key": "vpn", "owners": [BEA], "external_references": [{"name": "new"}]}]
        )
        service = await read(catalog, "vpn")
        past = await catalog.http.get("/v1/services/vpn/owners", params={"past": True})

        changes = result["items"][0]["changes"]
        assert changes["owners"] == {"before": [BEA, ADA], "after": [BEA]}
        assert changes["external_references"]["before"] == [{"source": None, "name": "old"}]
        assert ([one["subject"] for one in service["owners"]], names(service)) == (["bea"], ["new"])
        assert len(past.json()["items"]) == 2

    async def test_repeating_them_in_another_order_and_spelling_changes_nothing(
        self, catalog: Catalog
    ) -> None:
        references = [{"name": "One"}, {"source": "snow", "name": "Two"}]
        await upsert(catalog, [item("vpn", owners=[ADA, BEA], external_references=references)])

        again = [{"source": "snow", "name": "TWO"}, {"name": " one "}]
        result = await upsert(
            catalog, [{"key": "vpn", "owners": [BEA, ADA], "external_references": again}]
        )

        assert counts(result) == (0, 0, 1)
        assert names(await read(catalog, "vpn")) == ["One", "Two"]

    async def test_what_is_not_named_stays(self, catalog: Catalog, make_service: Make) -> None:
        await make_service("vpn", owners=[ADA], external_references=[{"name": "one"}])

        await upsert(catalog, [{"key": "vpn", "name": "Tunnel"}])

        service = await read(catalog, "vpn")
        assert (len(service["owners"]), names(service)) == (1, ["one"])

    async def test_a_dry_run_shows_them_and_changes_nothing(
        self, catalog: Catalog, make_service: Make
    ) -> None:
        await make_service("vpn", owners=[ADA])
        items = [{"key": "vpn", "owners": [BEA], "external_references": [{"name": "one"}]}]

        shown = await upsert(catalog, items, dry_run=True)

        service = await read(catalog, "vpn")
        assert (service["revision"], names(service)) == (1, [])
        assert shown | {"dry_run": False} == await upsert(catalog, items)

    async def test_a_live_service_keeps_its_service_owner(
        self, catalog: Catalog, onboard: Make
    ) -> None:
        await onboard("vpn")

        found = await refused(catalog, {"key": "vpn", "owners": [BEA]})

        assert found == [("/0/owners", "service_owner_required")]
        assert [one["subject"] for one in (await read(catalog, "vpn"))["owners"]] == ["ada"]

    @pytest.mark.parametrize(
        ("fields", "error"),
        [
            ({"owners": [ADA, ADA]}, ("/0/owners/1", "repeated")),
            ({"owners": [ADA, ADA | {"subject": "eve"}]}, ("/0/owners/1", "repeated")),
            (
                {"external_references": [{"name": "a"}, {"name": "A "}]},
                ("/0/external_references/1", "repeated"),
            ),
            ({"external_references": [{"name": "?"}]}, ("/0/external_references/0", "no_name")),
        ],
    )
    async def test_what_cannot_be_is_named(
        self, catalog: Catalog, fields: dict[str, Any], error: tuple[str, str]
    ) -> None:
        assert await refused(catalog, item("vpn", **fields)) == [error]

    async def test_a_name_that_another_service_has_is_refused(
        self, catalog: Catalog, make_service: Make
    ) -> None:
        await make_service("mail", external_references=[{"name": "post"}])
        taken = ("post", "MAIL", "chat", "fresh")

        found = await refused(
            catalog,
            item("fresh", external_references=[{"name": "chat"}]),
            item("vpn", external_references=[{"name": name} for name in taken]),
        )

        assert found == [(f"/1/external_references/{n}", "reference_taken") for n in range(4)]

    async def test_a_name_may_pass_from_one_service_to_another(
        self, catalog: Catalog, make_service: Make
    ) -> None:
        await make_service("old", external_references=[{"name": "post"}])

        await upsert(
            catalog,
            [
                item("mail", external_references=[{"name": "post"}]),
                {"key": "old", "external_references": []},
            ],
        )

        assert names(await read(catalog, "mail")) == ["post"]

    async def test_a_name_that_is_given_up_may_become_a_key(
        self, catalog: Catalog, make_service: Make
    ) -> None:
        await make_service("old", external_references=[{"name": "mail"}])

        result = await upsert(catalog, [item("mail"), {"key": "old", "external_references": []}])

        assert counts(result) == (1, 1, 0)

    async def test_the_audit_trail_and_the_facts_know_when(
        self, catalog: Catalog, make_service: Make
    ) -> None:
        made = await make_service("vpn")

        await upsert(catalog, [{"key": "vpn", "owners": [BEA]}])
        entry = (await catalog.http.get("/v1/services/vpn/audit")).json()["items"][0]
        facts = (await catalog.http.get("/v1/services/vpn/facts")).json()["facts"]

        assert (entry["before"], entry["after"]) == ({"owners": []}, {"owners": [BEA]})
        assert facts["service_owner_count"]["as_of"] > made["created_at"]
        assert facts["service_tags"]["as_of"] == made["created_at"]

    async def test_of_many_at_once_all_or_none_are_done(self, catalog: Catalog) -> None:
        lists = [
            [item(f"{word}{n}", external_references=[{"name": f"n{n}"}]) for n in range(20)]
            for word in ("a", "b", "c")
        ]

        replies = await asyncio.gather(*(catalog.http.post(URL, json=one) for one in lists))

        statuses = sorted(reply.status_code for reply in replies)
        assert statuses[0] == 200
        assert set(statuses[1:]) <= {409, 422}
        listed = (await catalog.http.get("/v1/services")).json()["items"]
        assert len(listed) == 20


async def test_a_thousand_services_take_a_handful_of_statements(catalog: Catalog) -> None:
    items = [
        item(f"s{n}", owners=[ADA, BEA], external_references=[{"name": f"name {n}"}])
        for n in range(1000)
    ]
    with counted_statements() as for_new:
        created = await upsert(catalog, items)
    with counted_statements() as for_known:
        again = await upsert(catalog, items)

    assert (counts(created), counts(again)) == ((1000, 0, 0), (0, 0, 1000))
    # Rows are written in pages of the driver; what is looked at does not grow with them.
    assert (len(for_new) < 60, len(for_known) < 20) == (True, True)

"""External references over HTTP: added, removed, resolved."""

import asyncio
from typing import Any

import pytest

from tests.support.catalog import Catalog, Make

URL = "/v1/services/vpn/external-references"


async def resolve(catalog: Catalog, *asked: tuple[str | None, str]) -> list[str | None]:
    references = [{"source": source, "name": name} for source, name in asked]
    reply = await catalog.http.post(
        "/v1/external-references/resolve", json={"references": references}
    )
    assert reply.status_code == 200, reply.text
    return [item["service"] for item in reply.json()["items"]]


class TestAdd:
    async def test_a_name_comes_to_mean_the_service(
        self, catalog: Catalog, make_service: Make
    ) -> None:
        await make_service("vpn")

        reply = await catalog.http.post(URL, json={"source": "snow", "name": "VPN Gateway"})

        assert reply.status_code == 201
        assert await resolve(catalog, ("snow", "VPN Gateway")) == ["vpn"]

    async def test_it_is_told_with_the_path_by_which_it_ends(
        self, catalog: Catalog, make_service: Make
    ) -> None:
        await make_service("vpn")

        reply = await catalog.http.post(URL, json={"name": "VPN Gateway"})

        assert (await catalog.http.delete(reply.headers["Location"])).status_code == 204

    async def test_saying_it_again_is_harmless(self, catalog: Catalog, make_service: Make) -> None:
        await make_service("vpn")

        first = await catalog.http.post(URL, json={"name": "VPN Gateway"})
        second = await catalog.http.post(URL, json={"name": "vpn  gateway"})

        assert (second.status_code, second.json()) == (200, first.json())
        assert (await catalog.http.get("/v1/services/vpn")).headers["ETag"] == '"2"'

    async def test_a_name_of_another_service_is_refused_naming_it(
        self, catalog: Catalog, make_service: Make
    ) -> None:
        await make_service("vpn")
        await make_service("mail", external_references=[{"source": "snow", "name": "Post"}])

        reply = await catalog.http.post(URL, json={"source": "snow", "name": "POST"})

        assert (reply.status_code, reply.json()["code"]) == (409, "reference_taken")
        assert reply.json()["service"] == "mail"

    async def test_the_key_of_another_service_is_refused_naming_it(
        self, catalog: Catalog, make_service: Make
    ) -> None:
        await make_service("vpn")
        await make_service("mail")

        reply = await catalog.http.post(URL, json={"source": "snow", "name": "Mail"})

        assert (reply.status_code, reply.json()["service"]) == (409, "mail")

    async def test_of_two_services_that_claim_a_name_at_once_one_gets_it(
        self, catalog: Catalog, make_service: Make
    ) -> None:
        await make_service("vpn")
        await make_service("mail")
        urls = [URL, "/v1/services/mail/external-references"]

        replies = await asyncio.gather(
            *(catalog.http.post(url, json={"name": "Edge"}) for url in urls)
        )

        assert sorted(reply.status_code for reply in replies) == [201, 409]

    @pytest.mark.parametrize(
        ("body", "pointer"),
        [
            ({"name": ""}, "/name"),
            ({"name": "x" * 201}, "/name"),
            ({"name": "\x00"}, "/name"),
            ({"name": " "}, "/name"),
            ({"name": "?"}, "/name"),
            ({"source": "Not A Key", "name": "x"}, "/source"),
            ({"source": "snow"}, "/name"),
        ],
    )
    async def test_a_malformed_field_is_named(
        self, catalog: Catalog, make_service: Make, body: dict[str, Any], pointer: str
    ) -> None:
        await make_service("vpn")

        reply = await catalog.http.post(URL, json=body)

        assert reply.status_code == 422
        assert [error["pointer"] for error in reply.json()["errors"]] == [pointer]

    @pytest.mark.parametrize("bulk", [False, True])
    async def test_of_a_new_service_and_a_name_that_is_its_key_one_is_refused(
        self, catalog: Catalog, make_service: Make, bulk: bool
    ) -> None:
        await make_service("vpn")
        service = {"key": "wan", "name": "WAN", "portfolio": "workplace", "kind": "technical"}
        path, body = ("/v1/services/bulk", [service]) if bulk else ("/v1/services", service)

        replies = await asyncio.gather(
            catalog.http.post(path, json=body),
            catalog.http.post("/v1/services/vpn/external-references", json={"name": "wan"}),
        )

        assert sorted(reply.status_code < 300 for reply in replies) == [False, True]
        refused = next(reply.json() for reply in replies if reply.status_code >= 400)
        assert "reference_taken" in {refused["code"], *(e["code"] for e in refused["errors"])}


class TestRemove:
    async def test_a_removed_name_means_nothing_any_more(
        self, catalog: Catalog, make_service: Make
    ) -> None:
        made = await make_service("vpn", external_references=[{"name": "Edge"}])

        reply = await catalog.http.delete(f"{URL}/{made['external_references'][0]['id']}")

        assert reply.status_code == 204
        assert await resolve(catalog, (None, "Edge")) == [None]

    async def test_the_audit_trail_shows_it(self, catalog: Catalog, make_service: Make) -> None:
        made = await make_service("vpn", external_references=[{"name": "Edge"}])

        await catalog.http.delete(f"{URL}/{made['external_references'][0]['id']}")
        entry = (await catalog.http.get("/v1/services/vpn/audit")).json()["items"][0]

        assert entry["action"] == "reference_removed"
        assert entry["before"] == {"external_references": [{"source": None, "name": "Edge"}]}

    async def test_a_reference_of_another_service_is_not_found(
        self, catalog: Catalog, make_service: Make
    ) -> None:
        await make_service("vpn")
        other = await make_service("mail", external_references=[{"name": "Post"}])

        reply = await catalog.http.delete(f"{URL}/{other['external_references'][0]['id']}")

        assert reply.status_code == 404
        assert await resolve(catalog, (None, "Post")) == ["mail"]

    @pytest.mark.parametrize("identifier", ["x", "0", "%00", "a" * 300])
    async def test_what_is_no_id_is_not_found(
        self, catalog: Catalog, make_service: Make, identifier: str
    ) -> None:
        await make_service("vpn")

        assert (await catalog.http.delete(f"{URL}/{identifier}")).status_code == 404


class TestResolve:
    @pytest.fixture(autouse=True)
    async def _services(self, catalog: Catalog, make_service: Make) -> None:
        await make_service("vpn", external_references=[{"name": "Edge"}])
        await make_service("firewall", external_references=[{"source": "snow", "name": "Edge"}])

    @pytest.mark.parametrize(
        ("source", "name", "service"),
        [
            ("snow", "Edge", "firewall"),
            ("jira", "Edge", "vpn"),
            (None, "Edge", "vpn"),
            ("snow", "  eDGE ", "firewall"),
            ("snow", "vpn", "vpn"),
            ("snow", "VPN", "vpn"),
            (None, "firewall", "firewall"),
            ("snow", "unheard of", None),
        ],
    )
    async def test_a_name_means_one_service_or_none(
        self, catalog: Catalog, source: str | None, name: str, service: str | None
    ) -> None:
        assert await resolve(catalog, (source, name)) == [service]

    async def test_answers_stand_in_the_order_asked(self, catalog: Catalog) -> None:
        asked = [(None, name) for name in ("firewall", "?", "vpn", "?", "firewall")]

        assert await resolve(catalog, *asked) == ["firewall", None, "vpn", None, "firewall"]

    async def test_ten_thousand_names_are_resolved_at_once_and_one_more_is_not(
        self, catalog: Catalog
    ) -> None:
        asked = [(None, f"name {number}") for number in range(10_001)]

        assert await resolve(catalog, *asked[:9_999], ("snow", "edge")) == [None] * 9_999 + [
            "firewall"
        ]
        references = [{"name": name} for _, name in asked]
        reply = await catalog.http.post(
            "/v1/external-references/resolve", json={"references": references}
        )
        assert reply.status_code == 422

    async def test_nothing_is_resolved_to_nothing(self, catalog: Catalog) -> None:
        assert await resolve(catalog) == []


async def test_references_are_listed_in_pages(catalog: Catalog, make_service: Make) -> None:
    await make_service("vpn", external_references=[{"name": name} for name in "abc"])

    first = (await catalog.http.get(URL, params={"limit": 2})).json()
    params = {"limit": 2, "cursor": first["next_cursor"]}
    second = (await catalog.http.get(URL, params=params)).json()

    assert {item["name"] for item in first["items"] + second["items"]} == {"a", "b", "c"}
    assert second["next_cursor"] is None

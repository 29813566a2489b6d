"""The service document: all the catalog knows of a service in one call, and a page of it."""

from typing import Any

import pytest

from catalog_api.documents.sections import SECTIONS
from tests.support.catalog import Catalog, Make
from tests.support.statements import counted_statements

HANDFUL = 16


class TestJson:
    async def test_a_bare_service_has_every_section(
        self, catalog: Catalog, make_service: Make
    ) -> None:
        await make_service("vpn")

        document = (await catalog.http.get("/v1/services/vpn/document")).json()

        assert document["service"]["key"] == "vpn"
        assert document["portfolio"]["key"] == "workplace"
        assert {section.name for section in SECTIONS} <= document.keys()

    async def test_it_is_read_in_a_handful_of_statements_however_rich_the_service_is(
        self, catalog: Catalog, make_service: Make
    ) -> None:
        await make_service("vpn")
        for provider in ("directory", "firewall", "network"):
            await make_service(provider)
            needs = {"provider": {"kind": "service", "key": provider}, "strength": "hard"}
            made = await catalog.http.post("/v1/services/vpn/dependencies", json=needs)
            assert made.status_code == 201, made.text

        with counted_statements() as seen:
            document = (await catalog.http.get("/v1/services/vpn/document")).json()

        assert document["dependencies"]["count"] == 3
        assert len(seen) <= HANDFUL, seen

    async def test_facts_come_from_the_same_statements(
        self, catalog: Catalog, make_service: Make
    ) -> None:
        await make_service("vpn")

        with counted_statements() as seen:
            assert (await catalog.http.get("/v1/services/vpn/facts")).status_code == 200

        assert len(seen) <= HANDFUL, seen

    async def test_an_unknown_service_has_none(self, catalog: Catalog) -> None:
        assert (await catalog.http.get("/v1/services/nowhere/document")).status_code == 404


class TestPage:
    @pytest.mark.parametrize(
        "ask", [{"params": {"format": "html"}}, {"headers": {"Accept": "text/html"}}]
    )
    async def test_it_needs_nothing_but_itself(
        self, catalog: Catalog, make_service: Make, ask: dict[str, Any]
    ) -> None:
        await make_service("vpn", name="Remote <Access>", description="Tunnels.")

        reply = await catalog.http.get("/v1/services/vpn/document", **ask)

        assert reply.headers["content-type"].startswith("text/html")
        assert "<h1>Remote &lt;Access&gt;</h1>" in reply.text
        for word in ("<script", "http://", "https://", "@import", "url("):
            assert word not in reply.text

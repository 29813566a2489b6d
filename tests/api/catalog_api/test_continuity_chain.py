"""The chain check: whether all that a service cannot do without is as prepared as it."""

from typing import Any

import pytest

from tests.support.catalog import Catalog, Make
from tests.support.continuity import approved


@pytest.fixture(autouse=True)
async def vpn(onboard: Make) -> None:
    await onboard("vpn")


class TestChain:
    async def depends(self, catalog: Catalog, consumer: str, kind: str, key: str, how: str) -> None:
        body = {"provider": {"kind": kind, "key": key}, "strength": how}
        reply = await catalog.http.post(f"/v1/services/{consumer}/dependencies", json=body)
        assert reply.status_code == 201, reply.text

    async def chain(self, catalog: Catalog, **query: Any) -> dict[str, Any]:
        reply = await catalog.http.get("/v1/services/vpn/continuity/chain-check", params=query)
        assert reply.status_code == 200, reply.text
        shown: dict[str, Any] = reply.json()
        return shown

    async def test_every_hard_provider_to_any_depth_is_judged(
        self, catalog: Catalog, onboard: Make
    ) -> None:
        for key in ("network", "power", "wiki"):
            await onboard(key)
        product = {"name": "Cloud", "vendor": "Example AG", "recovery_time_hours": 8}
        await catalog.http.post("/v1/vendor-products", json=product)
        await self.depends(catalog, "vpn", "service", "network", "hard")
        await self.depends(catalog, "vpn", "service", "wiki", "soft")
        await self.depends(catalog, "network", "service", "power", "hard")
        await self.depends(catalog, "network", "vendor_product", "cloud", "hard")
        await approved(catalog)
        await approved(catalog, "network", tier=1, rpo_hours=0)

        shown = await self.chain(catalog)

        rows = [(row["kind"], row["key"], row["link"], row["short_of"]) for row in shown["rows"]]
        assert rows == [
            ("service", "network", "within", []),
            ("service", "power", "missing", []),
            ("vendor_product", "cloud", "breaks", ["rto"]),
        ]
        assert (shown["within"], shown["breaking"], shown["missing"]) == (1, 1, 1)
        assert shown["complete"] is False

    async def test_a_chain_without_providers_needs_the_own_plan(self, catalog: Catalog) -> None:
        before = await self.chain(catalog)
        await approved(catalog)
        after = await self.chain(catalog)

        assert (before["plan_version"], before["complete"]) == (None, False)
        assert (after["plan_version"], after["complete"]) == (1, True)

    async def test_its_rows_are_paged_and_filtered(self, catalog: Catalog, onboard: Make) -> None:
        for key in ("network", "power"):
            await onboard(key)
            await self.depends(catalog, "vpn", "service", key, "hard")
        await approved(catalog, "power")

        first = await self.chain(catalog, limit=1)
        rest = await self.chain(catalog, cursor=first["next_cursor"])
        missing = await self.chain(catalog, link="missing")

        assert [row["key"] for row in first["rows"] + rest["rows"]] == ["network", "power"]
        assert [row["key"] for row in missing["rows"]] == ["network"]

    async def test_a_forged_cursor_is_refused(self, catalog: Catalog) -> None:
        reply = await catalog.http.get(
            "/v1/services/vpn/continuity/chain-check", params={"cursor": "WyJhIiwiYiJd"}
        )

        assert (reply.status_code, reply.json()["code"]) == (400, "bad_cursor")

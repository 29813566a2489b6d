"""The audit trail: who changed any field of any resource, when, from what to what, for whom."""

from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from tests.support.catalog import Catalog, Make
from tests.support.postgres import Database


async def entries(catalog: Catalog, **filters: Any) -> list[dict[str, Any]]:
    reply = await catalog.http.get("/v1/audit", params=filters)
    assert reply.status_code == 200, reply.text
    found: list[dict[str, Any]] = reply.json()["items"]
    return found


@pytest.fixture
async def renamed(catalog: Catalog, make_service: Make) -> None:
    """A service that eve renamed on behalf of bob, after ada created it."""
    await make_service("vpn", criticality="low")
    for_bob = catalog.caller("eve") | {"If-Match": "*", "On-Behalf-Of": "bob"}
    reply = await catalog.http.patch("/v1/services/vpn", json={"name": "Edge"}, headers=for_bob)
    assert reply.status_code == 200


@pytest.mark.usefixtures("renamed")
class TestFilters:
    async def test_a_field_of_a_resource_tells_who_changed_it_and_from_what_to_what(
        self, catalog: Catalog
    ) -> None:
        newest = (await entries(catalog, resource="service", key="vpn", field="name"))[0]

        assert (newest["actor"], newest["on_behalf_of"]) == ("eve", "bob")
        assert (newest["before"], newest["after"]) == ({"name": "vpn"}, {"name": "Edge"})
        age = datetime.now(UTC) - datetime.fromisoformat(newest["at"])
        assert timedelta() <= age < timedelta(minutes=1)

    async def test_entries_that_do_not_concern_the_field_are_left_out(
        self, catalog: Catalog
    ) -> None:
        found = await entries(catalog, resource="service", key="vpn", field="criticality")

        assert [entry["action"] for entry in found] == ["created"]

    async def test_a_person_is_found_as_actor_and_as_the_one_acted_for(
        self, catalog: Catalog
    ) -> None:
        for person in ("eve", "bob"):
            assert [one["key"] for one in await entries(catalog, person=person)] == ["vpn"]

    async def test_times_bound_the_answer(self, catalog: Catalog) -> None:
        ahead = (datetime.now(UTC) + timedelta(minutes=5)).isoformat()

        assert await entries(catalog, since=ahead) == []
        assert len(await entries(catalog, until=ahead, resource="service")) == 2

    async def test_pages_follow_each_other_newest_first(self, catalog: Catalog) -> None:
        first = (await catalog.http.get("/v1/audit", params={"limit": 1})).json()
        query = {"limit": 1, "cursor": first["next_cursor"]}
        second = (await catalog.http.get("/v1/audit", params=query)).json()

        assert first["items"][0]["id"] > second["items"][0]["id"]


async def test_reading_the_trail_needs_its_scope(catalog: Catalog) -> None:
    reply = await catalog.http.get("/v1/audit", headers=catalog.caller(scope="catalog:read"))

    assert (reply.status_code, reply.json()["missing_scope"]) == (403, "audit:read")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE catalog.audit_entry SET actor = 'nobody'",
        "DELETE FROM catalog.audit_entry",
        "TRUNCATE catalog.audit_entry",
    ],
)
async def test_the_runtime_role_can_neither_change_nor_delete_it(
    catalog_db: Database, catalog: Catalog, statement: str
) -> None:
    with (
        psycopg.connect(catalog_db.runtime_url) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute(statement)

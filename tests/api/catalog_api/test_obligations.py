"""Obligations over HTTP: what must be met, and the evidence that it is."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.support.catalog import Catalog, Make

OBLIGATIONS = "/v1/obligations"
FIELDS = {"service": "vpn", "standard": "ISO/IEC 27001:2022", "clause": "A.8.13"}
REPORT = {"title": "Restore test", "uri": "https://docs.example.org/restore.pdf"}
Oblige = Callable[..., Awaitable[dict[str, Any]]]


def day(ahead: int) -> str:
    return (datetime.now(UTC) + timedelta(days=ahead)).date().isoformat()


@pytest.fixture
async def oblige(catalog: Catalog, make_service: Make) -> Oblige:
    """Oblige vpn to something, with evidence that ends on these days."""
    await make_service()

    async def make(*ends: str | None, **fields: Any) -> dict[str, Any]:
        reply = await catalog.http.post(OBLIGATIONS, json=FIELDS | fields)
        assert reply.status_code == 201, reply.text
        url = f"{OBLIGATIONS}/{reply.json()['id']}"
        for end in ends:
            body = REPORT | {"valid_until": end}
            reply = await catalog.http.post(f"{url}/evidence", json=body)
            assert reply.status_code == 201, reply.text
        return {**reply.json(), "url": url}

    return make


class TestState:
    async def test_without_evidence_it_is_unmet(self, catalog: Catalog, oblige: Oblige) -> None:
        obligation = await oblige(due=day(-1))

        assert (obligation["state"], obligation["overdue"]) == ("unmet", True)

    @pytest.mark.parametrize(
        ("ahead", "state"), [(None, "met"), (31, "met"), (30, "expiring"), (-1, "unmet")]
    )
    async def test_it_follows_the_evidence(
        self, catalog: Catalog, oblige: Oblige, ahead: int | None, state: str
    ) -> None:
        obligation = await oblige(None if ahead is None else day(ahead))

        assert obligation["state"] == state

    async def test_it_cannot_be_written(self, catalog: Catalog, oblige: Oblige) -> None:
        obligation = await oblige()
        tag = {"If-Match": "*"}

        reply = await catalog.http.patch(obligation["url"], json={"state": "met"}, headers=tag)

        assert (reply.status_code, reply.json()["errors"][0]["pointer"]) == (422, "/state")

    async def test_evidence_taken_away_no_longer_counts(
        self, catalog: Catalog, oblige: Oblige
    ) -> None:
        obligation = await oblige(None)
        url = f"{obligation['url']}/evidence/{obligation['evidence'][0]['id']}"

        first, again = await catalog.http.delete(url), await catalog.http.delete(url)

        assert (first.status_code, again.status_code) == (204, 404)
        assert (await catalog.http.get(obligation["url"])).json()["state"] == "unmet"


class TestWrite:
    async def test_a_service_has_a_clause_once(self, catalog: Catalog, oblige: Oblige) -> None:
        obligation = await oblige()

        reply = await catalog.http.post(OBLIGATIONS, json=FIELDS)

        assert (reply.status_code, reply.json()["code"]) == (409, "obligation_exists")
        assert reply.json()["obligation"] == obligation["id"]

    async def test_its_service_is_known(self, catalog: Catalog) -> None:
        reply = await catalog.http.post(OBLIGATIONS, json=FIELDS)

        assert reply.status_code == 422
        assert reply.json()["errors"][0]["code"] == "unknown_service"

    @pytest.mark.parametrize("uri", ["not a uri", "no-scheme", "x: y"])
    async def test_evidence_is_found_by_its_uri(
        self, catalog: Catalog, oblige: Oblige, uri: str
    ) -> None:
        url = f"{(await oblige())['url']}/evidence"

        reply = await catalog.http.post(url, json=REPORT | {"uri": uri})

        assert (reply.status_code, reply.json()["errors"][0]["pointer"]) == (422, "/uri")

    @pytest.mark.parametrize(("tag", "status"), [({}, 428), ({"If-Match": '"7"'}, 412)])
    async def test_it_is_changed_as_it_was_read(
        self, catalog: Catalog, oblige: Oblige, tag: dict[str, str], status: int
    ) -> None:
        obligation = await oblige()

        reply = await catalog.http.patch(obligation["url"], json={"owner": "b"}, headers=tag)

        assert reply.status_code == status

    async def test_it_ends_with_a_reason_only(self, catalog: Catalog, oblige: Oblige) -> None:
        obligation = await oblige()
        url, tag, end = obligation["url"], {"If-Match": "*"}, {"ended_on": day(-1)}

        silent = await catalog.http.patch(url, json=end, headers=tag)
        reasoned = await catalog.http.patch(url, json=end | {"end_reason": "moved"}, headers=tag)

        assert (silent.status_code, reasoned.status_code) == (422, 200)
        assert (await catalog.http.get(OBLIGATIONS)).json()["items"] == []
        every = await catalog.http.get(OBLIGATIONS, params={"ended": True})
        assert [one["id"] for one in every.json()["items"]] == [obligation["id"]]

    async def test_the_audit_trail_keeps_what_the_evidence_was(
        self, catalog: Catalog, oblige: Oblige
    ) -> None:
        obligation = await oblige(None)
        await catalog.http.delete(f"{obligation['url']}/evidence/{obligation['evidence'][0]['id']}")

        query = {"resource": "obligation", "key": obligation["id"]}
        entries = (await catalog.http.get("/v1/audit", params=query)).json()["items"]

        actions = ["evidence_removed", "evidence_added", "created"]
        assert [entry["action"] for entry in entries] == actions
        assert entries[0]["before"]["evidence"]["uri"] == REPORT["uri"]


class TestList:
    async def test_the_list_judges_as_the_rule_does(self, catalog: Catalog, oblige: Oblige) -> None:
        ends = {"never": [], "past": [day(-1)], "edge": [day(30)], "far": [day(31)], "ever": [None]}
        for clause, days in ends.items():
            await oblige(*days, clause=clause)

        listed = {
            state: (await catalog.http.get(OBLIGATIONS, params={"state": state})).json()["items"]
            for state in ("met", "expiring", "unmet")
        }

        assert {s: [one["clause"] for one in items] for s, items in listed.items()} == {
            "met": ["ever", "far"],
            "expiring": ["edge"],
            "unmet": ["never", "past"],
        }
        assert all(one["state"] == state for state, items in listed.items() for one in items)

    async def test_it_is_paged_and_filtered(self, catalog: Catalog, oblige: Oblige) -> None:
        await oblige(clause="a", due=day(1))
        await oblige(clause="b")

        first = (await catalog.http.get(OBLIGATIONS, params={"limit": 1})).json()
        cursor = {"cursor": first["next_cursor"]}
        second = (await catalog.http.get(OBLIGATIONS, params=cursor)).json()
        due = (await catalog.http.get(OBLIGATIONS, params={"due_by": day(1)})).json()

        assert [one["clause"] for one in first["items"] + second["items"]] == ["a", "b"]
        assert [one["clause"] for one in due["items"]] == ["a"]

"""Owners of a service over HTTP."""

import asyncio
from typing import Any

import httpx
import pytest

from tests.support.catalog import Catalog, Make

URL = "/v1/services/vpn/owners"
ADA = {"role": "service_owner", "subject": "ada"}
BEA = {"role": "service_owner", "subject": "bea"}
DAN = {"role": "service_owner", "subject": "dan"}
CAL = {"role": "service_level_manager", "subject": "cal"}


async def put(catalog: Catalog, owners: Any, version: str = "*") -> httpx.Response:
    return await catalog.http.put(URL, json=owners, headers={"If-Match": version})


async def present(catalog: Catalog) -> list[dict[str, str]]:
    items = (await catalog.http.get(URL)).json()["items"]
    return sorted(
        ({"role": item["role"], "subject": item["subject"]} for item in items),
        key=lambda owner: (owner["role"], owner["subject"]),
    )


class TestReplace:
    async def test_those_who_are_named_own_the_service(
        self, catalog: Catalog, make_service: Make
    ) -> None:
        await make_service("vpn")

        reply = await put(catalog, [CAL, ADA], '"1"')

        assert (reply.status_code, reply.headers["ETag"]) == (200, '"2"')
        assert await present(catalog) == [CAL, ADA]

    async def test_who_goes_stays_in_the_history_with_an_end(
        self, catalog: Catalog, make_service: Make
    ) -> None:
        await make_service("vpn", owners=[ADA, CAL])

        await put(catalog, [BEA, CAL])
        past = (await catalog.http.get(URL, params={"past": True})).json()["items"]

        ended = [item["subject"] for item in past if item["valid_to"] is not None]
        assert (ended, len(past)) == (["ada"], 3)
        assert await present(catalog) == [CAL, BEA]

    async def test_who_stays_keeps_their_beginning(
        self, catalog: Catalog, make_service: Make
    ) -> None:
        made = await make_service("vpn", owners=[ADA])

        await put(catalog, [ADA, CAL])
        items = (await catalog.http.get(URL)).json()["items"]

        assert items[0]["valid_from"] == made["owners"][0]["valid_from"]

    async def test_who_comes_back_begins_anew(self, catalog: Catalog, make_service: Make) -> None:
        await make_service("vpn", owners=[CAL])

        await put(catalog, [])
        await put(catalog, [CAL])
        past = (await catalog.http.get(URL, params={"past": True})).json()["items"]

        assert [item["valid_to"] is None for item in past] == [False, True]

    @pytest.mark.parametrize("stage", ["transition", "operate", "improve"])
    async def test_a_live_service_keeps_a_service_owner(
        self, catalog: Catalog, onboard: Make, stage: str
    ) -> None:
        await onboard("vpn", stage=stage)

        reply = await put(catalog, [CAL])

        assert (reply.status_code, reply.json()["code"]) == (409, "service_owner_required")
        assert reply.json()["missing_role"] == "service_owner"
        assert await present(catalog) == [ADA]

    async def test_a_live_service_may_change_its_service_owner(
        self, catalog: Catalog, onboard: Make
    ) -> None:
        await onboard("vpn")

        assert (await put(catalog, [BEA])).status_code == 200
        assert await present(catalog) == [BEA]

    async def test_a_service_in_the_pipeline_may_be_left_without(
        self, catalog: Catalog, make_service: Make
    ) -> None:
        await make_service("vpn", owners=[ADA])

        assert (await put(catalog, [])).status_code == 200

    @pytest.mark.parametrize(
        ("owners", "pointer"),
        [
            ([ADA, BEA], "/1"),
            ([CAL, CAL], "/1"),
            ([{"role": "Owner", "subject": "ada"}], "/0/role"),
            ([{"role": "owner", "subject": ""}], "/0/subject"),
            ([{"role": "owner", "subject": "\x00"}], "/0/subject"),
            ([{"role": "owner"}], "/0/subject"),
        ],
    )
    async def test_a_malformed_owner_is_named(
        self, catalog: Catalog, make_service: Make, owners: Any, pointer: str
    ) -> None:
        await make_service("vpn")

        reply = await put(catalog, owners)

        assert reply.status_code == 422
        assert [error["pointer"] for error in reply.json()["errors"]] == [pointer]

    async def test_the_same_owners_again_leave_no_trace(
        self, catalog: Catalog, make_service: Make
    ) -> None:
        await make_service("vpn", owners=[ADA, CAL])

        reply = await put(catalog, [CAL, ADA])

        assert reply.headers["ETag"] == '"1"'

    async def test_the_audit_trail_shows_both_lists(
        self, catalog: Catalog, make_service: Make
    ) -> None:
        await make_service("vpn", owners=[ADA])

        await put(catalog, [BEA])
        entry = (await catalog.http.get("/v1/services/vpn/audit")).json()["items"][0]

        assert entry["action"] == "owners_changed"
        assert (entry["before"], entry["after"]) == ({"owners": [ADA]}, {"owners": [BEA]})

    async def test_a_stale_version_is_refused(self, catalog: Catalog, make_service: Make) -> None:
        await make_service("vpn")

        assert (await put(catalog, [ADA], '"9"')).status_code == 412
        assert (await catalog.http.put(URL, json=[ADA])).status_code == 428


class TestAtOnce:
    async def test_two_replacements_never_leave_a_live_service_without_or_with_two(
        self, catalog: Catalog, onboard: Make
    ) -> None:
        await onboard("vpn", owners=[ADA])

        replies = await asyncio.gather(*(put(catalog, [one]) for one in (BEA, ADA, CAL, BEA)))

        assert sorted(reply.status_code for reply in replies) == [200, 200, 200, 409]
        owners = [owner for owner in await present(catalog) if owner["role"] == "service_owner"]
        assert len(owners) == 1

    async def test_of_two_with_the_same_version_one_wins(
        self, catalog: Catalog, onboard: Make
    ) -> None:
        await onboard("vpn", owners=[ADA])

        replies = await asyncio.gather(*(put(catalog, [one], '"1"') for one in (BEA, DAN)))
        others = await asyncio.gather(*(put(catalog, [ADA, CAL], '"2"') for _ in range(2)))

        assert sorted(reply.status_code for reply in replies) == [200, 412]
        assert sorted(reply.status_code for reply in others) == [200, 412]


async def test_the_history_is_paged(catalog: Catalog, make_service: Make) -> None:
    await make_service("vpn", owners=[ADA, CAL])

    first = (await catalog.http.get(URL, params={"limit": 1})).json()
    params = {"limit": 1, "cursor": first["next_cursor"]}
    second = (await catalog.http.get(URL, params=params)).json()

    subjects = {page["items"][0]["subject"] for page in (first, second)}
    assert (subjects, second["next_cursor"]) == ({"ada", "cal"}, None)

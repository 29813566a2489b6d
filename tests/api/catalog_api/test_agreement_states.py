"""Every move of an agreement version from every state, and what time does to it."""

import asyncio
from datetime import datetime, timedelta
from itertools import product
from typing import Any

import httpx
import pytest

from tests.support.agreements import (
    act,
    activate,
    draft,
    pass_time,
    prepare,
    read,
    sign,
    sign_both,
    sla,
    submit,
    today,
    url,
)
from tests.support.catalog import Catalog, Make

Version = dict[str, Any]


@pytest.fixture(autouse=True)
async def what_one_needs(catalog: Catalog, make_service: Make) -> None:
    await prepare(catalog)
    await make_service("mail")


async def in_state(catalog: Catalog, state: str) -> Version:
    """A version that has come to this state."""
    last_day = (today() + timedelta(days=30)).isoformat()
    version = await draft(catalog, valid_to=last_day)
    if state == "in_review":
        await submit(catalog, version)
    elif state == "signed":
        await sign_both(catalog, version)
    elif state in ("active", "expired", "terminated"):
        await activate(catalog, version)
    if state == "expired":
        await pass_time(catalog, until=datetime.fromisoformat(version["ends_at"]))
    if state == "terminated":
        await act(catalog, version, "terminate", reason="over")
    found = await read(catalog, version)
    assert found["state"] == state
    return found


async def attempt(catalog: Catalog, version: Version, act_name: str) -> httpx.Response:
    if act_name == "change":
        changed = sla(terms="another word", valid_to=version["text"]["valid_to"])
        return await catalog.http.put(url(version), json=changed, headers={"If-Match": "*"})
    if act_name == "sign":
        return await sign(catalog, version, "ada", "provider")
    if act_name == "terminate":
        return await act(catalog, version, "terminate", reason="over")
    return await act(catalog, version, "submit")


ACTS = ["change", "submit", "sign", "terminate"]
STATES = ["draft", "in_review", "signed", "active", "expired", "terminated"]
# What each act leads to, from the states in which it is possible.
ALLOWED = {
    ("draft", "change"): "draft",
    ("in_review", "change"): "draft",
    ("draft", "submit"): "in_review",
    ("in_review", "sign"): "in_review",  # until the other side has signed too
    ("active", "terminate"): "terminated",
}


class TestEveryActFromEveryState:
    @pytest.mark.parametrize(
        ("state", "act_name"), [pair for pair in product(STATES, ACTS) if pair not in ALLOWED]
    )
    async def test_what_is_not_allowed_is_refused_with_what_is(
        self, catalog: Catalog, state: str, act_name: str
    ) -> None:
        version = await in_state(catalog, state)

        reply = await attempt(catalog, version, act_name)

        problem = reply.json()
        assert (reply.status_code, problem["state"]) == (409, state)
        assert isinstance(problem["allowed"], list)
        assert (await read(catalog, version)) == version

    @pytest.mark.parametrize(("state", "act_name"), list(ALLOWED))
    async def test_what_is_allowed_leads_on(
        self, catalog: Catalog, state: str, act_name: str
    ) -> None:
        version = await in_state(catalog, state)

        reply = await attempt(catalog, version, act_name)

        assert reply.status_code in (200, 201), reply.text
        assert reply.json()["state"] == ALLOWED[state, act_name]


class TestTime:
    async def test_a_signed_version_begins_on_its_first_day_and_not_before(
        self, catalog: Catalog
    ) -> None:
        tomorrow = (today() + timedelta(days=1)).isoformat()
        version = (await sign_both(catalog, await draft(catalog, valid_from=tomorrow))).json()
        starts_at = datetime.fromisoformat(version["starts_at"])

        await pass_time(catalog, until=starts_at - timedelta(seconds=1))
        before = (await read(catalog, version))["state"]
        await pass_time(catalog, until=starts_at + timedelta(minutes=1))

        begun = await read(catalog, version)
        assert (before, begun["state"]) == ("signed", "active")
        assert datetime.fromisoformat(begun["activated_at"]) == starts_at

    async def test_an_active_version_ends_after_its_last_day(self, catalog: Catalog) -> None:
        version = await in_state(catalog, "active")
        ends_at = datetime.fromisoformat(version["ends_at"])

        await pass_time(catalog, until=ends_at + timedelta(hours=3))

        ended = await read(catalog, version)
        assert (ended["state"], datetime.fromisoformat(ended["ended_at"])) == ("expired", ends_at)

    async def test_the_next_version_replaces_the_active_one_in_the_same_moment(
        self, catalog: Catalog
    ) -> None:
        first = await activate(catalog, await draft(catalog))
        added = await catalog.http.post("/v1/agreements/mail-sla/versions", json=sla(terms="new"))

        second = await activate(catalog, added.json())

        replaced = await read(catalog, first)
        assert (replaced["state"], replaced["ended_at"]) == ("expired", second["activated_at"])
        assert replaced["end_reason"] == "Replaced by version 2"

    async def test_doing_it_again_changes_nothing(self, catalog: Catalog) -> None:
        version = await in_state(catalog, "active")

        await pass_time(catalog)

        assert await read(catalog, version) == version

    async def test_doing_it_twice_at_once_moves_it_once(self, catalog: Catalog) -> None:
        await in_state(catalog, "signed")

        await asyncio.gather(*(pass_time(catalog) for _ in range(3)))

        moved = await catalog.http.get("/v1/audit?resource=agreement&action=activated")
        assert len(moved.json()["items"]) == 1

    async def test_a_second_draft_waits_until_the_first_one_is_signed(
        self, catalog: Catalog
    ) -> None:
        await draft(catalog)

        reply = await catalog.http.post("/v1/agreements/mail-sla/versions", json=sla())

        problem = reply.json()
        assert (reply.status_code, problem["code"], problem["version"]) == (409, "version_open", 1)

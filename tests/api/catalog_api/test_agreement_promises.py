"""A signed promise holds: against ceilings and against priority schemes, whichever changes."""

import asyncio
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from tests.support.agreements import (
    activate,
    depend,
    draft,
    pass_time,
    prepare,
    read,
    sign,
    sign_both,
    sla,
    submit,
    target,
    today,
)
from tests.support.catalog import Catalog, Make


@pytest.fixture(autouse=True)
async def what_one_needs(catalog: Catalog, make_service: Make) -> None:
    await prepare(catalog)
    await make_service("mail")


class TestCeilings:
    async def test_the_last_signature_under_a_promise_beyond_the_ceiling_is_refused(
        self, catalog: Catalog, make_service: Make
    ) -> None:
        await make_service("network")
        version = await submit(catalog, await draft(catalog, targets=[target(value=0.995)]))
        await activate(catalog, await draft(catalog, "network-sla", services=["network"]))
        await depend(catalog, "mail", "network")
        await sign(catalog, version, "ada", "provider")

        reply = await sign(catalog, version, "cleo", "customer")

        assert (reply.status_code, reply.json()["code"]) == (409, "ceiling_broken")
        assert (await read(catalog, version))["state"] == "in_review"

    async def test_a_provider_that_promises_less_breaks_the_ceiling_of_its_consumers(
        self, catalog: Catalog, make_service: Make
    ) -> None:
        await make_service("network")
        strict = [target(value=0.999)]
        await activate(
            catalog, await draft(catalog, "network-sla", services=["network"], targets=strict)
        )
        await depend(catalog, "mail", "network")
        await activate(catalog, await draft(catalog, targets=[target(value=0.995)]))
        looser = sla(services=["network"], targets=[target(value=0.99)])
        added = await catalog.http.post("/v1/agreements/network-sla/versions", json=looser)

        reply = await sign_both(catalog, added.json())

        problem = reply.json()
        assert (reply.status_code, problem["code"]) == (409, "ceiling_broken")
        assert problem["breaches"][0]["service"] == "mail"

    async def test_a_version_that_raises_provider_and_consumer_together_is_attainable(
        self, catalog: Catalog, make_service: Make
    ) -> None:
        await make_service("network")
        both = {"services": ["mail", "network"]}
        await activate(catalog, await draft(catalog, **both))
        await depend(catalog, "mail", "network")
        better = sla(**both, targets=[target(value=0.999)])

        added = await catalog.http.post("/v1/agreements/mail-sla/versions", json=better)

        assert added.status_code == 201, added.text
        assert (await activate(catalog, added.json()))["version"] == 2

    async def test_one_agreement_is_beyond_the_ceilings_that_it_makes(
        self, catalog: Catalog, make_service: Make
    ) -> None:
        keys = ["mail", "network", "power"]
        for consumer, provider in pairwise(keys):
            await make_service(provider)
            await depend(catalog, consumer, provider)

        body = {"name": "All", "kind": "sla", **sla(services=keys)}
        reply = await catalog.http.post("/v1/agreements", json=body)

        assert (reply.status_code, reply.json()["errors"][0]["code"]) == (422, "not_attainable")

    async def test_a_version_that_would_break_a_ceiling_when_it_begins_is_held_back(
        self, catalog: Catalog, make_service: Make
    ) -> None:
        await make_service("network")
        tomorrow = today() + timedelta(days=1)
        later = {"valid_from": tomorrow.isoformat(), "targets": [target(value=0.995)]}
        version = (await sign_both(catalog, await draft(catalog, **later))).json()
        await activate(catalog, await draft(catalog, "network-sla", services=["network"]))
        await depend(catalog, "mail", "network")

        for _ in range(2):
            await pass_time(catalog, until=_noon(version))

        held = await read(catalog, version)
        assert (held["state"], "network" in held["held_back"]) == ("signed", True)
        entries = (await catalog.http.get("/v1/audit?resource=agreement&action=held_back")).json()
        assert len(entries["items"]) == 1


def _noon(version: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(version["starts_at"]) + timedelta(hours=12)


SCHEME: dict[str, Any] = {
    "impacts": ["high"],
    "urgencies": ["high"],
    "matrix": {"high": {"high": 1}},
}


async def make_scheme(catalog: Catalog, key: str, minutes: int) -> None:
    meaning = {"priority": 1, "name": "P1", "resolution_minutes": minutes, "calendar": "always"}
    body = {"key": key, "name": key, **SCHEME, "priorities": [meaning]}
    reply = await catalog.http.post("/v1/priority-schemes", json=body)
    assert reply.status_code == 201, reply.text


class TestPrioritySchemes:
    """A scheme is never looser than a signed agreement, whichever of the two comes later."""

    @pytest.fixture
    async def signed(self, catalog: Catalog) -> None:
        await make_scheme(catalog, "standard", 60)
        pinned = {"priority_scheme": {"scheme": "standard"}}
        reply = await sign_both(catalog, await draft(catalog, **pinned))
        assert reply.status_code == 201, reply.text

    async def test_a_looser_scheme_is_not_chosen_for_the_service(
        self, catalog: Catalog, signed: None
    ) -> None:
        await make_scheme(catalog, "lax", 61)

        reply = await catalog.http.put("/v1/services/mail/priority-scheme", json={"scheme": "lax"})

        problem = reply.json()
        assert (reply.status_code, problem["code"]) == (409, "looser_than_agreement")
        assert (problem["agreement"], problem["target"]) == (
            "mail-sla",
            "resolution_minutes of impact high, urgency high",
        )

    async def test_a_looser_scheme_does_not_become_the_default(
        self, catalog: Catalog, signed: None
    ) -> None:
        await make_scheme(catalog, "lax", 61)

        reply = await catalog.http.put("/v1/priority-schemes/lax/default")

        assert (reply.status_code, reply.json()["code"]) == (409, "looser_than_agreement")

    async def test_a_looser_version_of_the_scheme_is_refused(
        self, catalog: Catalog, signed: None
    ) -> None:
        meaning = {"priority": 1, "name": "P1", "resolution_minutes": 61, "calendar": "always"}
        text = {**SCHEME, "priorities": [meaning]}

        reply = await catalog.http.post("/v1/priority-schemes/standard/versions", json=text)

        assert (reply.status_code, reply.json()["code"]) == (409, "looser_than_agreement")

    async def test_an_override_is_not_taken_away_when_the_default_is_looser(
        self, catalog: Catalog
    ) -> None:
        await make_scheme(catalog, "lax", 61)
        await make_scheme(catalog, "strict", 60)
        await catalog.http.put("/v1/services/mail/priority-scheme", json={"scheme": "strict"})
        pinned = {"priority_scheme": {"scheme": "strict"}}
        await sign_both(catalog, await draft(catalog, **pinned))

        reply = await catalog.http.delete("/v1/services/mail/priority-scheme")

        assert (reply.status_code, reply.json()["code"]) == (409, "looser_than_agreement")

    async def test_an_agreement_stricter_than_the_scheme_in_force_is_not_signed(
        self, catalog: Catalog
    ) -> None:
        await make_scheme(catalog, "lax", 61)
        speed = target(id="speed", kpi="mttr", comparator="lte", value=1)

        reply = await sign_both(catalog, await draft(catalog, targets=[speed]))

        assert (reply.status_code, reply.json()["target"]) == (409, "speed")

    async def test_a_last_signature_and_a_looser_choice_at_once_cannot_both_pass(
        self, catalog: Catalog
    ) -> None:
        await make_scheme(catalog, "standard", 60)
        await make_scheme(catalog, "lax", 61)
        pinned = {"priority_scheme": {"scheme": "standard"}}
        version = await submit(catalog, await draft(catalog, **pinned))
        await sign(catalog, version, "ada", "provider")

        replies = await asyncio.gather(
            sign(catalog, version, "cleo", "customer"),
            catalog.http.put("/v1/services/mail/priority-scheme", json={"scheme": "lax"}),
        )

        assert sorted(reply.status_code < 300 for reply in replies) == [False, True]
        refused_one = next(reply for reply in replies if reply.status_code >= 300)
        assert refused_one.json()["code"] == "looser_than_agreement"

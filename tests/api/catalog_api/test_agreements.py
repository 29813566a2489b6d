"""Agreements: what can be agreed, the one hash of a text, and what is signed by whom."""

import asyncio
import hashlib
import json
from datetime import datetime, timedelta
from typing import Any

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
    target,
    today,
    url,
)
from tests.support.catalog import Catalog, Make


@pytest.fixture(autouse=True)
async def what_one_needs(catalog: Catalog, make_service: Make) -> None:
    await prepare(catalog)
    await make_service("mail")


async def refused(catalog: Catalog, kind: str = "sla", **fields: Any) -> dict[str, str]:
    """The code of each refused field by its pointer."""
    body = {"name": "Mail", "kind": kind, **sla(**fields)}
    reply = await catalog.http.post("/v1/agreements", json=body)
    assert reply.status_code == 422, reply.text
    return {error["pointer"]: error["code"] for error in reply.json()["errors"]}


async def depend(catalog: Catalog, consumer: str, provider: str) -> None:
    body = {"provider": {"kind": "service", "key": provider}, "strength": "hard"}
    reply = await catalog.http.post(f"/v1/services/{consumer}/dependencies", json=body)
    assert reply.status_code == 201, reply.text


class TestSmart:
    @pytest.mark.parametrize(
        ("fields", "pointer", "code"),
        [
            ({"kpi": None}, "/targets/0/kpi", "not_specific"),
            ({"kpi": "happiness"}, "/targets/0/kpi", "not_specific"),
            ({"sli": "mail-probe"}, "/targets/0/kpi", "not_specific"),
            ({"comparator": None}, "/targets/0/comparator", "not_measurable"),
            ({"comparator": "lte"}, "/targets/0/comparator", "not_measurable"),
            ({"value": None}, "/targets/0/value", "not_measurable"),
            ({"value": 99.9}, "/targets/0/value", "not_measurable"),
            ({"period": None}, "/targets/0/period", "not_measurable"),
            ({"objectives": []}, "/targets/0/vital_activities", "not_relevant"),
            ({"objectives": ["fame"]}, "/targets/0/objectives/0", "unknown_objective"),
            (
                {"vital_activities": ["pay"]},
                "/targets/0/vital_activities/0",
                "unknown_vital_activity",
            ),
            ({"review_date": "2199-01-01"}, "/targets/0/review_date", "not_time_bound"),
            ({"review_date": "1999-01-01"}, "/targets/0/review_date", "not_time_bound"),
        ],
    )
    async def test_a_target_that_is_not_smart_is_refused_with_its_reason(
        self, catalog: Catalog, fields: dict[str, Any], pointer: str, code: str
    ) -> None:
        assert await refused(catalog, targets=[target(**fields)]) == {pointer: code}

    async def test_more_than_the_dependencies_allow_is_not_attainable(
        self, catalog: Catalog, make_service: Make
    ) -> None:
        await make_service("network")
        await activate(catalog, await draft(catalog, "network-sla", services=["network"]))
        await depend(catalog, "mail", "network")

        errors = await refused(catalog, targets=[target(value=0.995)])

        assert errors == {"/targets/0/value": "not_attainable"}

    async def test_a_ceiling_that_is_not_known_is_shown_and_refuses_nothing(
        self, catalog: Catalog, make_service: Make
    ) -> None:
        await make_service("network")
        await depend(catalog, "mail", "network")
        version = await draft(catalog, targets=[target(value=0.999)])

        report = (await catalog.http.get(f"{url(version)}/attainability")).json()

        assert report["availability_targets"] == [
            {
                "target": "availability",
                "service": "mail",
                "promised": 0.999,
                "ceiling": None,
                "missing": ["network"],
                "attainable": None,
            }
        ]


class TestText:
    @pytest.mark.parametrize(
        ("fields", "pointer", "code"),
        [
            ({"services": ["nowhere"]}, "/services/0", "unknown_service"),
            ({"vendor_products": ["nowhere"]}, "/vendor_products/0", "unknown_vendor_product"),
            ({"services": []}, "/services", "missing"),
            ({"hours": {"calendar": "nowhere"}}, "/hours/calendar", "unknown_calendar"),
            (
                {"hours": {"calendar": "always", "calendar_version": 2}},
                "/hours/calendar_version",
                "unknown_calendar_version",
            ),
            (
                {"priority_scheme": {"scheme": "nowhere"}},
                "/priority_scheme/scheme",
                "unknown_priority_scheme",
            ),
            ({"valid_to": "1999-01-01"}, "/valid_to", "contradiction"),
        ],
    )
    async def test_what_cannot_be_agreed_on_is_refused_by_pointer(
        self, catalog: Catalog, fields: dict[str, Any], pointer: str, code: str
    ) -> None:
        assert await refused(catalog, **fields) == {pointer: code}

    async def test_parties_fit_the_kind_of_agreement(self, catalog: Catalog) -> None:
        assert await refused(catalog, "ola") == {
            "/provider/kind": "wrong_party",
            "/customer/kind": "wrong_party",
        }

    async def test_an_unknown_customer_cannot_agree(self, catalog: Catalog) -> None:
        customer = sla()["customer"] | {"key": "nobody"}

        assert await refused(catalog, customer=customer) == {"/customer/key": "unknown_customer"}

    async def test_a_service_in_retirement_is_no_longer_agreed_on(
        self, catalog: Catalog, onboard: Make
    ) -> None:
        await onboard("old", stage="retirement")

        body = {"name": "Old", "kind": "sla", **sla(services=["old"])}
        reply = await catalog.http.post("/v1/agreements", json=body)

        assert (reply.status_code, reply.json()["code"]) == (409, "service_retired")

    async def test_the_newest_calendar_is_pinned_and_stays_pinned(self, catalog: Catalog) -> None:
        version = await draft(catalog)
        hours = {"timezone": "UTC", "always_open": True}
        await catalog.http.post("/v1/calendars/always/versions", json=hours)

        text = (await read(catalog, version))["text"]

        assert text["hours"] == {"calendar": "always", "calendar_version": 1}

    async def test_it_begins_and_ends_at_midnight_where_its_hours_are(
        self, catalog: Catalog
    ) -> None:
        zurich = {"key": "zurich", "name": "Z", "timezone": "Europe/Zurich", "always_open": True}
        await catalog.http.post("/v1/calendars", json=zurich)
        dates = {"valid_from": "2027-03-28", "valid_to": "2027-03-28", "review_date": "2027-09-01"}

        version = await draft(catalog, hours={"calendar": "zurich"}, **dates)

        assert version["starts_at"] == "2027-03-27T23:00:00Z"
        assert version["ends_at"] == "2027-03-28T22:00:00Z"

    async def test_a_guarantee_credits_more_for_what_is_worse(self, catalog: Catalog) -> None:
        tiers = [{"worse_than": 0.99, "credit": "10"}, {"worse_than": 0.98, "credit": "5"}]
        guarantee = {"target": "availability", "basis": "percent", "tiers": tiers, "cap": "20"}

        assert await refused(catalog, guarantees=[guarantee]) == {
            "/guarantees/0/tiers/1/credit": "not_monotone"
        }

    async def test_the_same_content_in_another_layout_has_the_same_hash(
        self, catalog: Catalog
    ) -> None:
        version = await draft(catalog, terms="Zürich")
        body = {**sla(terms="Zürich"), "services": ["mail"]}
        layout = json.dumps(dict(reversed(body.items())), indent=7)
        layout = layout.replace("0.99", "9900E-4").replace("Finance", "\\u0046inance")

        headers = {"If-Match": "*", "Content-Type": "application/json"}
        reply = await catalog.http.put(url(version), content=layout, headers=headers)

        assert (reply.status_code, reply.json()["text_hash"]) == (200, version["text_hash"])

    async def test_anyone_can_check_the_hash(self, catalog: Catalog) -> None:
        version = await draft(catalog, terms="Zürich")

        text = (await catalog.http.get(f"{url(version)}/text")).content

        assert hashlib.sha256(text).hexdigest() == version["text_hash"]

    @pytest.mark.parametrize("hours", [0.000001, 1000000000, 0.1, 100, 123456.654321])
    async def test_a_text_comes_back_from_storage_as_it_was_hashed(
        self, catalog: Catalog, hours: float
    ) -> None:
        speed = target(kpi="mttr", comparator="lte", value=hours)
        money = {"basis": "amount", "currency": "EUR", "cap": "99999999999999.9999"}
        tiers = [{"worse_than": 1000000000, "credit": "0.0100"}]
        guarantee = {"target": "availability", "tiers": tiers, **money}

        version = await draft(catalog, targets=[speed], guarantees=[guarantee])

        text = (await catalog.http.get(f"{url(version)}/text")).content
        assert hashlib.sha256(text).hexdigest() == version["text_hash"]

    async def test_a_target_keeps_the_number_of_its_wording(self, catalog: Catalog) -> None:
        kept, changed = target(), target(id="speed", kpi="mttr", comparator="lte", value=4)
        version = await draft(catalog, targets=[kept, changed])
        await activate(catalog, version)
        text = sla(targets=[kept, changed | {"value": 3}])

        second = (await catalog.http.post("/v1/agreements/mail-sla/versions", json=text)).json()

        assert [one["version"] for one in second["text"]["targets"]] == [1, 2]


class TestSigning:
    async def test_two_persons_of_two_sides_sign(self, catalog: Catalog) -> None:
        reply = await sign_both(catalog, await draft(catalog))

        signed = reply.json()
        assert (reply.status_code, signed["state"]) == (201, "signed")
        assert [(one["side"], one["subject"]) for one in signed["signatures"]] == [
            ("provider", "ada"),
            ("customer", "cleo"),
        ]

    async def test_who_has_read_another_text_does_not_sign_this_one(self, catalog: Catalog) -> None:
        version = await submit(catalog, await draft(catalog))

        reply = await sign(catalog, version, "ada", "provider", text_hash="0" * 64)

        assert (reply.status_code, reply.json()["code"]) == (409, "hash_differs")
        assert reply.json()["text_hash"] == version["text_hash"]

    async def test_only_a_named_person_signs(self, catalog: Catalog) -> None:
        version = await submit(catalog, await draft(catalog))

        reply = await sign(catalog, version, "eve", "provider")

        problem = reply.json()
        assert (reply.status_code, problem["code"]) == (403, "not_a_signatory")
        assert problem["signatories"] == ["ada", "alan"]

    async def test_one_person_cannot_sign_for_both_sides(self, catalog: Catalog) -> None:
        customer = sla()["customer"] | {"signatories": ["ada", "cleo"]}
        version = await submit(catalog, await draft(catalog, customer=customer))
        await sign(catalog, version, "ada", "provider")

        reply = await sign(catalog, version, "ada", "customer")

        assert (reply.status_code, reply.json()["code"]) == (409, "same_person")

    async def test_a_side_signs_once(self, catalog: Catalog) -> None:
        version = await submit(catalog, await draft(catalog))
        await sign(catalog, version, "ada", "provider")

        reply = await sign(catalog, version, "alan", "provider")

        problem = reply.json()
        assert (reply.status_code, problem["code"]) == (409, "side_signed")
        assert problem["missing"] == ["customer"]

    async def test_nobody_signs_in_the_name_of_another(self, catalog: Catalog) -> None:
        version = await submit(catalog, await draft(catalog))
        robot = catalog.caller("improvement-api") | {"On-Behalf-Of": "ada"}
        body = {"side": "provider", "text_hash": version["text_hash"]}

        reply = await catalog.http.post(f"{url(version)}/signatures", json=body, headers=robot)

        assert (reply.status_code, reply.json()["code"]) == (403, "not_in_person")

    async def test_a_change_makes_the_signatures_void(self, catalog: Catalog) -> None:
        version = await submit(catalog, await draft(catalog))
        await sign(catalog, version, "ada", "provider")

        changed = await catalog.http.put(
            url(version), json=sla(terms="one word"), headers={"If-Match": "*"}
        )
        resubmitted = await submit(catalog, version)

        assert (changed.json()["state"], changed.json()["signatures"]) == ("draft", [])
        assert resubmitted["signatures"] == []

    async def test_what_is_over_is_not_signed(self, catalog: Catalog) -> None:
        start = today() - timedelta(days=30)
        dates = {
            "valid_from": start.isoformat(),
            "valid_to": (start + timedelta(days=7)).isoformat(),
        }
        version = await submit(catalog, await draft(catalog, **dates))

        reply = await sign(catalog, version, "ada", "provider")

        assert (reply.status_code, reply.json()["code"]) == (409, "already_over")


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


class TestReading:
    async def test_agreements_are_found_by_scope_and_state(self, catalog: Catalog) -> None:
        await activate(catalog, await draft(catalog))
        await draft(catalog, "other-sla")

        async def keys(query: str) -> list[str]:
            listed = (await catalog.http.get(f"/v1/agreements?{query}")).json()["items"]
            return [item["key"] for item in listed]

        assert await keys("service=mail") == ["mail-sla", "other-sla"]
        assert await keys("service=mail&state=active") == ["mail-sla"]
        assert await keys("kind=ola") == []

    async def test_an_agreement_shows_its_newest_state_and_its_active_version(
        self, catalog: Catalog
    ) -> None:
        await activate(catalog, await draft(catalog))
        await catalog.http.post("/v1/agreements/mail-sla/versions", json=sla(terms="new"))

        shown = (await catalog.http.get("/v1/agreements/mail-sla")).json()

        assert (shown["version"], shown["state"], shown["active_version"]) == (2, "draft", 1)

    async def test_it_is_renamed(self, catalog: Catalog) -> None:
        await draft(catalog)

        reply = await catalog.http.patch(
            "/v1/agreements/mail-sla", json={"name": "Mail"}, headers={"If-Match": '"1"'}
        )

        assert (reply.json()["name"], reply.json()["revision"]) == ("Mail", 2)

    async def test_every_change_is_announced_with_the_whole_version(self, catalog: Catalog) -> None:
        version = await submit(catalog, await draft(catalog))

        entries = (await catalog.http.get("/v1/audit?resource=agreement")).json()["items"]

        assert [entry["action"] for entry in entries] == ["submitted", "created"]
        assert entries[0]["after"] == version
        assert entries[0]["before"]["state"] == "draft"

    async def test_ending_one_early_needs_a_person_and_keeps_the_reason(
        self, catalog: Catalog
    ) -> None:
        active = await activate(catalog, await draft(catalog))

        reply = await act(catalog, active, "terminate", reason="moved away")

        ended = reply.json()
        assert (ended["state"], ended["end_reason"]) == ("terminated", "moved away")

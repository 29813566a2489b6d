"""What can be agreed: SMART targets, sound texts, and the one hash of a text."""

import hashlib
import json
from typing import Any

import pytest

from tests.support.agreements import (
    activate,
    depend,
    draft,
    prepare,
    read,
    sla,
    target,
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

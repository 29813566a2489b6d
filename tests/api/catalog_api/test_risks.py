"""The risk register over HTTP: scored, treated, accepted for a time, closed."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import httpx
import pytest

from catalog_api.risks.actions import end_acceptances
from catalog_api.risks.jobs import JOBS
from shared.kit.database import transaction
from tests.support.catalog import ALL_SCOPES, Catalog, Make

RISKS = "/v1/risks"
FIELDS = {
    "service": "vpn",
    "title": "One firewall",
    "likelihood": 2,
    "impact": 5,
    "owner": "ada",
    "review_date": "2027-09-01",
    "treatment": "reduce",
    "treatment_text": "Buy a second one.",
}
LAST_DAY = datetime(2099, 6, 30, 12, tzinfo=UTC)
ACCEPTANCE = {"owner": "bea", "until": f"{LAST_DAY:%Y-%m-%d}", "reason": "budgeted"}
Raise = Callable[..., Awaitable[dict[str, Any]]]


@pytest.fixture
async def raise_risk(catalog: Catalog, make_service: Make) -> Raise:
    """Record a risk of vpn, owned by bea, and lead it to a state."""
    await make_service(owners=[{"role": "service_owner", "subject": "bea"}])

    async def make(state: str = "open", **fields: Any) -> dict[str, Any]:
        reply = await catalog.http.post(RISKS, json=FIELDS | fields)
        assert reply.status_code == 201, reply.text
        for act in PATHS[state]:
            reply = await move(catalog, reply.json()["id"], act)
            assert reply.status_code == 200, reply.text
        made: dict[str, Any] = reply.json()
        return made

    return make


PATHS: dict[str, list[str]] = {
    "open": [],
    "treated": ["treatment"],
    "closed": ["treatment", "closure"],
    "accepted": ["acceptance"],
}
BODIES: dict[str, Any] = {
    "treatment": None,
    "closure": {"reason": "done"},
    "acceptance": ACCEPTANCE,
}


async def move(catalog: Catalog, risk: str, act: str, **fields: Any) -> httpx.Response:
    """As bea, who owns the service."""
    body = BODIES[act] and BODIES[act] | fields
    headers = catalog.caller("bea", ALL_SCOPES)
    return await catalog.http.post(f"{RISKS}/{risk}/{act}", json=body, headers=headers)


async def state_of(catalog: Catalog, risk: str) -> str:
    return str((await catalog.http.get(f"{RISKS}/{risk}")).json()["state"])


async def end_lapsed(catalog: Catalog, *, days_later: int = 1) -> int:
    """The job that ends acceptances, that many days after their last one."""
    async with transaction(catalog.app.state.engine) as session:
        return await end_acceptances(session, LAST_DAY + timedelta(days=days_later))


class TestRecord:
    async def test_a_risk_is_open_and_scored(self, catalog: Catalog, raise_risk: Raise) -> None:
        risk = await raise_risk()

        assert (risk["state"], risk["score"], risk["level"]) == ("open", 10, "high")
        assert (risk["service"], risk["portfolio"]) == ("vpn", None)

    @pytest.mark.parametrize(
        ("fields", "pointer"),
        [
            ({"service": "none"}, "/service"),
            ({"service": None, "portfolio": "none"}, "/portfolio"),
            ({"roadmap_item": "none"}, "/roadmap_item"),
            ({"portfolio": "workplace"}, ""),
            ({"source": "trend"}, ""),
            ({"likelihood": 6}, "/likelihood"),
        ],
    )
    async def test_what_cannot_be_is_pointed_at(
        self, catalog: Catalog, raise_risk: Raise, fields: dict[str, Any], pointer: str
    ) -> None:
        reply = await catalog.http.post(RISKS, json=FIELDS | fields)

        assert reply.status_code == 422
        assert reply.json()["errors"][0]["pointer"] == pointer

    async def test_a_trend_raises_one_risk_until_that_is_closed(
        self, catalog: Catalog, raise_risk: Raise
    ) -> None:
        trend = {"source": "trend", "source_reference": "mttr of vpn"}
        first = await raise_risk("treated", **trend)

        again = await catalog.http.post(RISKS, json=FIELDS | trend)
        await move(catalog, first["id"], "closure")
        later = await catalog.http.post(RISKS, json=FIELDS | trend)

        assert (again.status_code, again.json()["code"]) == (409, "risk_raised_already")
        assert again.json()["risk"] == first["id"]
        assert later.status_code == 201

    async def test_a_closed_one_is_not_accepted_beside_a_later_one_of_its_trend(
        self, catalog: Catalog, raise_risk: Raise
    ) -> None:
        trend = {"source": "trend", "source_reference": "mttr of vpn"}
        first = await raise_risk("closed", **trend)
        later = (await catalog.http.post(RISKS, json=FIELDS | trend)).json()

        reply = await move(catalog, first["id"], "acceptance")

        problem = reply.json()
        assert (reply.status_code, problem["code"]) == (409, "risk_raised_already")
        assert problem["risk"] == later["id"]

    async def test_who_may_only_raise_risks_records_those_of_trends(
        self, catalog: Catalog, raise_risk: Raise
    ) -> None:
        trend = {"source": "trend", "source_reference": "mttr of vpn"}
        raiser = catalog.caller("metrics-api", "catalog:read risks:raise")
        reader = catalog.caller("metrics-api", "catalog:read")

        replies = [
            await catalog.http.post(RISKS, json=FIELDS | fields, headers=headers)
            for fields, headers in ((trend, raiser), ({}, raiser), (trend, reader))
        ]

        assert [reply.status_code for reply in replies] == [201, 403, 403]
        assert replies[2].json()["missing_scope"] == "risks:raise"

    async def test_the_contract_names_either_scope(self, catalog: Catalog) -> None:
        security = catalog.app.openapi()["paths"][RISKS]["post"]["security"]

        assert {"OAuth2": ["catalog:write"]} in security
        assert {"OAuth2": ["risks:raise"]} in security
        assert "OAuth2AnyOf" not in catalog.app.openapi()["components"]["securitySchemes"]

    async def test_a_risk_names_the_roadmap_item_that_treats_it(
        self, catalog: Catalog, raise_risk: Raise
    ) -> None:
        item = {
            "id": "spare",
            "capability": "Spare firewall",
            "target_date": "2027-06-30",
            "cost": None,
            "currency": None,
            "status": "planned",
        }
        text = {"kind": "roadmap", "items": [item]}
        url = "/v1/portfolios/workplace/plans/roadmap/versions"
        assert (await catalog.http.post(url, json={"text": text})).status_code == 201
        of_portfolio = {"service": None, "portfolio": "workplace", "roadmap_item": "spare"}

        risk = await raise_risk(**of_portfolio)
        listed = await catalog.http.get(RISKS, params={"roadmap_item": "spare"})

        assert [one["id"] for one in listed.json()["items"]] == [risk["id"]]


class TestMoves:
    """From every state, every move: those that are not listed are refused."""

    POSSIBLE: ClassVar = {
        ("open", "treatment"): "treated",
        ("treated", "closure"): "closed",
        **{(state, "acceptance"): "accepted" for state in PATHS},
    }

    @pytest.mark.parametrize("act", BODIES)
    @pytest.mark.parametrize("state", PATHS)
    async def test_only_the_listed_moves_happen(
        self, catalog: Catalog, raise_risk: Raise, state: str, act: str
    ) -> None:
        risk = await raise_risk(state)

        reply = await move(catalog, risk["id"], act)

        expected = self.POSSIBLE.get((state, act))
        assert reply.status_code == (200 if expected else 409), reply.text
        assert await state_of(catalog, risk["id"]) == (expected or state)
        assert expected or "allowed" in reply.json()

    @pytest.mark.parametrize(
        ("fields", "missing"),
        [
            ({"treatment": None}, ["treatment"]),
            ({"treatment_text": None}, ["treatment_text"]),
        ],
    )
    async def test_treated_needs_a_treatment(
        self, catalog: Catalog, raise_risk: Raise, fields: dict[str, Any], missing: list[str]
    ) -> None:
        risk = await raise_risk(**fields)

        reply = await move(catalog, risk["id"], "treatment")

        assert (reply.status_code, reply.json()["code"]) == (409, "treatment_missing")
        assert reply.json()["missing"] == missing

    async def test_a_risk_to_be_accepted_is_not_treated(
        self, catalog: Catalog, raise_risk: Raise
    ) -> None:
        risk = await raise_risk(treatment="accept")

        reply = await move(catalog, risk["id"], "treatment")

        assert (reply.status_code, reply.json()["allowed"]) == (409, ["accepted"])


class TestAccept:
    async def test_who_accepts_is_kept_with_owner_and_last_day(
        self, catalog: Catalog, raise_risk: Raise
    ) -> None:
        risk = await raise_risk("accepted")

        assert (risk["accepted_by"], risk["acceptance_owner"]) == ("bea", "bea")
        assert (risk["accepted_until"], risk["acceptance_reason"]) == (
            ACCEPTANCE["until"],
            "budgeted",
        )

    async def test_an_acceptance_lapses_after_its_last_day_and_only_once(
        self, catalog: Catalog, raise_risk: Raise
    ) -> None:
        risk = await raise_risk("accepted")

        on_last_day = await end_lapsed(catalog, days_later=0)
        after, again = await end_lapsed(catalog), await end_lapsed(catalog)

        assert (on_last_day, after, again) == (0, 1, 0)
        assert await state_of(catalog, risk["id"]) == "open"

    async def test_the_audit_trail_says_that_time_opened_it(
        self, catalog: Catalog, raise_risk: Raise
    ) -> None:
        risk = await raise_risk("accepted")
        await end_lapsed(catalog)

        query = {"resource": "risk", "key": risk["id"]}
        entries = (await catalog.http.get("/v1/audit", params=query)).json()["items"]

        assert [e["action"] for e in entries] == ["acceptance_lapsed", "accepted", "created"]
        assert (entries[0]["actor"], entries[0]["before"]["state"]) == ("catalog-api", "accepted")

    async def test_the_last_day_lies_after_today(self, catalog: Catalog, raise_risk: Raise) -> None:
        risk = await raise_risk()
        today = datetime.now(UTC).date().isoformat()

        reply = await move(catalog, risk["id"], "acceptance", until=today)

        assert (reply.status_code, reply.json()["errors"][0]["pointer"]) == (422, "/until")

    async def test_accepting_needs_a_role_that_answers_for_it(
        self, catalog: Catalog, raise_risk: Raise
    ) -> None:
        risk = await raise_risk()

        reply = await catalog.http.post(f"{RISKS}/{risk['id']}/acceptance", json=ACCEPTANCE)

        assert (reply.status_code, reply.json()["code"]) == (403, "role_missing")

    async def test_a_risk_is_accepted_in_person(self, catalog: Catalog, raise_risk: Raise) -> None:
        risk = await raise_risk()
        url, headers = f"{RISKS}/{risk['id']}/acceptance", {"On-Behalf-Of": "bea"}

        reply = await catalog.http.post(url, json=ACCEPTANCE, headers=headers)

        assert (reply.status_code, reply.json()["code"]) == (403, "not_in_person")

    async def test_an_accepted_risk_that_grows_is_accepted_anew(
        self, catalog: Catalog, raise_risk: Raise
    ) -> None:
        risk = await raise_risk("accepted")
        url, tag = f"{RISKS}/{risk['id']}", {"If-Match": "*"}

        refused = await catalog.http.patch(url, json={"likelihood": 4}, headers=tag)
        renewed = await move(catalog, risk["id"], "acceptance", likelihood=4)

        assert (refused.status_code, refused.json()["code"]) == (409, "acceptance_exceeded")
        assert renewed.json()["score"] == 20


class TestChange:
    async def test_the_score_follows_the_points(self, catalog: Catalog, raise_risk: Raise) -> None:
        risk = await raise_risk()
        url, tag = f"{RISKS}/{risk['id']}", {"If-Match": '"1"'}

        reply = await catalog.http.patch(url, json={"impact": 1}, headers=tag)

        assert (reply.json()["score"], reply.json()["level"]) == (2, "low")

    async def test_a_closed_risk_stays(self, catalog: Catalog, raise_risk: Raise) -> None:
        risk = await raise_risk("closed")
        url, tag = f"{RISKS}/{risk['id']}", {"If-Match": "*"}

        reply = await catalog.http.patch(url, json={"impact": 1}, headers=tag)

        assert (reply.status_code, reply.json()["code"]) == (409, "state_not_allowed")

    async def test_a_treated_risk_keeps_its_treatment(
        self, catalog: Catalog, raise_risk: Raise
    ) -> None:
        risk = await raise_risk("treated")
        url, tag = f"{RISKS}/{risk['id']}", {"If-Match": "*"}

        reply = await catalog.http.patch(url, json={"treatment": None}, headers=tag)

        assert (reply.status_code, reply.json()["missing"]) == (409, ["treatment"])

    @pytest.mark.parametrize(("tag", "status"), [({}, 428), ({"If-Match": '"7"'}, 412)])
    async def test_a_risk_is_changed_as_it_was_read(
        self, catalog: Catalog, raise_risk: Raise, tag: dict[str, str], status: int
    ) -> None:
        risk = await raise_risk()

        reply = await catalog.http.patch(f"{RISKS}/{risk['id']}", json={}, headers=tag)

        assert reply.status_code == status


class TestList:
    @pytest.mark.parametrize(
        ("query", "titles"),
        [
            ({}, ["big", "late", "small"]),
            ({"min_score": 10}, ["big", "late"]),
            ({"state": "treated"}, ["small"]),
            ({"review_overdue": True}, ["late"]),
            ({"review_overdue": False}, ["big", "small"]),
            ({"portfolio": "workplace"}, []),
        ],
    )
    async def test_filters_narrow_the_list_and_the_highest_score_stands_first(
        self, catalog: Catalog, raise_risk: Raise, query: dict[str, Any], titles: list[str]
    ) -> None:
        await raise_risk("treated", title="small", likelihood=1)
        await raise_risk(title="late", review_date="2020-01-01")
        await raise_risk(title="big", likelihood=5)

        first = (await catalog.http.get(RISKS, params={"limit": 2, **query})).json()
        cursor = first["next_cursor"] and {"cursor": first["next_cursor"]}
        rest = (await catalog.http.get(RISKS, params=query | cursor)).json() if cursor else None

        found = first["items"] + (rest["items"] if rest else [])
        assert [risk["title"] for risk in found] == titles

    async def test_an_unknown_risk_is_not_found(self, catalog: Catalog) -> None:
        missing = "00000000-0000-0000-0000-000000000000"

        assert (await catalog.http.get(f"{RISKS}/{missing}")).status_code == 404


def test_acceptances_are_ended_by_a_scheduled_job() -> None:
    assert [(job.name, job.cron is not None) for job in JOBS] == [("end_risk_acceptances", True)]

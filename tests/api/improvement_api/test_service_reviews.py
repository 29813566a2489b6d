"""Service reviews: packs as of a date, minutes, decisions, actions, and what closes them."""

import asyncio
import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import psycopg
import pytest

from improvement_api.service_reviews.rules import hash_of
from shared.errors import Unavailable
from tests.support.eventually import eventually
from tests.support.gates import automated
from tests.support.improvement import Improvement
from tests.support.reports import HOSTILE
from tests.support.reviews import Told, kpis, page, service, tell

REVIEWS = "/v1/service-reviews"
PAST = (datetime.now(UTC) - timedelta(days=2)).replace(microsecond=0)
REVIEW = {
    "title": "Quarterly review",
    "services": ["vpn"],
    "period": "2026-Q3",
    "scheduled_at": PAST.isoformat(),
    "chair": "rosa",
    "attendees": [{"name": "ines"}, {"name": "Mr Sales", "kind": "customer_representative"}],
    "agenda": ["Open actions", "Figures"],
}
CUSTOMER = {
    "key": "sales",
    "name": "Sales",
    "relationship_owner": "cal",
    "review_cadence_days": 90,
    "last_reviewed_on": None,
}


@pytest.fixture
def told(tollgate: Improvement) -> Told:
    return tell(tollgate)


async def schedule(tollgate: Improvement, **fields: Any) -> Any:
    body = {k: v for k, v in (REVIEW | fields).items() if v is not None}
    reply = await tollgate.http.post(REVIEWS, json=body)
    assert reply.status_code == 201, reply.text
    return reply.json()


@pytest.fixture
async def review(tollgate: Improvement, told: Told) -> Any:
    return await schedule(tollgate)


async def order(tollgate: Improvement, review: Any, **body: Any) -> Any:
    reply = await tollgate.http.post(f"{REVIEWS}/{review['id']}/packs", json=body)
    assert reply.status_code == 202, reply.text
    return reply.json()


async def make(tollgate: Improvement, review: Any, **body: Any) -> Any:
    """A pack that was ordered, made as the worker would."""
    ordered = await order(tollgate, review, **body)
    await run(tollgate, ordered)
    return await read(tollgate, ordered)


async def run(tollgate: Improvement, pack: Any) -> None:
    payload = {"review": pack["review"], "number": pack["number"]}
    await tollgate.run_job("make_review_pack", payload)


def path_of(pack: Any) -> str:
    return f"{REVIEWS}/{pack['review']}/packs/{pack['number']}"


async def read(tollgate: Improvement, pack: Any) -> Any:
    return (await tollgate.http.get(path_of(pack))).json()


async def document(tollgate: Improvement, pack: Any, form: str = "json") -> httpx.Response:
    reply = await tollgate.http.get(f"{path_of(pack)}/document", params={"format": form})
    assert reply.status_code == 200, reply.text
    return reply


async def move(tollgate: Improvement, review: Any, to: str, **fields: Any) -> httpx.Response:
    path = f"{REVIEWS}/{review['id']}/transitions"
    return await tollgate.http.post(path, json={"to": to, **fields})


async def held(tollgate: Improvement, **fields: Any) -> Any:
    review = await schedule(tollgate, **fields)
    await make(tollgate, review)
    reply = await move(tollgate, review, "held")
    assert reply.status_code == 201, reply.text
    return reply.json()


async def add_action(tollgate: Improvement, review: Any, **fields: Any) -> Any:
    body = {"text": "Add an uplink", "owner": "ines", "due_on": "2026-01-31"} | fields
    path = f"{REVIEWS}/{review['id']}/actions"
    reply = await tollgate.http.post(path, json={k: v for k, v in body.items() if v is not None})
    assert reply.status_code == 201, reply.text
    return reply.json()


async def approve(tollgate: Improvement, review: Any, text: str = "All well.") -> None:
    path = f"{REVIEWS}/{review['id']}/minutes"
    minutes = (await tollgate.http.post(path, json={"text": text})).json()
    reply = await tollgate.http.post(
        f"{path}/{minutes['number']}/approvals",
        json={"text_hash": minutes["text_hash"]},
        headers=tollgate.caller("rosa"),
    )
    assert reply.status_code == 201, reply.text


class TestReviews:
    async def test_one_is_scheduled_and_can_be_held(
        self, tollgate: Improvement, review: Any
    ) -> None:
        found = await tollgate.http.get(f"{REVIEWS}/{review['id']}")

        assert (found.json(), found.headers["ETag"]) == (review, '"1"')
        assert (review["state"], review["moves"]) == ("scheduled", ["held"])
        assert review["attendees"][0] == {"name": "ines", "kind": "subject"}

    @pytest.mark.parametrize(
        ("fields", "pointer"),
        [
            ({"period": "2026-W05"}, "/period"),
            ({"timezone": "Vienna"}, "/timezone"),
            ({"timezone": "../../etc"}, "/timezone"),
            ({"scheduled_at": "0001-01-01T00:00:00Z"}, "/scheduled_at"),
            ({"chair": ""}, "/chair"),
            ({"services": ["vpn", "vpn"]}, ""),
            ({"services": []}, ""),
            ({"customer": "sales"}, ""),
            ({"attendees": [{"name": "a\u0000"}]}, "/attendees/0/name"),
            ({"agenda": ["x"] * 51}, "/agenda"),
        ],
    )
    async def test_a_malformed_one_is_422_with_its_place(
        self, tollgate: Improvement, told: Told, fields: dict[str, Any], pointer: str
    ) -> None:
        reply = await tollgate.http.post(REVIEWS, json=REVIEW | fields)

        assert reply.status_code == 422
        assert reply.json()["errors"][0]["pointer"] == pointer

    async def test_of_an_unknown_service_or_customer_it_is_422(self, tollgate: Improvement) -> None:
        tell(tollgate, by_path={"/v1/services/mail": 404, "/v1/customers/none": 404})

        of_service = await tollgate.http.post(REVIEWS, json=REVIEW | {"services": ["vpn", "mail"]})
        body = {**REVIEW, "services": [], "customer": "none"}
        customer = await tollgate.http.post(REVIEWS, json=body)

        found = [reply.json()["errors"][0]["pointer"] for reply in (of_service, customer)]
        assert found == ["/services/1", "/customer"]

    async def test_they_are_listed_by_state_service_customer_and_date(
        self, tollgate: Improvement, review: Any
    ) -> None:
        path = "/v1/customers/sales"
        engaged = page({"service": "mail"})
        tell(tollgate, by_path={path: CUSTOMER, f"{path}/engagements": engaged})
        later = (PAST + timedelta(hours=1)).isoformat()
        other = await held(tollgate, services=None, customer="sales", scheduled_at=later)

        async def listed(**params: str) -> list[str]:
            reply = await tollgate.http.get(REVIEWS, params=params)
            return [item["id"] for item in reply.json()["items"]]

        assert await listed() == [other["id"], review["id"]]
        assert await listed(state="held") == [other["id"]]
        assert await listed(service="vpn") == [review["id"]]
        assert await listed(service="mail", customer="sales") == [other["id"]]
        assert await listed(scheduled_from=later) == [other["id"]]
        assert await listed(scheduled_to=later, chair="rosa", limit="1") == [review["id"]]

    async def test_a_change_needs_the_version_it_was_made_on_and_a_scheduled_review(
        self, tollgate: Improvement, review: Any
    ) -> None:
        path, change = f"{REVIEWS}/{review['id']}", {"agenda": ["Risks"]}
        first = await tollgate.http.patch(path, json=change, headers={"If-Match": '"1"'})
        stale = await tollgate.http.patch(path, json=change, headers={"If-Match": '"1"'})
        wrong = await tollgate.http.patch(
            path, json={"period": "2026-99"}, headers={"If-Match": "*"}
        )
        await make(tollgate, review)
        await move(tollgate, review, "held")
        late = await tollgate.http.patch(path, json=change, headers={"If-Match": "*"})
        present = {"attendees": [{"name": "rosa"}]}
        there = await tollgate.http.patch(path, json=present, headers={"If-Match": "*"})

        found = [reply.status_code for reply in (first, stale, wrong, late, there)]
        assert found == [200, 412, 422, 409, 200]
        assert first.json()["agenda"] == ["Risks"]
        assert [one["name"] for one in there.json()["attendees"]] == ["rosa"]


class TestPacks:
    async def test_one_is_made_by_a_worker_of_figures_as_of_the_date(
        self, tollgate: Improvement, review: Any, told: Told
    ) -> None:
        ordered = await order(tollgate, review)

        async def made() -> bool:
            return (await read(tollgate, ordered))["state"] == "made"

        async with tollgate.working():
            await eventually(made)

        assert (ordered["state"], ordered["page_sha256"]) == ("pending", None)
        assert datetime.fromisoformat(ordered["as_of"]) == PAST
        params = told.params("/v1/services/vpn/kpis")
        assert datetime.fromisoformat(params["as_of"]) == PAST
        assert params["periods"] == "2025-Q2,2025-Q3,2025-Q4,2026-Q1,2026-Q2,2026-Q3"

    async def test_it_is_kept_as_bytes_with_the_hashes_of_both_forms(
        self, tollgate: Improvement, review: Any
    ) -> None:
        pack = await make(tollgate, review)

        html = await document(tollgate, pack, "html")
        inputs = await document(tollgate, pack)

        assert hashlib.sha256(html.content).hexdigest() == pack["page_sha256"]
        assert hashlib.sha256(inputs.content).hexdigest() == pack["inputs_sha256"]
        assert html.headers["ETag"] == f'"{pack["page_sha256"]}"'
        assert "4.8" in html.text
        assert inputs.json()["services"][0]["kpis"][0]["values"][-1]["value"] == 4.8

    async def test_made_again_from_its_inputs_it_is_the_same_bytes(
        self, tollgate: Improvement, review: Any
    ) -> None:
        pack = await make(tollgate, review)

        found = (await tollgate.http.get(f"{path_of(pack)}/verification")).json()

        assert (found["same"], found["inputs_intact"]) == (True, True)
        assert found["made_again_sha256"] == pack["page_sha256"]

    async def test_made_again_as_of_the_same_moment_it_is_the_same_bytes(
        self, tollgate: Improvement, review: Any
    ) -> None:
        first = await make(tollgate, review)
        second = await make(tollgate, review, as_of=first["as_of"])

        hashes = ("inputs_sha256", "figures_sha256", "page_sha256")
        assert [first[one] for one in hashes] == [second[one] for one in hashes]
        assert [first["number"], second["number"]] == [1, 2]

    async def test_what_the_catalog_says_anew_leaves_the_figures_the_same(
        self, tollgate: Improvement, review: Any
    ) -> None:
        first = await make(tollgate, review)
        risk = {"id": "r", "title": "Single uplink", "score": 12, "level": "high"}
        risk |= {"state": "open", "owner": "ines", "review_date": "2026-12-01"}
        tell(tollgate, by_path={"/v1/risks": page(risk, risk | {"state": "closed"})})

        second = await make(tollgate, review)

        assert first["figures_sha256"] == second["figures_sha256"]
        assert first["page_sha256"] != second["page_sha256"]
        html = (await document(tollgate, second, "html")).text
        assert html.count("Single uplink: score 12 (high)") == 1

    async def test_an_owner_that_is_away_is_waited_for(
        self, tollgate: Improvement, review: Any
    ) -> None:
        ordered = await order(tollgate, review)
        tell(tollgate, by_path={"/v1/breaches": 503})
        with pytest.raises(Unavailable):
            await run(tollgate, ordered)
        waiting = await read(tollgate, ordered)
        tell(tollgate)
        await run(tollgate, ordered)

        after = await read(tollgate, ordered)
        assert (waiting["state"], waiting["attempts"]) == ("pending", 1)
        assert "metrics-api" in waiting["failure"]
        assert (after["state"], after["failure"]) == ("made", None)

    async def test_an_answer_of_another_shape_is_no_answer(
        self, tollgate: Improvement, review: Any
    ) -> None:
        ordered = await order(tollgate, review)
        tell(tollgate, by_path={"/v1/services/vpn/kpis": {"figures": []}})

        with pytest.raises(Unavailable):
            await run(tollgate, ordered)

        assert "shape" in (await read(tollgate, ordered))["failure"]

    async def test_a_section_that_its_owner_refuses_says_why_in_its_place(
        self, tollgate: Improvement, review: Any
    ) -> None:
        tell(tollgate, by_path={"/v1/services/vpn/kpis": 404, "/v1/services/vpn/costs": 403})

        pack = await make(tollgate, review)

        (shown,) = (await document(tollgate, pack)).json()["services"]
        refused = {"unavailable": "because of refused"}
        assert (shown["kpis"], shown["costs"], shown["risks"]) == (refused, refused, [])
        html = (await document(tollgate, pack, "html")).text
        assert html.count("Not available: because of refused") == 2

    async def test_of_a_service_that_is_gone_none_can_be_made(
        self, tollgate: Improvement, review: Any
    ) -> None:
        tell(tollgate, by_path={"/v1/services/vpn": 404})

        pack = await make(tollgate, review)

        assert (pack["state"], pack["failure"]) == ("failed", "refused: because of refused")
        assert (await tollgate.http.get(f"{path_of(pack)}/document")).status_code == 404

    async def test_of_a_customer_it_covers_what_the_customer_is_engaged_with(
        self, tollgate: Improvement
    ) -> None:
        path = "/v1/customers/sales"
        engaged = page({"service": "vpn"}, {"service": "mail"})
        replies = {path: CUSTOMER, f"{path}/engagements": engaged, f"{path}/kpis": kpis(3.25)}
        told = tell(tollgate, by_path=replies)
        review = await schedule(tollgate, services=None, customer="sales")

        pack = await make(tollgate, review)

        assert pack["services"] == ["mail", "vpn"]
        assert told.params(f"{path}/engagements")["on"] == PAST.date().isoformat()
        html = (await document(tollgate, pack, "html")).text
        assert "Customer Sales" in html
        assert "3.25" in html

    async def test_it_shows_the_open_actions_of_earlier_reviews_and_our_initiatives(
        self, tollgate: Improvement, told: Told
    ) -> None:
        earlier = await held(
            tollgate, scheduled_at=(PAST - timedelta(days=90)).isoformat(), title="Last quarter"
        )
        await add_action(tollgate, earlier, text="Add an uplink", due_on="2026-01-31")
        ended = await add_action(tollgate, earlier, text="Already done")
        await end(tollgate, ended, evidence="seen")
        plan = await tollgate.http.post("/v1/plans", json={"title": "SIP", "problem": "slow"})
        await tollgate.http.post(
            f"/v1/plans/{plan.json()['id']}/initiatives",
            json={"service": "vpn", "kpi": "mttr", "title": "New base", "start": "2026-07-01"},
        )

        pack = await make(tollgate, await schedule(tollgate))

        html = (await document(tollgate, pack, "html")).text
        assert "Add an uplink" in html
        assert "✗ overdue" in html
        assert "Already done" not in html
        assert "New base (mttr, planned, from 2026-07-01), of the plan “SIP”, draft" in html

    async def test_knowledge_that_came_later_is_left_out(
        self, tollgate: Improvement, review: Any
    ) -> None:
        before, after = (PAST + timedelta(hours=hours) for hours in (-1, 1))
        stamps = [before.isoformat(), after.isoformat()]
        breach = {"external_id": "INC", "source": "s", "clock": "resolution", "priority": 1}
        breach |= {"breached_at": "2026-08-01T00:00:00Z", "basis": "scheme", "retracted_at": None}
        breaches = [
            breach | {"external_id": "INC1", "detected_at": stamps[0]},
            breach | {"external_id": "INC2", "detected_at": stamps[1]},
            breach | {"external_id": "INC3", "detected_at": stamps[0], "retracted_at": stamps[0]},
            breach | {"external_id": "INC4", "detected_at": stamps[0], "retracted_at": stamps[1]},
        ]
        target = {"id": "t", "kpi": "mttr", "comparator": "lte", "value": 3.0, "unit": "hours"}
        target |= {"period": "quarter", "owner": None, "version": 2, "recorded_at": stamps[1]}
        first = target | {"value": 5.0, "version": 1, "recorded_at": stamps[0]}
        new = target | {"id": "u", "kpi": "csat", "version": 1}
        tell(
            tollgate,
            by_path={
                "/v1/breaches": page(*breaches),
                "/v1/targets": page(target, new),
                "/v1/targets/t/versions": page(target, first),
                "/v1/targets/u/versions": page(new),
            },
        )

        pack = await make(tollgate, review)

        (shown,) = (await document(tollgate, pack)).json()["services"]
        assert [one["external_id"] for one in shown["breaches"]["items"]] == ["INC1", "INC4"]
        assert shown["breaches"]["by_clock"] == {"resolution": 2}
        assert [(one["kpi"], one["value"]) for one in shown["targets"]] == [("mttr", 5.0)]

    async def test_a_moment_that_lies_ahead_is_422(
        self, tollgate: Improvement, review: Any
    ) -> None:
        ahead = (datetime.now(UTC) + timedelta(hours=1)).isoformat()

        reply = await tollgate.http.post(f"{REVIEWS}/{review['id']}/packs", json={"as_of": ahead})

        assert (reply.status_code, reply.json()["code"]) == (422, "as_of_ahead")

    async def test_before_a_review_its_figures_are_those_of_now(
        self, tollgate: Improvement, told: Told
    ) -> None:
        ahead = (datetime.now(UTC) + timedelta(days=7)).isoformat()
        review = await schedule(tollgate, scheduled_at=ahead)

        ordered = await order(tollgate, review)

        assert datetime.fromisoformat(ordered["as_of"]) <= datetime.now(UTC)

    async def test_texts_of_people_are_shown_and_never_run(
        self, tollgate: Improvement, told: Told
    ) -> None:
        told.replies["/v1/services/vpn"] = service("vpn", name=HOSTILE)
        pack = await make(tollgate, await schedule(tollgate, title=HOSTILE))

        html = (await document(tollgate, pack, "html")).text

        assert "<script" not in html
        assert html.count("&lt;script&gt;") >= 3

    async def test_they_are_listed_with_their_hashes_newest_first(
        self, tollgate: Improvement, review: Any
    ) -> None:
        packs = [await make(tollgate, review) for _ in range(3)]

        path = f"{REVIEWS}/{review['id']}/packs"
        first = (await tollgate.http.get(path, params={"limit": 2})).json()
        rest = (await tollgate.http.get(path, params={"cursor": first["next_cursor"]})).json()

        assert [*first["items"], *rest["items"]] == packs[::-1]


class TestHolding:
    async def test_needs_a_pack(self, tollgate: Improvement, review: Any) -> None:
        without = await move(tollgate, review, "held")
        await order(tollgate, review)
        pending = await move(tollgate, review, "held")

        codes = [(reply.status_code, reply.json()["code"]) for reply in (without, pending)]
        assert codes == [(409, "pack_missing")] * 2

    async def test_freezes_the_newest_pack_and_what_was_ordered_is_made_no_more(
        self, tollgate: Improvement, review: Any
    ) -> None:
        await make(tollgate, review)
        seen = await make(tollgate, review)
        late = await order(tollgate, review)

        after = (await move(tollgate, review, "held")).json()
        await run(tollgate, late)
        another = await tollgate.http.post(f"{REVIEWS}/{review['id']}/packs", json={})

        assert (after["pack"], after["covered"]) == (seen["number"], ["vpn"])
        assert (await read(tollgate, late))["state"] == "failed"
        assert (another.status_code, another.json()["code"]) == (409, "state_not_allowed")

    @pytest.mark.parametrize("table", ["review_pack", "review_minutes", "review_decision"])
    async def test_what_was_kept_cannot_be_changed_even_in_the_database(
        self, tollgate: Improvement, review: Any, table: str
    ) -> None:
        with (
            psycopg.connect(tollgate.database.runtime_url) as runtime,
            pytest.raises(psycopg.errors.InsufficientPrivilege),
        ):
            runtime.execute(f"DELETE FROM improvement.{table}".encode())

    async def test_the_next_is_due_by_cadence_or_agreement_whichever_is_earlier(
        self, tollgate: Improvement
    ) -> None:
        today = PAST.date()
        soon, late = (today + timedelta(days=days) for days in (30, 200))
        path = "/v1/customers/sales"
        agreement = {"key": "sla", "name": "SLA", "kind": "sla", "active_version": 2}
        version = {"version": 2, "text_hash": "h", "starts_at": "s", "ends_at": None}
        replies: dict[str, Any] = {
            path: CUSTOMER,
            f"{path}/engagements": page({"service": "vpn"}),
            f"{path}/kpis": kpis(1.0),
            "/v1/agreements": page(agreement),
            "/v1/agreements/sla/versions/2": version | {"text": {"review_date": str(late)}},
        }
        tell(tollgate, by_path=replies)
        by_cadence = await held(tollgate, services=None, customer="sales")
        replies["/v1/agreements/sla/versions/2"]["text"]["review_date"] = str(soon)
        tell(tollgate, by_path=replies)
        by_agreement = await held(tollgate, services=None, customer="sales")
        of_service = await held(tollgate)
        tell(tollgate)
        without = await held(tollgate)

        held_on = datetime.fromisoformat(by_cadence["held_at"]).date()
        found = [one["next_due_on"] for one in (by_cadence, by_agreement, of_service, without)]
        assert found == [str(held_on + timedelta(days=90)), str(soon), str(soon), None]

    @pytest.mark.parametrize("to", ["closed", "scheduled"])
    async def test_another_move_is_409_and_names_the_allowed_ones(
        self, tollgate: Improvement, review: Any, to: str
    ) -> None:
        reply = await move(tollgate, review, to)

        assert (reply.status_code, reply.json()["code"]) == (409, "move_not_allowed")
        assert reply.json()["allowed"] == ["held"]

    async def test_it_was_held_when_it_was_and_not_in_the_future(
        self, tollgate: Improvement, review: Any
    ) -> None:
        await make(tollgate, review)
        ahead = (datetime.now(UTC) + timedelta(hours=1)).isoformat()

        wrong = await move(tollgate, review, "held", held_at=ahead)
        right = await move(tollgate, review, "held", held_at=PAST.isoformat())

        assert (wrong.status_code, wrong.json()["code"]) == (422, "not_held_yet")
        assert datetime.fromisoformat(right.json()["held_at"]) == PAST


class TestMinutes:
    @pytest.fixture
    async def meeting(self, tollgate: Improvement, told: Told) -> Any:
        return await held(tollgate)

    async def write(self, tollgate: Improvement, review: Any, text: str) -> httpx.Response:
        path = f"{REVIEWS}/{review['id']}/minutes"
        return await tollgate.http.post(path, json={"text": text})

    async def approve(
        self, tollgate: Improvement, review: Any, number: int, text: str, who: Mapping[str, str]
    ) -> httpx.Response:
        path = f"{REVIEWS}/{review['id']}/minutes/{number}/approvals"
        return await tollgate.http.post(path, json={"text_hash": hash_of(text)}, headers=who)

    async def test_every_version_is_kept_and_the_approved_one_is_the_last(
        self, tollgate: Improvement, meeting: Any
    ) -> None:
        first = await self.write(tollgate, meeting, "All well.")
        second = await self.write(tollgate, meeting, "All well, mostly.")
        chair = tollgate.caller("rosa")
        approved = await self.approve(tollgate, meeting, 2, "All well, mostly.", chair)
        third = await self.write(tollgate, meeting, "No.")

        found = [reply.status_code for reply in (first, second, approved, third)]
        assert found == [201, 201, 201, 409]
        listed = (await tollgate.http.get(f"{REVIEWS}/{meeting['id']}/minutes")).json()["items"]
        assert [(one["number"], one["approved_by"]) for one in listed] == [(2, "rosa"), (1, None)]
        assert listed[0]["text_hash"] == hash_of("All well, mostly.")
        one = await tollgate.http.get(first.headers["Location"])
        assert one.json()["text"] == "All well."

    async def test_only_the_chair_in_person_approves_the_newest_as_read(
        self, tollgate: Improvement, meeting: Any
    ) -> None:
        for text in ("old", "new"):
            await self.write(tollgate, meeting, text)
        chair = tollgate.caller("rosa")
        for_chair = tollgate.caller("pipeline", **{"On-Behalf-Of": "rosa"})

        replies = [
            await self.approve(tollgate, meeting, 2, "new", tollgate.caller("ines")),
            await self.approve(tollgate, meeting, 2, "new", for_chair),
            await self.approve(tollgate, meeting, 1, "old", chair),
            await self.approve(tollgate, meeting, 2, "other", chair),
            await self.approve(tollgate, meeting, 3, "new", chair),
            await self.approve(tollgate, meeting, 2, "new", chair),
            await self.approve(tollgate, meeting, 2, "new", chair),
        ]

        codes = [reply.json().get("code") for reply in replies]
        assert codes == [
            "not_the_chair",
            "not_in_person",
            "minutes_changed",
            "minutes_changed",
            "not_found",
            None,
            "minutes_approved",
        ]

    async def test_of_two_who_write_at_once_both_are_kept(
        self, tollgate: Improvement, meeting: Any
    ) -> None:
        texts = ["one", "two", "three"]
        replies = await asyncio.gather(*(self.write(tollgate, meeting, one) for one in texts))

        assert sorted(reply.json()["number"] for reply in replies) == [1, 2, 3]

    async def test_of_a_review_that_was_not_held_there_are_none(
        self, tollgate: Improvement, review: Any
    ) -> None:
        reply = await self.write(tollgate, review, "All well.")

        assert (reply.status_code, reply.json()["allowed"]) == (409, ["held"])


async def end(tollgate: Improvement, action: Any, **body: Any) -> httpx.Response:
    path = f"/v1/review-actions/{action['id']}/completion"
    return await tollgate.http.post(path, json=body, headers={"If-Match": "*"})


class TestRecords:
    @pytest.fixture
    async def meeting(self, tollgate: Improvement, told: Told) -> Any:
        return await held(tollgate)

    async def test_decisions_are_kept_in_their_order(
        self, tollgate: Improvement, meeting: Any
    ) -> None:
        path = f"{REVIEWS}/{meeting['id']}/decisions"
        for text in ("Renew the contract", "Ask for an offer"):
            body = {"text": text, "decided_by": ["rosa", "Mr Sales"]}
            assert (await tollgate.http.post(path, json=body)).status_code == 201

        listed = (await tollgate.http.get(path)).json()["items"]

        assert [one["text"] for one in listed] == ["Renew the contract", "Ask for an offer"]
        assert listed[0]["decided_by"] == ["rosa", "Mr Sales"]

    async def test_an_action_is_done_with_what_shows_it_and_then_stays(
        self, tollgate: Improvement, meeting: Any
    ) -> None:
        action = await add_action(tollgate, meeting)

        done = await end(tollgate, action, evidence="CHG42")
        again = await end(tollgate, action, evidence="CHG43")
        path = f"/v1/review-actions/{action['id']}"
        late = await tollgate.http.patch(path, json={"owner": "x"}, headers={"If-Match": "*"})
        empty = await end(tollgate, await add_action(tollgate, meeting), evidence="")

        assert [reply.status_code for reply in (done, again, late, empty)] == [200, 409, 409, 422]
        found = done.json()
        assert (found["state"], found["evidence"], found["overdue"]) == ("done", "CHG42", False)
        assert (found["done_by"], found["version"]) == ("pipeline", 2)

    async def test_overdue_ones_of_all_reviews_are_listed(
        self, tollgate: Improvement, meeting: Any
    ) -> None:
        other = await held(tollgate, services=["mail"])
        ahead = (PAST.date() + timedelta(days=30)).isoformat()
        late = await add_action(tollgate, meeting)
        also = await add_action(tollgate, other, owner="bea")
        await add_action(tollgate, meeting, due_on=ahead)
        await add_action(tollgate, meeting, due_on=None, owner=None)
        await end(tollgate, await add_action(tollgate, meeting), evidence="seen")

        async def listed(**params: str) -> list[str]:
            reply = await tollgate.http.get("/v1/review-actions", params=params)
            return [item["id"] for item in reply.json()["items"]]

        assert await listed(overdue="true") == [late["id"], also["id"]]
        assert await listed(overdue="true", service="mail") == [also["id"]]
        assert await listed(overdue="true", owner="bea") == [also["id"]]
        assert len(await listed(review=meeting["id"])) == 4
        assert len(await listed(state="done")) == 1

    async def test_closing_says_what_is_lacking(self, tollgate: Improvement, meeting: Any) -> None:
        nobody = await add_action(tollgate, meeting, owner=None)
        someday = await add_action(tollgate, meeting, due_on=None)
        without = await move(tollgate, meeting, "closed")
        await approve(tollgate, meeting)
        lacking = await move(tollgate, meeting, "closed")
        path = f"/v1/review-actions/{nobody['id']}"
        await tollgate.http.patch(path, json={"owner": "ines"}, headers={"If-Match": '"1"'})
        await end(tollgate, someday, state="cancelled", evidence="no longer needed")
        closed = await move(tollgate, meeting, "closed")
        more = await tollgate.http.post(
            f"{REVIEWS}/{meeting['id']}/actions", json={"text": "One more"}
        )

        assert without.json()["code"] == "minutes_not_approved"
        assert (lacking.status_code, lacking.json()["code"]) == (409, "actions_incomplete")
        expected = {nobody["id"]: ["owner"], someday["id"]: ["due_on"]}
        assert lacking.json()["actions"] == expected
        assert (closed.json()["state"], closed.json()["moves"]) == ("closed", [])
        assert (more.status_code, more.json()["code"]) == (409, "state_not_allowed")

    async def test_everything_is_audited(self, tollgate: Improvement, meeting: Any) -> None:
        await add_action(tollgate, meeting)
        await approve(tollgate, meeting)
        await move(tollgate, meeting, "closed")

        reply = await tollgate.http.get("/v1/audit", params={"key": meeting["id"]})

        assert [entry["action"] for entry in reversed(reply.json()["items"])] == [
            "created",
            "ordered_pack",
            "made_pack",
            "moved",
            "wrote_minutes",
            "approved_minutes",
            "moved",
        ]
        made = reply.json()["items"][-3]
        assert (made["actor"], made["on_behalf_of"]) == ("improvement-api", "pipeline")


async def test_gates_can_ask_when_a_service_was_reviewed_and_what_is_overdue(
    tollgate: Improvement,
) -> None:
    gate = "operate-to-improve"
    criteria = [
        automated("reviewed", expression="days_since_last_service_review <= 90.0"),
        automated("done", expression="overdue_review_actions == 0.0"),
    ]
    await tollgate.publish(gate, criteria)

    async def outcomes() -> list[tuple[str, Any]]:
        criteria = (await tollgate.evaluate())["criteria"]
        return [(c["outcome"], next(iter(c["facts"].values()))["value"]) for c in criteria]

    async def meeting(**fields: Any) -> Any:
        tell(tollgate)
        review = await held(tollgate, **fields)
        tollgate.fake.real.clear()
        return review

    before = await outcomes()
    await meeting(services=["mail"])
    other = await outcomes()
    review = await meeting()
    await add_action(tollgate, review)
    after = await outcomes()

    assert before == other == [("fail", None), ("pass", 0)]
    assert after == [("pass", 0), ("fail", 1)]

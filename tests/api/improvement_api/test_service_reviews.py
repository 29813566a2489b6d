"""Service reviews: scheduled, held over a pack, and what gates hear of them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from tests.support.gates import automated
from tests.support.improvement import Improvement
from tests.support.reviews import (
    CUSTOMER,
    PAST,
    REVIEW,
    REVIEWS,
    Told,
    add_action,
    held,
    kpis,
    make,
    move,
    order,
    page,
    read,
    run,
    schedule,
    tell,
)


@pytest.fixture
def told(tollgate: Improvement) -> Told:
    return tell(tollgate)


@pytest.fixture
async def review(tollgate: Improvement, told: Told) -> Any:
    return await schedule(tollgate)


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

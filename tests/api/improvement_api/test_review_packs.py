"""Packs of service reviews: as of a date, kept as bytes, the same when made again."""

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.errors import Unavailable
from tests.support.eventually import eventually
from tests.support.improvement import Improvement
from tests.support.reports import HOSTILE
from tests.support.reviews import (
    CUSTOMER,
    PAST,
    REVIEWS,
    Told,
    add_action,
    document,
    end,
    held,
    kpis,
    make,
    order,
    page,
    path_of,
    read,
    run,
    schedule,
    service,
    tell,
)


@pytest.fixture
def told(tollgate: Improvement) -> Told:
    return tell(tollgate)


@pytest.fixture
async def review(tollgate: Improvement, told: Told) -> Any:
    return await schedule(tollgate)


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
        assert (
            "New base (Mean time to resolve, planned, from 2026-07-01), of the plan “SIP”" in html
        )

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

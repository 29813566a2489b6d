"""Checks for machines and people: JUnit XML, badges, scorecards, gates as documents."""

import html
import re
from typing import Any
from xml.etree import ElementTree

import httpx
import pytest

from shared.scopes import SCOPES
from tests.support.gates import automated, sign_off
from tests.support.improvement import Improvement
from tests.support.reports import HOSTILE, table_cells
from tests.support.voting import seated
from tests.support.waivers import waive

GATE = "operate-to-improve"
AT = f"/v1/services/vpn/gates/{GATE}"


def suite_of(reply: httpx.Response) -> ElementTree.Element:
    assert reply.headers["Content-Type"] == "application/xml"
    return ElementTree.fromstring(reply.text)


class TestJunit:
    @pytest.mark.parametrize(
        "asked",
        [
            {"params": {"format": "junit"}},
            {"headers": {"Accept": "application/xml"}},
            {"headers": {"Accept": "text/html;q=0.9, text/xml"}},
            {"params": {"format": "junit"}, "headers": {"Accept": "application/json"}},
        ],
    )
    async def test_an_evaluation_is_answered_as_a_test_case_a_criterion(
        self, tollgate: Improvement, asked: Any
    ) -> None:
        await tollgate.publish(GATE, [automated(), sign_off("owner", "service_owner")])

        reply = await tollgate.http.post(f"{AT}/evaluations", **asked)

        assert reply.status_code == 201
        assert [case.get("name") for case in suite_of(reply)[1:]] == ["quiet", "owner"]
        assert suite_of(reply)[1][0].tag == "failure"

    async def test_one_that_was_made_before_is_the_same_document(
        self, tollgate: Improvement
    ) -> None:
        made = await tollgate.http.post(f"{AT}/evaluations", params={"format": "junit"})

        again = await tollgate.http.get(f"{made.headers['Location']}/junit")

        assert suite_of(again) is not None
        assert again.text == made.text

    async def test_json_stays_what_is_answered_without_a_wish(self, tollgate: Improvement) -> None:
        for accept in ("*/*", "", "text/html", "application/xml;q=0.1, application/json"):
            reply = await tollgate.http.post(f"{AT}/evaluations", headers={"Accept": accept})
            assert reply.json()["service"] == "vpn"

    async def test_an_unknown_evaluation_has_none(self, tollgate: Improvement) -> None:
        unknown = "00000000-0000-0000-0000-000000000000"
        assert (await tollgate.http.get(f"/v1/evaluations/{unknown}/junit")).status_code == 404


class TestBadges:
    @pytest.fixture
    async def token(self, tollgate: Improvement) -> Any:
        reply = await tollgate.http.post(f"{AT}/badge-tokens")
        assert reply.status_code == 201, reply.text
        return reply.json()

    async def badge(
        self, tollgate: Improvement, url: str, headers: dict[str, str] | None = None
    ) -> httpx.Response:
        """Ask as a browser does, which sends no bearer token."""
        transport = httpx.ASGITransport(app=tollgate.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://improvement") as http:
            return await http.get(url, headers=headers)

    def text(self, reply: httpx.Response) -> str | None:
        assert reply.headers["Content-Type"] == "image/svg+xml"
        return ElementTree.fromstring(reply.text).get("aria-label")

    async def test_it_shows_the_verdict_that_stands(
        self, tollgate: Improvement, token: Any
    ) -> None:
        await tollgate.publish(GATE, [automated(expression="backlog_open <= 3.0")])
        before = await self.badge(tollgate, token["url"])
        evaluation = await tollgate.evaluate()
        passed = await self.badge(tollgate, token["url"])
        tollgate.fake.add_service("vpn", backlog_open=4)
        await tollgate.evaluate()
        failed = await self.badge(tollgate, token["url"])

        said = [self.text(reply) for reply in (before, passed, failed)]
        assert said == [f"{GATE}: no evaluation yet", f"{GATE}: pass", f"{GATE}: fail"]
        assert evaluation["verdict"] == "pass"

    async def test_it_says_that_a_verdict_expired_or_was_decided(
        self, tollgate: Improvement, passed: Any, token: Any
    ) -> None:
        tollgate.make_older(passed, hours=25)
        expired = await self.badge(tollgate, token["url"])
        tollgate.make_older(passed, hours=-25)
        await tollgate.decide(passed, tollgate.caller("eve", "board"))
        decided = await self.badge(tollgate, token["url"])

        said = [self.text(reply) for reply in (expired, decided)]
        assert said == [f"{GATE}: expired (pass)", f"{GATE}: pass, decided"]

    async def test_no_cache_shows_it_without_asking_again(
        self, tollgate: Improvement, token: Any
    ) -> None:
        first = await self.badge(tollgate, token["url"])
        tag = {"If-None-Match": first.headers["ETag"]}
        same = await self.badge(tollgate, token["url"], tag)
        await tollgate.evaluate()
        other = await self.badge(tollgate, token["url"], tag)

        assert first.headers["Cache-Control"] == "no-cache"
        assert [reply.status_code for reply in (same, other)] == [304, 200]
        assert (same.content, same.headers["ETag"]) == (b"", first.headers["ETag"])

    async def test_it_is_closed_without_its_token_and_opens_nothing_else(
        self, tollgate: Improvement, token: Any
    ) -> None:
        secret = token["token"]
        refused = {
            f"{AT}/badge.svg": 401,
            f"{AT}/badge.svg?token=guessed": 404,
            f"{AT}/badge.svg?token=": 404,
            f"/v1/services/vpn/gates/to-retirement/badge.svg?token={secret}": 404,
            f"/v1/services/mail/gates/{GATE}/badge.svg?token={secret}": 404,
            f"{AT}/evaluations?token={secret}": 422,  # they take no such parameter
            f"/v1/services/vpn/scorecard?token={secret}": 422,
        }

        found = {url: (await self.badge(tollgate, url)).status_code for url in refused}

        assert found == refused

    async def test_who_may_read_gates_needs_no_badge_token(self, tollgate: Improvement) -> None:
        reader = tollgate.caller("ada", scope="gates:read")
        stranger = tollgate.caller("ada", scope="plans:read")

        found = [
            (await self.badge(tollgate, f"{AT}/badge.svg", who)).status_code
            for who in (reader, stranger)
        ]

        assert found == [200, 403]

    async def test_a_revoked_token_shows_nothing_and_the_other_goes_on(
        self, tollgate: Improvement, token: Any
    ) -> None:
        other = (await tollgate.http.post(f"{AT}/badge-tokens")).json()

        revoked = [await tollgate.http.delete(f"/v1/badge-tokens/{token['id']}") for _ in range(2)]

        assert [reply.status_code for reply in revoked] == [200, 200]
        assert revoked[0].json() == revoked[1].json()
        assert revoked[0].json()["revoked_by"] == "pipeline"
        assert (await self.badge(tollgate, token["url"])).status_code == 404
        assert (await self.badge(tollgate, other["url"])).status_code == 200

    async def test_tokens_are_listed_and_audited_without_what_they_are(
        self, tollgate: Improvement, token: Any
    ) -> None:
        listed = await tollgate.http.get(f"{AT}/badge-tokens")
        audit = await tollgate.http.get("/v1/audit", params={"resource": "badge_token"})

        assert [item["id"] for item in listed.json()["items"]] == [token["id"]]
        assert [entry["action"] for entry in audit.json()["items"]] == ["created"]
        assert token["token"] not in listed.text + audit.text
        stored = tollgate.as_admin  # the database holds its hash only
        stored(
            "DELETE FROM improvement.badge_token WHERE token_hash = sha256(%s)",
            token["token"].encode(),
        )
        assert (await self.badge(tollgate, token["url"])).status_code == 404

    async def test_no_reply_with_a_token_is_kept_to_be_repeated(
        self, tollgate: Improvement
    ) -> None:
        once = {"Idempotency-Key": "badge-1"}

        made = [
            (await tollgate.http.post(f"{AT}/badge-tokens", headers=once)).json()["token"]
            for _ in range(2)
        ]

        assert len(set(made)) == 2

    async def test_a_service_that_the_catalog_does_not_know_gets_none(
        self, tollgate: Improvement
    ) -> None:
        reply = await tollgate.http.post(f"/v1/services/none/gates/{GATE}/badge-tokens")

        assert (reply.status_code, reply.json()["code"]) == (404, "unknown_service")


class TestScorecard:
    async def card(self, tollgate: Improvement, **asked: Any) -> httpx.Response:
        reply = await tollgate.http.get("/v1/services/vpn/scorecard", **asked)
        assert reply.status_code == 200, reply.text
        return reply

    async def test_it_holds_all_six_gates_with_what_they_ask(self, tollgate: Improvement) -> None:
        card = (await self.card(tollgate)).json()

        gates = (await tollgate.http.get("/v1/gates")).json()["items"]
        asked = {gate["gate"]: [c["id"] for c in gate["criteria"]] for gate in gates}
        assert {g["gate"]: [c["id"] for c in g["criteria"]] for g in card["gates"]} == asked
        assert [g["gate"] for g in card["gates"] if g["ahead"]] == [GATE, "to-retirement"]
        assert {g["verdict"] for g in card["gates"]} == {None}
        assert (card["stage"], card["name"]) == ("operate", "vpn")

    async def test_a_gate_shows_what_was_seen_signed_and_what_to_do(
        self, tollgate: Improvement, passed: Any
    ) -> None:
        gate = next(g for g in (await self.card(tollgate)).json()["gates"] if g["gate"] == GATE)

        quiet, owner = gate["criteria"]
        assert (gate["evaluation"], gate["verdict"]) == (passed["id"], "pass")
        assert (gate["standing"], gate["score"]) == ("signed", 1.0)
        assert (quiet["outcome"], quiet["facts"]["backlog_open"]["value"]) == ("pass", 3)
        assert [signature["signed_by"] for signature in owner["signatures"]] == ["ada"]
        assert owner["how"] == "sign"

    async def test_the_version_that_was_evaluated_is_shown_beside_a_newer_one(
        self, tollgate: Improvement, passed: Any
    ) -> None:
        await tollgate.publish(GATE, [automated("other")])

        page = (await self.card(tollgate, params={"format": "html"})).text
        gates = (await self.card(tollgate)).json()["gates"]

        gate = next(g for g in gates if g["gate"] == GATE)
        assert [c["id"] for c in gate["criteria"]] == ["quiet", "owner"]
        assert gate["newest_version"] == gate["gate_version"] + 1
        assert f"version {gate['newest_version']} is in force now" in page

    async def test_a_waiver_is_shown_with_who_bears_the_risk_until_when(
        self, tollgate: Improvement
    ) -> None:
        await tollgate.publish(GATE, [automated()])
        await tollgate.evaluate()
        waiver = await waive(tollgate)

        page = (await self.card(tollgate, params={"format": "html"})).text
        gates = (await self.card(tollgate)).json()["gates"]

        (criterion,) = next(g["criteria"] for g in gates if g["gate"] == GATE)
        assert (criterion["outcome"], criterion["waiver"]["id"]) == ("warning", waiver["id"])
        assert "at the risk of rita; waiver" in page
        assert "! warning" in page

    async def test_a_gate_that_a_board_decides_says_so(self, tollgate: Improvement) -> None:
        seated(tollgate, "ada", "bea")
        await tollgate.publish(GATE, [automated()], decided_by=None, board="service-board")

        card = (await self.card(tollgate, params={"format": "html"})).text
        gate = (await tollgate.http.get(f"/v1/gates/{GATE}/document")).text

        for page in (card, gate):
            assert "votes of the board service-board" in page
            assert "None" not in page

    async def test_as_a_page_it_needs_nothing_and_tells_outcomes_in_words(
        self, tollgate: Improvement
    ) -> None:
        criteria = [
            automated("quiet", expression="backlog_open == 0.0"),
            sign_off("owner", "service_owner"),
        ]
        await tollgate.publish(GATE, criteria)
        await tollgate.evaluate()

        reply = await self.card(tollgate, headers={"Accept": "text/html"})

        assert reply.headers["Content-Type"].startswith("text/html")
        rows = table_cells(reply.text)
        assert [GATE, "✗ fail", "0 %", "open", "0 of 2", "yes"] in rows
        assert any(row[1] == "✗ fail" and "What to do: be quiet" in row[2] for row in rows)
        assert any("backlog_open = 3" in row[-1] for row in rows)
        for needed in ("<script", " src=", "@import", "url(", "http://", "https://"):
            assert needed not in reply.text
        assert "@media print" in reply.text
        assert len(re.findall(r"<h1", reply.text)) == 1

    async def test_texts_of_people_are_shown_as_they_are_and_never_run(
        self, tollgate: Improvement
    ) -> None:
        await tollgate.publish(GATE, [automated(title=HOSTILE, how=HOSTILE, why=HOSTILE)])
        tollgate.fake.add_service("vpn", backlog_open=99)
        await tollgate.evaluate()

        card = (await self.card(tollgate, params={"format": "html"})).text
        gate = (await tollgate.http.get(f"/v1/gates/{GATE}/document")).text

        for page in (card, gate):
            assert "<script" not in page
            assert "&lt;script&gt;" in page

    async def test_it_is_there_while_the_catalog_is_away_without_the_stage(
        self, tollgate: Improvement
    ) -> None:
        tollgate.fake.down.add("catalog")

        card = (await self.card(tollgate)).json()
        page = (await self.card(tollgate, params={"format": "html"})).text

        assert (card["stage"], card["name"]) == (None, None)
        assert {gate["ahead"] for gate in card["gates"]} == {None}
        assert "the catalog was not reached" in page

    async def test_of_an_unknown_service_there_is_none(self, tollgate: Improvement) -> None:
        reply = await tollgate.http.get("/v1/services/none/scorecard")

        assert (reply.status_code, reply.json()["code"]) == (404, "unknown_service")


class TestGateDocuments:
    @pytest.mark.parametrize("number", range(6))
    async def test_every_default_gate_says_why_and_how_for_each_criterion(
        self, tollgate: Improvement, number: int
    ) -> None:
        gate = (await tollgate.http.get("/v1/gates")).json()["items"][number]

        reply = await tollgate.http.get(f"/v1/gates/{gate['gate']}/document")

        assert reply.status_code == 200
        assert reply.headers["ETag"] == '"1"'
        text = html.unescape(reply.text)
        for criterion in gate["criteria"]:
            for told in (criterion["title"], criterion["why"], criterion["how"]):
                assert told in text
            assert all(f"<code>{name}</code>" in text for name in criterion["facts"] or [])

    async def test_needs_the_scope_of_gates(self, tollgate: Improvement) -> None:
        stranger = tollgate.caller("ada", scope=" ".join(SCOPES.keys() - {"gates:read"}))

        reply = await tollgate.http.get(f"/v1/gates/{GATE}/document", headers=stranger)

        assert reply.status_code == 403

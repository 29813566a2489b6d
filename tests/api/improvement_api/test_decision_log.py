"""The hash-chained log can be read and verified, and whatever an administrator does to it shows."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from joserfc import jws
from joserfc.jwk import KeySet

from improvement_api.decisions import export
from tests.support.cheating import eve, honestly_signed
from tests.support.gates import automated
from tests.support.improvement import Improvement, running_improvement, write_private_key
from tests.support.postgres import Database
from tests.support.voting import GATE, seated, vote

VERIFY = "/v1/decision-log/verify"


@pytest.fixture
async def log(tollgate: Improvement) -> list[Any]:
    """Three decisions: on s1, s2 and s3."""
    await tollgate.publish(GATE, [automated(expression="backlog_open <= 3.0")])
    for key in ("s1", "s2", "s3"):
        tollgate.fake.add_service(key)
        await decide_on(tollgate, key)
    items: list[Any] = (await tollgate.http.get("/v1/decision-log")).json()["items"]
    return items


async def decide_on(tollgate: Improvement, service: str) -> None:
    evaluation = await tollgate.evaluate(service)
    reply = await tollgate.decide(evaluation, tollgate.caller("eve", "board"), comment="go")
    assert reply.status_code == 201, reply.text


async def verify(tollgate: Improvement, **noted: Any) -> Any:
    reply = await tollgate.http.get(VERIFY, params=noted)
    assert reply.status_code == 200, reply.text
    return reply.json()


async def broken(tollgate: Improvement, **noted: Any) -> tuple[int | None, str]:
    """Where the log breaks first, and how."""
    found = await verify(tollgate, **noted)
    assert found["intact"] is False
    return found["broken"]["seq"], found["broken"]["flaw"]


async def test_a_log_that_nobody_touched_is_intact(tollgate: Improvement, log: list[Any]) -> None:
    found = await verify(tollgate)

    assert (found["intact"], found["count"], found["broken"]) == (True, 3, None)
    assert found["head"] == log[-1]["hash"]


async def test_an_empty_log_is_intact(tollgate: Improvement) -> None:
    found = await verify(tollgate)

    assert (found["intact"], found["count"], found["head"]) == (True, 0, None)


async def test_it_is_read_page_by_page_and_anyone_can_make_its_hashes(
    tollgate: Improvement, log: list[Any]
) -> None:
    first = (await tollgate.http.get("/v1/decision-log", params={"limit": 2})).json()
    cursor = {"limit": 2, "cursor": first["next_cursor"]}
    second = (await tollgate.http.get("/v1/decision-log", params=cursor)).json()

    assert first["items"] + second["items"] == log
    previous = "0" * 64
    for number, entry in enumerate(log, 1):
        assert (entry["seq"], entry["prev_hash"]) == (number, previous)
        previous = hashlib.sha256((previous + entry["entry"]).encode()).hexdigest()
        assert entry["hash"] == previous


class TestTheExport:
    """The log as one file, which its reader verifies without us."""

    async def test_is_whole_and_verified_by_what_is_in_it(
        self, tollgate: Improvement, log: list[Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(export, "AT_ONCE", 2)

        *entries, end = await exported(tollgate)

        assert entries == log
        assert (end["entries"], end["head"]) == (3, log[-1]["hash"])
        keys = KeySet.import_key_set({"keys": end["keys"]})
        for entry, before in zip(entries, ["0" * 64, *(e["hash"] for e in entries)], strict=False):
            text = (before + entry["entry"]).encode()
            assert entry["hash"] == hashlib.sha256(text).hexdigest()
            statement = json.loads(entry["entry"])["statement"]
            signed = jws.deserialize_compact(statement, keys, ["Ed25519"])
            assert json.loads(signed.payload)["jti"] == entry["decision"]

    async def test_of_a_span_has_every_entry_between_its_first_and_its_last(
        self, tollgate: Improvement, log: list[Any]
    ) -> None:
        """The second was decided before the first, and waited for its place in the log."""
        tollgate.as_admin(
            "UPDATE improvement.decision SET decided_at = decided_at - interval '1 day'"
            " WHERE service = 's2'"
        )
        since = json.loads(log[0]["entry"])["decided_at"]

        assert (await exported(tollgate, since=since))[:-1] == log
        assert (await exported(tollgate, until=since))[:-1] == [log[1]]

    async def test_of_nothing_says_so(self, tollgate: Improvement) -> None:
        (end,) = await exported(tollgate)

        assert (end["entries"], end["head"]) == (0, None)

    async def test_of_a_board_that_rejected_has_that_too(self, tollgate: Improvement) -> None:
        seated(tollgate, "ada", "bea")
        criteria = [automated(expression="true")]
        await tollgate.publish(GATE, criteria, decided_by=None, board="service-board")
        evaluation = await tollgate.evaluate()
        for who in ("ada", "bea"):
            await vote(tollgate, evaluation, who, "reject")

        entry, end = await exported(tollgate, since="2000-01-01T00:00:00Z")

        assert (entry["decision"], end["entries"]) == (None, 1)
        assert json.loads(entry["entry"])["rejection"] == entry["rejection"]


async def exported(tollgate: Improvement, **span: str) -> list[Any]:
    reply = await tollgate.http.get("/v1/decision-log/export", params=span)
    assert reply.status_code == 200, reply.text
    assert reply.headers["content-type"] == "application/x-ndjson"
    return [json.loads(line) for line in reply.text.splitlines()]


TAMPERING = [
    ("UPDATE improvement.decision_log SET entry = replace(entry, '\"go\"', '\"no\"') WHERE seq = 2",
     (2, "entry_altered")),
    ("UPDATE improvement.decision_log SET hash = repeat('a', 64) WHERE seq = 2",
     (2, "entry_altered")),
    ("UPDATE improvement.decision_log SET prev_hash = repeat('a', 64) WHERE seq = 3",
     (3, "link_broken")),
    ("DELETE FROM improvement.decision_log WHERE seq = 1", (1, "entry_missing")),
    ("DELETE FROM improvement.decision_log WHERE seq = 2", (2, "entry_missing")),
    ("DELETE FROM improvement.decision_log WHERE seq = 3", (None, "not_logged")),
    ("UPDATE improvement.decision SET comment = 'no' WHERE service = 's2'",
     (2, "record_altered")),
    ("UPDATE improvement.decision SET to_stage = 'retirement' WHERE service = 's2'",
     (2, "record_altered")),
    ("UPDATE improvement.decision SET decided_by = 'mallory' WHERE service = 's3'",
     (3, "record_altered")),
    ("UPDATE improvement.decision SET frozen = '{\"verdict\": \"fail\"}' WHERE service = 's1'",
     (1, "record_altered")),
]  # fmt: skip


@pytest.mark.parametrize(("statement", "found"), TAMPERING)
async def test_what_an_administrator_alters_is_found(
    tollgate: Improvement, log: list[Any], statement: str, found: tuple[int | None, str]
) -> None:
    tollgate.as_admin(statement)

    assert await broken(tollgate) == found


async def test_a_record_that_was_deleted_past_its_key_is_found(
    tollgate: Improvement, log: list[Any]
) -> None:
    tollgate.as_admin(
        "SET session_replication_role = replica;"  # no foreign keys in this session
        "DELETE FROM improvement.decision WHERE service = 's2'"
    )

    assert await broken(tollgate) == (2, "record_missing")


class TestSignaturesOfADecision:
    """Ada signed, and eve decided on that."""

    @pytest.fixture
    async def signed(self, tollgate: Improvement) -> Any:
        evaluation = await honestly_signed(tollgate)
        reply = await tollgate.decide(evaluation, eve(tollgate))
        assert reply.status_code == 201, reply.text
        return evaluation

    @pytest.mark.parametrize(
        "statement",
        [
            "UPDATE improvement.signature SET signed_by = 'mallory'",
            "UPDATE improvement.signature SET signed_at = signed_at - interval '1 hour'",
            "UPDATE improvement.signature SET expires_at = signed_at",
            "UPDATE improvement.signature SET facts_hash = repeat('0', 64)",
            "DELETE FROM improvement.signature",
            "INSERT INTO improvement.signature_withdrawal"
            " SELECT id, 'x', signed_at, signed_by FROM improvement.signature",
            "INSERT INTO improvement.signature (id, evaluation_id, criterion, role, signed_by,"
            " signed_at, facts_hash) SELECT gen_random_uuid(), evaluation_id, criterion, role,"
            " 'mallory', signed_at, facts_hash FROM improvement.signature",
        ],
    )
    async def test_altering_removing_or_adding_one_is_found(
        self, tollgate: Improvement, signed: Any, statement: str
    ) -> None:
        assert (await verify(tollgate))["intact"] is True

        tollgate.as_admin(statement)

        assert await broken(tollgate) == (1, "signatures_altered")

    async def test_a_decision_from_before_they_were_frozen_is_intact(
        self, tollgate: Improvement, signed: Any
    ) -> None:
        log = (await tollgate.http.get("/v1/decision-log")).json()["items"]
        frozen = json.loads(log[0]["entry"])["frozen"]
        old = {k: v for k, v in frozen.items() if k not in ("signatures", "facts_hash")}
        write_anew(tollgate, log, frozen=old)

        found = await verify(tollgate)

        decision = (await tollgate.http.get("/v1/decisions")).json()["items"][0]
        assert (found["intact"], found["count"]) == (True, 1)
        assert (decision["signatures"], decision["facts_hash"]) == (None, None)


class TestWithWhatWasNotedEarlier:
    async def test_a_log_whose_end_was_cut_off_with_its_decision_is_found(
        self, tollgate: Improvement, log: list[Any]
    ) -> None:
        noted = await verify(tollgate)
        expected = {"expected_count": noted["count"], "expected_head": noted["head"]}
        tollgate.as_admin("DELETE FROM improvement.decision_log WHERE seq = 3")
        tollgate.as_admin("DELETE FROM improvement.decision_delivery")
        tollgate.as_admin("DELETE FROM improvement.decision WHERE service = 's3'")

        assert (await verify(tollgate))["intact"] is True
        assert await broken(tollgate, **expected) == (None, "entry_missing")
        assert await broken(tollgate, expected_head=noted["head"]) == (None, "checkpoint_missed")

    async def test_a_log_that_was_written_anew_is_found(
        self, tollgate: Improvement, log: list[Any]
    ) -> None:
        noted = await verify(tollgate)
        write_anew(tollgate, log, comment="forged")

        assert (await verify(tollgate))["intact"] is True
        found = await broken(tollgate, expected_count=3, expected_head=noted["head"])
        assert found == (3, "checkpoint_missed")

    async def test_a_log_that_has_grown_since_is_intact(
        self, tollgate: Improvement, log: list[Any]
    ) -> None:
        noted = await verify(tollgate)
        await decide_on(tollgate, "vpn")

        found = await verify(tollgate, expected_count=3, expected_head=noted["head"])

        assert (found["intact"], found["count"]) == (True, 4)

    @pytest.mark.parametrize(
        "noted", [{"expected_count": 0}, {"expected_count": 2**63}, {"expected_head": "x"}]
    )
    async def test_what_nobody_can_have_noted_is_422(
        self, tollgate: Improvement, noted: dict[str, Any]
    ) -> None:
        assert (await tollgate.http.get(VERIFY, params=noted)).status_code == 422


async def test_what_a_board_rejects_and_decides_is_verified_too(tollgate: Improvement) -> None:
    seated(tollgate, "ada", "bea")
    await tollgate.publish(
        GATE, [automated(expression="true")], decided_by=None, board="service-board"
    )
    for choice in ("reject", "approve"):
        evaluation = await tollgate.evaluate()
        for who in ("ada", "bea"):
            assert (await vote(tollgate, evaluation, who, choice)).status_code == 201
    assert (await verify(tollgate))["count"] == 2

    tollgate.as_admin("UPDATE improvement.board_rejection SET board = 'another'")

    assert await broken(tollgate) == (1, "record_altered")


async def test_statements_of_former_keys_hold_while_those_are_published(
    improvement_db: Database, tmp_path: Path
) -> None:
    async with running_improvement(improvement_db, tmp_path) as tollgate:
        tollgate.fake.add_service("vpn")
        await tollgate.publish(GATE, [automated(expression="true")])
        await decide_on(tollgate, "vpn")
        former = (await tollgate.http.get("/.well-known/jwks.json")).json()
    (tmp_path / "retired.jwks.json").write_text(json.dumps(former))
    write_private_key(tmp_path / "next.jwk", "next")
    rotated = {"decision_key_file": tmp_path / "next.jwk"}
    for knobs, flaw in (
        ({"retired_decision_keys_file": tmp_path / "retired.jwks.json"}, None),
        ({}, "statement_forged"),
    ):
        async with running_improvement(improvement_db, tmp_path, **rotated, **knobs) as tollgate:
            found = await verify(tollgate)

        assert (found["broken"] or {}).get("flaw") == flaw


def write_anew(tollgate: Improvement, log: list[Any], **forged: Any) -> None:
    """Forge every decision and make a chain that fits, as someone who owns the tables could."""
    previous = "0" * 64
    for entry in log:
        said = json.loads(entry["entry"]) | forged
        text = json.dumps(said, sort_keys=True, separators=(",", ":"))
        digest = hashlib.sha256((previous + text).encode()).hexdigest()
        tollgate.as_admin(
            "UPDATE improvement.decision_log SET entry = %s, prev_hash = %s, hash = %s"
            " WHERE seq = %s",
            *(text, previous, digest, entry["seq"]),
        )
        previous = digest
    for column, value in forged.items():
        kept = value if isinstance(value, str) else json.dumps(value)
        tollgate.as_admin(f"UPDATE improvement.decision SET {column} = %s", kept)

"""Native deliveries: proven, stored, processed, listed, replayed."""

import asyncio
import hashlib
import hmac
from collections.abc import AsyncIterator
from typing import Any

import orjson
import psycopg
import pytest

from metrics_api.attribution.rules import Memory
from metrics_api.inbox.jobs import tend_received
from metrics_api.inbox.processing import process_some
from metrics_api.sources.signatures import challenge_answer
from shared.kit.jobs import JobContext
from tests.support.metrics import Metrics
from tests.support.postgres import Database

SECRET = "correct horse battery"
EVENTS = "/v1/sources/desk/events"
TRIGGERED: dict[str, Any] = {
    "event": {
        "id": "E1",
        "event_type": "incident.triggered",
        "resource_type": "incident",
        "occurred_at": "2026-03-01T08:00:00.123Z",
        "data": {
            "id": "P1",
            "type": "incident",
            "status": "triggered",
            "created_at": "2026-03-01T07:59:59Z",
            "title": "Checkout is slow",
            "service": {"id": "S1", "summary": "Checkout"},
            "urgency": "high",
            "priority": {"summary": "P2"},
        },
    }
}


def event(id_: str = "E1", **data: Any) -> dict[str, Any]:
    """The body above with another event id and some of its incident's fields changed."""
    inner = {**TRIGGERED["event"], "id": id_}
    return {"event": {**inner, "data": {**TRIGGERED["event"]["data"], **data}}}


def signed(body: bytes, secret: str = SECRET) -> dict[str, str]:
    mac = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return {"X-PagerDuty-Signature": f"v1={mac}", "Authorization": ""}


class Desk:
    """A PagerDuty source with a secret, and what is done to it."""

    def __init__(self, metrics: Metrics) -> None:
        self.metrics, self.http = metrics, metrics.http

    async def deliver(self, payload: Any, secret: str = SECRET) -> Any:
        body = payload if isinstance(payload, bytes) else orjson.dumps(payload)
        return await self.http.post(EVENTS, content=body, headers=signed(body, secret))

    async def process(self) -> None:
        while await process_some(self.metrics.engine, Memory()):
            pass

    async def receipts(self, **query: Any) -> list[dict[str, Any]]:
        reply = await self.http.get("/v1/sources/desk/receipts", params=query)
        items: list[dict[str, Any]] = reply.json()["items"]
        return items

    async def incident(self, external_id: str = "P1") -> dict[str, Any]:
        reply = await self.http.get(f"/v1/incidents/desk/{external_id}")
        assert reply.status_code == 200, reply.text
        found: dict[str, Any] = reply.json()
        return found


@pytest.fixture
async def desk(metrics: Metrics) -> Desk:
    source = {"key": "desk", "name": "Desk", "kind": "pagerduty"}
    assert (await metrics.http.post("/v1/sources", json=source)).status_code == 201
    made = await metrics.http.post("/v1/sources/desk/secrets", json={"secret": SECRET})
    assert made.status_code == 201, made.text
    return Desk(metrics)


async def test_a_signed_delivery_becomes_an_incident(desk: Desk) -> None:
    reply = await desk.deliver(TRIGGERED)
    await desk.process()

    assert (reply.status_code, reply.json()["repeated"]) == (202, False)
    incident = await desk.incident()
    assert (incident["state"], incident["raw_state"]) == ("new", "triggered")
    assert (incident["priority"], incident["service_name"]) == (2, "Checkout")
    (receipt,) = await desk.receipts()
    assert receipt["state"] == "processed"
    assert receipt["outcome"]["records"] == [
        {"kind": "incident", "external_id": "P1", "outcome": "created"}
    ]


async def test_a_delivery_is_told_with_the_path_of_its_receipt(desk: Desk) -> None:
    replies = [await desk.deliver(TRIGGERED), await desk.deliver(TRIGGERED)]

    for reply in replies:
        receipt = (await desk.http.get(reply.headers["Location"])).json()
        assert receipt["id"] == reply.json()["receipt"]


async def test_the_deliveries_behind_a_record_are_found_by_its_id(desk: Desk) -> None:
    for number, incident in enumerate(("P1", "P2", "P1")):
        await desk.deliver(event(f"E{number}", id=incident, title=f"as of {number}"))
    await desk.process()

    of_one = [one["repeat_key"] for one in await desk.receipts(external_id="P1")]
    assert of_one == ["E2", "E0"]
    assert await desk.receipts(external_id="P3") == []


async def test_a_repeated_delivery_is_answered_200_and_read_once(desk: Desk) -> None:
    first = await desk.deliver(TRIGGERED)

    second = await desk.deliver(TRIGGERED)

    assert (first.status_code, second.status_code) == (202, 200)
    assert second.json() == {"receipt": first.json()["receipt"], "repeated": True}
    assert len(await desk.receipts()) == 1


async def test_deliveries_that_come_at_once_are_all_kept_in_order(desk: Desk) -> None:
    bodies = [event(f"E{number}", id=f"P{number % 7}") for number in range(40)]

    replies = await asyncio.gather(*(desk.deliver(body) for body in bodies))
    await desk.process()

    assert {reply.status_code for reply in replies} == {202}
    receipts = await desk.receipts()
    assert sorted(r["repeat_key"] for r in receipts) == sorted(f"E{n}" for n in range(40))
    assert {receipt["state"] for receipt in receipts} == {"processed"}


async def test_one_group_knows_repeats_within_itself(desk: Desk) -> None:
    replies = await asyncio.gather(*(desk.deliver(TRIGGERED) for _ in range(8)))

    assert sorted(reply.status_code for reply in replies) == [200] * 7 + [202]
    assert len({reply.json()["receipt"] for reply in replies}) == 1


async def test_what_is_not_proven_is_403_and_leaves_nothing(desk: Desk) -> None:
    unproven = [
        ({"X-PagerDuty-Signature": "v1=" + "0" * 64}, "bad_signature"),
        ({}, "bad_signature"),
        ({"X-API-Key": "tgk_ab12_" + "x" * 32}, "bad_api_key"),
        ({"Authorization": "Bearer no-token-of-ours"}, "bad_signature"),
        ({"Authorization": "Bearer eyJhbGciOiJub25lIn0.e30."}, "bad_signature"),
    ]
    for headers, code in unproven:
        reply = await desk.http.post(
            EVENTS, json=TRIGGERED, headers={"Authorization": "", **headers}
        )

        assert (reply.status_code, reply.json()["code"]) == (403, code)
    assert await desk.receipts() == []


async def test_a_new_secret_and_the_old_one_hold_until_the_old_one_is_revoked(desk: Desk) -> None:
    await desk.deliver(event("E0"))  # this process remembers the source now
    made = (await desk.http.post("/v1/sources/desk/secrets", json={})).json()

    both = [await desk.deliver(event("E1")), await desk.deliver(event("E2"), made["secret"])]
    listed = (await desk.http.get("/v1/sources/desk/secrets")).json()["items"]
    old = next(secret["id"] for secret in listed if secret["id"] != made["id"])
    third = await desk.http.post("/v1/sources/desk/secrets", json={})
    gone = await desk.http.delete(f"/v1/sources/desk/secrets/{old}")
    after = [await desk.deliver(event("E3")), await desk.deliver(event("E4"), made["secret"])]

    assert [reply.status_code for reply in both] == [202, 202]
    assert (third.status_code, third.json()["code"], gone.status_code) == (
        409,
        "too_many_secrets",
        204,
    )
    assert [reply.status_code for reply in after] == [403, 202]
    assert all("secret" not in secret for secret in listed)


async def test_a_secret_can_be_given_an_end(desk: Desk) -> None:
    past = "2020-01-01T00:00:00Z"
    made = await desk.http.post("/v1/sources/desk/secrets", json={"others_expire_at": past})

    old = await desk.deliver(TRIGGERED)
    new = await desk.deliver(TRIGGERED, made.json()["secret"])

    assert (old.status_code, new.status_code) == (403, 202)


async def test_an_api_key_of_the_source_does_in_place_of_a_signature(desk: Desk) -> None:
    await desk.http.post("/v1/sources", json={"key": "other", "name": "Other"})
    keys = [
        (await desk.http.post(f"/v1/sources/{source}/api-keys", json={"name": "k"})).json()
        for source in ("desk", "other")
    ]

    replies = [
        await desk.http.post(
            EVENTS, json=event(f"E{n}"), headers={"X-API-Key": key["key"], "Authorization": ""}
        )
        for n, key in enumerate(keys)
    ]

    assert [reply.status_code for reply in replies] == [202, 403]
    await desk.http.delete(f"/v1/sources/desk/api-keys/{keys[0]['id']}")
    revoked = await desk.http.post(
        EVENTS, json=event("E9"), headers={"X-API-Key": keys[0]["key"], "Authorization": ""}
    )
    assert revoked.status_code == 403


@pytest.mark.parametrize(
    ("scopes", "status"),
    [
        (["incidents:write", "records:write"], 202),
        (["incidents:write"], 403),  # a delivery may hold records of any kind
        (["records:write"], 403),
        (["metrics:read"], 403),
    ],
)
async def test_a_token_that_may_write_every_kind_of_record_vouches(
    desk: Desk, scopes: list[str], status: int
) -> None:
    reply = await desk.http.post(EVENTS, json=TRIGGERED, headers=desk.metrics.caller("eve", scopes))

    assert reply.status_code == status


async def test_a_malformed_body_is_a_clear_refusal(desk: Desk) -> None:
    refused = {
        b'{"event": {"id": "E1", "event_ty': 400,
        b"": 400,
        b"\xff\xfe": 400,
        b"NaN": 400,
        b"[" * 5000: 400,
        b'"words"': 422,
        b"17": 422,
        b'{"event": {"id": ' + b"9" * 400 + b"}}": 400,  # no number of any kind
    }
    odd = [b"{}", b"[]", b'{"event": {"id": "a\\u0000b"}}']

    answers = {body: (await desk.deliver(body)).status_code for body in refused}
    taken = [(await desk.deliver(body)).status_code for body in odd]

    await desk.process()
    assert answers == refused
    assert taken == [202] * len(odd)
    assert {receipt["state"] for receipt in await desk.receipts()} == {"ignored"}


async def test_a_huge_body_is_413_before_it_is_read(desk: Desk) -> None:
    sent = 0

    async def fifty_megabytes() -> AsyncIterator[bytes]:
        nonlocal sent
        for _ in range(50):
            sent += 1
            yield b" " * 1024 * 1024

    told = await desk.http.post(EVENTS, content=b"x", headers={"Content-Length": str(50 * 2**20)})
    untold = await desk.http.post(EVENTS, content=fifty_megabytes())

    assert (told.status_code, untold.status_code) == (413, 413)


async def test_another_tools_body_is_ignored_with_the_reason(desk: Desk) -> None:
    await desk.deliver({"webhookEvent": "jira:issue_created", "issue": {"fields": {}}})
    await desk.deliver({"messages": [{"event": "incident.trigger"}]})

    await desk.process()

    newest, oldest = await desk.receipts()
    assert [r["state"] for r in (oldest, newest)] == ["ignored", "ignored"]
    assert oldest["outcome"]["ignored"][0]["code"] == "unknown_body"
    assert newest["outcome"]["ignored"][0]["code"] == "legacy_v2"


async def test_a_corrected_mapping_is_applied_by_a_replay(desk: Desk) -> None:
    wrong = {"field_mapping": {"opened_at": "event.data.title"}}
    await desk.http.patch("/v1/sources/desk", json=wrong, headers={"If-Match": "*"})
    await desk.deliver(TRIGGERED)
    await desk.process()
    (failed,) = await desk.receipts(state="failed")

    right = {"field_mapping": {"opened_at": "event.data.created_at"}}
    await desk.http.patch("/v1/sources/desk", json=right, headers={"If-Match": "*"})
    replayed = await desk.http.post("/v1/sources/desk/receipts/replay", json={})
    await desk.process()

    assert failed["outcome"]["failures"][0]["pointer"] == "/field_mapping/opened_at"
    assert (replayed.status_code, replayed.json()) == (202, {"receipts": 1})
    assert (await desk.incident())["opened_at"] == "2026-03-01T07:59:59Z"
    (receipt,) = await desk.receipts()
    assert (receipt["state"], receipt["attempts"]) == ("processed", 2)
    audit = (await desk.http.get("/v1/audit", params={"resource": "source_receipts"})).json()
    assert audit["items"][0]["after"]["count"] == 1


async def test_a_receipt_shows_the_body_and_no_secret(desk: Desk) -> None:
    reply = await desk.deliver(TRIGGERED)

    path = f"/v1/sources/desk/receipts/{reply.json()['receipt']}"
    shown = (await desk.http.get(path)).json()

    assert orjson.loads(shown["text"]) == TRIGGERED
    assert "x-pagerduty-signature" in shown["headers"]
    assert "authorization" not in shown["headers"]
    assert (await desk.http.get("/v1/sources/desk/receipts/999999")).status_code == 404


async def test_an_inactive_or_unknown_source_takes_nothing(desk: Desk) -> None:
    await desk.deliver(event("E0"))
    unknown = await desk.http.post("/v1/sources/nobody/events", json=TRIGGERED)
    off = {"active": False}
    await desk.http.patch("/v1/sources/desk", json=off, headers={"If-Match": "*"})

    refused = await desk.deliver(event("E1"))

    assert (unknown.status_code, refused.status_code) == (404, 403)
    assert refused.json()["code"] == "source_not_active"


async def test_one_receipt_that_cannot_be_stored_fails_no_other(desk: Desk) -> None:
    await desk.deliver(event("E1", id="P1"))
    await desk.deliver(event("E2", id="P2", created_at="not a time", title="x" * 5000))
    await desk.deliver(event("E3", id="P3", status={"odd": []}, priority=17, teams="none"))

    await desk.process()

    assert {r["state"] for r in await desk.receipts()} == {"processed"}
    odd = await desk.incident("P2")
    assert (odd["opened_at"], odd["extra"]["opened_at"]) == (None, "not a time")


async def test_a_word_that_is_not_known_changes_no_state_and_is_kept(desk: Desk) -> None:
    await desk.deliver(event("E1", status="acknowledged"))
    later = event("E2", status="hibernating")
    later["event"]["occurred_at"] = "2026-03-01T09:00:00Z"
    await desk.deliver(later)

    await desk.process()

    incident = await desk.incident()
    assert (incident["state"], incident["raw_state"]) == ("in_progress", "hibernating")


async def test_old_receipts_are_forgotten_with_their_bodies(
    desk: Desk, metrics_db: Database
) -> None:
    await desk.deliver(event("E1"))
    await desk.deliver(event("E2"))
    await desk.process()
    await desk.deliver(event("E3"))
    with psycopg.connect(metrics_db.admin_url) as admin:
        for table in ("receipt", "received_body"):
            old = f"UPDATE metrics.{table} SET received_at = received_at - interval '31 days'"
            admin.execute(old.encode())

    await tend_received(JobContext(desk.metrics.engine, None, None), {})  # type: ignore[arg-type]

    assert [receipt["repeat_key"] for receipt in await desk.receipts()] == ["E3"]
    with psycopg.connect(metrics_db.admin_url) as admin:
        (bodies,) = admin.execute("SELECT count(*) FROM metrics.received_body").fetchone() or (0,)
    assert bodies == 1


async def test_glpi_is_answered_its_challenge_and_nothing_else(metrics: Metrics) -> None:
    await metrics.http.post("/v1/sources", json={"key": "g", "name": "G", "kind": "glpi"})
    await metrics.http.post("/v1/sources/g/secrets", json={"secret": SECRET})
    token = challenge_answer("validate_cra_challenge", SECRET)
    path = "/v1/sources/g/events"

    reply = await metrics.http.get(path, params={"crc_token": token})
    oracle = await metrics.http.get(path, params={"crc_token": '{"event":"new"}1700000000'})

    assert (reply.status_code, reply.text) == (200, challenge_answer(token, SECRET))
    assert oracle.status_code == 404

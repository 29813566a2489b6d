"""Events of metrics-api: kept once, signed, listed in the order of receipt."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import orjson
import psycopg
import pytest
from pydantic import SecretStr
from standardwebhooks.webhooks import Webhook

from shared.kit.clock import now
from shared.kit.webhooks import new_secret, signed_request
from tests.support.improvement import Improvement, running_improvement
from tests.support.postgres import Database

SECRET, BEFORE, OTHER = new_secret(), new_secret(), new_secret()
HAPPENED = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)


@pytest.fixture
async def listening(improvement_db: Database, tmp_path: Path) -> AsyncIterator[Improvement]:
    secrets = {
        "metrics_event_secret": SecretStr(SECRET),
        "metrics_event_secret_before": SecretStr(BEFORE),
    }
    async with running_improvement(improvement_db, tmp_path, **secrets) as running:
        yield running


def event(name: str, /, **more: Any) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": name,
        "source": "urn:tollgate:metrics-api",
        "type": "clock.breached",
        "subject": "vpn",
        "time": HAPPENED.isoformat(),
        "data": {"service": "vpn", "incident": "INC1"},
        **more,
    }


async def tell(
    listening: Improvement, *sent: dict[str, Any], secret: str = SECRET
) -> httpx.Response:
    body, headers = signed_request(sent, secret, now())
    return await listening.http.post("/v1/events/metrics", content=body, headers=headers)


async def signals(listening: Improvement, **query: Any) -> list[dict[str, Any]]:
    reply = await listening.http.get("/v1/signals", params=query)
    assert reply.status_code == 200, reply.text
    items: list[dict[str, Any]] = reply.json()["items"]
    return items


async def test_an_event_becomes_a_signal(listening: Improvement) -> None:
    reply = await tell(listening, event("e1"))

    [signal] = await signals(listening)
    assert (reply.status_code, reply.json()) == (200, {"taken": True})
    assert (signal["id"], signal["type"], signal["service"]) == ("e1", "clock.breached", "vpn")
    assert signal["data"] == {"service": "vpn", "incident": "INC1"}
    assert datetime.fromisoformat(signal["occurred_at"]) == HAPPENED


async def test_a_repeat_is_answered_well_and_kept_once(listening: Improvement) -> None:
    first, *repeats = [await tell(listening, event("e1")) for _ in range(3)]

    assert first.json() == {"taken": True}
    assert [(reply.status_code, reply.json()) for reply in repeats] == [(200, {"taken": False})] * 2
    assert len(await signals(listening)) == 1


async def test_a_batch_is_kept_in_its_order_but_for_what_is_known(listening: Improvement) -> None:
    await tell(listening, event("e3"))

    reply = await tell(listening, *(event(f"e{number}") for number in (5, 3, 4, 5, 1)))

    assert (reply.status_code, reply.json()) == (200, {"taken": True})
    assert [signal["id"] for signal in await signals(listening)] == ["e3", "e5", "e4", "e1"]
    repeated = await tell(listening, event("e1"), event("e4"))
    assert repeated.json() == {"taken": False}


async def test_of_a_batch_with_an_event_at_fault_nothing_is_kept(listening: Improvement) -> None:
    reply = await tell(listening, event("e1"), event("e2", subject="No Service"))

    assert reply.status_code == 422, reply.text
    assert [error["pointer"] for error in reply.json()["errors"]] == ["/1/subject"]
    assert await signals(listening) == []


async def test_what_is_taken_in_wakes_one_job_that_acts_on_it(listening: Improvement) -> None:
    for name in ("e1", "e1", "e2"):
        await tell(listening, event(name))

    with psycopg.connect(listening.database.admin_url) as admin:
        waiting = admin.execute("SELECT task_name FROM improvement_jobs.procrastinate_jobs")
        assert waiting.fetchall() == [("consume_signals",)]


async def test_repeats_at_the_same_moment_are_kept_once(listening: Improvement) -> None:
    replies = await asyncio.gather(*(tell(listening, event("e1")) for _ in range(8)))

    assert sorted(reply.json()["taken"] for reply in replies) == [False] * 7 + [True]
    assert len(await signals(listening)) == 1


@pytest.mark.parametrize(
    ("secret", "status"),
    [(SECRET, 200), (BEFORE, 200), (OTHER, 403)],
    ids=["present", "before", "other"],
)
async def test_both_secrets_of_a_rotation_are_valid_and_no_other(
    listening: Improvement, secret: str, status: int
) -> None:
    reply = await tell(listening, event("e1"), secret=secret)

    assert reply.status_code == status
    assert len(await signals(listening)) == (status == 200)


async def test_without_a_secret_nothing_is_taken(tollgate: Improvement) -> None:
    reply = await tell(tollgate, event("e1"))

    assert (reply.status_code, reply.json()["code"]) == (403, "bad_signature")


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"subject": None}, "/subject"),
        ({"subject": "No Service"}, "/subject"),
        ({"time": "yesterday"}, "/time"),
        ({"time": "9999-12-31T23:59:59-14:00"}, "/time"),
        ({"data": "text"}, "/data"),
        ({"data": {"text": "a\x00b"}}, "/data"),
        ({"type": "x" * 300}, "/type"),
    ],
)
async def test_what_is_no_event_of_metrics_is_refused_with_its_place(
    listening: Improvement, wrong: dict[str, Any], pointer: str
) -> None:
    reply = await tell(listening, event("e1", **wrong))

    assert reply.status_code == 422, reply.text
    assert [error["pointer"] for error in reply.json()["errors"]] == [pointer]


async def test_a_deeply_nested_event_is_refused(listening: Improvement) -> None:
    flat, at = orjson.dumps(event("e1")), now()
    nested = flat.replace(b'"INC1"', b'{"a":' * 500 + b"1" + b"}" * 500)
    headers = {
        "webhook-id": "e1",
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(SECRET).sign("e1", at, nested.decode()),
    }

    reply = await listening.http.post("/v1/events/metrics", content=nested, headers=headers)

    assert reply.status_code == 422, reply.text


async def test_signals_are_listed_in_the_order_of_receipt_page_by_page(
    listening: Improvement,
) -> None:
    for number in range(5):
        earlier = HAPPENED - timedelta(hours=number)
        await tell(listening, event(f"e{number}", time=earlier.isoformat()))

    first = (await listening.http.get("/v1/signals", params={"limit": 3})).json()
    second = await signals(listening, limit=3, cursor=first["next_cursor"])
    assert [item["id"] for item in first["items"]] == ["e0", "e1", "e2"]
    assert [item["id"] for item in second] == ["e3", "e4"]


async def test_reading_on_after_the_last_sequence_misses_nothing(listening: Improvement) -> None:
    await tell(listening, event("e1"))
    [seen] = await signals(listening)
    await tell(listening, event("e1"))
    await tell(listening, event("e2"))

    assert [item["id"] for item in await signals(listening, after=seen["sequence"])] == ["e2"]


async def test_signals_are_found_by_service_type_and_time(listening: Improvement) -> None:
    await tell(listening, event("e1"))
    await tell(listening, event("e2", subject="mail"))
    await tell(listening, event("e3", type="target.missed"))
    [_, second, third] = await signals(listening)

    assert [item["id"] for item in await signals(listening, service="mail")] == ["e2"]
    assert [item["id"] for item in await signals(listening, type="target.missed")] == ["e3"]
    since = third["received_at"]
    assert [item["id"] for item in await signals(listening, since=since)] == ["e3"]
    assert len(await signals(listening, since=second["received_at"])) == 2


async def test_reading_signals_needs_its_scope(listening: Improvement) -> None:
    stranger = listening.caller("bob", scope="gates:read")

    reply = await listening.http.get("/v1/signals", headers=stranger)

    assert reply.status_code == 403

"""Bulk pushes of records: all or nothing of a chunk, what is refused, what stays."""

import gzip
import json
from collections.abc import AsyncIterator, Iterable
from typing import Any

import pytest
from httpx import Response
from sqlalchemy import text

from metrics_api.attribution.rules import Memory
from metrics_api.intake.storing import SourceChanged
from metrics_api.records.actions import read_record, take_in_records
from shared.kit.database import transaction
from shared.schemas.metrics import RecordKind
from tests.support.metrics import Metrics
from tests.support.records import PATHS, sent

NDJSON = "application/x-ndjson"
OUTAGE, SURVEY = RecordKind.OUTAGE, RecordKind.SURVEY


def line(kind: RecordKind, number: int, hours: float = 0, /, **fields: Any) -> dict[str, Any]:
    return {"source": "desk", **sent(kind, hours, external_id=f"R{number}", **fields)}


def ndjson(lines: Iterable[dict[str, Any]]) -> bytes:
    return "".join(json.dumps(each) + "\n" for each in lines).encode()


@pytest.fixture
async def desk(metrics: Metrics) -> Metrics:
    """A metrics-api that knows the source `desk`."""
    source = {"key": "desk", "name": "Desk"}
    assert (await metrics.http.post("/v1/sources", json=source)).status_code == 201
    return metrics


async def push(
    metrics: Metrics, kind: RecordKind, content: Any, media: str = NDJSON, **headers: str
) -> Response:
    return await metrics.http.post(
        f"/v1/{PATHS[kind]}/batch", content=content, headers={"Content-Type": media, **headers}
    )


async def rows(metrics: Metrics) -> dict[str, int]:
    """How many rows there are, by table."""
    tables = ("outage", "survey", "record_version", "record_transition")
    async with transaction(metrics.engine) as session:
        return {
            table: await session.scalar(text(f"SELECT count(*) FROM metrics.{table}")) or 0
            for table in tables
        }


async def test_every_kind_takes_lines_and_says_what_it_refused(desk: Metrics) -> None:
    for kind in PATHS:
        good = [line(kind, 1), line(kind, 1), line(kind, 1, 1)]
        body = ndjson([*good, line(kind, 2, version="x"), line(kind, 3, source="other")])

        reply = (await push(desk, kind, body + b"{broken\n")).json()

        assert (reply["rows"], reply["accepted"], reply["rejected"]) == (6, 3, 3)
        assert (reply["created"], reply["repeated"]) == (1, 1)
        places = [(each["line"], each["pointer"]) for each in reply["rejections"]]
        assert places == [(4, "/version"), (5, "/source"), (6, "")]
        url = f"/v1/imports/{reply['id']}"
        assert (await desk.http.get(url)).json()["kind"] == kind.value
        listed = (await desk.http.get(f"{url}/rejections")).json()["items"]
        assert [each["line"] for each in listed] == [4, 5, 6]


async def test_more_than_a_chunk_is_stored_whole_and_sent_again_changes_nothing(
    desk: Metrics,
) -> None:
    total = 4_100
    lines = [line(SURVEY, number, kind="csat", score=number % 7) for number in range(total)]
    body = gzip.compress(ndjson(lines))

    async def slowly() -> AsyncIterator[bytes]:
        for start in range(0, len(body), 5_001):
            yield body[start : start + 5_001]

    replies = [
        (await push(desk, SURVEY, slowly(), **{"Content-Encoding": "gzip"})).json()
        for _ in range(2)
    ]

    assert [(each["created"], each["repeated"]) for each in replies] == [(total, 0), (0, total)]
    found = await rows(desk)
    assert (found["survey"], found["record_version"]) == (total, total)


async def test_bulk_and_single_pushes_come_to_the_same(desk: Metrics) -> None:
    told = [
        line(OUTAGE, number, hours, state=state, title='a "b" \\ c\n', extra={"n": [1]})
        for number in range(12)
        for hours, state in ((2, "closed"), (1, "in_progress"), (0, "new"))
    ]
    await push(desk, OUTAGE, ndjson(told))
    in_bulk = (await desk.http.get("/v1/outages")).json()["items"]
    for each in told:
        await desk.http.post("/v1/outages", json=each | {"external_id": "S" + each["external_id"]})

    singly = (await desk.http.get("/v1/outages")).json()["items"][12:]

    ignored = ("external_id", "first_received_at", "last_received_at")
    plain = [[{k: v for k, v in one.items() if k not in ignored}] for one in in_bulk]
    assert [[{k: v for k, v in one.items() if k not in ignored}] for one in singly] == plain
    assert (await rows(desk))["record_transition"] == 2 * 36


async def test_an_array_may_have_ten_thousand_items_and_no_more(desk: Metrics) -> None:
    one = json.dumps(line(OUTAGE, 1))
    media = "application/json"

    small = await push(desk, OUTAGE, f"[{one}]".encode(), media)
    large = await push(desk, OUTAGE, ("[" + ",".join([one] * 10_001) + "]").encode(), media)
    odd = await push(desk, OUTAGE, b"{}", media)

    assert (small.status_code, small.json()["created"]) == (200, 1)
    assert (large.status_code, odd.status_code) == (413, 422)


async def test_a_line_over_a_mebibyte_is_refused_and_what_came_before_it_stays(
    desk: Metrics,
) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield ndjson([line(OUTAGE, 1)])
        yield b'{"title": "' + b"x" * 2**20 + b'"}\n'

    reply = await push(desk, OUTAGE, pieces())

    assert (reply.status_code, reply.json()["code"]) == (413, "line_too_long")
    assert (reply.json()["accepted"], (await rows(desk))["outage"]) == (1, 1)


class TestForAdapters:
    async def test_several_kinds_are_stored_in_one_transaction(self, desk: Metrics) -> None:
        memory: Memory = desk.app.state.memory
        source = await known_source(desk)
        told = [
            read_record(kind, source, sent(kind, state=... if kind is SURVEY else "new"))
            for kind in reversed(PATHS)
        ]

        taken = await take_in_records(desk.engine, memory, told)

        assert [each.kind for each in taken.records] == list(reversed(PATHS))
        assert {outcome.value for outcome in taken.outcomes} == {"created"}
        assert (await rows(desk))["record_version"] == len(PATHS)

    async def test_nothing_is_half_written_when_what_goes_alongside_fails(
        self, desk: Metrics
    ) -> None:
        async def fails(*_: Any) -> None:
            raise RuntimeError("alongside")

        source = await known_source(desk)
        told = [read_record(kind, source, sent(kind)) for kind in PATHS]
        with pytest.raises(RuntimeError):
            await take_in_records(desk.engine, desk.app.state.memory, told, fails)

        assert set((await rows(desk)).values()) == {0}

    async def test_updates_read_by_old_rules_of_their_source_are_not_stored(
        self, desk: Metrics
    ) -> None:
        told = read_record(OUTAGE, await known_source(desk), sent(OUTAGE))
        await desk.http.patch(
            "/v1/sources/desk", json={"timezone": "Europe/Berlin"}, headers={"If-Match": '"1"'}
        )

        with pytest.raises(SourceChanged):
            await take_in_records(desk.engine, desk.app.state.memory, [told])

        assert (await rows(desk))["outage"] == 0


async def known_source(metrics: Metrics) -> Any:
    """The rules of `desk`, once the process has read them."""
    await push(metrics, OUTAGE, b"")
    return metrics.app.state.memory.directory.sources["desk"]

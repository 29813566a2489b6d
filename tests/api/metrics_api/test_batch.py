"""Bulk ingest: streams of lines and arrays, what is refused of them, and what stays."""

import asyncio
import gzip
import json
from collections.abc import AsyncIterator, Iterable
from typing import Any

import pytest
from httpx import Response

from tests.support.metrics import Metrics

OPENED = "2026-03-01T08:00:00Z"
NDJSON = "application/x-ndjson"


def line(number: int, **fields: Any) -> dict[str, Any]:
    known = {
        "source": "desk",
        "external_id": f"INC{number}",
        "updated_at": OPENED,
        "opened_at": OPENED,
        "state": "new",
    }
    return known | fields


def ndjson(lines: Iterable[dict[str, Any]]) -> bytes:
    return "".join(json.dumps(each) + "\n" for each in lines).encode()


@pytest.fixture
async def desk(metrics: Metrics) -> Metrics:
    """A metrics-api that knows the source `desk`."""
    source = {"key": "desk", "name": "Desk"}
    assert (await metrics.http.post("/v1/sources", json=source)).status_code == 201
    return metrics


async def push(metrics: Metrics, content: Any, media: str = NDJSON, **headers: str) -> Response:
    return await metrics.http.post(
        "/v1/incidents/batch", content=content, headers={"Content-Type": media, **headers}
    )


async def count(metrics: Metrics) -> int:
    found = 0
    path: str | None = "/v1/incidents?limit=500"
    while path:
        reply = await metrics.http.get(path)
        found += len(reply.json()["items"])
        link = reply.links.get("next")
        path = None if link is None else link["url"]
    return found


def batch_scope(metrics: Metrics) -> dict[str, Any]:
    """The head of a bulk request as an ASGI server hands it over."""
    headers = {"content-type": NDJSON, **metrics.caller()}
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": "/v1/incidents/batch",
        "raw_path": b"/v1/incidents/batch",
        "root_path": "",
        "query_string": b"",
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
        "client": ("127.0.0.1", 1),
        "server": ("metrics", 80),
    }


class TestStream:
    async def test_every_row_is_accepted_or_rejected_with_its_place_and_reason(
        self, desk: Metrics
    ) -> None:
        body = ndjson([line(1), line(2, version="x"), line(1), line(3, source="other")])
        body += b"\n  \n{broken\n" + b'{"external_id": "\xff"}\n'

        reply = (await push(desk, body)).json()

        assert (reply["rows"], reply["accepted"], reply["rejected"]) == (6, 2, 4)
        assert (reply["created"], reply["repeated"]) == (1, 1)
        places = [(each["line"], each["pointer"]) for each in reply["rejections"]]
        assert places == [(2, "/version"), (4, "/source"), (7, ""), (8, "")]

    async def test_sending_it_again_changes_nothing(self, desk: Metrics) -> None:
        body = ndjson(line(number, version=version) for number in range(50) for version in (2, 1))
        await push(desk, body)
        before = (await desk.http.get("/v1/incidents")).json()

        again = (await push(desk, body)).json()

        assert (again["accepted"], again["repeated"], again["created"]) == (100, 100, 0)
        assert (await desk.http.get("/v1/incidents")).json() == before

    async def test_a_gzipped_stream_of_several_members_is_one(self, desk: Metrics) -> None:
        plain = ndjson(map(line, range(10)))
        body = gzip.compress(plain[:333]) + gzip.compress(plain[333:])

        reply = await push(desk, body, **{"Content-Encoding": "gzip"})

        assert reply.json()["created"] == 10

    async def test_more_rows_than_a_chunk_are_all_stored(self, desk: Metrics) -> None:
        total = 9_001

        async def slowly() -> AsyncIterator[bytes]:
            body = ndjson(map(line, range(total)))
            for start in range(0, len(body), 50_001):
                yield body[start : start + 50_001]

        reply = (await push(desk, slowly())).json()

        assert (reply["rows"], reply["created"]) == (total, total)
        assert await count(desk) == total

    async def test_an_empty_stream_is_complete(self, desk: Metrics) -> None:
        reply = await push(desk, b"")

        assert (reply.status_code, reply.json()["rows"]) == (200, 0)

    async def test_the_last_line_needs_no_end(self, desk: Metrics) -> None:
        assert (await push(desk, ndjson([line(1), line(2)])[:-1])).json()["created"] == 2

    async def test_requests_with_the_same_new_incidents_at_once_store_each_once(
        self, desk: Metrics
    ) -> None:
        bodies = [ndjson(line(n, version=v) for n in range(300)) for v in range(4)]

        replies = await asyncio.gather(*(push(desk, body) for body in bodies))

        assert [reply.status_code for reply in replies] == [200] * 4
        assert sum(reply.json()["created"] for reply in replies) == 300
        assert sum(reply.json()["accepted"] for reply in replies) == 1200
        incident = (await desk.http.get("/v1/incidents/desk/INC7")).json()
        assert (incident["version"], incident["versions"]) == (3, 4)


class TestBreakingOff:
    async def test_a_truncated_gzip_stream_is_400_and_tells_what_was_stored(
        self, desk: Metrics
    ) -> None:
        body = gzip.compress(ndjson(map(line, range(500))))[:-40]

        reply = await push(desk, body, **{"Content-Encoding": "gzip"})

        problem = reply.json()
        assert (reply.status_code, problem["code"]) == (400, "truncated_gzip")
        assert 0 < problem["accepted"] == await count(desk)
        kept = (await desk.http.get(f"/v1/imports/{problem['import']}")).json()
        assert (kept["state"], kept["accepted"]) == ("incomplete", problem["accepted"])

    async def test_what_is_no_gzip_is_400(self, desk: Metrics) -> None:
        reply = await push(desk, b"plain", **{"Content-Encoding": "gzip"})

        assert (reply.status_code, reply.json()["code"]) == (400, "broken_gzip")

    @pytest.mark.parametrize("ending", [b"\n", b""])
    async def test_a_line_of_more_than_a_mebibyte_is_413(
        self, desk: Metrics, ending: bytes
    ) -> None:
        body = gzip.compress(ndjson([line(1)]) + b" " * 40_000_000 + ending)

        reply = await push(desk, body, **{"Content-Encoding": "gzip"})

        assert (reply.status_code, reply.json()["code"]) == (413, "line_too_long")
        assert await count(desk) == 1

    async def test_a_client_that_goes_away_leaves_an_incomplete_import(self, desk: Metrics) -> None:
        piece = {"type": "http.request", "body": ndjson(map(line, range(5_000))), "more_body": True}
        arriving = iter([piece, {"type": "http.disconnect"}])

        async def receive() -> Any:
            return next(arriving)

        async def send(message: Any) -> None:
            """Nobody listens any more."""

        await desk.app(batch_scope(desk), receive, send)

        (kept,) = (await desk.http.get("/v1/imports")).json()["items"]
        assert (kept["state"], kept["accepted"]) == ("incomplete", await count(desk))


class TestArray:
    async def test_an_array_is_taken_in_like_lines(self, desk: Metrics) -> None:
        items = [line(1), 5, line(2)]

        reply = await push(desk, json.dumps(items), "application/json; charset=utf-8")

        assert (reply.json()["accepted"], reply.json()["rejections"][0]["line"]) == (2, 2)

    async def test_more_than_ten_thousand_items_are_413(self, desk: Metrics) -> None:
        reply = await push(desk, json.dumps([{}] * 10_001), "application/json")

        assert reply.status_code == 413

    @pytest.mark.parametrize("body", [b"", b"[", b"[1,]", b"\xff", b"[" * 100_000])
    async def test_broken_json_is_400(self, desk: Metrics, body: bytes) -> None:
        assert (await push(desk, body, "application/json")).status_code == 400

    async def test_an_object_is_422(self, desk: Metrics) -> None:
        assert (await push(desk, b"{}", "application/json")).status_code == 422


class TestHeaders:
    @pytest.mark.parametrize(
        "headers",
        [
            {"Content-Type": "text/csv"},
            {"Content-Type": ""},
            {"Content-Type": NDJSON, "Content-Encoding": "br"},
        ],
    )
    async def test_another_type_or_encoding_is_415(
        self, desk: Metrics, headers: dict[str, str]
    ) -> None:
        reply = await desk.http.post("/v1/incidents/batch", content=b"x", headers=headers)

        assert reply.status_code == 415

    async def test_an_api_key_needs_no_source_and_writes_no_other(self, desk: Metrics) -> None:
        made = await desk.http.post("/v1/sources/desk/api-keys", json={"name": "bulk"})
        own = line(1)
        del own["source"]

        reply = await push(
            desk,
            ndjson([own, line(2, source="other")]),
            Authorization="",
            **{"X-API-Key": made.json()["key"]},
        )

        assert (reply.json()["accepted"], reply.json()["rejected"]) == (1, 1)


class TestImports:
    async def test_rejections_beyond_a_thousand_are_listed_page_by_page(
        self, desk: Metrics
    ) -> None:
        body = ndjson(line(number, version="x") for number in range(1_200))

        reply = (await push(desk, body)).json()

        assert (reply["rejected"], len(reply["rejections"])) == (1_200, 1_000)
        listed, path = [], f"/v1/imports/{reply['id']}/rejections?limit=500"
        while path:
            page = await desk.http.get(path)
            listed += [each["line"] for each in page.json()["items"]]
            path = page.links["next"]["url"] if "next" in page.links else ""
        assert listed == list(range(1, 1_201))

    async def test_imports_are_listed_newest_first(self, desk: Metrics) -> None:
        made = [(await push(desk, ndjson([line(n)]))).json()["id"] for n in range(3)]

        first = (await desk.http.get("/v1/imports?limit=2")).json()
        rest = await desk.http.get(f"/v1/imports?limit=2&cursor={first['next_cursor']}")

        listed = [each["id"] for each in first["items"] + rest.json()["items"]]
        assert listed == made[::-1]

    async def test_an_unknown_import_is_404(self, desk: Metrics) -> None:
        for path in ("nothing", "00000000-0000-0000-0000-000000000000"):
            assert (await desk.http.get(f"/v1/imports/{path}")).status_code == 404
            assert (await desk.http.get(f"/v1/imports/{path}/rejections")).status_code == 404

"""Fetching records from ServiceNow and iTop over real HTTP."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from metrics_api.attribution.rules import Memory
from metrics_api.inbox.processing import process_some
from metrics_api.pulls import actions
from metrics_api.pulls.actions import ask_for_due_runs, run_pull
from metrics_api.sources.queries import get_source
from shared.kit.database import transaction
from tests.support.metrics import Metrics
from tests.support.tool_servers import ToolServer, itop, servicenow, tool_server

PULL = "/v1/sources/desk/pull"


def snow(number: int, minute: int, state: str = "1") -> dict[str, str]:
    stamp = f"2026-03-01 08:{minute:02d}:00"
    return {
        "sys_id": f"{number:032x}",
        "number": f"INC{number:07d}",
        "sys_class_name": "incident",
        "state": state,
        "sys_updated_on": stamp,
        "opened_at": "2026-03-01 07:00:00",
        "short_description": f"Incident {number}",
    }


class Pulling:
    """A source that is pulled from a tool's server."""

    def __init__(self, metrics: Metrics, tool: ToolServer) -> None:
        self.metrics, self.http, self.tool = metrics, metrics.http, tool

    async def set_up(self, kind: str, **fields: Any) -> httpx.Response:
        source = {"key": "desk", "name": "Desk", "kind": kind, "timezone": "UTC"}
        await self.http.post("/v1/sources", json=source)
        body = {"url": self.tool.url, "subject": "incident", "username": "reader"}
        body |= {"password": "secret", "page_size": 3, **fields}
        return await self.http.put(PULL, json=body)

    async def run(self, *, allow_private: bool = True) -> str | None:
        async with transaction(self.metrics.engine) as session:
            source = await get_source(session, "desk")
        async with httpx.AsyncClient(trust_env=False) as http:
            return await run_pull(self.metrics.engine, http, source.id, allow_private=allow_private)

    async def incidents(self) -> dict[str, str]:
        while await process_some(self.metrics.engine, Memory()):
            pass
        items = (await self.http.get("/v1/incidents")).json()["items"]
        return {item["external_id"]: item["state"] for item in items}

    async def status(self) -> dict[str, Any]:
        shown: dict[str, Any] = (await self.http.get(PULL)).json()
        return shown


@pytest.fixture
def now_server() -> Iterator[ToolServer]:
    with tool_server(servicenow) as server:
        yield server


@pytest.fixture
async def pulling(metrics: Metrics, now_server: ToolServer) -> Pulling:
    pulling = Pulling(metrics, now_server)
    reply = await pulling.set_up("servicenow")
    assert reply.status_code == 200, reply.text
    return pulling


async def test_all_pages_are_fetched_also_where_many_changed_in_one_second(
    pulling: Pulling,
) -> None:
    pulling.tool.records = [snow(n, minute=1 if n < 8 else n) for n in range(11)]

    problem = await pulling.run()

    assert problem is None
    assert len(await pulling.incidents()) == 11
    status = await pulling.status()
    assert (status["cursor_at"], status["last_error"]) == ("2026-03-01T08:10:00Z", None)
    assert "password" not in status


async def test_the_next_run_goes_on_from_the_cursor_and_overlaps(pulling: Pulling) -> None:
    pulling.tool.records = [snow(1, minute=10)]
    await pulling.run()
    # It was written in the same second, after our page was read.
    pulling.tool.records += [snow(2, minute=10), snow(1, minute=12, state="6")]
    pulling.tool.asked.clear()

    await pulling.run()

    assert await pulling.incidents() == {"INC0000001": "resolved", "INC0000002": "new"}
    assert "sys_updated_on>=2026-03-01 08:08:00" in pulling.tool.asked[0]["sysparm_query"]


async def test_what_is_updated_while_pages_are_read_is_not_stepped_over(pulling: Pulling) -> None:
    pulling.tool.records = [snow(n, minute=n) for n in range(9)]

    def touch(tool: ToolServer) -> None:
        tool.records[0]["sys_updated_on"] = "2026-03-01 08:59:00"
        tool.after_page = lambda _: None

    pulling.tool.after_page = touch

    await pulling.run()

    assert len(await pulling.incidents()) == 9


async def test_a_failure_is_noted_and_waited_for(pulling: Pulling) -> None:
    pulling.tool.records = [snow(1, minute=1)]
    failures = [
        ((503, b"down"), "HTTP 503: down"),
        ((200, b"<html>login</html>"), "no JSON"),
        ((200, b'{"error": {"message": "Invalid table"}}'), "Invalid table"),
        ((200, b'{"result": [{"number": "INC1"}]}'), "sys_updated_on"),
        ((302, b""), "HTTP 302"),
        ((200, b"\x00\xff"), "no JSON"),
    ]
    for count, (failing, words) in enumerate(failures, 1):
        pulling.tool.failing = [failing]

        problem = await pulling.run()

        status = await pulling.status()
        assert words in (problem or "")
        assert (status["last_error"], status["failures"]) == (problem, count)
    assert status["cursor_at"] is None
    next_run = datetime.fromisoformat(status["next_run_at"])
    assert next_run > datetime.now(UTC) + timedelta(minutes=50)
    assert await pulling.run() is None
    assert (await pulling.status())["failures"] == 0


async def test_a_source_that_became_one_of_another_tool_is_not_pulled(pulling: Pulling) -> None:
    change = {"kind": "jira"}
    reply = await pulling.http.patch("/v1/sources/desk", json=change, headers={"If-Match": "*"})
    assert reply.status_code == 200, reply.text
    pulling.tool.records = [snow(1, minute=1)]

    problem = await pulling.run()

    assert problem is not None
    assert "jira" in problem
    assert (await pulling.status())["last_error"] == problem
    assert pulling.tool.asked == []


async def test_a_crash_after_a_page_loses_nothing_and_doubles_nothing(
    pulling: Pulling, monkeypatch: pytest.MonkeyPatch
) -> None:
    pulling.tool.records = [snow(n, minute=n) for n in range(7)]
    moved = actions.queries.move_cursor

    async def crash(*arguments: Any) -> None:
        await moved(*arguments)
        monkeypatch.undo()
        raise RuntimeError("killed before the commit")

    monkeypatch.setattr(actions.queries, "move_cursor", crash)
    with pytest.raises(RuntimeError):
        await pulling.run()
    before = (await pulling.status())["cursor_at"], await pulling.incidents()

    await pulling.run()

    assert before == (None, {})
    assert len(await pulling.incidents()) == 7
    receipts = (await pulling.http.get("/v1/sources/desk/receipts")).json()["items"]
    assert {receipt["attempts"] for receipt in receipts} == {1}


async def test_a_private_address_is_only_asked_where_the_operator_allows_it(
    pulling: Pulling,
) -> None:
    problem = await pulling.run(allow_private=False)

    assert problem is not None
    assert "private" in problem
    assert pulling.tool.asked == []


async def test_a_pull_is_changed_by_who_has_read_it(pulling: Pulling) -> None:
    body = {"url": pulling.tool.url, "subject": "incident", "condition": "active=true"}

    without = await pulling.http.put(PULL, json=body)
    stale = await pulling.http.put(PULL, json=body, headers={"If-Match": '"7"'})
    changed = await pulling.http.put(PULL, json=body, headers={"If-Match": '"1"'})

    assert [r.status_code for r in (without, stale, changed)] == [428, 412, 200]
    await pulling.run()
    assert pulling.tool.asked[0]["sysparm_query"].startswith("active=true^sys_updated_on>=")
    gone = await pulling.http.delete(PULL, headers={"If-Match": "*"})
    assert (gone.status_code, (await pulling.http.get(PULL)).status_code) == (204, 404)
    assert await pulling.run() is None


async def test_bad_settings_are_422(pulling: Pulling) -> None:
    bad: dict[str, Any] = {
        "url": "https://a:b@x.example",
        "subject": "incident?x",
        "condition": "active=true^NQpriority=1",
        "page_size": 0,
    }
    for field, value in bad.items():
        body = {"url": "https://x.example", "subject": "incident", field: value}

        reply = await pulling.http.put(PULL, json=body, headers={"If-Match": "*"})

        assert (reply.status_code, reply.json()["errors"][0]["pointer"]) == (422, f"/{field}")


async def test_a_null_is_as_good_as_what_is_left_out(
    metrics: Metrics, now_server: ToolServer
) -> None:
    reply = await Pulling(metrics, now_server).set_up(
        "servicenow", username=None, password=None, condition=None
    )

    assert reply.status_code in (200, 201), reply.text


async def test_what_is_due_is_enqueued_once(pulling: Pulling) -> None:
    assert await ask_for_due_runs(pulling.metrics.engine) == 1
    assert await ask_for_due_runs(pulling.metrics.engine) == 1

    async with transaction(pulling.metrics.engine) as session:
        waiting = await session.execute(
            text(
                "SELECT count(*) FROM metrics_jobs.procrastinate_jobs WHERE task_name = 'run_pull'"
            )
        )
    assert waiting.scalar_one() == 1
    await pulling.run()
    assert await ask_for_due_runs(pulling.metrics.engine) == 0


async def test_other_kinds_are_not_pulled(metrics: Metrics, now_server: ToolServer) -> None:
    reply = await Pulling(metrics, now_server).set_up("jira")

    assert (reply.status_code, reply.json()["code"]) == (409, "kind_not_pulled")


async def test_itop_is_read_page_by_page_and_its_errors_are_seen(metrics: Metrics) -> None:
    with tool_server(itop) as tool:
        pulling = Pulling(metrics, tool)
        await pulling.set_up("itop", subject="Incident")
        tool.records = [
            {
                "id": str(n),
                "status": "assigned",
                "start_date": "2026-03-01 07:00:00",
                "last_update": f"2026-03-01 08:{n:02d}:00",
            }
            for n in range(8)
        ]
        tool.failing = [(200, b'{"code": 100, "message": "internal"}')]
        failed, fetched = await pulling.run(), await pulling.run()

    assert failed == "iTop says: code 100: internal"
    assert fetched is None
    assert set((await pulling.incidents()).values()) == {"in_progress"}
    status = await pulling.status()
    assert status["records"] == 8
    assert "2026-03-01T08:06:5" < status["cursor_at"] <= "2026-03-01T08:07:00Z"


async def test_a_password_does_not_follow_its_pull_to_another_url(pulling: Pulling) -> None:
    kept = {"url": pulling.tool.url, "subject": "incident", "username": "reader"}
    elsewhere = kept | {"url": "http://127.0.0.1:9"}

    moved = await pulling.http.put(PULL, json=elsewhere, headers={"If-Match": '"1"'})
    stays = await pulling.http.put(PULL, json=kept, headers={"If-Match": '"1"'})
    with_its_own = await pulling.http.put(
        PULL, json=elsewhere | {"password": "another"}, headers={"If-Match": '"2"'}
    )

    assert (moved.status_code, moved.json()["code"]) == (422, "password_needed")
    assert moved.json()["errors"][0]["pointer"] == "/password"
    assert (stays.status_code, with_its_own.status_code) == (200, 200)

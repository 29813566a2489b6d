"""Comments of surveys as metrics-api lists them, requirements as the catalog does, and themes."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from tests.support.improvement import Improvement, problem

FEEDBACK, THEMES = "/v1/feedback", "/v1/feedback-themes"


def ago(**span: float) -> str:
    return (datetime.now(UTC) - timedelta(**span)).isoformat()


@dataclass
class Comments(httpx.AsyncBaseTransport):
    """metrics-api with comments, the newest answer first, filtered by receipt as the real one."""

    running: Improvement
    items: list[dict[str, Any]] = field(default_factory=list)
    page_size: int = 2
    breaks_after: int | None = None
    asked: list[httpx.QueryParams] = field(default_factory=list)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.path != "/v1/surveys/comments":
            return self.running.fake.own_answer(request)
        params = request.url.params
        self.asked.append(params)
        if self.breaks_after is not None and len(self.asked) > self.breaks_after:
            return problem(503, "unavailable")
        wanted = [
            item
            for item in sorted(self.items, key=lambda one: str(one["answered_at"]), reverse=True)
            if params["received_from"] <= item["received_at"] < params["received_to"]
        ]
        start = int(params.get("cursor", 0))
        end = start + self.page_size
        cursor = str(end) if end < len(wanted) else None
        return httpx.Response(200, json={"items": wanted[start:end], "next_cursor": cursor})


def with_comments(running: Improvement) -> Comments:
    comments = Comments(running)
    running.fake.real["metrics"] = comments
    return comments


@dataclass
class Requirements(httpx.AsyncBaseTransport):
    """The catalog with one requirement."""

    running: Improvement
    known: str

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if "/requirements/" not in request.url.path:
            return self.running.fake.own_answer(request)
        if not request.url.path.endswith(self.known):
            return problem(404, "not_found")
        body = {"id": self.known, "service": "vpn", "statement": "Quick", "state": "accepted"}
        return httpx.Response(200, json=body)


def comment(external_id: str, **fields: Any) -> dict[str, Any]:
    return {
        "source": "jira",
        "external_id": external_id,
        "kind": "csat",
        "service": "vpn",
        "customer": "sales",
        "touchpoint": "portal",
        "channel": None,
        "score": 2,
        "comment": "Signing in is slow",
        "answered_at": ago(days=2),
        "received_at": ago(hours=1),
    } | fields


async def say(running: Improvement, text: str = "Signing in is slow", **fields: Any) -> Any:
    body = {"customer": "sales", "service": "vpn", "text": text, "said_at": ago(days=1)}
    reply = await running.http.post(FEEDBACK, json=body | fields)
    assert reply.status_code == 201, reply.text
    return reply.json()


async def make_theme(running: Improvement, **fields: Any) -> Any:
    body = {"service": "vpn", "title": "Slow sign-in", "phrases": ["signing in"]}
    reply = await running.http.post(THEMES, json=body | fields)
    assert reply.status_code == 201, reply.text
    return reply.json()


async def read_theme(running: Improvement, theme: Any) -> Any:
    reply = await running.http.get(f"{THEMES}/{theme['id']}")
    assert reply.status_code == 200, reply.text
    return reply.json()


async def plans(running: Improvement) -> list[Any]:
    items: list[Any] = (await running.http.get("/v1/plans")).json()["items"]
    return items

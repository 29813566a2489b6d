"""Incidents of metrics-api as analyses meet them, and analyses at each of their states."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from tests.support.improvement import Improvement, problem

ANALYSES = "/v1/root-cause-analyses"
NOW = datetime.now(UTC)
WHYS = [
    {"id": "problem", "text": "Nobody could sign in"},
    {"id": "one", "parent": "problem", "text": "The gateway refused", "evidence": "its log"},
    {"id": "two", "parent": "one", "text": "The certificate had expired", "evidence": "openssl"},
    {
        "id": "three",
        "parent": "two",
        "text": "Nobody is told before it expires",
        "evidence": "no alert in the configuration",
        "root_cause": True,
    },
]


def days_ago(days: float) -> str:
    return (datetime.now(UTC) - timedelta(days=days)).isoformat()


@dataclass
class Incidents(httpx.AsyncBaseTransport):
    """metrics-api with incidents; what it is asked otherwise the fake answers."""

    running: Improvement
    major: list[dict[str, Any]] = field(default_factory=list)
    again: list[dict[str, Any]] = field(default_factory=list)
    known: set[str] = field(default_factory=lambda: {"INC-1"})
    page_size: int = 2
    refuses: bool = False
    asked: list[httpx.QueryParams] = field(default_factory=list)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        path, params = request.url.path, request.url.params
        if path == "/v1/incidents/major":
            self.asked.append(params)
            return httpx.Response(200, json=self._page(params))
        if path == "/v1/incidents/recurrences":
            self.asked.append(params)
            return problem(422, "invalid") if self.refuses else self._recurrences(params)
        if path.startswith("/v1/incidents/"):
            known = path.rsplit("/", 1)[-1] in self.known
            return httpx.Response(200, json={}) if known else problem(404, "not_found")
        return self.running.fake.own_answer(request)

    def _page(self, params: httpx.QueryParams) -> dict[str, Any]:
        start = int(params.get("cursor", 0))
        end = start + self.page_size
        cursor = str(end) if end < len(self.major) else None
        return {"items": self.major[start:end], "next_cursor": cursor}

    def _recurrences(self, params: httpx.QueryParams) -> httpx.Response:
        items = [one for one in self.again if one["opened_at"] >= params["opened_from"]]
        stamp = datetime.now(UTC).isoformat()
        return httpx.Response(200, json={"as_of": stamp, "count": len(items), "first": items})


def with_incidents(running: Improvement) -> Incidents:
    incidents = Incidents(running)
    running.fake.real["metrics"] = incidents
    return incidents


def major(external_id: str, **fields: Any) -> dict[str, Any]:
    return {
        "source": "jira",
        "external_id": external_id,
        "service": "vpn",
        "title": "VPN down",
        "priority": 1,
        "state": "resolved",
        "opened_at": days_ago(30),
        "resolution_at": days_ago(29),
    } | fields


def recurred(external_id: str, days: float) -> dict[str, Any]:
    return {
        "source": "jira",
        "external_id": external_id,
        "opened_at": days_ago(days),
        "title": "certificate expired",
    }


async def opened(running: Improvement, *incidents: str, **fields: Any) -> Any:
    about = [{"source": "jira", "external_id": one} for one in incidents]
    body = {"service": "vpn", "title": "No sign-in", "method": "five_whys", "incidents": about}
    reply = await running.http.post(ANALYSES, json=body | fields)
    assert reply.status_code == 201, reply.text
    return reply.json()


async def write(running: Improvement, analysis: Any, causes: Any) -> httpx.Response:
    return await running.http.put(
        f"{ANALYSES}/{analysis['id']}/causes", json={"causes": causes}, headers={"If-Match": "*"}
    )


async def move(running: Improvement, analysis: Any, to: str) -> httpx.Response:
    path = f"{ANALYSES}/{analysis['id']}/transitions"
    return await running.http.post(path, json={"to": to})


async def found(running: Improvement, *incidents: str) -> Any:
    """An analysis whose cause is found."""
    analysis = await opened(running, *incidents)
    assert (await write(running, analysis, WHYS)).status_code == 200
    reply = await move(running, analysis, "cause_found")
    assert reply.status_code == 201, reply.text
    return reply.json()


async def fix(running: Improvement, analysis: Any, days: float, **fields: Any) -> httpx.Response:
    """A fix that was implemented so many days ago."""
    body = {
        "what": "Certificates are renewed ahead",
        "change_reference": "CHG-1",
        "implemented_at": days_ago(days),
        "fingerprint": {"title": "certificate"},
        "verify_days": 30,
    }
    return await running.http.post(f"{ANALYSES}/{analysis['id']}/fixes", json=body | fields)


async def fixed(running: Improvement, days: float, *incidents: str) -> Any:
    analysis = await found(running, *incidents)
    reply = await fix(running, analysis, days)
    assert reply.status_code == 201, reply.text
    return analysis


async def read(running: Improvement, analysis: Any) -> Any:
    reply = await running.http.get(f"{ANALYSES}/{analysis['id']}")
    assert reply.status_code == 200, reply.text
    return reply.json()

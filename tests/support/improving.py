"""What the catalog knows beside services, and what metrics-api measured, for improvement-api.

It answers on the fake's hosts: `known(tollgate)` puts it there, and what it does not know of the
fake goes on to answer.
"""

from dataclasses import dataclass, field
from typing import Any

import httpx

from shared.kit.events import publish_events
from shared.kit.identity import TokenProvider
from shared.kit.jobs import JobContext
from tests.support.improvement import Fake, Improvement, problem


@dataclass
class Known:
    """Objectives by key with their state, vital activities by key with whether they are active.

    `series` has the values of a service's KPI by period; what is not in it has no value.
    """

    fake: Fake
    objectives: dict[str, str] = field(default_factory=lambda: {"growth": "active"})
    activities: dict[str, bool] = field(default_factory=lambda: {"pay-salaries": True})
    risks: set[str] = field(default_factory=set)
    incidents: set[tuple[str, str]] = field(default_factory=set)
    practices: list[str] = field(default_factory=list)
    trends: dict[str, dict[str, Any]] = field(default_factory=dict)
    series: dict[tuple[str, str], dict[str, float]] = field(default_factory=dict)

    async def answer(self, request: httpx.Request) -> httpx.Response:
        parts = request.url.path.strip("/").split("/")[1:]
        found = self._thing(parts) or self._list(parts, request)
        return self.fake.own_answer(request) if found is None else found

    def _thing(self, parts: list[str]) -> httpx.Response | None:
        match parts:
            case ["objectives", key]:
                return self._objective(key)
            case ["vital-activities", key]:
                return self._activity(key)
            case ["risks", risk_id]:
                there = risk_id in self.risks
            case ["incidents", source, external_id]:
                there = (source, external_id) in self.incidents
            case _:
                return None
        body = {"id": parts[-1]}
        return httpx.Response(200, json=body) if there else problem(404, "not_found")

    def _list(self, parts: list[str], request: httpx.Request) -> httpx.Response | None:
        match parts:
            case ["practices"]:
                return self._practices(request)
            case ["services", service, "trends"]:
                return self._trend(service, request)
            case _:
                return None

    def _objective(self, key: str) -> httpx.Response:
        if key not in self.objectives:
            return problem(404, "not_found")
        body = {"key": key, "name": key, "state": self.objectives[key]}
        return httpx.Response(200, json=body)

    def _activity(self, key: str) -> httpx.Response:
        if key not in self.activities:
            return problem(404, "not_found")
        body = {"key": key, "name": key, "active": self.activities[key]}
        return httpx.Response(200, json=body)

    def _practices(self, request: httpx.Request) -> httpx.Response:
        limit, after = int(request.url.params["limit"]), request.url.params.get("cursor", "")
        found = [key for key in self.practices if key > after]
        shown = found[:limit]
        items = [{"key": key, "title": key, "kind": "better", "process": "csi"} for key in shown]
        cursor = shown[-1] if len(found) > limit else None
        return httpx.Response(200, json={"items": items, "next_cursor": cursor})

    def _trend(self, service: str, request: httpx.Request) -> httpx.Response:
        if service not in self.trends:
            return problem(404, "not_found")
        nothing = {"n": 24, "direction": "degrading", "p_value": 0.01, "slope_per_month": 0.2}
        trend = {"kpi": request.url.params["kpi"], **nothing, **self.trends[service]}
        return httpx.Response(200, json={"trends": [trend]})


def known(tollgate: Improvement) -> Known:
    """Let the fakes of the catalog and of metrics-api know more."""
    more = Known(tollgate.fake)
    for host in ("catalog", "metrics"):
        tollgate.fake.real[host] = httpx.MockTransport(more.answer)
    return more


OPPORTUNITY = {
    "title": "Printing is restored late",
    "problem": "Since March a print incident takes 9 hours to resolve, not 5.",
    "service": "vpn",
    "kpi": "mttr",
    "impacts": [{"stakeholder": "Clerks", "effect": "They cannot print for half a day."}],
    "benefit": "Contracts are signed on the day they are made.",
}


def points(value: int, time: int, risk: int, size: int) -> dict[str, int]:
    """The inputs of WSJF."""
    return {
        "business_value": value,
        "time_criticality": time,
        "risk_reduction": risk,
        "job_size": size,
    }


async def assessed(
    tollgate: Improvement, inputs: dict[str, int] | None = None, **fields: Any
) -> Any:
    """An opportunity with its assessment; 5, 3, 2 and size 5 unless given."""
    made = await posted(tollgate, "/v1/opportunities", OPPORTUNITY | fields)
    reply = await tollgate.http.put(
        f"/v1/opportunities/{made['id']}/assessment",
        json=inputs or points(5, 3, 2, 5),
        headers={"If-Match": "*"},
    )
    assert reply.status_code == 200, reply.text
    return reply.json()


async def accepted(tollgate: Improvement, **fields: Any) -> Any:
    made = await assessed(tollgate, **fields)
    return await posted(tollgate, f"/v1/opportunities/{made['id']}/transitions", {"to": "accepted"})


async def planned(tollgate: Improvement, **fields: Any) -> Any:
    """An opportunity with the plan that was made of it; `known` must have been called."""
    made = await accepted(tollgate, **fields)
    return await posted(tollgate, f"/v1/opportunities/{made['id']}/plan", {"objective": "growth"})


async def posted(tollgate: Improvement, path: str, body: Any, **headers: str) -> Any:
    """What a POST that succeeds gave back."""
    reply = await tollgate.http.post(path, json=body, headers=headers)
    assert reply.is_success, reply.text
    return reply.json()


async def told(tollgate: Improvement) -> list[dict[str, Any]]:
    """The events that have been emitted, in order."""
    context = JobContext(
        tollgate.app.state.engine, tollgate.settings, TokenProvider(tollgate.settings)
    )
    await publish_events(context, {})
    reply = await tollgate.http.get("/v1/events")
    assert reply.status_code == 200, reply.text
    items: list[dict[str, Any]] = reply.json()["items"]
    return items

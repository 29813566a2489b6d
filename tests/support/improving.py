"""What the catalog knows beside services, and what metrics-api measured, for improvement-api.

It answers on the fake's hosts: `known(tollgate)` puts it there, and what it does not know of the
fake goes on to answer.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx

from shared.kit.events import publish_events
from shared.kit.identity import TokenProvider
from shared.kit.jobs import JobContext
from shared.schemas.catalog import OwnerOut, ServiceKind, ServiceOut, Stage
from tests.support.improvement import Fake, Improvement, problem

UNITS = {
    "csat": "ratio",
    "nps": "points",
    "availability": "ratio",
    "bouncing_rate": "ratio",
    "incident_count": "incidents",
}


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
    owners: dict[str, str | None] = field(default_factory=lambda: {"vpn": "ada"})
    count: int = 12
    ceiling: float | None = None
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
            case ["incidents"]:
                return httpx.Response(200, json={"items": [], "next_cursor": None})
            case ["reports", "performance"]:
                return self._performance(request)
            case ["kpis", kpi]:
                return httpx.Response(200, json=_meaning(kpi))
            case ["services", service, *what]:
                return self._of_service(service, what, request)
            case _:
                return None

    def _of_service(
        self, service: str, what: list[str], request: httpx.Request
    ) -> httpx.Response | None:
        match what:
            case ["trends"]:
                return self._trend(service, request)
            case ["kpis"]:
                return self._kpi(service, request)
            case ["ceilings"]:
                return httpx.Response(200, json={"availability": {"bound": self.ceiling}})
            case [] if service in self.owners:
                return httpx.Response(200, json=_service_out(service, self.owners[service]))
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

    def _kpi(self, service: str, request: httpx.Request) -> httpx.Response:
        kpi = request.url.params["kpi"]
        if not any(known == service for known, _ in self.series):
            return problem(404, "not_found")
        values = self._values(service, kpi, request.url.params["periods"].split(","))
        series = {"kpi": kpi, "unit": UNITS.get(kpi, "hours"), "values": values, "slices": []}
        return httpx.Response(200, json={"service": service, "kpis": [series]})

    def _performance(self, request: httpx.Request) -> httpx.Response:
        """Two rows a page, so that pages are read on."""
        kpi, after = request.url.params["kpi"], request.url.params.get("cursor", "")
        periods = request.url.params["periods"].split(",")
        services = sorted(service for service, each in self.series if each == kpi)
        rest = [service for service in services if service > after]
        rows = [
            {
                "service": service,
                "name": service,
                "values": self._values(service, kpi, periods),
                "target": None,
                "met": None,
                "improvement_action": None,
            }
            for service in rest[:2]
        ]
        page = {"kpi": kpi, "unit": UNITS.get(kpi, "hours"), "timezone": "UTC", "rows": rows}
        return httpx.Response(200, json=page | {"next_cursor": rest[1] if rest[2:] else None})

    def _values(self, service: str, kpi: str, periods: list[str]) -> list[dict[str, Any]]:
        series = self.series.get((service, kpi), {})
        nothing = {"code": "nothing_resolved", "text": "Nothing was resolved"}
        return [
            {
                "period": period,
                "value": series.get(period),
                "count": self.count if period in series else 0,
                "complete": True,
                "reason": None if period in series else nothing,
            }
            for period in periods
        ]


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


def _meaning(kpi: str) -> dict[str, str]:
    better = "higher" if kpi in ("csat", "nps", "availability") else "lower"
    return {"id": kpi, "name": kpi, "unit": UNITS.get(kpi, "hours"), "better": better}


def _service_out(key: str, owner: str | None) -> dict[str, Any]:
    """A service as the catalog shows it."""
    at = datetime.now(UTC)
    owners = [] if owner is None else [OwnerOut(role="service_owner", subject=owner, valid_from=at)]
    return ServiceOut(
        key=key,
        name=key,
        kind=ServiceKind.BUSINESS,
        portfolio="demo",
        stage=Stage.OPERATE,
        criticality=None,
        revision=1,
        description="",
        portfolio_name="Demo",
        support_hours=None,
        tags=[],
        owners=owners,
        external_references=[],
        onboarded=True,
        created_at=at,
        updated_at=at,
    ).model_dump(mode="json")


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

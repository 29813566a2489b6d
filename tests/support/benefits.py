"""KPI figures as metrics-api serves them, for what benefits are measured on."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

import httpx
import numpy as np

from tests.support.improvement import Improvement, problem

Figure = Callable[[date], float]
"""The level of a KPI in the week that begins on a day."""

GROUPS = {"1": 0.3, "3": 1.7}
"""Half of the records each; how many times the level."""


TODAY = datetime.now(UTC).date()
END = TODAY - timedelta(weeks=15)
START = END - timedelta(days=20)
LONG_AGO = TODAY - timedelta(weeks=60)
ANY = {"If-Match": "*"}
SLOWER: Final = {"service": "vpn", "kpi": "mtta", "tolerance": "0.5"}


@dataclass
class Figures:
    """Weekly figures by service and KPI, with noise that is always the same."""

    levels: dict[tuple[str, str], Figure] = field(default_factory=dict)
    begins: date = date(2023, 1, 2)
    records: int = 40
    noise: float = 0.2
    better: dict[str, str] = field(default_factory=dict)
    asked: list[httpx.Request] = field(default_factory=list)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        parts = request.url.path.strip("/").split("/")[1:]
        if parts[0] == "kpis":
            return httpx.Response(200, json=self._meaning(parts[1]))
        service, params = parts[1], request.url.params
        level = self.levels.get((service, params["kpi"]))
        if level is None:
            return problem(404, "not_found")
        return httpx.Response(200, json=self._series(service, level, params))

    def _meaning(self, kpi: str) -> dict[str, Any]:
        better = self.better.get(kpi, "lower")
        return {"id": kpi, "name": kpi.upper(), "unit": "hours", "better": better}

    def _series(self, service: str, level: Figure, params: httpx.QueryParams) -> dict[str, Any]:
        first, last = (date.fromisoformat(params[name]) for name in ("from", "to"))
        days = _weeks(first, last) if params["grain"] == "week" else _months(first, last)
        label = _week_label if params["grain"] == "week" else _month_label
        whole = [self._figure(label(day), day, level(day)) for day in days]
        slices = [
            {
                "slice": name,
                "values": [self._part(label(day), day, level(day), times) for day in days],
            }
            for name, times in GROUPS.items()
        ]
        asked = slices if "slice" in params else []
        return {
            "service": service,
            "kpis": [{"kpi": params["kpi"], "values": whole, "slices": asked}],
        }

    def _figure(self, period: str, day: date, level: float) -> dict[str, Any]:
        known = day >= self.begins
        value = level + self.noise * _noise(day) if known else None
        count = self.records if known else 0
        return {"period": period, "value": value, "count": count, "complete": True}

    def _part(self, period: str, day: date, level: float, times: float) -> dict[str, Any]:
        whole = self._figure(period, day, level)
        value = whole["value"]
        part = None if value is None else value * times
        return whole | {"value": part, "count": whole["count"] // 2}


def serve(tollgate: Improvement, **settings: Any) -> Figures:
    """Let the fake metrics-api have figures."""
    figures = Figures(**settings)
    tollgate.fake.real["metrics"] = figures  # type: ignore[assignment]
    return figures


def serve_a_fall(tollgate: Improvement) -> Figures:
    """MTTR of vpn fell from 6 to 4 hours with the intervention."""
    figures = serve(tollgate)
    figures.levels["vpn", "mttr"] = falling(START, 6.0, 4.0)
    return figures


def falling(on: date, before: float, after: float) -> Figure:
    """A level that steps on a day."""
    return lambda day: before if day < on else after


def _noise(day: date) -> float:
    return float(np.random.default_rng(day.toordinal()).normal())


def _weeks(first: date, last: date) -> list[date]:
    monday = first - timedelta(days=first.weekday())
    return [monday + timedelta(weeks=n) for n in range((last - monday).days // 7 + 1)]


def _months(first: date, last: date) -> list[date]:
    numbers = range(first.year * 12 + first.month - 1, last.year * 12 + last.month)
    return [date(number // 12, number % 12 + 1, 1) for number in numbers]


def _week_label(day: date) -> str:
    week = day.isocalendar()
    return f"{week.year}-W{week.week:02}"


def _month_label(day: date) -> str:
    return f"{day:%Y-%m}"


async def new_plan(tollgate: Improvement) -> Any:
    body = {"title": "Calmer nights", "problem": "The VPN drops at 3 a.m."}
    reply = await tollgate.http.post("/v1/plans", json=body)
    assert reply.status_code == 201, reply.text
    return reply.json()


async def add_initiative(tollgate: Improvement, plan: Any, **fields: Any) -> Any:
    body = {
        "service": "vpn",
        "kpi": "mttr",
        "title": "Knowledge base",
        "start": START.isoformat(),
        "end": END.isoformat(),
        "state": "done",
    }
    path = f"/v1/plans/{plan['id']}/initiatives"
    reply = await tollgate.http.post(path, json=body | fields)
    assert reply.status_code == 201, reply.text
    return reply.json()


async def measure(tollgate: Improvement, initiative: Any, **body: Any) -> Any:
    path = f"/v1/initiatives/{initiative['id']}/measurements"
    return await tollgate.http.post(path, json=body)


async def effect(tollgate: Improvement, initiative: Any, **params: str) -> Any:
    return await tollgate.http.get(f"/v1/initiatives/{initiative['id']}/effect", params=params)


async def in_review(tollgate: Improvement, plan: Any) -> None:
    """Without the approvals that lead there: they are told in test_plans.py."""
    tollgate.as_admin("UPDATE improvement.plan SET state = 'review' WHERE id = %s", plan["id"])


async def move(tollgate: Improvement, plan: Any, to: str) -> Any:
    return await tollgate.http.post(f"/v1/plans/{plan['id']}/transitions", json={"to": to})

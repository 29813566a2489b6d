"""What catalog-api and metrics-api tell a pack, canned, for tests of what is done with it."""

import json
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.support.improvement import Improvement, problem

PERIODS = ["2025-Q2", "2025-Q3", "2025-Q4", "2026-Q1", "2026-Q2", "2026-Q3"]
EMPTY: dict[str, Any] = {"items": [], "next_cursor": None}
SATISFACTION: dict[str, Any] = {"unit": "ratio", "total": [], "rows": [], "next_cursor": None}
FIGURE = {"value": None, "reason": "no costs are recorded"}
COSTS: dict[str, Any] = {
    "period": {"label": "2026-Q3", "complete": True},
    "currency": None,
    **dict.fromkeys(("own", "full", "unit_cost", "recovery_ratio"), FIGURE),
    "benchmarks": [],
}


def page(*items: dict[str, Any]) -> dict[str, Any]:
    return {"items": list(items), "next_cursor": None}


def service(key: str, **fields: Any) -> dict[str, Any]:
    summary = {"key": key, "name": key.upper(), "kind": "business", "portfolio": "demo"}
    return {**summary, "stage": "operate", "criticality": None, "revision": 1, **fields}


def kpis(*values: float | None, kpi: str = "mttr") -> dict[str, Any]:
    """The reply about one KPI, in hours, with these values in the last periods."""
    padded = [None] * (len(PERIODS) - len(values)) + list(values)
    shown = [
        {
            "period": period,
            "value": value,
            "count": 0 if value is None else 4,
            "complete": True,
            "reason": None if value is not None else {"code": "none", "text": "nothing resolved"},
        }
        for period, value in zip(PERIODS, padded, strict=True)
    ]
    return {"kpis": [{"kpi": kpi, "unit": "hours", "values": shown}]}


@dataclass
class Told:
    """Replies by host and path; what is not named is an empty list, or a service of that key."""

    replies: dict[str, dict[str, Any] | int] = field(default_factory=dict)
    asked: list[httpx.Request] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.replies = {"/v1/reports/satisfaction": SATISFACTION} | self.replies

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        path = request.url.path
        reply = self.replies.get(path, self._otherwise(path))
        if isinstance(reply, int):
            return problem(reply, "refused")
        return httpx.Response(200, content=json.dumps(reply))

    def _otherwise(self, path: str) -> dict[str, Any]:
        end = path.rpartition("/")[2]
        if end == "kpis":
            return kpis(6.5, 4.8)
        if end == "costs":
            return COSTS
        if path.count("/") == 3 and path.startswith("/v1/services/"):
            return service(end)
        return EMPTY

    def params(self, path: str) -> dict[str, str]:
        """The query of the last request for a path."""
        return dict(next(r for r in reversed(self.asked) if r.url.path == path).url.params)


def tell(tollgate: Improvement, **replies: Any) -> Told:
    """Let both services answer from these replies by path from now on."""
    told = Told(replies.get("by_path", {}))
    for host in ("catalog", "metrics"):
        tollgate.fake.real[host] = httpx.MockTransport(told)
    return told

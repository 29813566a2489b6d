"""Service reviews in tests: their steps, and what the other services tell a pack, canned."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
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
        self.replies.setdefault("/v1/reports/satisfaction", SATISFACTION)

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        path = request.url.path
        reply = self.replies.get(path, self._otherwise(path))
        if isinstance(reply, int):
            return problem(reply, "refused")
        return httpx.Response(200, content=json.dumps(reply))

    def _otherwise(self, path: str) -> dict[str, Any]:
        if path == "/v1/kpis":
            return page({"id": "mttr", "name": "Mean time to resolve"})
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


REVIEWS = "/v1/service-reviews"
PAST = (datetime.now(UTC) - timedelta(days=2)).replace(microsecond=0)
REVIEW = {
    "title": "Quarterly review",
    "services": ["vpn"],
    "period": "2026-Q3",
    "scheduled_at": PAST.isoformat(),
    "chair": "rosa",
    "attendees": [{"name": "ines"}, {"name": "Mr Sales", "kind": "customer_representative"}],
    "agenda": ["Open actions", "Figures"],
}
CUSTOMER = {
    "key": "sales",
    "name": "Sales",
    "relationship_owner": "cal",
    "review_cadence_days": 90,
    "last_reviewed_on": None,
}


async def schedule(tollgate: Improvement, **fields: Any) -> Any:
    body = {k: v for k, v in (REVIEW | fields).items() if v is not None}
    reply = await tollgate.http.post(REVIEWS, json=body)
    assert reply.status_code == 201, reply.text
    return reply.json()


async def order(tollgate: Improvement, review: Any, **body: Any) -> Any:
    reply = await tollgate.http.post(f"{REVIEWS}/{review['id']}/packs", json=body)
    assert reply.status_code == 202, reply.text
    return reply.json()


async def make(tollgate: Improvement, review: Any, **body: Any) -> Any:
    """A pack that was ordered, made as the worker would."""
    ordered = await order(tollgate, review, **body)
    await run(tollgate, ordered)
    return await read(tollgate, ordered)


async def run(tollgate: Improvement, pack: Any) -> None:
    payload = {"review": pack["review"], "number": pack["number"]}
    await tollgate.run_job("make_review_pack", payload)


def path_of(pack: Any) -> str:
    return f"{REVIEWS}/{pack['review']}/packs/{pack['number']}"


async def read(tollgate: Improvement, pack: Any) -> Any:
    return (await tollgate.http.get(path_of(pack))).json()


async def document(tollgate: Improvement, pack: Any, form: str = "json") -> httpx.Response:
    reply = await tollgate.http.get(f"{path_of(pack)}/document", params={"format": form})
    assert reply.status_code == 200, reply.text
    return reply


async def move(tollgate: Improvement, review: Any, to: str, **fields: Any) -> httpx.Response:
    path = f"{REVIEWS}/{review['id']}/transitions"
    return await tollgate.http.post(path, json={"to": to, **fields})


async def held(tollgate: Improvement, **fields: Any) -> Any:
    review = await schedule(tollgate, **fields)
    await make(tollgate, review)
    reply = await move(tollgate, review, "held")
    assert reply.status_code == 201, reply.text
    return reply.json()


async def add_action(tollgate: Improvement, review: Any, **fields: Any) -> Any:
    body = {"text": "Add an uplink", "owner": "ines", "due_on": "2026-01-31"} | fields
    path = f"{REVIEWS}/{review['id']}/actions"
    reply = await tollgate.http.post(path, json={k: v for k, v in body.items() if v is not None})
    assert reply.status_code == 201, reply.text
    return reply.json()


async def approve(tollgate: Improvement, review: Any, text: str = "All well.") -> None:
    path = f"{REVIEWS}/{review['id']}/minutes"
    minutes = (await tollgate.http.post(path, json={"text": text})).json()
    reply = await tollgate.http.post(
        f"{path}/{minutes['number']}/approvals",
        json={"text_hash": minutes["text_hash"]},
        headers=tollgate.caller("rosa"),
    )
    assert reply.status_code == 201, reply.text


async def end(tollgate: Improvement, action: Any, **body: Any) -> httpx.Response:
    path = f"/v1/review-actions/{action['id']}/completion"
    return await tollgate.http.post(path, json=body, headers={"If-Match": "*"})

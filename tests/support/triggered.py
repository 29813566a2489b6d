"""Triggers under test: what they opened, what fired, and publishing one."""

from datetime import UTC, datetime
from typing import Any

from improvement_api.periods import Grain, last_full_periods
from tests.support.improvement import Improvement
from tests.support.improving import posted

BOUNCING = {
    "title": "Too many calls are passed on",
    "benefit": "Customers are helped by whom they reach first.",
    "impacts": [{"stakeholder": "Who calls", "effect": "They tell their trouble to each group."}],
    "condition": {
        "kind": "line_crossed",
        "kpi": "bouncing_rate",
        "comparator": "gt",
        "line": 0.15,
        "periods": 2,
    },
}
MONTHS = last_full_periods(Grain.MONTH, 3, datetime.now(UTC))


async def opportunities(listening: Improvement, **query: str) -> list[Any]:
    reply = await listening.http.get("/v1/opportunities", params=query)
    items: list[Any] = reply.json()["items"]
    return items


async def occurrences(listening: Improvement, trigger: str, **query: str) -> list[Any]:
    reply = await listening.http.get(f"/v1/triggers/{trigger}/occurrences", params=query)
    assert reply.status_code == 200, reply.text
    items: list[Any] = reply.json()["items"]
    return items


async def publish(listening: Improvement, key: str, body: dict[str, Any]) -> Any:
    return await posted(listening, f"/v1/triggers/{key}/versions", body)

"""What the catalog knows beside services, and what metrics-api measured, for improvement-api.

It answers on the fake's hosts: `known(tollgate)` puts it there, and what it does not know of the
fake goes on to answer.
"""

from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.support.improvement import Fake, Improvement, problem


@dataclass
class Known:
    """Objectives by key with their state, vital activities by key with whether they are active.

    `series` has the values of a service's KPI by period; what is not in it has no value.
    """

    fake: Fake
    objectives: dict[str, str] = field(default_factory=lambda: {"growth": "active"})
    activities: dict[str, bool] = field(default_factory=lambda: {"pay-salaries": True})
    series: dict[tuple[str, str], dict[str, float]] = field(default_factory=dict)

    async def answer(self, request: httpx.Request) -> httpx.Response:
        match request.url.path.strip("/").split("/")[1:]:
            case ["objectives", key]:
                return self._objective(key)
            case ["vital-activities", key]:
                return self._activity(key)
            case _:
                return self.fake.own_answer(request)

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


def known(tollgate: Improvement) -> Known:
    """Let the fakes of the catalog and of metrics-api know more."""
    more = Known(tollgate.fake)
    for host in ("catalog", "metrics"):
        tollgate.fake.real[host] = httpx.MockTransport(more.answer)
    return more


async def posted(tollgate: Improvement, path: str, body: Any, **headers: str) -> Any:
    """What a POST that succeeds gave back."""
    reply = await tollgate.http.post(path, json=body, headers=headers)
    assert reply.is_success, reply.text
    return reply.json()

"""The performance report, what it is made from, and what is asked of it in tests."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from metrics_api.incidents.rules import FoldedIncident
from shared.kit.database import transaction
from tests.support.incidents import add_service, resolved_incident, store
from tests.support.metrics import Metrics

Q1, Q2 = datetime(2016, 2, 1, tzinfo=UTC), datetime(2016, 5, 1, tzinfo=UTC)
ASKED = {"kpi": "mttr", "periods": "2016-Q1,2016-Q2"}
HOSTILE = '=HYPERLINK("http://evil.example")<script>alert(1)</script>'


async def given(
    metrics: Metrics, services: Sequence[str], incidents: Sequence[FoldedIncident] = ()
) -> None:
    async with transaction(metrics.engine) as session:
        for service in services:
            await add_service(session, service)
        await store(session, incidents)


async def report(metrics: Metrics, **asked: Any) -> dict[str, Any]:
    reply = await metrics.http.get("/v1/reports/performance", params=ASKED | asked)
    assert reply.status_code == 200, reply.text
    found: dict[str, Any] = reply.json()
    return found


async def set_target(metrics: Metrics, service: str, **fields: Any) -> dict[str, Any]:
    body = {
        "service": service,
        "kpi": "mttr",
        "comparator": "lte",
        "value": 5.0,
        "valid_from": "2016-01-01",
    } | fields
    reply = await metrics.http.post("/v1/targets", json=body)
    assert reply.status_code == 201, reply.text
    target: dict[str, Any] = reply.json()
    return target


async def put_initiative(metrics: Metrics, initiative: str, **fields: Any) -> None:
    body = {
        "service": "network",
        "kpi": "mttr",
        "title": "Do better",
        "start": "2016-04-01",
        "state": "in_progress",
        "plan": "p1",
        "revision": 1,
    } | fields
    reply = await metrics.http.put(f"/v1/initiatives/{initiative}", json=body)
    assert reply.status_code == 200, reply.text


async def add_worked_example(session: AsyncSession) -> None:
    names = {
        "application-support": "Application Support",
        "network-infrastructure": "Network Infrastructure",
    }
    hours = {
        "application-support": ([5.0, 8.0], [4.0, 5.6]),
        "network-infrastructure": ([3.1], [2.9]),
    }
    for key, name in names.items():
        await add_service(session, key, name=name)
        for quarter, durations in zip((Q1, Q2), hours[key], strict=True):
            await store(session, [resolved_incident(key, quarter, one) for one in durations])


def table_cells(page: str) -> list[list[str]]:
    """The text of each cell of each row of the table."""
    rows = re.findall(r"<tr>(.*?)</tr>", page, re.DOTALL)
    cells = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL) for row in rows]
    plain = [[re.sub(r"<[^>]+>", " ", cell) for cell in row] for row in cells]
    return [[" ".join(cell.split()) for cell in row] for row in plain]

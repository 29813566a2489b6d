"""Records of all kinds for tests of what is counted from them: made directly, without an ingest."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncSession

from metrics_api.records.tables import ChangeRecord, Outage, Record, RequestRecord, Survey
from tests.support.incidents import LONG_AGO, source_id

JANUARY = datetime(2026, 1, 1, tzinfo=UTC)
_OWN: dict[type[Record], dict[str, Any]] = {
    Outage: {"planned": False, "degraded": False},
    Survey: {"kind": "csat"},
    ChangeRecord: {"emergency": False},
    RequestRecord: {"reopened": False},
}


async def add_records(session: AsyncSession, kind: type[Record], *rows: dict[str, Any]) -> None:
    """Store end states of `network` at the source `tests`, unless the rows say otherwise."""
    if not rows:
        return
    stamped = dict.fromkeys(("stamped_at", "first_received_at", "last_received_at"), LONG_AGO)
    common = {
        **stamped,
        "source_id": await source_id(session),
        "service": "network",
        "service_pinned": False,
        "digest": b"",
        "versions": 1,
        **_OWN[kind],
    }
    for row in rows:
        values = {**common, "external_id": uuid4().hex, **row}
        await session.execute(insert(kind).values(values))

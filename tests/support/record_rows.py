"""Records of all kinds for tests of what is counted from them: made directly, without an ingest."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from metrics_api.indicators.periods import Span
from metrics_api.indicators.scopes import RecordSums, Scope
from metrics_api.record_kpis.queries import Question, record_sums
from metrics_api.records.tables import ChangeRecord, Outage, Record, RequestRecord, Survey
from shared.kit.database import transaction
from shared.schemas.metrics import KpiId
from tests.support.incidents import LONG_AGO, source_id

JANUARY = datetime(2026, 1, 1, tzinfo=UTC)
MONTH = Span(0, JANUARY, datetime(2026, 2, 1, tzinfo=UTC))
LATER = JANUARY + timedelta(days=300)
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


async def given_records(engine: AsyncEngine, kind: type[Record], *rows: dict[str, Any]) -> None:
    async with transaction(engine) as session:
        await add_records(session, kind, *rows)


async def sums(
    engine: AsyncEngine, kpi: KpiId, scope: Scope, *spans: Span, now: datetime = LATER, **how: Any
) -> list[RecordSums]:
    """What record_sums says of these spans, of January where none is given."""
    async with transaction(engine) as session:
        return await record_sums(session, kpi, Question(scope, spans or [MONTH], now, **how))

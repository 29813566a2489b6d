"""Sums of any records add up over slices and services, and equal a count of the records."""

from collections.abc import AsyncIterator, Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr
from sqlalchemy.ext.asyncio import AsyncEngine

from metrics_api.indicators.periods import Span
from metrics_api.indicators.scopes import RecordSums, Scope, ScopeKind, Slice
from metrics_api.records.tables import ChangeRecord, Outage, Record, RequestRecord, Survey
from metrics_api.settings import Settings
from shared.kit.database import engine_for
from shared.schemas.metrics import KpiId
from tests.support.postgres import Database
from tests.support.record_rows import JANUARY, given_records, sums

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
# Spans that overlap, leave gaps, and are not asked in their order.
SPANS = [
    Span(7, JANUARY + 5 * DAY, JANUARY + 9 * DAY),
    Span(1, JANUARY, JANUARY + 7 * DAY),
    Span(2, None, JANUARY + 3 * DAY),
    Span(3, JANUARY + 12 * DAY, JANUARY + 12 * DAY),
]
KIND_OF = {
    KpiId.CSAT: Survey,
    KpiId.NPS: Survey,
    KpiId.CHANGE_FAILURE_RATE: ChangeRecord,
    KpiId.FULFILMENT_TIME: RequestRecord,
    KpiId.LOW_VALUE_SHARE: RequestRecord,
    KpiId.UNPLANNED_OUTAGES: Outage,
}


@pytest.fixture
async def engine(metrics_db: Database) -> AsyncIterator[AsyncEngine]:
    engine = engine_for(Settings(database_url=SecretStr(metrics_db.runtime_url)))
    yield engine
    await engine.dispose()


stamps = st.none() | st.integers(-40, 260).map(lambda hours: JANUARY + hours * HOUR)
COMMON: dict[str, st.SearchStrategy[Any]] = {
    "priority": st.sampled_from([None, 1, 2]),
    "channel": st.sampled_from([None, "phone", "portal"]),
    "touchpoint": st.sampled_from([None, "desk"]),
    "state": st.sampled_from([None, "closed", "closed", "cancelled"]),
}
OWN: dict[type[Record], dict[str, st.SearchStrategy[Any]]] = {
    Survey: {
        "kind": st.sampled_from([None, "csat", "csat", "nps"]),
        "score": st.none() | st.integers(1, 5),
        "sent_at": stamps,
        "answered_at": stamps,
    },
    ChangeRecord: {
        "completed_at": stamps,
        "outcome": st.sampled_from([None, "successful", "failed", "rolled_back"]),
        "emergency": st.booleans(),
    },
    RequestRecord: {
        "opened_at": stamps,
        "fulfilled_at": stamps,
        "low_value": st.sampled_from([None, None, True, False]),
        "offering": st.sampled_from([None, None, "laptop"]),
        "title": st.sampled_from([None, "Reset 1", "reset  22", "Move"]),
    },
    Outage: {
        "started_at": stamps,
        "ended_at": stamps,
        "planned": st.booleans(),
        "degraded": st.booleans(),
    },
}


def records_of(kind: type[Record]) -> st.SearchStrategy[list[dict[str, Any]]]:
    return st.lists(st.fixed_dictionaries({**COMMON, **OWN[kind]}), min_size=3, max_size=12)


def additive(found: RecordSums) -> tuple[Any, ...]:
    return found.total, found.count, found.records, dict(found.exclusions)


def plus(found: list[RecordSums]) -> tuple[Any, ...]:
    exclusions: dict[str, int] = {}
    for one in found:
        for reason, number in one.exclusions.items():
            exclusions[reason] = exclusions.get(reason, 0) + number
    totals = [sum(getattr(one, name) for one in found) for name in ("total", "count", "records")]
    return *totals, exclusions


# Each example uses services of its own, so one database serves them all.
examples = settings(
    max_examples=10,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.mark.parametrize("kpi", sorted(KIND_OF))
@examples
@given(data=st.data())
async def test_slices_and_services_sum_up_to_the_whole(
    engine: AsyncEngine, kpi: KpiId, data: st.DataObject
) -> None:
    services = [f"s-{uuid4().hex}", f"t-{uuid4().hex}"]
    rows = data.draw(records_of(KIND_OF[kpi]))
    slice_by = data.draw(st.sampled_from(Slice))
    placed = [{**row, "service": services[n % 2]} for n, row in enumerate(rows)]
    await given_records(engine, KIND_OF[kpi], *placed)

    scope = Scope(ScopeKind.PORTFOLIO, "demo", tuple(services))
    whole = await sums(engine, kpi, scope, *SPANS)
    sliced = await sums(engine, kpi, scope, *SPANS, slice_by=slice_by)
    by_service = await sums(engine, kpi, scope, *SPANS, by_service=True)

    assert [one.n for one in whole] == [span.n for span in SPANS]
    for one in whole:
        assert plus([part for part in sliced if part.n == one.n]) == additive(one)
        assert plus([part for part in by_service if part.n == one.n]) == additive(one)


def share_of(
    rows: list[dict[str, Any]], span: Span, at: str, counts: Callable[[dict[str, Any]], bool]
) -> int:
    def inside(stamp: datetime | None) -> bool:
        return (
            stamp is not None and (span.start is None or span.start <= stamp) and stamp < span.end
        )

    return sum(inside(row[at]) and counts(row) for row in rows)


@examples
@given(rows=records_of(Survey))
async def test_csat_equals_a_count_of_the_answers(
    engine: AsyncEngine, rows: list[dict[str, Any]]
) -> None:
    service = f"s-{uuid4().hex}"
    await given_records(engine, Survey, *({**row, "service": service} for row in rows))
    asked = [row for row in rows if row["kind"] == "csat"]
    found = await sums(engine, KpiId.CSAT, Scope(ScopeKind.SERVICE, service, (service,)), *SPANS)
    for span, one in zip(SPANS, found, strict=True):
        scored = share_of(asked, span, "answered_at", lambda row: row["score"] is not None)
        happy = share_of(asked, span, "answered_at", lambda row: (row["score"] or 0) >= 4)
        sent = share_of(asked, span, "sent_at", lambda _: True)
        replied = share_of(asked, span, "sent_at", lambda row: row["answered_at"] is not None)
        assert (one.total, one.count) == (happy, scored)
        assert (one.extras["sent"], one.extras["responded"]) == (sent, replied)


@examples
@given(rows=records_of(RequestRecord))
async def test_low_value_equals_a_count_of_like_requests(
    engine: AsyncEngine, rows: list[dict[str, Any]]
) -> None:
    service = f"s-{uuid4().hex}"
    await given_records(engine, RequestRecord, *({**row, "service": service} for row in rows))

    def likeness(row: dict[str, Any]) -> str | None:
        title = {"Reset 1": "reset", "reset  22": "reset"}.get(row["title"], row["title"])
        return row["offering"] or title

    scope = Scope(ScopeKind.SERVICE, service, (service,))
    for span, one in zip(
        SPANS, await sums(engine, KpiId.LOW_VALUE_SHARE, scope, *SPANS), strict=True
    ):
        within = [row for row in rows if share_of([row], span, "opened_at", lambda _: True)]
        kinds = [likeness(row) for row in within]
        low = sum(
            kinds.count(kind) >= 5 and kind is not None
            if row["low_value"] is None
            else row["low_value"]
            for row, kind in zip(within, kinds, strict=True)
        )
        assert (one.total, one.count) == (low, len(within))

"""SLIs that are counted from the records: at which moment one counts, and which never do."""

from typing import Any

import pytest

from metrics_api.records.tables import RequestRecord
from shared.kit.database import transaction
from tests.support.incidents import add_service, make_incident, store
from tests.support.metrics import Metrics
from tests.support.slos import add_record, ago, define_sli, define_slo, measure, reading


@pytest.fixture(autouse=True)
async def network(metrics: Metrics) -> None:
    async with transaction(metrics.engine) as session:
        await add_service(session, "network")


async def test_who_is_resolved_unacknowledged_was_responded_to_then(metrics: Metrics) -> None:
    facts: list[dict[str, Any]] = [
        {"response_met": False},
        {"response_met": True, "acknowledgement_at": ago(59)},
        {"response_met": True, "acknowledgement_at": ago(60)},
        {"response_met": True, "acknowledgement_at": ago(90)},
        {"response_met": None},
    ]
    resolved = {"state": "resolved", "opened_at": ago(120), "resolution_at": ago(60)}
    unresolved = {"state": "new", "opened_at": ago(120), "resolution_at": None}
    answered = {**unresolved, "response_met": False, "acknowledgement_at": ago(30)}
    async with transaction(metrics.engine) as session:
        incidents = [make_incident(**resolved, **fact) for fact in facts]
        await store(session, [*incidents, make_incident(**answered)])

    assert await measure(metrics, "incidents_responded_in_time") == (3, 5)


async def test_a_negative_duration_is_neither_good_nor_bad(metrics: Metrics) -> None:
    async with transaction(metrics.engine) as session:
        for end in (ago(60), ago(5)):
            await store(session, [make_incident(opened_at=ago(10), acknowledgement_at=end)])
            await add_record(
                session, RequestRecord, opened_at=ago(10), fulfilled_at=end, reopened=False
            )
    kept = {"kind": "threshold", "parts": None}
    for name in ("acknowledgement_hours", "fulfilment_hours"):
        key = name.replace("_", "-")
        await define_sli(metrics, key=key, feed={"kind": "records", "measure": name}, **kept)
        objective = {"target": 0.9, "op": "lte", "value": 1}
        await define_slo(metrics, key=key, sli=key, objectives=[objective])

    found = [await reading(metrics, key) for key in ("acknowledgement-hours", "fulfilment-hours")]
    within = await measure(metrics, "incidents_acknowledged_within", within_hours=1)
    assert [(one["good"], one["total"]) for one in found] == [within, within] == [(1, 1), (1, 1)]

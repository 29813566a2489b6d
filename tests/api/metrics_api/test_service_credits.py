"""Credits of finished periods, computed from the figures there are."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from metrics_api.service_credits.actions import compute_credits
from metrics_api.service_credits.tables import ServiceCredit
from shared.kit.database import transaction
from tests.support.copies import add_copy
from tests.support.incidents import add_service, make_incident, resolved_incident, store
from tests.support.metrics import Metrics
from tests.support.promises import agreement, calendar

NOW = datetime.now(UTC)
THIS_MONTH = NOW.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
LAST_MONTH = (THIS_MONTH - timedelta(days=1)).replace(day=1)
LABEL = f"{LAST_MONTH:%Y-%m}"
TARGET = {
    "id": "quick",
    "version": 1,
    "kpi": "mttr",
    "sli": None,
    "comparator": "lte",
    "value": 4,
    "unit": "hours",
    "period": "month",
    "priority": None,
    "vital_activities": [],
    "objectives": [],
    "valid_from": LAST_MONTH.date(),
    "review_date": (NOW + timedelta(days=100)).date(),
}
TIERS = [{"worse_than": 4, "credit": "5"}, {"worse_than": 8, "credit": "12.5"}]
GUARANTEE = {"target": "quick", "basis": "percent", "currency": None, "tiers": TIERS, "cap": "10"}


async def prepare(metrics: Metrics, **target: Any) -> None:
    sla = agreement(targets=[TARGET | target], guarantees=[GUARANTEE])
    async with transaction(metrics.engine) as session:
        await add_service(session, "mail")
        await add_copy(session, "calendar_version", "office@1", calendar())
        await add_copy(session, "agreement_version", "mail-sla@1", sla)


async def resolved_after(metrics: Metrics, hours: float, **facts: Any) -> None:
    incident = resolved_incident("mail", LAST_MONTH + timedelta(days=10), hours)
    async with transaction(metrics.engine) as session:
        await store(session, [incident._replace(**facts)])


async def credits_of(metrics: Metrics, **query: Any) -> list[Any]:
    reply = await metrics.http.get("/v1/service-credits", params=query)
    assert reply.status_code == 200, reply.text
    items: list[Any] = reply.json()["items"]
    return items


async def test_a_missed_month_is_credited_with_the_figures_used(metrics: Metrics) -> None:
    await prepare(metrics)
    await resolved_after(metrics, 6)

    assert await compute_credits(metrics.engine) == 1

    (credit,) = await credits_of(metrics, due=True)
    assert (credit["period"], credit["value"], credit["count"]) == (LABEL, 6.0, 1)
    assert (credit["credit"], credit["basis"], credit["worse_than"]) == ("5.00", "percent", 4.0)
    assert credit["missed"] is True


async def test_the_cap_is_the_most(metrics: Metrics) -> None:
    await prepare(metrics)
    await resolved_after(metrics, 20)
    await compute_credits(metrics.engine)

    assert [one["credit"] for one in await credits_of(metrics)] == ["10.00"]


async def test_a_second_look_records_nothing_and_a_changed_figure_is_recorded_anew(
    metrics: Metrics,
) -> None:
    await prepare(metrics)
    await resolved_after(metrics, 6)
    await compute_credits(metrics.engine)

    assert await compute_credits(metrics.engine) == 0
    await resolved_after(metrics, 12)
    assert await compute_credits(metrics.engine) == 1

    (credit,) = await credits_of(metrics)
    assert (credit["value"], credit["credit"]) == (9.0, "10.00")
    async with transaction(metrics.engine) as session:
        assert await session.scalar(select(func.count()).select_from(ServiceCredit)) == 2


async def test_only_records_of_its_priority_count(metrics: Metrics) -> None:
    await prepare(metrics, priority=1)
    await resolved_after(metrics, 20, priority=2)
    await resolved_after(metrics, 5, priority=1)
    await compute_credits(metrics.engine)

    assert [one["value"] for one in await credits_of(metrics)] == [5.0]


async def test_a_month_without_a_figure_is_kept_and_owes_nothing(metrics: Metrics) -> None:
    await prepare(metrics)
    async with transaction(metrics.engine) as session:
        await store(session, [make_incident(service="mail", opened_at=LAST_MONTH)])
    await compute_credits(metrics.engine)

    (credit,) = await credits_of(metrics)
    assert (credit["value"], credit["missed"], credit["credit"]) == (None, None, "0.00")
    assert credit["reason"] == "nothing_resolved"


async def test_they_are_listed_by_agreement(metrics: Metrics) -> None:
    await prepare(metrics)
    await resolved_after(metrics, 6)
    await compute_credits(metrics.engine)

    reply = await metrics.http.get("/v1/agreements/mail-sla/service-credits")
    missing = await metrics.http.get("/v1/agreements/mail/service-credits")

    assert [one["agreement"] for one in reply.json()["items"]] == ["mail-sla"]
    assert missing.status_code == 404


@pytest.mark.parametrize("due", [True, False])
async def test_a_filter_that_fits_nothing_lists_nothing(metrics: Metrics, due: bool) -> None:
    assert await credits_of(metrics, due=due, service="mail") == []


async def test_the_facts_count_breaches_and_credits(metrics: Metrics) -> None:
    await prepare(metrics)
    await resolved_after(metrics, 6)
    await compute_credits(metrics.engine)

    reply = await metrics.http.get("/v1/services/mail/facts")

    facts = {name: fact["value"] for name, fact in reply.json()["facts"].items()}
    assert (facts["credits_due_count"], facts["credited_periods_count"]) == (1, 1)
    assert (facts["open_breached_clocks"], facts["clocks_breached_last_30_days"]) == (0, 0)

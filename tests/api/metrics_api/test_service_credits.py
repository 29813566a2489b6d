"""Credits of finished periods, computed from the figures there are."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update

from metrics_api.copies.tables import CatalogCopy
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


async def test_a_month_without_records_of_its_priority_says_so(metrics: Metrics) -> None:
    await prepare(metrics, priority=1)
    await resolved_after(metrics, 20, priority=2)
    await compute_credits(metrics.engine)

    (credit,) = await credits_of(metrics)
    assert (credit["value"], credit["reason"]) == (None, "nothing_resolved")


async def test_a_version_that_was_signed_late_takes_the_place_of_the_one_before(
    metrics: Metrics,
) -> None:
    await prepare(metrics)
    await resolved_after(metrics, 6)
    await compute_credits(metrics.engine)
    first = agreement(
        targets=[TARGET], guarantees=[GUARANTEE], state="expired", ended_at=NOW, ends_at=None
    )
    later = {"version": 2, "starts_at": LAST_MONTH, "valid_from": LAST_MONTH.date()}
    second = agreement(targets=[TARGET], guarantees=[GUARANTEE | {"cap": "2"}], **later)
    async with transaction(metrics.engine) as session:
        old = CatalogCopy.key == "mail-sla@1"
        await session.execute(update(CatalogCopy).where(old).values(ended_at=NOW))
        await add_copy(session, "agreement_version", "mail-sla@1", first, recorded_at=NOW)
        await add_copy(session, "agreement_version", "mail-sla@2", second)

    await compute_credits(metrics.engine)

    owed = await credits_of(metrics)
    assert [(one["version"], one["credit"]) for one in owed] == [(2, "2.00")]


SLI_TARGET = {
    "kpi": None,
    "sli": "mail-up",
    "comparator": "gte",
    "value": 0.99,
    "unit": "ratio",
}
SLI_TIERS = [{"worse_than": 0.99, "credit": "5"}, {"worse_than": 0.9, "credit": "9"}]
SLI: dict[str, Any] = {
    "key": "mail-up",
    "service": "mail",
    "kind": "ratio",
    "parts": "good_total",
    "feed": {"kind": "samples"},
}
RECORDED = {"feed": {"kind": "records", "measure": "incidents_resolved_within", "within_hours": 5}}
SLO: dict[str, Any] = {
    "key": "mail-is-up",
    "service": "mail",
    "sli": "mail-up",
    "budgeting_method": "occurrences",
    "time_window": {"duration": "28d"},
    "objectives": [{"target": 0.99}],
}


async def posted(metrics: Metrics, path: str, body: Any) -> Any:
    reply = await metrics.http.post(path, json=body)
    assert reply.is_success, reply.text
    return reply.json()


async def credit_of_sli(metrics: Metrics) -> dict[str, Any]:
    guarantee = GUARANTEE | {"tiers": SLI_TIERS}
    sla = agreement(targets=[TARGET | SLI_TARGET], guarantees=[guarantee])
    async with transaction(metrics.engine) as session:
        await add_copy(session, "agreement_version", "mail-sla@1", sla)
    await compute_credits(metrics.engine)
    (credit,) = await credits_of(metrics)
    assert (credit["kpi"], credit["sli"]) == (None, "mail-up")
    found: dict[str, Any] = credit
    return found


class TestOfSlis:
    """Guarantees that name an SLI are judged by its share of good events in the period."""

    @pytest.fixture
    async def mail(self, metrics: Metrics) -> Metrics:
        async with transaction(metrics.engine) as session:
            await add_service(session, "mail")
            await add_copy(session, "calendar_version", "office@1", calendar())
        return metrics

    async def sample(self, metrics: Metrics, at: datetime, good: int) -> None:
        sample = {"at": at.isoformat(), "good": good, "total": 100}
        await posted(metrics, "/v1/slis/mail-up/samples", [sample])

    async def test_samples_of_the_month_decide_what_is_due(self, mail: Metrics) -> None:
        await posted(mail, "/v1/slis", SLI)
        await posted(mail, "/v1/slos", SLO)
        await self.sample(mail, LAST_MONTH, 96)
        await self.sample(mail, THIS_MONTH - timedelta(minutes=1), 98)
        await self.sample(mail, THIS_MONTH, 0)
        await self.sample(mail, LAST_MONTH - timedelta(minutes=1), 0)

        credit = await credit_of_sli(mail)

        assert (credit["value"], credit["count"], credit["credit"]) == (0.97, 200, "5.00")
        assert (credit["missed"], credit["reason"]) == (True, None)
        await self.sample(mail, LAST_MONTH + timedelta(days=3), 10)
        assert await compute_credits(mail.engine) == 1
        assert [one["credit"] for one in await credits_of(mail)] == ["9.00"]

    async def test_approved_maintenance_of_the_service_is_not_counted(self, mail: Metrics) -> None:
        await posted(mail, "/v1/slis", SLI)
        await posted(mail, "/v1/slos", SLO)
        await self.sample(mail, LAST_MONTH + timedelta(days=1), 100)
        at = LAST_MONTH + timedelta(days=2)
        await self.sample(mail, at, 0)
        window = {
            "service": "mail",
            "category": "scheduled_maintenance",
            "reason": "moved",
            "start": at.isoformat(),
            "end": (at + timedelta(hours=1)).isoformat(),
        }
        correction = await posted(mail, "/v1/corrections", window)
        approver = mail.caller("bert") | {"If-Match": "*"}
        path = f"/v1/corrections/{correction['id']}/approve"
        approved = await mail.http.post(path, json={}, headers=approver)
        assert approved.status_code == 200, approved.text

        credit = await credit_of_sli(mail)

        assert (credit["value"], credit["count"], credit["credit"]) == (1.0, 100, "0.00")

    async def test_records_feed_it_without_any_slo(self, mail: Metrics) -> None:
        await posted(mail, "/v1/slis", SLI | RECORDED)
        await resolved_after(mail, 4)
        await resolved_after(mail, 6)

        credit = await credit_of_sli(mail)

        assert (credit["value"], credit["count"], credit["credit"]) == (0.5, 2, "9.00")

    @pytest.mark.parametrize(
        ("sli", "reason"),
        [
            (None, "unknown_sli"),
            ({"kind": "threshold", "parts": None, "unit": "ms"}, "no_ratio"),
            ({}, "not_summed"),
            (RECORDED, "no_events"),
        ],
    )
    async def test_where_there_is_no_figure_it_says_why(
        self, mail: Metrics, sli: dict[str, Any] | None, reason: str
    ) -> None:
        if sli is not None:
            await posted(mail, "/v1/slis", SLI | sli)

        credit = await credit_of_sli(mail)

        assert (credit["value"], credit["missed"], credit["credit"]) == (None, None, "0.00")
        assert credit["reason"] == reason


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

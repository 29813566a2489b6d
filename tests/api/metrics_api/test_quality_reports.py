"""The report on quality and cost over HTTP."""

import asyncio
import csv
import re
from datetime import UTC, datetime
from io import StringIO
from typing import Any
from uuid import UUID

import pytest

from metrics_api.records.tables import Survey
from shared.kit.database import transaction
from tests.support.copies import add_copy
from tests.support.incidents import add_service, resolved_incident, store
from tests.support.metrics import Metrics
from tests.support.record_rows import add_records
from tests.support.statements import counted_statements

URL = "/v1/reports/quality-and-cost"
ASKED = {"kpi": ["mttr", "csat"], "period": "2026-Q1"}
Q1 = datetime(2026, 2, 1, tzinfo=UTC)
HOSTILE = '=HYPERLINK("http://evil.example")<script>alert(1)</script>'
UNIT, RATIO, OLD = (UUID(int=number) for number in (1, 2, 3))


def figure(value: str | None, reason: str | None = None) -> dict[str, str | None]:
    return {"value": value, "reason": reason}


def costs(label: str, first: str, last: str, full: str, **comparisons: str | None) -> Any:
    """Costs of a period; comparisons are `unit` and `ratio`, each a difference."""
    ids = {"unit": UNIT, "ratio": RATIO}
    return {
        "period": {"label": label, "first_day": first, "last_day": last, "complete": True},
        "currency": "EUR",
        "full": figure(full),
        "month_cost": figure("100.00"),
        "unit_cost": figure("2.6400"),
        "user_cost": figure(None, "no users were recorded"),
        "recovery_ratio": figure("0.500000"),
        "comparisons": [
            {
                "benchmark": ids[name],
                "difference": figure(off, None if off else "there is no exchange rate"),
                "relative_difference": figure(off, None if off else "there is no exchange rate"),
            }
            for name, off in comparisons.items()
        ],
    }


QUARTER = costs("2026-Q1", "2026-01-01", "2026-03-31", "300.00", unit="0.100000", ratio="0.25")
YEAR = costs("2025-11/2026-10", "2025-11-01", "2026-10-31", "1200.00", unit="-0.2", ratio=None)


async def add_costs(metrics: Metrics, service: str = "mail", *periods: Any) -> None:
    async with transaction(metrics.engine) as session:
        summary = {"service": service, "periods": list(periods) or [YEAR, QUARTER]}
        await add_copy(session, "cost_summary", service, summary)


async def add_benchmark(metrics: Metrics, identity: UUID, **fields: Any) -> None:
    copy = {
        "service": "mail",
        "measure": "unit_cost",
        "value": "2.4000",
        "currency": "EUR",
        "unit": "EUR per mailbox",
        "source": "survey",
        "published_on": "2026-01-31",
    } | fields
    async with transaction(metrics.engine) as session:
        await add_copy(session, "benchmark", f"{copy['service']}/{identity}", copy)


async def set_target(metrics: Metrics, **fields: Any) -> None:
    body = {
        "service": "mail",
        "kpi": "mttr",
        "comparator": "lte",
        "value": 5.0,
        "valid_from": "2026-01-01",
    } | fields
    reply = await metrics.http.post("/v1/targets", json=body)
    assert reply.status_code == 201, reply.text


async def report(metrics: Metrics, **asked: Any) -> dict[str, Any]:
    reply = await metrics.http.get(URL, params=ASKED | asked)
    assert reply.status_code == 200, reply.text
    found: dict[str, Any] = reply.json()
    return found


@pytest.fixture
async def mail(metrics: Metrics) -> Metrics:
    async with transaction(metrics.engine) as session:
        await add_service(session, "mail", name="Mail", portfolio="workplace")
        await store(session, [resolved_incident("mail", Q1, hours) for hours in (4, 5)])
        rating = {"service": "mail", "answered_at": Q1, "sent_at": Q1}
        await add_records(session, Survey, *({**rating, "score": score} for score in (5, 2)))
    await set_target(metrics)
    await set_target(metrics, kpi="csat", comparator="gte", value=0.9)
    await add_costs(metrics)
    await add_benchmark(metrics, UNIT)
    await add_benchmark(metrics, OLD, value="3", published_on="2025-01-31")
    await add_benchmark(metrics, RATIO, measure="recovery_ratio", value="0.25", currency=None)
    return metrics


class TestRows:
    async def test_kpis_stand_beside_targets_and_costs_beside_benchmarks(
        self, mail: Metrics
    ) -> None:
        found = await report(mail)

        assert [column["kpi"] for column in found["kpis"]] == ["mttr", "csat"]
        assert found["period"]["start"] == "2026-01-01T00:00:00Z"
        (row,) = found["rows"]
        assert row["kpis"] == [
            {
                "kpi": "mttr",
                "value": 4.5,
                "count": 2,
                "reason": None,
                "target": {"comparator": "lte", "value": 5.0},
                "met": True,
            },
            {
                "kpi": "csat",
                "value": 0.5,
                "count": 2,
                "reason": None,
                "target": {"comparator": "gte", "value": 0.9},
                "met": False,
            },
        ]
        assert row["costs"] == {
            "period": "2026-Q1",
            "first_day": "2026-01-01",
            "last_day": "2026-03-31",
            "currency": "EUR",
            "full_cost": figure("300.00"),
            "month_cost": figure("100.00"),
            "unit_cost": figure("2.6400"),
            "user_cost": figure(None, "no users were recorded"),
            "recovery_ratio": figure("0.500000"),
        }

    async def test_of_each_measure_and_source_the_newest_benchmark_is_shown(
        self, mail: Metrics
    ) -> None:
        ratio, unit = (await report(mail))["rows"][0]["benchmarks"]

        assert unit == {
            "id": str(UNIT),
            "measure": "unit_cost",
            "value": "2.4000",
            "currency": "EUR",
            "unit": "EUR per mailbox",
            "source": "survey",
            "published_on": "2026-01-31",
            "own": figure("2.6400"),
            "relative_difference": figure("0.100000"),
            "standing": "worse",
        }
        # To recover more is better, to cost more is not.
        assert (ratio["measure"], ratio["standing"]) == ("recovery_ratio", "better")

    async def test_of_other_periods_the_costs_of_the_last_twelve_months_are_shown(
        self, mail: Metrics
    ) -> None:
        (row,) = (await report(mail, period="2026-02"))["rows"]

        assert (row["costs"]["period"], row["kpis"][0]["count"]) == ("2025-11/2026-10", 2)
        ratio, unit = row["benchmarks"]
        assert unit["standing"] == "better"
        assert (ratio["standing"], ratio["relative_difference"]["reason"]) == (
            "none",
            "there is no exchange rate",
        )

    async def test_a_service_of_which_nothing_is_known_says_so(self, metrics: Metrics) -> None:
        async with transaction(metrics.engine) as session:
            await add_service(session, "quiet")
        await add_benchmark(metrics, UNIT, service="quiet")

        (row,) = (await report(metrics))["rows"]

        assert [(one["value"], one["reason"], one["met"]) for one in row["kpis"]] == [
            (None, "no_records", None)
        ] * 2
        assert row["costs"] is None
        (benchmark,) = row["benchmarks"]
        assert benchmark["standing"] == "none"
        assert benchmark["own"]["reason"] == "the catalog has not compared it yet"

    async def test_the_target_of_the_last_day_of_the_period_judges(self, mail: Metrics) -> None:
        await set_target(mail, kpi="mtta", valid_to="2026-03-30", value=1)

        (row,) = (await report(mail, kpi=["mtta"]))["rows"]

        assert (row["kpis"][0]["target"], row["kpis"][0]["met"]) == (None, None)

    async def test_only_services_of_the_portfolio_asked_for_have_rows(self, mail: Metrics) -> None:
        async with transaction(mail.engine) as session:
            await add_service(session, "network", portfolio="infra")

        found = await report(mail, portfolio="workplace")

        assert [row["service"] for row in found["rows"]] == ["mail"]

    async def test_pages_make_up_the_whole_in_every_form(self, metrics: Metrics) -> None:
        async with transaction(metrics.engine) as session:
            for key in ("b-2", "b", "a1", "b2"):
                await add_service(session, key)
        seen: list[str] = []
        more: dict[str, str] = {}
        while True:
            page = await report(metrics, limit=3, **more)
            seen += [row["service"] for row in page["rows"]]
            if page["next_cursor"] is None:
                break
            more = {"cursor": page["next_cursor"]}
        assert seen == ["a1", "b", "b-2", "b2"]
        for form in ("json", "csv", "html"):
            reply = await metrics.http.get(URL, params=ASKED | {"limit": 3, "format": form})
            assert f"cursor={more['cursor']}" in reply.headers["Link"]

    async def test_many_services_cost_no_more_statements_than_one(self, mail: Metrics) -> None:
        with counted_statements() as for_one:
            await report(mail)
        async with transaction(mail.engine) as session:
            for key in ("network", "phone"):
                await add_service(session, key)
                await store(session, [resolved_incident(key, Q1, 1)])
        await add_costs(mail, "network")

        with counted_statements() as for_three:
            assert len((await report(mail))["rows"]) == 3
        assert len(for_three) == len(for_one), for_three


class TestForms:
    async def test_csv_has_a_line_for_each_benchmark(self, mail: Metrics) -> None:
        reply = await mail.http.get(URL, params=ASKED, headers={"Accept": "text/csv"})

        assert reply.headers["content-type"].startswith("text/csv")
        ratio, unit = csv.DictReader(StringIO(reply.text))
        assert (unit["service"], unit["mttr value"], unit["csat met"]) == ("mail", "4.5", "false")
        assert (unit["cost_period"], unit["full_cost"]) == ("2026-Q1", "300.00")
        assert (unit["benchmark_measure"], unit["benchmark_standing"]) == ("unit_cost", "worse")
        assert ratio["benchmark_currency"] == ""

    async def test_csv_has_one_line_for_a_service_without_a_benchmark(
        self, metrics: Metrics
    ) -> None:
        async with transaction(metrics.engine) as session:
            await add_service(session, "quiet", name=HOSTILE)

        reply = await metrics.http.get(URL, params=ASKED | {"format": "csv"})

        (line,) = csv.DictReader(StringIO(reply.text))
        assert (line["name"], line["full_cost"], line["benchmark_own"]) == (f"'{HOSTILE}", "", "")
        assert None not in line.values()

    async def test_the_page_says_the_same_and_fetches_nothing(self, mail: Metrics) -> None:
        await add_benchmark(mail, UUID(int=4), source=HOSTILE, measure="user_cost")

        reply = await mail.http.get(URL, params=ASKED | {"format": "html"})

        page = reply.text
        plain = " ".join(re.sub(r"<[^>]+>", " ", page).split())
        assert "4.5 n = 2, target ≤ 5 ✓ met" in plain
        assert "0.5 n = 2, target ≥ 0.9 ✗ missed" in plain
        assert "2026-Q1 EUR 300 2.64 – no users were recorded 0.5" in plain
        assert "unit cost 2.64 EUR 2.4 EUR per mailbox survey 2026-01-31 +10.0 % ✗ worse" in plain
        assert "<svg" in page
        assert not re.search(r"<(script|link|iframe|img|image|use|object)\b", page)
        assert not re.search(r"\w+://", page.replace("http://evil.example", ""))

    @pytest.mark.parametrize("source", [("Survey of manufacturers " * 8).strip(), "W" * 200])
    async def test_the_page_is_drawn_however_long_a_source_is(
        self, metrics: Metrics, source: str
    ) -> None:
        """Where labels fill the width, the chart's maker looks for a line break for ever."""
        async with transaction(metrics.engine) as session:
            await add_service(session, "mail", name="Mail")
        await add_costs(metrics)
        await add_benchmark(metrics, UNIT, source=source)

        async with asyncio.timeout(30):
            reply = await metrics.http.get(URL, params=ASKED | {"format": "html"})

        assert source in reply.text  # in the table, whole
        assert f"Mail: unit cost ({source[:20]}" in reply.text

    async def test_a_page_without_services_is_a_page(self, metrics: Metrics) -> None:
        reply = await metrics.http.get(URL, params=ASKED | {"format": "html"})
        assert "There is no service." in reply.text


class TestRefusals:
    @pytest.mark.parametrize(
        ("asked", "pointer"),
        [
            ({"kpi": ["happiness"]}, "/query/kpi/0"),
            ({"kpi": []}, "/query/kpi"),
            ({"period": "2026-Q5"}, "/query/period"),
            ({"period": "2026-02-30"}, "/query/period"),
            ({"timezone": "Mars/Olympus"}, "/query/timezone"),
            ({"portfolio": "No Slug"}, "/query/portfolio"),
            ({"format": "pdf"}, "/query/format"),
        ],
    )
    async def test_a_bad_parameter_is_named(
        self, metrics: Metrics, asked: dict[str, Any], pointer: str
    ) -> None:
        reply = await metrics.http.get(URL, params=ASKED | asked)

        assert reply.status_code == 422
        assert [error["pointer"] for error in reply.json()["errors"]] == [pointer]

    @pytest.mark.parametrize("cursor", ["x", "WzFd", "W10", "WyJhIiwiYiJd", "WyJcdTAwMDAiXQ"])
    async def test_a_forged_cursor_is_unparsable(self, metrics: Metrics, cursor: str) -> None:
        reply = await metrics.http.get(URL, params=ASKED | {"cursor": cursor})
        assert reply.status_code == 400

    async def test_reading_needs_its_scope(self, metrics: Metrics) -> None:
        headers = metrics.caller(scopes=["catalog:read"])
        reply = await metrics.http.get(URL, params=ASKED, headers=headers)
        assert reply.status_code == 403

    async def test_a_period_that_has_not_begun_has_no_figures(self, mail: Metrics) -> None:
        every = ["mttr", "backlog", "availability", "nps", "permanent_fix_rate"]
        (row,) = (await report(mail, kpi=every, period="2199"))["rows"]
        assert {one["met"] for one in row["kpis"]} == {None}

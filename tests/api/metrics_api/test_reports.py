"""The service performance report over HTTP."""

import csv
import re
from datetime import UTC, datetime
from io import StringIO

import pytest

from metrics_api.incidents.rules import Transition
from metrics_api.indicators.kpis import KPIS
from metrics_api.records.tables import Survey
from shared.kit.database import transaction
from shared.schemas.metrics import KpiId
from tests.support.incidents import add_service, make_incident, resolved_incident, store
from tests.support.metrics import Metrics
from tests.support.record_rows import add_records
from tests.support.reports import (
    ASKED,
    Q1,
    Q2,
    add_worked_example,
    given,
    put_initiative,
    report,
    set_target,
    table_cells,
)


class TestWorkedExample:
    """Rules, "The performance report": to the digit."""

    @pytest.fixture
    async def example(self, metrics: Metrics) -> Metrics:
        async with transaction(metrics.engine) as session:
            await add_worked_example(session)
        await set_target(metrics, "application-support", value=5.0)
        await set_target(metrics, "network-infrastructure", value=2.5)
        await put_initiative(
            metrics,
            "i1",
            service="application-support",
            title="Implemented new knowledge base for common issues",
        )
        await put_initiative(
            metrics,
            "i2",
            service="network-infrastructure",
            title="Initiated proactive network monitoring tool deployment",
        )
        return metrics

    async def test_the_report_is_that_of_the_rules(self, example: Metrics) -> None:
        assert await report(example) == {
            "kpi": "mttr",
            "unit": "hours",
            "timezone": "UTC",
            "rows": [
                {
                    "service": "application-support",
                    "name": "Application Support",
                    "values": [
                        {"period": "2016-Q1", "value": 6.5, "count": 2, "complete": True},
                        {"period": "2016-Q2", "value": 4.8, "count": 2, "complete": True},
                    ],
                    "target": {"comparator": "lte", "value": 5.0},
                    "met": True,
                    "improvement_action": "Implemented new knowledge base for common issues",
                },
                {
                    "service": "network-infrastructure",
                    "name": "Network Infrastructure",
                    "values": [
                        {"period": "2016-Q1", "value": 3.1, "count": 1, "complete": True},
                        {"period": "2016-Q2", "value": 2.9, "count": 1, "complete": True},
                    ],
                    "target": {"comparator": "lte", "value": 2.5},
                    "met": False,
                    "improvement_action": "Initiated proactive network monitoring tool deployment",
                },
            ],
            "next_cursor": None,
        }

    async def test_the_csv_holds_the_same(self, example: Metrics) -> None:
        reply = await example.http.get(
            "/v1/reports/performance", params=ASKED, headers={"Accept": "text/csv"}
        )
        first, second = csv.DictReader(StringIO(reply.text))
        assert reply.headers["content-type"].startswith("text/csv")
        assert first["2016-Q2 value"] == "4.8"
        assert (first["target_comparator"], first["target_value"]) == ("lte", "5.0")
        assert (first["met"], second["met"]) == ("true", "false")

    async def test_the_page_shows_the_same(self, example: Metrics) -> None:
        reply = await example.http.get("/v1/reports/performance", params=ASKED | {"format": "html"})
        cells = table_cells(reply.text)
        assert cells[1] == [
            "Application Support application-support",
            "6.5 n = 2",
            "4.8 n = 2",
            "≤ 5",
            "✓ met",
            "Implemented new knowledge base for common issues",
        ]
        assert cells[2][4] == "✗ missed"


class TestRows:
    async def test_a_service_with_neither_record_nor_target_has_no_row(
        self, metrics: Metrics
    ) -> None:
        await given(metrics, ["network", "quiet"], [resolved_incident("network", Q1, 1)])
        assert [row["service"] for row in (await report(metrics))["rows"]] == ["network"]

    async def test_a_service_with_a_target_only_has_a_row_of_empty_values(
        self, metrics: Metrics
    ) -> None:
        await given(metrics, ["network"])
        await set_target(metrics, "network")
        (row,) = (await report(metrics))["rows"]
        assert [(value["value"], value["count"]) for value in row["values"]] == [(None, 0)] * 2
        assert row["met"] is None

    async def test_a_service_whose_incidents_are_all_open_has_a_row(self, metrics: Metrics) -> None:
        await given(metrics, ["network"], [make_incident(opened_at=Q1)])
        (row,) = (await report(metrics))["rows"]
        assert row["values"][0] == {
            "period": "2016-Q1",
            "value": None,
            "count": 0,
            "complete": True,
        }

    async def test_rows_come_by_key_and_periods_in_the_order_asked(self, metrics: Metrics) -> None:
        keys = ["b-2", "b", "a1", "b2", "a-1"]
        await given(metrics, keys, [resolved_incident(key, Q1, 1) for key in keys])
        found = await report(metrics, periods="2016-Q2,2016-Q1")
        assert [row["service"] for row in found["rows"]] == sorted(keys)
        assert [value["period"] for value in found["rows"][0]["values"]] == ["2016-Q2", "2016-Q1"]

    async def test_only_services_of_the_portfolio_asked_for_have_rows(
        self, metrics: Metrics
    ) -> None:
        async with transaction(metrics.engine) as session:
            await add_service(session, "network", portfolio="infra")
            await add_service(session, "mail", portfolio="apps")
            incidents = [resolved_incident(key, Q1, 1) for key in ("network", "mail")]
            await store(session, incidents)
        assert [r["service"] for r in (await report(metrics, portfolio="apps"))["rows"]] == ["mail"]

    async def test_pages_make_up_the_whole_and_are_linked(self, metrics: Metrics) -> None:
        keys = [f"s{n}" for n in range(5)]
        await given(metrics, keys, [resolved_incident(key, Q1, 1) for key in keys])
        seen: list[str] = []
        cursor: dict[str, str] = {}
        while True:
            page = await report(metrics, limit=2, **cursor)
            seen += [row["service"] for row in page["rows"]]
            if page["next_cursor"] is None:
                break
            cursor = {"cursor": page["next_cursor"]}
        assert seen == keys

    async def test_every_form_is_paged_and_links_its_next_page(self, metrics: Metrics) -> None:
        await given(metrics, ["a", "b"], [resolved_incident(key, Q1, 1) for key in "ab"])
        links = set()
        for form in ("json", "csv", "html"):
            asked = ASKED | {"limit": 1, "format": form}
            reply = await metrics.http.get("/v1/reports/performance", params=asked)
            assert 'rel="next"' in reply.headers["Link"]
            links.add(re.search("cursor=([^&>]+)", reply.headers["Link"]).group(1))  # type: ignore[union-attr]
        assert len(links) == 1


class TestValues:
    async def test_a_period_of_another_zone_takes_the_incidents_of_its_own_days(
        self, metrics: Metrics
    ) -> None:
        last_hour = datetime(2016, 3, 31, 18, 30, tzinfo=UTC)  # 00:15 on 1 April in Kathmandu
        await given(metrics, ["network"], [resolved_incident("network", last_hour, 1)])
        (row,) = (await report(metrics, timezone="Asia/Kathmandu"))["rows"]
        assert [value["count"] for value in row["values"]] == [0, 1]

    async def test_an_unfinished_period_says_so(self, metrics: Metrics) -> None:
        await given(metrics, ["network"], [resolved_incident("network", Q1, 1)])
        (row,) = (await report(metrics, periods="2016,2199"))["rows"]
        assert [value["complete"] for value in row["values"]] == [True, False]

    async def test_met_is_judged_by_the_target_of_the_last_period(self, metrics: Metrics) -> None:
        await given(metrics, ["network"], [resolved_incident("network", Q2, 4)])
        await set_target(metrics, "network", value=3, valid_to="2016-03-31")
        await set_target(metrics, "network", value=4, valid_from="2016-04-01")
        (row,) = (await report(metrics))["rows"]
        assert (row["target"]["value"], row["met"]) == (4, True)
        (row,) = (await report(metrics, periods="2016-Q2,2016-Q1"))["rows"]
        assert (row["target"]["value"], row["met"]) == (3, None)

    async def test_the_backlog_is_a_level_that_holds_on(self, metrics: Metrics) -> None:
        still_open = make_incident(
            opened_at=Q1, transitions=(Transition(Q1, None, "new"),), state="new"
        )
        await given(metrics, ["network"], [still_open, resolved_incident("network", Q2, 24 * 60)])
        asked = {"kpi": "backlog", "periods": "2015-Q4,2016-Q1,2016-Q2,2016-Q3"}
        (row,) = (await report(metrics, **asked))["rows"]
        values = [(value["value"], value["count"]) for value in row["values"]]
        assert values == [(None, 0), (2, 2), (1, 1), (1, 1)]

    async def test_shares_are_ratios_of_counts(self, metrics: Metrics) -> None:
        found = [resolved_incident("network", Q1, 1) for _ in range(4)]
        found[0] = found[0]._replace(reopened=True, first_contact=True)
        await given(metrics, ["network"], found)
        (row,) = (await report(metrics, kpi="reopen_rate", periods="2016"))["rows"]
        assert (row["values"][0]["value"], row["values"][0]["count"]) == (0.25, 4)

    async def test_a_kpi_of_other_records_is_reported_alike(self, metrics: Metrics) -> None:
        await given(metrics, ["network", "mail", "quiet"])
        sure = {"score": 5, "answered_at": Q1, "sent_at": Q1}
        async with transaction(metrics.engine) as session:
            await add_records(session, Survey, sure, sure, sure | {"score": 2, "service": "mail"})
        await set_target(metrics, "mail", kpi="csat", comparator="gte", value=0.8)
        await set_target(metrics, "quiet", kpi="csat", comparator="gte", value=0.8)
        found = await report(metrics, kpi="csat", periods="2016-Q1")
        values = {row["service"]: (row["values"][0]["value"], row["met"]) for row in found["rows"]}
        assert values == {"mail": (0, False), "network": (1, None), "quiet": (None, None)}
        assert found["unit"] == "ratio"
        first = await report(metrics, kpi="csat", periods="2016-Q1", limit=1)
        assert [row["service"] for row in first["rows"]] == ["mail"]
        assert first["next_cursor"]

    @pytest.mark.parametrize("kpi", list(KpiId))
    async def test_every_kpi_has_a_report(self, metrics: Metrics, kpi: KpiId) -> None:
        await given(metrics, ["network"], [resolved_incident("network", Q1, 1)])
        rows = (await report(metrics, kpi=kpi, periods="2016-Q1,2016-02-01,2199"))["rows"]
        assert len(rows) == KPIS[kpi].of_incidents


class TestImprovementAction:
    async def action(self, metrics: Metrics) -> str | None:
        (row,) = (await report(metrics))["rows"]
        found: str | None = row["improvement_action"]
        return found

    @pytest.fixture(autouse=True)
    async def network(self, metrics: Metrics) -> None:
        await given(metrics, ["network"], [resolved_incident("network", Q1, 1)])

    async def test_the_latest_that_overlaps_the_periods_is_shown(self, metrics: Metrics) -> None:
        await put_initiative(metrics, "i1", title="Early", start="2015-01-01")
        await put_initiative(metrics, "i2", title="Latest", start="2016-06-30", end="2016-07-30")
        await put_initiative(metrics, "i3", title="After", start="2016-07-01")
        assert await self.action(metrics) == "Latest"

    async def test_one_that_ended_before_or_was_cancelled_is_not(self, metrics: Metrics) -> None:
        await put_initiative(metrics, "i1", start="2015-01-01", end="2015-12-31")
        await put_initiative(metrics, "i2", state="cancelled")
        await put_initiative(metrics, "i3", kpi="mtta")
        assert await self.action(metrics) is None


class TestRefusals:
    @pytest.mark.parametrize(
        ("asked", "pointer"),
        [
            ({"kpi": "happiness"}, "/query/kpi"),
            ({"periods": "2016-Q5"}, "/query/periods"),
            ({"periods": ""}, "/query/periods"),
            ({"periods": "2016\x00"}, "/query/periods"),
            ({"timezone": "Mars/Olympus"}, "/query/timezone"),
            ({"format": "pdf"}, "/query/format"),
            ({"limit": "0"}, "/query/limit"),
            ({"portfolio": "No Slug"}, "/query/portfolio"),
        ],
    )
    async def test_a_bad_parameter_is_named(
        self, metrics: Metrics, asked: dict[str, str], pointer: str
    ) -> None:
        reply = await metrics.http.get("/v1/reports/performance", params=ASKED | asked)
        assert reply.status_code == 422
        assert [error["pointer"] for error in reply.json()["errors"]] == [pointer]

    @pytest.mark.parametrize("cursor", ["x", "WzFd", "W10", "WyJhIiwiYiJd", "WyJcdTAwMDAiXQ"])
    async def test_a_forged_cursor_is_unparsable(self, metrics: Metrics, cursor: str) -> None:
        asked = ASKED | {"cursor": cursor}
        reply = await metrics.http.get("/v1/reports/performance", params=asked)
        assert reply.status_code == 400

    async def test_reading_needs_its_scope(self, metrics: Metrics) -> None:
        headers = metrics.caller(scopes=["catalog:read"])
        reply = await metrics.http.get("/v1/reports/performance", params=ASKED, headers=headers)
        assert reply.status_code == 403

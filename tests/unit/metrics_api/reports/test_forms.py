"""The forms of the performance report."""

import csv
from datetime import UTC, datetime
from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics_api.indicators.kpis import KPIS
from metrics_api.reports.csv_table import as_csv
from metrics_api.reports.page import PageFacts, as_page
from shared.kit.forms import Form, accepted_form
from shared.schemas.metrics import (
    Comparator,
    KpiId,
    PerformanceReport,
    PerformanceRow,
    PeriodValue,
    ReportTarget,
)


def make_report(
    periods: list[str], names: list[str], value: float | None = 1.5
) -> PerformanceReport:
    rows = [
        PerformanceRow(
            service=f"s{n}",
            name=name,
            values=[
                PeriodValue(period=period, value=value, count=2, complete=True)
                for period in periods
            ],
            target=ReportTarget(comparator=Comparator.LTE, value=2.5),
            met=True,
            improvement_action=name,
        )
        for n, name in enumerate(names)
    ]
    return PerformanceReport(
        kpi=KpiId.MTTR, unit="hours", timezone="UTC", rows=rows, next_cursor=None
    )


def make_page(report: PerformanceReport, periods: list[str]) -> str:
    made_at = datetime(2016, 7, 1, tzinfo=UTC)
    return as_page(report, PageFacts(KPIS[report.kpi], periods, None, made_at))


@given(st.text())
def test_any_accept_header_has_an_answer(header: str) -> None:
    assert accepted_form(header) in Form


@pytest.mark.parametrize("header", ["text/html;q=x", "text/html;q=nan", "text/html;q=0", ""])
def test_an_accept_header_that_likes_nothing_gets_json(header: str) -> None:
    assert accepted_form(header) is Form.JSON


@given(st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1))
def test_csv_gives_back_any_name_and_no_formula(name: str) -> None:
    text = as_csv(make_report(["2016"], [name]), ["2016"])
    (row,) = csv.DictReader(StringIO(text, newline=""))
    assert row["name"].removeprefix("'") == name.removeprefix("'")
    assert not row["name"].startswith(("=", "+", "-", "@", "\t", "\r", "\n"))


def test_csv_of_no_rows_still_has_its_header() -> None:
    (header,) = csv.reader(StringIO(as_csv(make_report(["2016"], []), ["2016"])))
    assert header[:6] == ["service", "name", "kpi", "unit", "timezone", "2016 value"]


def test_names_are_text_on_the_page() -> None:
    page = make_page(make_report(["2016"], ["<script>alert(1)</script>"]), ["2016"])
    assert "<script" not in page
    assert "&lt;script&gt;" in page


@pytest.mark.parametrize("name", ["W" * 200, "wide area network " * 11])
def test_the_longest_names_are_drawn(name: str) -> None:
    page = make_page(make_report(["2016"], [name]), ["2016"])
    assert page.count("<svg") == 1
    assert f"{name[:27].rstrip()}…" in page


@pytest.mark.parametrize("count", [1, 6, 7, 30, 400])
def test_any_number_of_periods_is_drawn(count: int) -> None:
    periods = [f"p{n}" for n in range(count)]
    page = make_page(make_report(periods, ["Network", "Mail"]), periods)
    assert page.count("<svg") == 1


def test_a_page_without_values_is_drawn() -> None:
    assert "<svg" in make_page(make_report(["2016"], ["Network"], value=None), ["2016"])


def test_a_page_without_rows_says_so() -> None:
    assert "No service has a record" in make_page(make_report(["2016"], []), ["2016"])


def test_the_same_report_gives_the_same_bytes() -> None:
    report = make_report(["2016"], ["Network"])
    assert make_page(report, ["2016"]) == make_page(report, ["2016"])

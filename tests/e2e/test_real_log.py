"""The real incident log gives the figures of a computation that knows nothing of the product."""

import csv
import io
import json
import random
import zipfile
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.support.processes import System, running_system

LOG = Path(__file__).parents[3] / "shared" / "data" / "servicenow-incident-log.zip"
QUARTERS = [f"{year}-Q{quarter}" for year in (2016, 2017) for quarter in (1, 2, 3, 4)]
README = {  # category, quarter: count and MTTR in hours, as the data's README gives them
    ("Category 26", "2016-Q1"): (922, 114.1518),
    ("Category 26", "2016-Q2"): (1641, 79.7238),
    ("Category 53", "2016-Q1"): (849, 103.3982),
    ("Category 53", "2016-Q2"): (1403, 120.9729),
    ("Category 42", "2016-Q1"): (643, 68.8224),
    ("Category 42", "2016-Q2"): (1763, 65.8211),
}
Figures = dict[tuple[str, str], tuple[int, float]]

pytestmark = [
    pytest.mark.real_log,
    pytest.mark.slow,
    pytest.mark.skipif(not LOG.exists(), reason="the real log is not beside the project"),
]


@pytest.fixture
def system(tmp_path: Path) -> Iterator[System]:
    with running_system(tmp_path) as running:
        yield running


def read_rows() -> list[list[str]]:
    with zipfile.ZipFile(LOG) as archive, archive.open(archive.namelist()[0]) as member:
        return list(csv.reader(io.TextIOWrapper(member, encoding="utf-8")))


@cache  # the log has some hundred thousand stamps, and far fewer minutes
def parse(text: str) -> datetime:
    return datetime.strptime(text, "%d/%m/%Y %H:%M").replace(tzinfo=UTC)


def last_rows() -> list[dict[str, str]]:
    """The row in which each incident ends: the last by sys_mod_count and sys_updated_at."""
    header, *rows = read_rows()
    ends: dict[str, tuple[tuple[int, datetime], dict[str, str]]] = {}
    for cells in rows:
        row = dict(zip(header, cells, strict=True))
        order = (int(row["sys_mod_count"]), parse(row["sys_updated_at"]))
        if row["number"] not in ends or order >= ends[row["number"]][0]:
            ends[row["number"]] = (order, row)
    return [row for _, row in ends.values()]


def expected_figures(ends: list[dict[str, str]]) -> Figures:
    hours: dict[tuple[str, str], list[float]] = defaultdict(list)
    for row in ends:
        if row["incident_state"] in {"Resolved", "Closed"} and row["resolved_at"] != "?":
            resolved = parse(row["resolved_at"])
            quarter = f"{resolved.year}-Q{(resolved.month + 2) // 3}"
            elapsed = resolved - parse(row["opened_at"])
            hours[row["category"], quarter].append(elapsed.total_seconds() / 3600)
    return {key: (len(values), sum(values) / len(values)) for key, values in hours.items()}


def import_log(system: System, path: Path) -> dict[str, Any]:
    ended = system.tollgate(
        "import", "servicenow-log", str(path), "--source", "servicenow",
        "--service-field", "category", "--timezone", "UTC", "--create-services", "--json",
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    totals: dict[str, Any] = json.loads(ended.stdout)
    return totals


def reported_figures(system: System) -> Figures:
    report = system.get(
        "metrics",
        "/v1/reports/performance",
        kpi="mttr", periods=",".join(QUARTERS), portfolio="imported", limit=500,
    )  # fmt: skip
    assert report["next_cursor"] is None
    return {
        (row["name"], value["period"]): (value["count"], value["value"])
        for row in report["rows"]
        for value in row["values"]
        if value["count"]
    }


def excluded_without_resolution_time(system: System, services: list[str]) -> int:
    excluded = 0
    for key in services:
        kpis = system.get("metrics", f"/v1/services/{key}/kpis", kpi="mttr", periods="2016,2017")[
            "kpis"
        ]
        excluded += sum(
            value["exclusions"].get("no_resolution_time", 0) for value in kpis[0]["values"]
        )
    return excluded


def open_at_the_end() -> int:
    """Incidents whose last known state is an open one."""
    header, *rows = read_rows()
    states: dict[str, tuple[tuple[int, datetime], str]] = {}
    for cells in rows:
        row = dict(zip(header, cells, strict=True))
        order = (int(row["sys_mod_count"]), parse(row["sys_updated_at"]))
        known = row["incident_state"] != "-100"
        if known and (row["number"] not in states or order >= states[row["number"]][0]):
            states[row["number"]] = (order, row["incident_state"])
    return sum(state not in {"Resolved", "Closed"} for _, state in states.values())


def assert_the_backlog_adds_up_every_day(system: System) -> None:
    """Records rule 5, from the first day of the log to the last, each day beginning as the one
    before it ended."""
    level = 0
    for year in (2016, 2017):
        days = system.get(
            "metrics",
            "/v1/kpis/all",
            **{"kpi": "backlog", "grain": "day", "from": f"{year}-01-01", "to": f"{year}-12-31"},
        )["kpis"][0]["values"]
        assert len(days) in (365, 366)
        for day in days:
            moves = day["backlog"]
            if moves is None:
                assert level == 0, f"nothing was open before the first record, {day['period']}"
                continue
            assert moves["open_at_start"] == level, day["period"]
            came = moves["opened"] + moves["reopened"]
            went = moves["resolved"] + moves["closed_unresolved"] + moves["cancelled"]
            assert moves["open_at_end"] == level + came - went, day["period"]
            level = moves["open_at_end"]
    assert level == open_at_the_end()


def assert_same(reported: Figures, expected: Figures) -> None:
    attributed = {key: figure for key, figure in expected.items() if key[0] != "?"}
    assert reported.keys() == attributed.keys()
    for key, (count, hours) in attributed.items():
        assert reported[key][0] == count, key
        assert reported[key][1] == pytest.approx(hours, rel=1e-12), key


def test_every_category_and_quarter_is_right_also_when_imported_twice(system: System) -> None:
    ends = last_rows()
    expected = expected_figures(ends)

    first = import_log(system, LOG)
    figures = reported_figures(system)
    second = import_log(system, LOG)

    assert first["rows"] == first["accepted"] == 119_998
    assert first["rejected"] == 0
    assert first["incidents"] == len(ends) == 20_769
    assert first["unattributed"] == 7
    assert len(first["created_services"]) == 44
    assert second == first | {"created_services": []}
    assert_same(figures, expected)
    assert reported_figures(system) == figures
    for key, (count, hours) in README.items():
        assert (figures[key][0], round(figures[key][1], 4)) == (count, hours)
    unattributed = sum(row["category"] == "?" and row["resolved_at"] == "?" for row in ends)
    excluded = excluded_without_resolution_time(system, first["created_services"])
    assert excluded + unattributed == 1418
    assert_the_backlog_adds_up_every_day(system)


def test_the_order_of_the_rows_does_not_matter(system: System, tmp_path: Path) -> None:
    header, *rows = read_rows()
    random.Random(7).shuffle(rows)
    shuffled = tmp_path / "shuffled.csv"
    with shuffled.open("w", newline="") as stream:
        csv.writer(stream).writerows([header, *rows])

    totals = import_log(system, shuffled)

    assert (totals["accepted"], totals["unattributed"]) == (119_998, 7)
    assert_same(reported_figures(system), expected_figures(last_rows()))

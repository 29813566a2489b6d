"""The demo's year of records: always the same, over at the given day, and as tools send it."""

import json
from collections import Counter
from datetime import UTC, date, datetime
from typing import Any

import pytest

from metrics_api.records.kinds import KINDS as TAKEN_IN
from metrics_api.records.updates import accept, decode
from tests.support.records import PATHS, SNAPSHOTS
from tollgate.demo.metrics.record_year import KINDS, records

UNTIL = date(2026, 3, 1)
END = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def year() -> dict[str, list[dict[str, Any]]]:
    return {path: list(records(path, UNTIL)) for path in KINDS}


def test_it_is_always_the_same_and_of_every_kind(year: dict[str, list[dict[str, Any]]]) -> None:
    assert sorted(year) == sorted(PATHS.values())
    assert {path: list(records(path, UNTIL)) for path in KINDS} == year


def test_every_record_is_accepted(year: dict[str, list[dict[str, Any]]]) -> None:
    for kind, path in PATHS.items():
        of_kind = TAKEN_IN[kind]
        for record in year[path]:
            update = accept(of_kind, decode(of_kind, json.dumps(record).encode()), SNAPSHOTS)
            assert update.stamped_at < END


def test_it_has_what_a_year_has(year: dict[str, list[dict[str, Any]]]) -> None:
    outcomes = Counter(change["outcome"] for change in year["changes"])
    outages = Counter((outage["planned"], outage["degraded"]) for outage in year["outages"])
    states = Counter(request["state"] for request in year["requests"])
    answered = [survey for survey in year["surveys"] if survey["score"] is not None]

    assert outcomes["successful"] > outcomes["failed"] > 5
    assert outcomes["rolled_back"] > 5
    assert min(outages[True, False], outages[False, False], outages[False, True]) > 5
    assert min(states["closed"], states["cancelled"], states["in_progress"]) > 0
    assert 0.4 < len(answered) / len(year["surveys"]) < 0.8

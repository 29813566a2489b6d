"""The demo's changes, outages, surveys and requests: always the same, and such as a year has."""

from collections import Counter
from datetime import UTC, date, datetime

import pytest

from tollgate.demo.content import Update
from tollgate.demo.metrics.records import LIVE, records

UNTIL = date(2026, 3, 1)


@pytest.fixture(scope="module")
def year() -> dict[str, list[Update]]:
    return records(UNTIL)


def test_they_are_always_the_same(year: dict[str, list[Update]]) -> None:
    assert records(UNTIL) == year


def test_each_has_an_id_of_its_own_and_fits_one_request(year: dict[str, list[Update]]) -> None:
    for updates in year.values():
        assert len({update["external_id"] for update in updates}) == len(updates) <= 10_000


def test_none_happens_after_the_day(year: dict[str, list[Update]]) -> None:
    for updates in year.values():
        stamps = [
            datetime.fromisoformat(value)
            for update in updates
            for name, value in update.items()
            if name.endswith("_at") and name not in ("planned_end_at", "due_at")
        ]
        assert max(stamps) <= datetime(2026, 3, 1, tzinfo=UTC)


def test_nothing_ends_before_it_starts(year: dict[str, list[Update]]) -> None:
    pairs = {
        "/v1/outages": ("started_at", "ended_at"),
        "/v1/requests": ("opened_at", "fulfilled_at"),
        "/v1/surveys": ("sent_at", "answered_at"),
        "/v1/changes": ("opened_at", "completed_at"),
    }
    for path, (first, last) in pairs.items():
        assert all(update[first] < update[last] for update in year[path] if last in update)


def test_every_service_has_some_of_each_kind(year: dict[str, list[Update]]) -> None:
    for updates in year.values():
        assert {update["service"] for update in updates} == {service.name for service in LIVE}


def test_outages_name_changes_that_exist(year: dict[str, list[Update]]) -> None:
    outcomes = {change["external_id"]: change["outcome"] for change in year["/v1/changes"]}
    caused = [outage["caused_by"] for outage in year["/v1/outages"] if "caused_by" in outage]
    assert {outcomes[change] for change in caused} == {"failed", "rolled_back"}


def test_scores_are_those_of_their_kind(year: dict[str, list[Update]]) -> None:
    answers = Counter(
        (update["kind"], update["score"]) for update in year["/v1/surveys"] if "score" in update
    )
    assert {score for kind, score in answers if kind == "csat"} == {1, 2, 3, 4, 5}
    assert {score for kind, score in answers if kind == "nps"} <= set(range(11))

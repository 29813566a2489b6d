"""How complete an artifact is, and what it lacks."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog_api.artifacts.rules import (
    DEFINITIONS,
    OUTSIDE,
    REALISED_BY,
    ArtifactKey,
    Holdings,
    Registered,
    assess,
    facts,
    next_review,
)

TODAY = date(2026, 3, 1)
NOW = datetime(2026, 3, 1, tzinfo=UTC)
FULL = Holdings(
    services=9,
    services_managed=9,
    live=5,
    live_offered=5,
    live_planned=5,
    live_agreed=5,
    live_answered_for=5,
    live_planning_answered_for=5,
    boards=2,
    gates_decided=6,
    customers=3,
    customers_heard=3,
    requirements=4,
    offerings=7,
    offerings_with_steps=7,
    offerings_with_form=7,
    default_schemes=1,
    portals=1,
)
COUNTS = tuple(vars(FULL))
EMPTY = Holdings(**dict.fromkeys(COUNTS, 0))


def kept(key: ArtifactKey, **fields: Any) -> Registered:
    return replace(Registered(key, "ada", TODAY, linked=1, present=1), **fields)


def missing(key: ArtifactKey, holdings: Holdings = FULL, **fields: Any) -> list[str]:
    return assess(kept(key, **fields), holdings, TODAY).missing


@pytest.mark.parametrize("key", ArtifactKey)
class TestEachArtifact:
    def test_it_is_complete_when_nothing_is_missing(self, key: ArtifactKey) -> None:
        assert assess(kept(key), FULL, TODAY).completeness == 1

    def test_it_is_incomplete_without_its_resource(self, key: ArtifactKey) -> None:
        found = assess(kept(key, linked=0, present=0), FULL, TODAY)

        assert found.missing == ["no resource realises it"]
        assert found.completeness < 1

    def test_it_is_incomplete_when_a_resource_is_gone(self, key: ArtifactKey) -> None:
        assert missing(key, linked=3, present=2) == ["1 of 3 linked resources are gone"]

    def test_it_is_incomplete_without_an_owner(self, key: ArtifactKey) -> None:
        assert missing(key, owner=None) == ["nobody owns it"]

    def test_it_is_incomplete_when_its_review_is_overdue_or_not_planned(
        self, key: ArtifactKey
    ) -> None:
        assert missing(key, review_on=date(2026, 2, 28)) == ["its review was due on 2026-02-28"]
        assert missing(key, review_on=None) == ["it has no review date"]

    def test_an_empty_catalog_completes_none_but_the_portal(self, key: ArtifactKey) -> None:
        complete = assess(kept(key), EMPTY, TODAY).completeness == 1

        assert complete == (key is ArtifactKey.SERVICE_PORTAL)


@pytest.mark.parametrize(
    ("key", "lacking"),
    [
        ("service-governance-framework", {"boards": 0}),
        ("service-governance-framework", {"gates_decided": 5}),
        ("service-governance-framework", {"live_answered_for": 4}),
        ("service-planning-process", {"live_planning_answered_for": 4}),
        ("voice-of-the-customer", {"customers_heard": 2}),
        ("voice-of-the-customer", {"requirements": 0}),
        ("service-fulfilment-plan", {"offerings_with_steps": 6}),
        ("service-plan", {"live_planned": 0}),
        ("service-portfolio", {"services_managed": 8}),
        ("service-catalog", {"live_offered": 4}),
        ("service-catalog", {"offerings_with_form": 6}),
        ("service-priority-scheme", {"default_schemes": 0}),
        ("service-quality-lifecycle", {"live_agreed": 4}),
    ],
)
def test_what_the_catalog_lacks_leaves_exactly_its_artifact_incomplete(
    key: str, lacking: dict[str, int]
) -> None:
    holdings = replace(FULL, **lacking)

    incomplete = [one.value for one in ArtifactKey if missing(one, holdings)]

    assert incomplete == [key]


def test_what_is_missing_is_counted() -> None:
    holdings = replace(FULL, live_planned=3)

    assert missing(ArtifactKey.SERVICE_PLAN, holdings) == [
        "2 of 5 live services have no approved strategy"
    ]


def test_completeness_is_the_mean_of_the_checks() -> None:
    holdings = replace(FULL, live_planned=1)

    found = assess(kept(ArtifactKey.SERVICE_PLAN, owner=None), holdings, TODAY)

    # owner 0, review 1, resource 1, plans 1/5
    assert found.completeness == Decimal("0.55")


some_holdings = st.builds(Holdings, **{name: st.integers(0, 20) for name in COUNTS})


@given(st.sampled_from(ArtifactKey), some_holdings, st.integers(0, 9), st.integers(0, 9))
def test_completeness_is_a_ratio_and_one_only_when_nothing_is_missing(
    key: ArtifactKey, holdings: Holdings, linked: int, gone: int
) -> None:
    artifact = kept(key, linked=linked, present=max(0, linked - gone))

    found = assess(artifact, holdings, TODAY)

    assert 0 <= found.completeness <= 1
    assert (found.completeness == 1) == (not found.missing)


def test_one_missing_among_very_many_is_not_rounded_away() -> None:
    holdings = replace(FULL, services=10**6, services_managed=10**6 - 1)

    assert assess(kept(ArtifactKey.SERVICE_PORTFOLIO), holdings, TODAY).completeness < 1


def test_each_artifact_can_be_realised_and_a_portal_only_from_outside_or_by_a_touchpoint() -> None:
    assert REALISED_BY.keys() == set(ArtifactKey)
    assert all(kinds for kinds in REALISED_BY.values())
    assert {kind.value for kind in OUTSIDE} == {"document", "portal"}


def test_the_next_review_is_a_cadence_away() -> None:
    assert next_review(TODAY, 31) == date(2026, 4, 1)


def test_facts_are_as_old_as_the_oldest_assessment() -> None:
    old, new = "2026-02-28T10:00:00+00:00", "2026-02-28T11:00:00+00:00"
    section = [
        {"artifact": "a", "completeness": 1, "missing": [], "assessed_at": new},
        {"artifact": "b", "completeness": 0.5, "missing": ["x"], "assessed_at": old},
    ]

    found = facts(section, NOW)

    assert found.keys() == {definition.name for definition in DEFINITIONS}
    assert {name: fact.value for name, fact in found.items()} == {
        "key_artifacts_complete_count": 1,
        "key_artifacts_missing": ["b"],
        "key_artifacts_completeness": 0.75,
    }
    assert {fact.as_of for fact in found.values()} == {datetime.fromisoformat(old)}


def test_before_the_first_assessment_there_is_no_value() -> None:
    assert facts([], NOW)["key_artifacts_complete_count"].value is None

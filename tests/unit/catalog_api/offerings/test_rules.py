"""When an offering is shown, and to whom."""

from datetime import UTC, datetime

import pytest

from catalog_api.offerings.rules import (
    DEFINITIONS,
    MOVES,
    Audience,
    OfferingState,
    belongs_to,
    facts,
    is_announced,
    missing_to_publish,
    obstacle,
)
from shared.errors import Conflict
from shared.kit.states import check_move
from shared.schemas.catalog import Stage

ALLOWED = {
    (OfferingState.DRAFT, OfferingState.PUBLISHED),
    (OfferingState.PUBLISHED, OfferingState.WITHDRAWN),
    (OfferingState.WITHDRAWN, OfferingState.PUBLISHED),
}


@pytest.mark.parametrize("state", OfferingState)
@pytest.mark.parametrize("to", OfferingState)
def test_an_offering_moves_from_draft_to_published_and_to_and_fro(
    state: OfferingState, to: OfferingState
) -> None:
    if (state, to) in ALLOWED:
        check_move("offering", MOVES, state, to)
        return
    with pytest.raises(Conflict) as refused:
        check_move("offering", MOVES, state, to)
    assert refused.value.extra["allowed"] == [b.value for a, b in ALLOWED if a is state]


@pytest.mark.parametrize(
    ("form", "steps", "missing"),
    [
        (None, 0, ["form", "fulfilment_plan"]),
        (None, 1, ["form"]),
        ({}, 0, ["fulfilment_plan"]),
        ({}, 1, []),
    ],
)
def test_a_published_offering_has_a_form_and_a_step(
    form: object, steps: int, missing: list[str]
) -> None:
    assert missing_to_publish(form, steps) == missing


@pytest.mark.parametrize("state", OfferingState)
@pytest.mark.parametrize("stage", Stage)
def test_only_what_is_published_by_a_live_service_can_be_requested(
    state: OfferingState, stage: Stage
) -> None:
    live = stage in (Stage.TRANSITION, Stage.OPERATE, Stage.IMPROVE)

    reason = obstacle(state, stage)

    assert (reason is None) == (live and state is OfferingState.PUBLISHED)


@pytest.mark.parametrize(
    ("audience", "belongs"),
    [
        (Audience(everyone=True), True),
        (Audience(everyone=False, customers=frozenset({"sales"})), True),
        (Audience(everyone=False, customers=frozenset({"hr"})), False),
        (Audience(everyone=False, units=frozenset({"zurich", "bern"})), True),
        (Audience(everyone=False, units=frozenset({"bern"})), False),
        (Audience(everyone=False, roles=frozenset({"buyer"})), True),
        (Audience(everyone=False, roles=frozenset({"pilot"})), False),
    ],
)
def test_one_of_the_ways_to_belong_to_an_audience_is_enough(
    audience: Audience, belongs: bool
) -> None:
    assert belongs_to(audience, "sales", ["zurich"], ["buyer"]) is belongs


def test_who_names_no_customer_is_not_of_an_audience_of_customers() -> None:
    assert not belongs_to(Audience(False, frozenset({"sales"})), None, [], [])


@pytest.mark.parametrize(
    ("starts", "ends", "shown"),
    [(None, None, True), (5, None, True), (6, None, False), (None, 6, True), (None, 5, False)],
)
def test_an_announcement_is_shown_from_its_start_up_to_its_end(
    starts: int | None, ends: int | None, shown: bool
) -> None:
    def at(hour: int | None) -> datetime | None:
        return None if hour is None else datetime(2026, 3, 1, hour, tzinfo=UTC)

    assert is_announced(at(starts), at(ends), datetime(2026, 3, 1, 5, tzinfo=UTC)) is shown


NOW = datetime(2026, 3, 1, tzinfo=UTC)


def told(**counts: int) -> dict[str, object]:
    section = {
        "total": 3,
        "published": 2,
        "with_form": 1,
        "publishable": 1,
        "published_with_promise": 2,
    } | counts
    return {name: fact.value for name, fact in facts(section, NOW).items()}


def test_facts_count_the_offerings() -> None:
    assert told() == {
        "offering_count": 3,
        "published_offering_count": 2,
        "offering_has_form": True,
        "publishable_offering_count": 1,
        "published_offerings_promise_quality": True,
    }
    assert set(told()) == {one.name for one in DEFINITIONS}


def test_one_offering_without_a_promise_is_one_too_many() -> None:
    assert told(published_with_promise=1)["published_offerings_promise_quality"] is False


def test_whether_nothing_promises_quality_is_not_known() -> None:
    assert told(published=0)["published_offerings_promise_quality"] is None

"""Score, verdict and standing against a reference written from rules.md "Tollgates" alone."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from improvement_api.evaluations.rules import (
    PERMITTING,
    Result,
    Weighed,
    became_worse,
    exit_code_of,
    keeps_standing,
    score_of,
    soften,
    standing_of,
    verdict_of,
)
from shared.schemas.common import FactValue
from shared.schemas.improvement import Outcome, Standing, Verdict, WaiverNote

PASS_AT, WARNING_AT = Decimal("0.90"), Decimal("0.75")

# What an advisory criterion can come out as, and a required one.
ADVISORY = list(Outcome)
REQUIRED = [outcome for outcome in Outcome if outcome is not Outcome.SKIP]

# fail, error and inconclusive permit nothing: no one of them is better than another.
GOODNESS = {"pass": 2, "warning": 1, "fail": 0, "error": 0, "inconclusive": 0}

# Raising an outcome is moving it to the right.
LADDER = ["fail", "error", "inconclusive", "warning", "pass"]

# A criterion is skipped where its fact is missing, which otherwise makes it inconclusive.
LIKE = {"skip": "inconclusive"}


def reference(criteria: list[tuple[str, bool, int]]) -> str:
    """Rule 3, word by word, in whole numbers: (outcome, required, weight) of each criterion."""
    required = [outcome for outcome, is_required, _ in criteria if is_required]
    if "fail" in required:
        return "fail"
    if "error" in required:
        return "error"
    if "inconclusive" in required:
        return "inconclusive"
    weights = sum(weight for _, _, weight in criteria)
    if weights == 0:
        return "error"
    halves = sum(
        weight * {"pass": 2, "warning": 1}.get(outcome, 0) for outcome, _, weight in criteria
    )
    if halves * 100 >= 90 * 2 * weights:
        return "pass"
    return "warning" if halves * 100 >= 75 * 2 * weights else "fail"


def verdict(criteria: list[tuple[str, bool, int]]) -> str:
    weighed = [
        Weighed(Outcome(outcome), required, Decimal(weight))
        for outcome, required, weight in criteria
    ]
    return verdict_of(weighed, PASS_AT, WARNING_AT).value


def kinds(weights: tuple[int, ...]) -> list[tuple[str, bool, int]]:
    return [
        (outcome.value, required, weight)
        for required, outcomes in ((True, REQUIRED), (False, ADVISORY))
        for outcome in outcomes
        for weight in weights
    ]


@pytest.mark.parametrize("size", [1, 2, 3])
def test_every_combination_of_outcomes_gives_the_verdict_of_the_rules(size: int) -> None:
    for criteria in product(kinds((0, 1, 3)), repeat=size):
        assert verdict(list(criteria)) == reference(list(criteria)), criteria


def test_four_criteria_of_different_weight_give_the_verdict_of_the_rules() -> None:
    """All outcomes of four criteria, required and advisory, that weigh 1, 2, 3 and 4."""
    for four in product(*(kinds((weight,)) for weight in (1, 2, 3, 4))):
        assert verdict(list(four)) == reference(list(four)), four


def test_of_three_criteria_raising_any_outcome_never_worsens_the_verdict() -> None:
    for three in product(*(kinds((weight,)) for weight in (1, 2, 3))):
        before = GOODNESS[verdict(list(three))]
        for index, (outcome, required, weight) in enumerate(three):
            for better in LADDER[LADDER.index(LIKE.get(outcome, outcome)) + 1 :]:
                raised = [*three]
                raised[index] = (better, required, weight)
                assert GOODNESS[verdict(raised)] >= before, (three, raised)


def waived_reference(outcome: str) -> str:
    """Rule 2: a valid waiver makes a failed criterion warning, never better."""
    return "warning" if outcome == "fail" else outcome


NOTE = WaiverNote(id="w", risk_owner="rita", expires_at=datetime(2027, 1, 1, tzinfo=UTC))


def waived(outcome: str) -> str:
    return soften(Result(Outcome(outcome), "because", {}), NOTE).outcome.value


def test_with_any_waivers_three_criteria_give_the_verdict_of_the_rules() -> None:
    """Every combination of outcomes, needs and waivers; and a waiver never worsens the verdict."""
    for three in product(*(kinds((weight,)) for weight in (1, 2, 3))):
        plain = GOODNESS[verdict(list(three))]
        for mask in product((True, False), repeat=3):
            softened = [
                (waived(outcome) if has else outcome, required, weight)
                for has, (outcome, required, weight) in zip(mask, three, strict=True)
            ]
            expected = [
                (waived_reference(outcome) if has else outcome, required, weight)
                for has, (outcome, required, weight) in zip(mask, three, strict=True)
            ]
            assert verdict(softened) == reference(expected), (three, mask)
            assert GOODNESS[verdict(softened)] >= plain, (three, mask)


@pytest.mark.parametrize("outcome", Outcome)
def test_a_waiver_softens_a_fail_and_keeps_what_was_seen(outcome: Outcome) -> None:
    fact = FactValue(value=3, as_of=NOTE.expires_at, reason=None)
    seen = Result(outcome, "because", {"backlog_open": fact})

    softened = soften(seen, NOTE)

    if outcome is not Outcome.FAIL:
        assert softened is seen
    else:
        assert (softened.outcome, softened.facts) == (Outcome.WARNING, seen.facts)
        assert softened.waiver == NOTE
        assert softened.reason.endswith("at the risk of rita: because")
    assert soften(seen, None) is seen


criterion = st.tuples(st.sampled_from(LADDER), st.booleans(), st.integers(0, 20))


@given(st.lists(criterion, min_size=1, max_size=12))
def test_long_lists_agree_with_the_rules_too(criteria: list[tuple[str, bool, int]]) -> None:
    assert verdict(criteria) == reference(criteria)


@given(st.lists(criterion, min_size=1, max_size=8), st.data())
def test_raising_one_outcome_never_worsens_the_verdict(
    criteria: list[tuple[str, bool, int]], data: st.DataObject
) -> None:
    index = data.draw(st.integers(0, len(criteria) - 1))
    outcome, required, weight = criteria[index]
    better = data.draw(st.sampled_from(LADDER[LADDER.index(outcome) :]))

    raised = [*criteria[:index], (better, required, weight), *criteria[index + 1 :]]

    assert GOODNESS[verdict(raised)] >= GOODNESS[verdict(criteria)]


def test_the_score_is_exact_where_doubles_are_not() -> None:
    tenths = [Weighed(Outcome.PASS, False, Decimal("0.1"))] * 9
    criteria = [*tenths, Weighed(Outcome.FAIL, False, Decimal("0.1"))]

    assert verdict_of(criteria, PASS_AT, WARNING_AT) is Verdict.PASS
    assert score_of(criteria) == PASS_AT


def test_without_any_weight_there_is_no_score_and_the_verdict_is_an_error() -> None:
    criteria = [Weighed(Outcome.PASS, True, Decimal(0))]

    assert score_of(criteria) is None
    assert verdict_of(criteria, PASS_AT, WARNING_AT) is Verdict.ERROR


def test_only_a_computed_fail_exits_with_1() -> None:
    assert {verdict.value: exit_code_of(verdict) for verdict in Verdict} == {
        "pass": 0,
        "fail": 1,
        "warning": 2,
        "inconclusive": 2,
        "error": 3,
    }


def test_what_exits_with_3_or_1_never_permits_a_decision() -> None:
    assert {verdict.value for verdict in PERMITTING} == {"pass", "warning"}


@pytest.mark.parametrize(
    ("earlier", "later", "worse"),
    [
        ("pass", "pass", False),
        ("pass", "warning", True),
        ("warning", "inconclusive", True),
        ("inconclusive", "error", True),
        ("error", "fail", True),
        ("fail", "error", False),
        ("fail", "pass", False),
        ("pass", "skip", True),
        ("skip", "inconclusive", False),
    ],
)
def test_an_outcome_becomes_worse_down_the_ladder(earlier: str, later: str, worse: bool) -> None:
    assert became_worse({"a": Outcome(earlier)}, {"a": Outcome(later)}) is worse


def test_another_set_of_criteria_counts_as_worse() -> None:
    assert became_worse({"a": Outcome.PASS}, {"a": Outcome.PASS, "b": Outcome.PASS})
    assert became_worse({"a": Outcome.PASS, "b": Outcome.PASS}, {"a": Outcome.PASS})


@given(signed=st.booleans(), hours=st.integers(0, 48), worse=st.booleans(), newer=st.booleans())
def test_only_a_signed_young_evaluation_keeps_standing_while_nothing_got_worse(
    signed: bool, hours: int, worse: bool, newer: bool
) -> None:
    keeps = keeps_standing(
        signed=signed,
        age=timedelta(hours=hours),
        max_age=timedelta(hours=24),
        worse=worse,
        newer_version=newer,
    )

    assert keeps is (signed and hours < 24 and not worse and not newer)


def test_standing_is_decided_before_superseded_before_expired_before_signed() -> None:
    found = [
        standing_of(decided=decided, stands=stands, signed=signed, expired=expired)
        for decided in (True, False)
        for stands in (False, True)
        for expired in (True, False)
        for signed in (True, False)
    ]

    assert found == [
        *[Standing.DECIDED] * 8,
        *[Standing.SUPERSEDED] * 4,
        *[Standing.EXPIRED] * 2,
        Standing.SIGNED,
        Standing.OPEN,
    ]

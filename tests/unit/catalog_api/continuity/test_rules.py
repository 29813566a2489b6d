"""How tests and the supply chain judge a continuity plan."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog_api.continuity.rules import (
    Dimension,
    Exercise,
    ExerciseResult,
    Link,
    Targets,
    check_chain,
    is_complete,
    missing_parts,
    proves,
    standing,
    within_targets,
)
from catalog_api.dependencies.rules import Node, NodeKind

TODAY = date(2026, 11, 22)
OWN = Targets(2, Decimal(4), Decimal(1))
MAIL = Node(NodeKind.SERVICE, "mail")
CLOUD = Node(NodeKind.VENDOR_PRODUCT, "cloud")


def exercise(
    day: date = TODAY,
    result: ExerciseResult = ExerciseResult.PASSED,
    rto: int | None = 4,
    rpo: int | None = 1,
) -> Exercise:
    hours = [None if one is None else Decimal(one) for one in (rto, rpo)]
    return Exercise(day, result, *hours)


@pytest.mark.parametrize(
    ("rto", "rpo", "within"),
    [(4, 1, True), (5, 1, False), (4, 2, False), (5, None, False), (4, None, None)],
)
def test_a_test_is_within_the_targets_only_when_it_says_so(
    rto: int, rpo: int | None, within: bool | None
) -> None:
    assert within_targets(exercise(rto=rto, rpo=rpo), OWN) is within


@pytest.mark.parametrize(
    ("result", "rto", "counts"),
    [
        (ExerciseResult.PASSED, 4, True),
        (ExerciseResult.PASSED, None, True),
        (ExerciseResult.PASSED, 5, False),
        (ExerciseResult.PARTLY, 4, False),
        (ExerciseResult.FAILED, 4, False),
    ],
)
def test_only_a_passed_test_that_kept_the_targets_counts(
    result: ExerciseResult, rto: int | None, counts: bool
) -> None:
    assert proves(exercise(result=result, rto=rto), OWN) is counts


class TestStanding:
    @pytest.mark.parametrize(
        ("performed", "overdue"), [(date(2026, 8, 24), False), (date(2026, 8, 23), True)]
    )
    def test_a_test_is_overdue_after_a_cadence(self, performed: date, overdue: bool) -> None:
        found = standing(OWN, [exercise(performed)], 90, date(2020, 1, 1), TODAY)

        assert (found.last_passed_on, found.test_overdue) == (performed, overdue)

    def test_without_a_test_it_is_due_a_cadence_after_approval(self) -> None:
        found = standing(OWN, [], 90, date(2026, 8, 23), TODAY)

        assert (found.test_due_on, found.test_overdue) == (date(2026, 11, 21), True)
        assert (found.last_passed_on, found.achieved_within_targets) == (None, None)

    def test_a_later_failure_does_not_hide_when_it_last_passed(self) -> None:
        passed, failed = date(2026, 10, 1), date(2026, 11, 1)
        tests = [exercise(passed), exercise(failed, ExerciseResult.FAILED, rto=9)]

        found = standing(OWN, tests, 90, date(2020, 1, 1), TODAY)

        assert (found.last_passed_on, found.achieved_within_targets) == (passed, False)


class TestChain:
    @pytest.mark.parametrize(
        ("targets", "short_of"),
        [
            (Targets(2, Decimal(4), Decimal(1)), ()),
            (Targets(1, Decimal(1), Decimal(0)), ()),
            (Targets(3, Decimal(4), Decimal(1)), (Dimension.TIER,)),
            (Targets(2, Decimal("4.01"), Decimal(1)), (Dimension.RTO,)),
            (Targets(2, Decimal(4), Decimal(2)), (Dimension.RPO,)),
            (
                Targets(4, Decimal(9), Decimal(9)),
                (Dimension.TIER, Dimension.RTO, Dimension.RPO),
            ),
        ],
    )
    def test_a_provider_falls_short_of_each_thing_it_keeps_worse(
        self, targets: Targets, short_of: tuple[Dimension, ...]
    ) -> None:
        (link,) = check_chain(OWN, [MAIL], {MAIL: targets})

        assert link.short_of == short_of
        assert link.link is (Link.BREAKS if short_of else Link.WITHIN)

    def test_a_provider_without_a_plan_is_named(self) -> None:
        links = check_chain(OWN, [MAIL, CLOUD], {CLOUD: Targets(None, Decimal(2), None)})

        assert [(one.provider, one.link) for one in links] == [
            (MAIL, Link.MISSING),
            (CLOUD, Link.WITHIN),
        ]

    def test_a_vendor_product_is_judged_by_its_recovery_time_alone(self) -> None:
        (link,) = check_chain(OWN, [CLOUD], {CLOUD: Targets(None, Decimal(5), None)})

        assert link.short_of == (Dimension.RTO,)

    @given(
        st.lists(
            st.builds(
                Targets,
                st.integers(1, 4),
                st.decimals(0, 9, places=2),
                st.decimals(0, 9, places=2),
            ),
            max_size=5,
        )
    )
    def test_a_chain_is_complete_when_nobody_is_worse_in_anything(
        self, promised: list[Targets]
    ) -> None:
        nodes = [Node(NodeKind.SERVICE, f"s{number}") for number in range(len(promised))]

        links = check_chain(OWN, nodes, dict(zip(nodes, promised, strict=True)))

        assert is_complete(links) is all(
            one.tier <= 2 and one.rto_hours <= 4 and one.rpo_hours <= 1
            for one in promised
            if one.tier is not None and one.rto_hours is not None and one.rpo_hours is not None
        )


@pytest.mark.parametrize("part", ["strategy", "steps", "contacts"])
def test_a_plan_without_a_part_is_not_complete(part: str) -> None:
    whole = {"strategy": "Fail over", "steps": [{}], "contacts": [{}]}

    assert missing_parts(whole) == []
    assert missing_parts({**whole, part: type(whole[part])()}) == [part]

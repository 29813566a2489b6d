"""Who answers for a process, and what a chart lacks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog_api.raci.rules import (
    Assignment,
    GapKind,
    People,
    Responsibility,
    able,
    accountables,
    all_gaps,
    answerable,
    difference,
    effective,
    gaps,
    repeated,
)
from shared.schemas.processes import Process

COSTS = Process.SERVICE_FINANCIAL_MANAGEMENT
LIFECYCLE = Process.SERVICE_LIFECYCLE_MANAGEMENT
PEOPLE = People(
    holders={"service_owner": ["ada"], "approver": ["bea", "cal"]},
    managers={"desk": "dan", "void": None},
    members={"desk": ["eve"], "void": ["fay"]},
)


def accountable(**assignee: str) -> Assignment:
    return Assignment(Responsibility.ACCOUNTABLE, **assignee)


def responsible(**assignee: str) -> Assignment:
    return Assignment(Responsibility.RESPONSIBLE, **assignee)


some_assignments = st.lists(
    st.builds(
        Assignment,
        st.sampled_from(Responsibility),
        subject=st.sampled_from(["ada", "bea"]),
    ),
    max_size=8,
)


def kinds(*assignments: Assignment, process: Process = COSTS) -> list[GapKind]:
    return [gap.kind for gap in gaps(process, assignments, PEOPLE)]


def test_a_chart_with_an_accountable_and_a_responsible_person_is_complete() -> None:
    assert kinds(accountable(subject="ada"), responsible(subject="ada")) == []


def test_an_empty_chart_lacks_both() -> None:
    assert kinds() == [GapKind.NO_ACCOUNTABLE, GapKind.NO_RESPONSIBLE]


@pytest.mark.parametrize(
    ("assignee", "expected"),
    [
        ({"role": "service_owner"}, []),
        ({"role": "approver"}, [GapKind.ACCOUNTABLE_AMBIGUOUS]),
        ({"role": "risk_owner"}, [GapKind.ACCOUNTABLE_VACANT]),
        ({"unit": "desk"}, []),
        ({"unit": "void"}, [GapKind.ACCOUNTABLE_VACANT]),
    ],
)
def test_exactly_one_person_must_stand_behind_who_is_accountable(
    assignee: dict[str, str], expected: list[GapKind]
) -> None:
    assert kinds(accountable(**assignee), responsible(subject="ada")) == expected


@pytest.mark.parametrize(
    ("assignee", "expected"),
    [
        ({"role": "approver"}, []),
        ({"unit": "void"}, []),
        ({"unit": "elsewhere"}, [GapKind.RESPONSIBLE_VACANT]),
        ({"role": "risk_owner"}, [GapKind.RESPONSIBLE_VACANT]),
    ],
)
def test_somebody_must_stand_behind_who_is_responsible(
    assignee: dict[str, str], expected: list[GapKind]
) -> None:
    assert kinds(accountable(subject="ada"), responsible(**assignee)) == expected


def test_the_service_owner_answers_for_the_lifecycle_unless_the_chart_names_another() -> None:
    assert kinds(responsible(subject="ada"), process=LIFECYCLE) == []
    assert kinds(responsible(subject="ada"), process=COSTS) == [GapKind.NO_ACCOUNTABLE]
    assert accountables(effective(LIFECYCLE, [accountable(subject="bea")])) == [
        accountable(subject="bea")
    ]


def test_a_unit_is_answered_for_by_its_manager_and_worked_by_its_members() -> None:
    assert answerable(accountable(unit="desk"), PEOPLE) == ["dan"]
    assert able(responsible(unit="desk"), PEOPLE) == ["dan", "eve"]


def test_the_same_duty_given_twice_is_found() -> None:
    both = [accountable(subject="ada"), responsible(subject="ada"), responsible(subject="ada")]

    assert repeated(both) == [2]


def test_the_gaps_of_a_service_come_in_the_order_of_the_processes() -> None:
    found = all_gaps({COSTS: [accountable(subject="ada")]}, PEOPLE)

    assert list(dict.fromkeys(gap.process for gap in found)) == list(Process)
    assert len(found) == 20 - 1 - 1  # the accountable of costs, and of the lifecycle by default


@given(some_assignments, some_assignments)
def test_ending_and_beginning_leads_from_one_chart_to_the_other(
    present: list[Assignment], wanted: list[Assignment]
) -> None:
    change = difference(present, wanted)

    assert (set(present) - set(change.ended)) | set(change.begun) == set(wanted)
    assert set(change.ended) <= set(present)
    assert not set(change.begun) & set(present)


@given(some_assignments)
def test_naming_more_people_never_opens_another_kind_of_gap_for_responsible(
    present: list[Assignment],
) -> None:
    without = {gap.kind for gap in gaps(COSTS, present, PEOPLE)}
    added = {gap.kind for gap in gaps(COSTS, [*present, responsible(subject="cal")], PEOPLE)}

    assert added <= without

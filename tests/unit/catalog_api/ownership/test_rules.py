"""Who must own a service, and what changes when its owners are replaced."""

from hypothesis import given
from hypothesis import strategies as st

from catalog_api.ownership.rules import (
    SERVICE_OWNER,
    Holder,
    difference,
    lacks_service_owner,
    repeated,
)
from shared.schemas.catalog import Stage

ADA = Holder(SERVICE_OWNER, "ada")
BEA = Holder(SERVICE_OWNER, "bea")
CAL = Holder("service_level_manager", "cal")

some_holders = st.lists(
    st.builds(
        Holder, st.sampled_from([SERVICE_OWNER, "manager", "support"]), st.sampled_from("abc")
    ),
    max_size=6,
)


def test_only_a_live_service_lacks_a_service_owner() -> None:
    lacking = {stage.value for stage in Stage if lacks_service_owner(stage, [CAL])}

    assert lacking == {"transition", "operate", "improve"}


@given(st.sampled_from(Stage))
def test_a_service_with_a_service_owner_lacks_none(stage: Stage) -> None:
    assert not lacks_service_owner(stage, [CAL, ADA])


def test_a_service_has_one_service_owner() -> None:
    assert repeated([ADA, CAL, BEA]) == [(2, "a service has one service_owner")]


def test_the_same_person_in_the_same_role_stands_once() -> None:
    assert repeated([CAL, CAL]) == [(1, "cal is named as service_level_manager twice")]


def test_one_person_may_hold_two_roles_and_one_role_two_people() -> None:
    assert repeated([ADA, Holder("support", "ada"), Holder("support", "bea")]) == []


@given(some_holders, some_holders)
def test_ending_and_beginning_leads_from_the_present_owners_to_the_wanted(
    present: list[Holder], wanted: list[Holder]
) -> None:
    change = difference(present, wanted)

    assert (set(present) - set(change.ended)) | set(change.begun) == set(wanted)
    assert set(change.ended) <= set(present)
    assert not set(change.begun) & set(present)


@given(some_holders)
def test_the_same_owners_again_change_nothing(owners: list[Holder]) -> None:
    change = difference(owners, list(reversed(owners)))

    assert (change.ended, change.begun) == ([], [])

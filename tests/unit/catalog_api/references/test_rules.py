"""When two names of ITSM tools are the same name."""

from hypothesis import given
from hypothesis import strategies as st

from catalog_api.references.rules import fold, repeated
from shared.schemas.catalog import Reference


def test_case_and_white_space_do_not_count() -> None:
    assert fold("  Network\t Infrastructure ") == fold("NETWORK infrastructure")


@given(st.text())
def test_folding_twice_is_folding_once_up_to_white_space(name: str) -> None:
    assert " ".join(fold(name).split()) == fold(name)


def test_the_same_name_of_two_sources_is_two_references() -> None:
    one, other = Reference(source="snow", name="VPN"), Reference(source="jira", name="VPN")

    assert repeated([one, other, Reference(name="VPN")]) == []


def test_the_same_name_of_one_source_is_one_reference() -> None:
    assert repeated([Reference(name="VPN"), Reference(name=" vpn ")]) == [1]

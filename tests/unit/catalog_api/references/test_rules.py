"""When two names of ITSM tools are the same name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog_api.references.rules import fold, names_nothing, repeated
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


@pytest.mark.parametrize("name", ["?", " ", "\t\n", " ? "])
def test_what_tools_write_for_an_unknown_service_names_nothing(name: str) -> None:
    assert names_nothing(name)


def test_a_question_is_a_name() -> None:
    assert not names_nothing("Who?")

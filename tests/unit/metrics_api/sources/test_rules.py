"""How the words of a tool are read."""

import pytest

from metrics_api.sources.rules import read_priority, states_of


@pytest.mark.parametrize(
    ("sent", "priority"),
    [
        (1, 1),
        ("3 - Moderate", 3),
        ("P2", 2),
        (" p5: low", 5),
        ("10", None),
        (0, None),
        (6, None),
        ("high", None),
        ("", None),
        (None, None),
    ],
)
def test_a_leading_number_from_one_to_five_is_a_priority(
    sent: int | str | None, priority: int | None
) -> None:
    assert read_priority(sent, {})[0] == priority


def test_the_tools_words_are_kept_also_when_unknown() -> None:
    assert read_priority("Sev Q", {}) == (None, "Sev Q")


def test_the_mapping_of_the_source_stands_above_the_number() -> None:
    assert read_priority("1 - Low", {"1 - low": 4}) == (4, "1 - Low")


def test_canonical_states_need_no_mapping_but_may_be_mapped() -> None:
    states = states_of({"Closed": "resolved", "Geschlossen": "closed"})

    assert (states["new"], states["closed"], states["geschlossen"]) == ("new", "resolved", "closed")

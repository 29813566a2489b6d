"""How the service document is laid out: all that it says is there, in what fits onto a page."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog_api.documents.layout import LEFT_OUT, Fields, Laid, Rows, laid_out, line, title
from shared.schemas.catalog import Stage

NAMES = st.sampled_from(["key", "name", "rto_hours", "items", "cost", "id", "changed_at"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(0, 99) | st.text("abc", max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=5),
    max_leaves=20,
)


def texts(laid: Laid) -> list[str]:
    """Every text of a layout, in the order of reading."""
    if isinstance(laid, str):
        return [laid]
    if isinstance(laid, Fields):
        return [*(text for _, text in laid.pairs), *_below(laid.parts)]
    return [text for cells, parts in laid.rows for text in [*cells, *_below(parts)]]


def _below(parts: list[tuple[str, Laid]]) -> list[str]:
    return [text for _, part in parts for text in texts(part)]


def leaves(value: Any) -> list[str]:
    """Every single value that a document has to tell."""
    if isinstance(value, dict):
        return [leaf for name in value if name not in LEFT_OUT for leaf in leaves(value[name])]
    if isinstance(value, list):
        return [leaf for part in value for leaf in leaves(part)]
    return [] if value in (None, "") else [line(value)]


@given(VALUES)
def test_nothing_that_is_said_gets_lost(value: Any) -> None:
    told = " ".join(texts(laid_out(value)))

    for leaf in leaves(value):
        assert leaf in told


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (None, "–"),
        ([], "–"),
        (Decimal("0.00"), "0.00"),
        (0, "0"),
        (False, "no"),
        (date(2026, 3, 1), "2026-03-01"),
        (datetime(2026, 3, 1, 9, 30, 59, tzinfo=UTC), "2026-03-01 09:30 UTC"),
        (Stage.OPERATE, "operate"),
        (["vpn", "mail"], "vpn, mail"),
        ({"value": None, "reason": "no users"}, "no users"),
        ({"amount": Decimal("12.50"), "currency": "EUR"}, "amount 12.50, currency EUR"),
    ],
)
def test_what_fits_a_line_is_told_in_one(value: Any, told: str) -> None:
    assert line(value) == told


def test_what_does_not_fit_a_cell_stands_below_its_row() -> None:
    days = [{"day": "monday", "start": "08:00"}, {"day": "friday", "start": "09:00"}]

    assert laid_out([{"calendar": "office", "revision": 3, "weekly": days}]) == Rows(
        ["Calendar"],
        [
            (
                ["office"],
                [
                    (
                        "Weekly",
                        Rows(
                            ["Day", "Start"],
                            [(["monday", "08:00"], []), (["friday", "09:00"], [])],
                        ),
                    )
                ],
            )
        ],
    )


def test_a_column_that_says_nothing_is_left_out() -> None:
    assert laid_out([{"key": "a", "note": None}, {"key": "b", "note": ""}]) == Rows(
        ["Key"], [(["a"], []), (["b"], [])]
    )


def test_rows_wider_than_a_page_stand_one_below_the_other() -> None:
    wide = {"name": "Gold", **{f"member_{n}": n for n in range(8)}, "empty": None}

    laid = laid_out([wide, {**wide, "name": "Silver"}])

    assert isinstance(laid, Fields)
    assert [name for name, _ in laid.parts] == ["Gold", "Silver"]
    assert texts(laid).count("7") == 2
    assert "–" not in texts(laid)


def test_objects_of_the_same_members_make_one_table() -> None:
    matrix = {"high": {"high": 1, "low": 2}, "low": {"high": 3, "low": 4}}

    assert laid_out(matrix) == Rows(
        ["", "High", "Low"], [(["High", "1", "2"], []), (["Low", "3", "4"], [])]
    )


@pytest.mark.parametrize(
    ("name", "heading"),
    [
        ("rto_hours", "RTO hours"),
        ("open_kpis", "Open KPIs"),
        ("open_at", "Open at"),
    ],
)
def test_names_become_headings(name: str, heading: str) -> None:
    assert title(name) == heading

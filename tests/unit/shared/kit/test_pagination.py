"""Cursors give back what went in, and forged ones are refused instead of reaching SQL."""

from contextlib import suppress
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Column, DateTime, Integer, MetaData, Table, Text, select
from sqlalchemy.dialects import postgresql

from shared.errors import BadRequest
from shared.kit.pagination import PageParams, decode_cursor, encode_cursor, keyset, page_of

thing = Table(
    "thing",
    MetaData(),
    Column("key", Text, primary_key=True),
    Column("at", DateTime(timezone=True)),
    Column("n", Integer),
)
parts = st.one_of(
    st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=50),
    st.integers(-(2**62), 2**62),
    st.datetimes(timezones=st.just(UTC)),
    st.dates(),
    st.decimals(allow_nan=False, allow_infinity=False),
    st.booleans(),
)


@given(st.lists(parts, min_size=1, max_size=4))
def test_a_cursor_gives_back_the_sort_key_that_went_in(key: list[object]) -> None:
    assert decode_cursor(encode_cursor(key)) == tuple(key)


@given(st.text(max_size=200))
def test_any_text_as_a_cursor_is_understood_or_refused(cursor: str) -> None:
    with suppress(BadRequest):
        assert isinstance(decode_cursor(cursor), tuple)


def test_the_page_after_a_cursor_starts_behind_it_in_both_directions() -> None:
    page = PageParams(limit=2, after=(datetime(2026, 1, 1, tzinfo=UTC), "a"))

    statement = keyset(select(thing), [thing.c.at.desc(), thing.c.key], page)

    sql = str(statement.compile(dialect=postgresql.dialect()))  # type: ignore[no-untyped-call]
    assert "thing.at < %(at_1)s" in sql
    assert "AND thing.key > %(key_1)s" in sql
    assert "ORDER BY thing.at DESC, thing.key" in sql


def test_a_list_in_one_direction_is_one_range_of_its_index() -> None:
    page = PageParams(limit=2, after=(datetime(2026, 1, 1, tzinfo=UTC), "a"))

    statement = keyset(select(thing), [thing.c.at.desc(), thing.c.key.desc()], page)

    sql = str(statement.compile(dialect=postgresql.dialect()))  # type: ignore[no-untyped-call]
    assert "(thing.at, thing.key) < (" in sql


@pytest.mark.parametrize(
    "after",
    [("x",), (1, "a"), (date(2026, 1, 1), "a"), (datetime(2026, 1, 1, tzinfo=UTC), 7)],
    ids=["too short", "number for a stamp", "date for a stamp", "number for a text"],
)
def test_a_cursor_of_another_list_is_refused(after: tuple[object, ...]) -> None:
    with pytest.raises(BadRequest):
        keyset(select(thing), [thing.c.at, thing.c.key], PageParams(2, after))


def test_a_number_too_large_for_the_database_is_refused() -> None:
    with pytest.raises(BadRequest):
        keyset(select(thing), [thing.c.n], PageParams(2, (2**63,)))


def test_the_last_page_has_no_next_cursor() -> None:
    page = page_of(["a", "b"], PageParams(2, None), key=lambda row: (row,))

    assert page == {"items": ["a", "b"], "next_cursor": None}


def test_a_full_page_names_its_last_item_as_the_next_cursor() -> None:
    page = page_of(["a", "b", "c"], PageParams(2, None), key=lambda row: (row, Decimal(1)))

    assert page["items"] == ["a", "b"]
    assert decode_cursor(page["next_cursor"]) == ("b", Decimal(1))

"""Rows as CSV that COPY reads back unchanged: checked against Python's own CSV reader."""

import csv
import io
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from metrics_api.copying import csv_of

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=12)
nasty = st.sampled_from(
    ["", "null", "\\", '"', '\\"', "\\n", "a,b", "tab\t", "cr\r\nlf", "\\\\.", "\x7f\x1f"]
)
cells = texts | nasty | st.none() | st.booleans() | st.integers()


def read_back(data: bytes) -> list[list[str]]:
    """As COPY does with ESCAPE '\\\\': rewrite to doubled quotes, which Python's reader knows."""
    unescaped, text, position = [], data.decode(), 0
    while position < len(text):
        if text[position] == "\\":
            following = text[position + 1]
            assert following in '\\"', "COPY knows no other escape"
            unescaped.append('""' if following == '"' else "\\")
            position += 2
        else:
            unescaped.append(text[position])
            position += 1
    return list(csv.reader(io.StringIO("".join(unescaped), newline="")))


def as_text(value: Any) -> str:
    if value is None:
        return "null"
    return str(value).lower() if isinstance(value, bool) else str(value)


@given(st.lists(st.lists(cells, min_size=2, max_size=5), max_size=5))
def test_every_row_is_read_back_as_it_was(rows: list[list[Any]]) -> None:
    assert read_back(csv_of(rows)) == [list(map(as_text, row)) for row in rows]


def test_the_text_null_is_quoted_and_the_missing_value_is_not() -> None:
    assert csv_of([["null", None]]) == b'"null",null\n'

"""Rows into a table, the fast way for few and for many.

Few go by one INSERT of JSON, many by COPY. JSON is almost the CSV that COPY reads once its escape
character is the backslash, and orjson writes it ten times faster than Python can put lines of COPY
text together.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Any, Final

import orjson
import psycopg

FEW = 500
"""Up to so many rows one INSERT is as fast as a COPY, and may share a pipeline with others."""

AS_JSON: Final = frozenset({"payload", "extra", "sent", "steps", "risk_factors"})
"""The columns of JSON in all the tables; rows have them as text."""

# JSON writes control characters as \n or \u0001, which CSV does not know: it wants them bare.
_CONTROL_ESCAPE = re.compile(rb'\\[^"\\]')
_JSON_LIKE_CSV = r"(FORMAT csv, NULL 'null', ESCAPE '\')"


async def insert_rows(
    conn: psycopg.AsyncConnection[Any],
    table: str,
    columns: Sequence[str],
    rows: Sequence[Sequence[Any]],
) -> None:
    """Append rows of str, int, bool, date, datetime and None; bytea as its `\\x` text."""
    names = ", ".join(columns)
    if len(rows) > FEW:
        statement = f"COPY {table} ({names}) FROM STDIN {_JSON_LIKE_CSV}"
        async with conn.cursor() as cursor, cursor.copy(statement) as copy:
            await copy.write(csv_of(rows))
    elif rows:
        # One statement for all: each of its own takes both sides longer than its row.
        statement = f"""
            INSERT INTO {table} ({names})
            SELECT {names} FROM json_populate_recordset(NULL::{table}, %s::json)
        """  # noqa: S608 - our own names
        await conn.execute(statement, [json_of(columns, rows)])


def json_of(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """The rows as json_populate_recordset reads them; it takes what is left out as NULL. Pure."""
    named = [
        {
            name: orjson.Fragment(value) if name in AS_JSON else value
            for name, value in zip(columns, row, strict=True)
            if value is not None
        }
        for row in rows
    ]
    try:
        return orjson.dumps(named).decode()
    except orjson.JSONEncodeError:  # an integer of more than 64 bits
        return orjson.dumps([_numbers_as_text(row) for row in named]).decode()


def _numbers_as_text(row: dict[str, Any]) -> dict[str, Any]:
    return {name: str(value) if type(value) is int else value for name, value in row.items()}


def csv_of(rows: Iterable[Sequence[Any]]) -> bytes:
    """The rows as COPY reads them with the options above. Pure."""
    lines = [_line(row) for row in rows]
    lines.append(b"")
    return b"\n".join(lines)


def _line(row: Sequence[Any]) -> bytes:
    try:
        line = orjson.dumps(row)[1:-1]
    except orjson.JSONEncodeError:  # an integer of more than 64 bits
        return b",".join(map(_field, row))
    if b"\\" in line and _CONTROL_ESCAPE.search(line.replace(b"\\\\", b"")):
        return b",".join(map(_field, row))
    return line


def _field(value: Any) -> bytes:
    if isinstance(value, str):
        return b'"' + value.replace("\\", "\\\\").replace('"', '\\"').encode() + b'"'
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value).encode()
    return orjson.dumps(value)

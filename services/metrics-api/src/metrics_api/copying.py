"""Rows into a table, the fast way for few and for many.

Many go by COPY. JSON is almost the CSV that COPY reads once its escape character is the backslash,
and orjson writes it ten times faster than Python can put lines of COPY text together.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Any

import orjson
import psycopg

FEW = 8
"""Up to so many rows INSERTs are faster than a COPY, and may share a pipeline."""

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
        values = ", ".join(["%s"] * len(columns))
        statement = f"INSERT INTO {table} ({names}) VALUES ({values})"  # noqa: S608 - our own names
        for row in rows:
            await conn.execute(statement, row)


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

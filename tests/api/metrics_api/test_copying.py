"""Few rows and many go into a table in two ways, and come out the same."""

from datetime import UTC, date, datetime
from typing import Any

import psycopg
import pytest

from metrics_api import copying
from tests.support.postgres import Database

COLUMNS = ("n", "word", "flag", "day", "at", "digest", "extra", "huge")
ROWS: list[list[Any]] = [
    [
        1,
        "plain",
        True,
        date(2026, 1, 2),
        datetime(2026, 1, 2, 3, 4, 5, 678, UTC),
        r"\x00ff",
        "{}",
        1,
    ],
    [2, 'a "b" \\n \n, null', False, None, None, r"\x", '{"a": ["\\n", "\\u00e9", null]}', 2**70],
    [3, None, None, None, None, None, None, None],
    [4, "null", None, None, None, None, '"text"', -(2**70)],
]


@pytest.mark.parametrize("few", [500, 0], ids=["one INSERT", "COPY"])
async def test_rows_come_out_as_they_went_in(
    metrics_db: Database, monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    monkeypatch.setattr(copying, "FEW", few)
    async with await psycopg.AsyncConnection.connect(metrics_db.admin_url) as conn:
        await conn.execute(
            "CREATE TEMPORARY TABLE kept (n int, word text, flag bool, day date, at timestamptz,"
            " digest bytea, extra jsonb, huge numeric)"
        )

        await copying.insert_rows(conn, "kept", COLUMNS, ROWS)

        stored = await (await conn.execute("SELECT * FROM kept ORDER BY n")).fetchall()
    assert stored == [
        (1, "plain", True, ROWS[0][3], ROWS[0][4], b"\x00\xff", {}, 1),
        (2, ROWS[1][1], False, None, None, b"", {"a": ["\n", "é", None]}, 2**70),
        (3, None, None, None, None, None, None, None),
        (4, "null", None, None, None, None, "text", -(2**70)),
    ]

"""Every SQL statement over cells and cell deltas."""

from typing import Any

import psycopg

from metrics_api.indicators.rules import SUMS, Contributions

_COPY_DELTAS = f"COPY metrics.cell_delta (service, day, {', '.join(SUMS)}) FROM STDIN"


async def insert_deltas(conn: psycopg.AsyncConnection[Any], totals: Contributions) -> None:
    """Append what a transaction adds to the cells; sums and cells that do not change are left out.

    Written as COPY text by hand: a slug, a date and integers need no escaping, and a bulk load
    spends its time here.
    """
    lines = [
        f"{service}\t{day}\t" + "\t".join([str(cell.get(name) or r"\N") for name in SUMS])
        for (service, day), cell in totals.items()
        if any(cell.values())
    ]
    if lines:
        async with conn.cursor() as cursor, cursor.copy(_COPY_DELTAS) as copy:
            await copy.write("\n".join(lines) + "\n")

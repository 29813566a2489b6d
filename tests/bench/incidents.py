"""Synthetic incidents for the benchmarks: deterministic, a year, five hundred services."""

import os
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson

SOURCE = "bench"
SHUFFLED = bool(os.environ.get("BENCH_SHUFFLED"))
SERVICES = 500
YEAR_START = datetime(2025, 1, 1, tzinfo=UTC)
SECONDS_OF_YEAR = 365 * 86_400
GROUPS = [f"Group {n}" for n in range(40)]
# One in a hundred is critical: 1.06 % of the incidents of a real ServiceNow log are.
PRIORITIES, SHARES = (1, 2, 3, 4, 5), (1, 14, 45, 28, 12)
CHANNELS = ["phone", "email", "portal", "monitoring"]


def service_key(number: int) -> str:
    return f"bench-{number:03d}"


def incident(number: int, share: float, chance: random.Random) -> dict[str, Any]:
    """One closed incident with everything an ITSM tool usually sends.

    `share` in [0, 1) is how much of the year had passed when it was opened.
    """
    opened = YEAR_START + timedelta(seconds=int(share * SECONDS_OF_YEAR))
    acknowledged = opened + timedelta(seconds=chance.randrange(60, 7_200))
    resolved = acknowledged + timedelta(seconds=chance.randrange(600, 400_000))
    closed = resolved + timedelta(days=5)
    return {
        "source": SOURCE,
        "external_id": f"INC{number:09d}",
        "version": 4,
        "updated_at": closed,
        "state": "closed",
        "title": f"Something number {number} does not work as expected",
        "service": service_key(chance.randrange(SERVICES)),
        "priority": chance.choices(PRIORITIES, SHARES)[0],
        "channel": chance.choice(CHANNELS),
        "assignment_group": chance.choice(GROUPS),
        "reassignment_count": chance.choice([0, 0, 0, 1, 2]),
        "opened_at": opened,
        "acknowledged_at": acknowledged,
        "resolved_at": resolved,
        "closed_at": closed,
    }


def write_lines(file: Path, count: int, seed: int = 7) -> None:
    """`count` incidents as NDJSON, as an export has them: by number, so by their opening.

    With BENCH_SHUFFLED in no order of time, which is the hardest for what sums by day.
    """
    with file.open("wb") as out:
        for record in _records(count, seed):
            out.write(orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE))


def _records(count: int, seed: int) -> Iterator[dict[str, Any]]:
    chance = random.Random(seed)
    for number in range(count):
        yield incident(number, chance.random() if SHUFFLED else number / count, chance)

"""Incidents whose resolution times average exactly what the worked example says. Pure."""

import random
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

from tollgate.demo.content import SERVICES, WORKED_EXAMPLE, YEAR, Update, WorkedRow
from tollgate.demo.life import Move, updates_of

COUNTS = (40, 36)  # incidents resolved in the first and the second quarter
SYMPTOMS = ("slow", "not reachable", "error message", "access lost")


def worked_example() -> Iterator[Update]:
    """The updates of every incident of the worked example, always the same."""
    for row in WORKED_EXAMPLE:
        for quarter, (count, hours) in enumerate(zip(COUNTS, row.mean_hours, strict=True)):
            yield from _quarter(row, quarter, durations(count, round(hours * 3600), row.service))


def durations(count: int, mean: int, seed: str) -> list[int]:
    """`count` whole seconds whose mean is exactly `mean`: pairs as far above it as below."""
    draw = random.Random(f"{seed} {mean}")  # noqa: S311 - believable, not secret
    spread = [draw.randint(1, mean * 4 // 5) for _ in range(count // 2)]
    pairs = [second for part in spread for second in (mean - part, mean + part)]
    return [*pairs, *[mean] * (count % 2)]


def _quarter(row: WorkedRow, quarter: int, seconds: Sequence[int]) -> Iterator[Update]:
    """One incident a duration, spread over the quarter and resolved well inside it."""
    name = next(service.name for service in SERVICES if service.key == row.service)
    first_day = datetime(YEAR, 1 + 3 * quarter, 2, 8, tzinfo=UTC)
    draw = random.Random(f"{row.service} {quarter}")  # noqa: S311
    for number, duration in enumerate(draw.sample(seconds, len(seconds)), start=1):
        opened = first_day + timedelta(days=2 * number, minutes=draw.randint(0, 9 * 60))
        taken = opened + timedelta(seconds=min(duration // 4, 1800))
        resolved = opened + timedelta(seconds=duration)
        yield from updates_of(
            f"{row.service}-q{quarter + 1}-{number:03}",
            [
                Move(opened, "new"),
                Move(taken, "in_progress"),
                Move(resolved, "resolved"),
                Move(resolved + timedelta(days=3), "closed"),
            ],
            {
                "service": name,
                "title": f"{name}: {draw.choice(SYMPTOMS)}",
                "priority": draw.choice((2, 3, 3, 3, 4)),
                "channel": draw.choice(("phone", "portal", "email")),
                "reassignment_count": draw.choice((0, 0, 1)),
            },
        )

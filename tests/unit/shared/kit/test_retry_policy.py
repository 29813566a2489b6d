"""Backoff: it doubles, it is spread, it has an end."""

from datetime import timedelta

import pytest

from shared.kit.jobs import RetryPolicy

SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("failures", "longest"), [(1, 1), (2, 2), (5, 16), (13, 3600), (999, 3600)]
)
def test_the_wait_doubles_up_to_its_limit(failures: int, longest: int) -> None:
    waits = {RetryPolicy().wait(failures) for _ in range(50)}

    assert longest / 2 * SECOND <= min(waits) <= max(waits) <= longest * SECOND


def test_waits_are_spread_so_that_jobs_do_not_return_together() -> None:
    assert len({RetryPolicy().wait(3) for _ in range(50)}) > 40

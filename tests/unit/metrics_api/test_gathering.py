"""Things that come at the same time are stored together."""

import asyncio
from collections.abc import Sequence

import pytest

from metrics_api.gathering import Gathering


class Store:
    """Doubles numbers; refuses negative ones, and everything while it is away."""

    def __init__(self) -> None:
        self.groups: list[list[int]] = []
        self.away = False

    async def __call__(self, numbers: Sequence[int]) -> Sequence[int]:
        self.groups.append(list(numbers))
        await asyncio.sleep(0)
        if self.away:
            raise OSError("away")
        if any(number < 0 for number in numbers):
            raise ValueError("negative")
        return [2 * number for number in numbers]


async def test_a_lone_item_is_stored_at_once() -> None:
    store = Store()
    gathering = Gathering(store, at_most=10)

    answers = [await gathering.put(number) for number in (1, 2, 3)]

    assert (answers, store.groups) == ([2, 4, 6], [[1], [2], [3]])


async def test_what_comes_at_once_is_one_group_and_each_gets_its_own_answer() -> None:
    store = Store()
    gathering = Gathering(store, at_most=10)

    answers = await asyncio.gather(*(gathering.put(number) for number in range(25)))

    assert answers == [2 * number for number in range(25)]
    assert [number for group in store.groups for number in group] == list(range(25))
    assert max(map(len, store.groups)) == 10


async def test_one_that_fails_fails_no_other() -> None:
    gathering = Gathering(Store(), at_most=10)

    ends = await asyncio.gather(
        *(gathering.put(number) for number in (1, -1, 3)), return_exceptions=True
    )

    assert (ends[0], ends[2]) == (2, 6)
    assert isinstance(ends[1], ValueError)


async def test_an_absent_database_is_asked_once_for_a_group() -> None:
    store = Store()
    store.away = True
    gathering = Gathering(store, at_most=10)

    ends = await asyncio.gather(*(gathering.put(n) for n in range(5)), return_exceptions=True)

    assert all(isinstance(end, OSError) for end in ends)
    assert len(store.groups) == 1
    store.away = False
    assert await gathering.put(4) == 8


async def test_a_request_that_goes_away_keeps_no_other_waiting() -> None:
    gathering = Gathering(Store(), at_most=10)
    gone = asyncio.create_task(gathering.put(1))
    stays = asyncio.create_task(gathering.put(2))
    await asyncio.sleep(0)

    gone.cancel()

    assert await stays == 4
    with pytest.raises(asyncio.CancelledError):
        await gone

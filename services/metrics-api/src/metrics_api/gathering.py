"""Group commit: things that come at the same time are stored together, and each waits for it.

Nothing is waited for on purpose: while one group is being stored the next one gathers, so a lone
request is as fast as before, and many share one transaction.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


class Gathering(Generic[Item, Result]):
    """`store` answers a result for each item, in their order.

    A group that fails is stored one by one, so that only those fail that are at fault; but not
    for the failures of `fails_all`, which none of them can help.
    """

    def __init__(
        self,
        store: Callable[[Sequence[Item]], Awaitable[Sequence[Result]]],
        *,
        at_most: int,
        at_once: int = 1,
        fails_all: tuple[type[Exception], ...] = (),
    ) -> None:
        self._store = store
        self._at_most, self._at_once = at_most, at_once
        self._fails_all = fails_all
        self._waiting: deque[tuple[Item, asyncio.Future[Result]]] = deque()
        self._storing = 0
        self._tasks: set[asyncio.Task[None]] = set()  # the loop alone would let them be collected

    async def put(self, item: Item) -> Result:
        """Store an item with those that come meanwhile; answers or raises what became of it."""
        answer: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, answer))
        if self._storing < self._at_once:
            self._storing += 1
            task = asyncio.create_task(self._store_waiting())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return await answer

    async def _store_waiting(self) -> None:
        try:
            # The requests that are readable already get their turn first: they are the group.
            await asyncio.sleep(0)
            while self._waiting:
                count = min(len(self._waiting), self._at_most)
                await self._store_group([self._waiting.popleft() for _ in range(count)])
        finally:
            # In the same step as the last look: what comes after it starts anew.
            self._storing -= 1

    async def _store_group(self, group: Sequence[tuple[Item, asyncio.Future[Result]]]) -> None:
        try:
            results = await self._store([item for item, _ in group])
        except Exception as error:
            await self._failed(group, error)
        except BaseException:  # the process ends: nobody may wait for ever
            for _, answer in group:
                answer.cancel()
            raise
        else:
            for (_, answer), result in zip(group, results, strict=True):
                if not answer.done():  # its request may have gone away
                    answer.set_result(result)

    async def _failed(
        self, group: Sequence[tuple[Item, asyncio.Future[Result]]], error: Exception
    ) -> None:
        if len(group) > 1 and not isinstance(error, self._fails_all):
            for each in group:
                await self._store_group([each])
            return
        for _, answer in group:
            if not answer.done():
                answer.set_exception(error)

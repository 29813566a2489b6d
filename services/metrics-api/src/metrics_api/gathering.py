"""Group commit: things that come at the same time are stored together, and each waits for it.

Nothing is waited for on purpose: while one group is being stored the next one gathers, so a lone
request is as fast as before, and many share one transaction.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

import psycopg
from sqlalchemy import exc

Item = TypeVar("Item")
Result = TypeVar("Result")


DATABASE_AWAY = (OSError, psycopg.OperationalError, exc.OperationalError, exc.TimeoutError)
"""Failures that no item of a group is the cause of."""


class Gathering(Generic[Item, Result]):
    """`store` answers a result for each item, in their order.

    A group that fails is stored one by one, so that only those fail that are at fault.
    """

    def __init__(
        self,
        store: Callable[[Sequence[Item]], Awaitable[Sequence[Result]]],
        *,
        at_most: int,
    ) -> None:
        self._store = store
        self._at_most = at_most
        self._waiting: deque[tuple[Item, asyncio.Future[Result]]] = deque()
        # Held here too, as the loop alone would let it be collected.
        self._storing: asyncio.Task[None] | None = None

    async def put(self, item: Item) -> Result:
        """Store an item with those that come meanwhile; answers or raises what became of it."""
        answer: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, answer))
        if self._storing is None:
            self._storing = asyncio.create_task(self._store_waiting())
        return await answer

    async def _store_waiting(self) -> None:
        try:
            while self._waiting:
                await self._until_none_comes()
                count = min(len(self._waiting), self._at_most)
                await self._store_group([self._waiting.popleft() for _ in range(count)])
        finally:
            # In the same step as the last look: what comes after it starts anew.
            self._storing = None

    async def _until_none_comes(self) -> None:
        """Give requests that are being read their turn: they are the group. A turn costs
        microseconds, and one in which nothing came ends it."""
        seen = 0
        while seen < len(self._waiting) < self._at_most:
            seen = len(self._waiting)
            await asyncio.sleep(0)

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
        if len(group) > 1 and not isinstance(error, DATABASE_AWAY):
            for each in group:
                await self._store_group([each])
            return
        for _, answer in group:
            if not answer.done():
                answer.set_exception(error)

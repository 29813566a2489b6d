"""Patience with a limit: poll until something holds, instead of sleeping and hoping."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")
PAUSE = 0.05  # seconds between two looks


async def eventually(probe: Callable[[], Awaitable[T]], *, within: float = 10.0) -> T:
    """Return the first true answer of `probe`; AssertionError after `within` seconds.

    A probe may also assert: its last AssertionError is the one that is raised.
    """
    deadline = time.monotonic() + within
    while True:
        failure: AssertionError | None = None
        try:
            if answer := await probe():
                return answer
        except AssertionError as error:
            failure = error
        if time.monotonic() > deadline:
            raise failure or AssertionError(f"not within {within} s")
        await asyncio.sleep(PAUSE)


def soon(probe: Callable[[], T], *, within: float = 10.0) -> T:
    """The same for a plain function, in tests that are not async."""
    deadline = time.monotonic() + within
    while True:
        failure: AssertionError | None = None
        try:
            if answer := probe():
                return answer
        except AssertionError as error:
            failure = error
        if time.monotonic() > deadline:
            raise failure or AssertionError(f"not within {within} s")
        time.sleep(PAUSE)

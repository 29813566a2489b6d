"""The memory of a process while it works, to see whether it grows with the work."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import psutil

EVERY_S = 0.5


@dataclass
class Watched:
    """Resident megabytes, sampled while the block runs."""

    samples: list[float] = field(default_factory=list)

    def tenth(self, number: int) -> float:
        """The median of one tenth of the time, from 1 to 10."""
        size = max(1, len(self.samples) // 10)
        part = sorted(self.samples[(number - 1) * size : number * size] or self.samples[-1:])
        return part[len(part) // 2]


@contextmanager
def watching(pid: int) -> Iterator[Watched]:
    """Sample a process's resident memory until the block ends."""
    watched, done = Watched(), threading.Event()
    process = psutil.Process(pid)

    def sample() -> None:
        while not done.wait(EVERY_S):
            watched.samples.append(process.memory_info().rss / 1024 / 1024)

    thread = threading.Thread(target=sample, daemon=True)
    thread.start()
    try:
        yield watched
    finally:
        done.set()
        thread.join()

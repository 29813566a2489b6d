"""Keeps child processes running: restarts with backoff, gives up on one that keeps dying."""

import signal
import subprocess
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from tollgate_local.errors import SetupError
from tollgate_local.logs import last_lines

TOO_MANY_DEATHS = 5
WITHIN = 60.0  # seconds
FIRST_PAUSE = 0.2  # doubles with each death within the minute
STOP_LIMIT = 15.0

Launch = Callable[[], subprocess.Popen[bytes]]
Notice = Callable[[str], None]


class GivenUp(Exception):
    """A child died too often; `str()` names it and ends with the last lines of its log."""


@dataclass
class Child:
    """A program to keep running; `launch` starts it and may wait until it is of use."""

    name: str
    launch: Launch
    log: Path
    stop_signal: signal.Signals = signal.SIGTERM
    process: subprocess.Popen[bytes] | None = None
    deaths: deque[float] = field(default_factory=lambda: deque(maxlen=TOO_MANY_DEATHS))
    restart_at: float = 0.0

    def start(self) -> None:
        self.process = self.launch()

    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None


def tend(children: Iterable[Child], notice: Notice) -> None:
    """Look at every child once: note deaths, restart what is due. Raises GivenUp."""
    for child in children:
        if child.running():
            continue
        if child.process is not None:
            _note_death(child, f"ended with {_status(child.process.returncode)}", notice)
            child.process = None
        if time.monotonic() >= child.restart_at:
            _restart(child, notice)


def stop(children: Iterable[Child]) -> None:
    """Ask all of them at once to end, wait, and kill what does not."""
    running = [child.process for child in children if child.process is not None and child.running()]
    for child in children:
        if child.process is not None and child.running():
            child.process.send_signal(child.stop_signal)
    deadline = time.monotonic() + STOP_LIMIT
    for process in running:
        try:
            process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _restart(child: Child, notice: Notice) -> None:
    try:
        child.start()
    except SetupError as error:
        _note_death(child, f"did not start ({error})", notice)
    else:
        notice(f"{child.name} was started again")


def _note_death(child: Child, what: str, notice: Notice) -> None:
    now = time.monotonic()
    child.deaths.append(now)
    if len(child.deaths) == TOO_MANY_DEATHS and now - child.deaths[0] <= WITHIN:
        raise GivenUp(
            f"{child.name} died {TOO_MANY_DEATHS} times within a minute. The end of {child.log}:\n"
            f"{last_lines(child.log)}"
        )
    recent = sum(now - death <= WITHIN for death in child.deaths)
    child.restart_at = now + FIRST_PAUSE * 2 ** (recent - 1)
    notice(f"{child.name} {what}; its log is {child.log}")


def _status(code: int) -> str:
    return f"exit code {code}" if code >= 0 else signal.Signals(-code).name

"""Child processes that never outlive this one, even when it is killed with -9."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import IO

from tollgate_local import watchdog
from tollgate_local.unprivileged import Identity

CommandLine = Sequence[str | Path]
OURSELVES = Identity()


class ProcessGroup:
    """A process group with a watchdog that ends it when this process is gone.

    The children are not in the terminal's foreground group, so that Ctrl-C reaches only the
    owner, which stops them in order. `remove` names directories that go when the group ends,
    `holds` are descriptors (a lock) that stay open until then.
    """

    def __init__(self, remove: Sequence[Path] = (), holds: Sequence[int] = ()) -> None:
        watched, self._held_by_children = os.pipe()
        self._watchdog = subprocess.Popen(
            [sys.executable, "-I", "-S", watchdog.__file__, str(watched), *remove],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=[watched, *holds],
            process_group=0,
            cwd="/",
        )
        os.close(watched)

    def spawn(
        self,
        command: CommandLine,
        *,
        output: IO[bytes] | None,
        env: Mapping[str, str] | None = None,
        identity: Identity = OURSELVES,
        at_death: signal.Signals = signal.SIGTERM,
    ) -> subprocess.Popen[bytes]:
        """Start a child in the group, as `identity`; `output` None inherits this process's own.

        `at_death` is what the kernel sends it when this process dies, where it can.
        """
        return subprocess.Popen(
            [*identity.prefix, *_dies_with_us(at_death), *command],
            env=env,
            user=identity.user,
            group=identity.group,
            extra_groups=None if identity.user is None else [],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=None if output is None else subprocess.STDOUT,
            process_group=self._watchdog.pid,
            pass_fds=[self._held_by_children],
        )

    def close(self) -> None:
        """End what still runs and the watchdog; returns when all of it is gone."""
        os.close(self._held_by_children)
        assert self._watchdog.stdin is not None
        self._watchdog.stdin.close()
        self._watchdog.wait()


def end(process: subprocess.Popen[bytes], how: signal.Signals, *, within: float) -> bool:
    """Send `how` and wait up to `within` seconds, then kill; True when the kill was not needed."""
    if process.poll() is not None:
        return True
    process.send_signal(how)
    try:
        process.wait(within)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return False
    return True


def _dies_with_us(how: signal.Signals) -> tuple[str, ...]:
    """A prefix that lets Linux itself end the child: it works when the watchdog is killed too."""
    return ("setpriv", "--pdeathsig", how.name) if _has_pdeathsig() else ()


@cache
def _has_pdeathsig() -> bool:
    try:
        probe = ["setpriv", "--pdeathsig", "SIGTERM", "true"]
        return subprocess.run(probe, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False

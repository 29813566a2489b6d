"""Child processes that never outlive this one, even when it is killed with -9."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

from tollgate_local import watchdog
from tollgate_local.unprivileged import Identity

CommandLine = Sequence[str | Path]
OURSELVES = Identity()


class ProcessGroup:
    """A process group with a watchdog that ends it when this process is gone.

    The children are not in the terminal's foreground group, so that Ctrl-C reaches only the
    owner, which stops them in order. `remove` names directories that go when the group ends.
    """

    def __init__(self, remove: Sequence[Path] = ()) -> None:
        watched, self._held_by_children = os.pipe()
        self._watchdog = subprocess.Popen(
            [sys.executable, "-I", "-S", watchdog.__file__, str(watched), *remove],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=[watched],
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
    ) -> subprocess.Popen[bytes]:
        """Start a child in the group, as `identity`; `output` None inherits this process's own."""
        return subprocess.Popen(
            [*identity.prefix, *command],
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

    def watched(self) -> bool:
        """Whether the watchdog still runs; without it -9 of this process would leave children."""
        return self._watchdog.poll() is None

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

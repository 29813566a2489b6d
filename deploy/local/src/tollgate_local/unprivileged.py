"""PostgreSQL refuses to run as root; this finds an identity under which root may start it."""

import os
import pwd
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tollgate_local.errors import SetupError


@dataclass(frozen=True)
class Identity:
    """A prefix for command lines, or a user to switch to; neither for an ordinary user."""

    prefix: tuple[str, ...] = ()
    user: int | None = None
    group: int | None = None

    def own(self, directory: Path) -> None:
        """Give a freshly made directory to the user that is switched to."""
        if self.user is not None and self.group is not None:
            os.chown(directory, self.user, self.group)


@cache
def server_identity() -> Identity:
    """Return how this process may start PostgreSQL; SetupError when root has no way.

    A user namespace is preferred: files stay root's own and directories stay closed to others.
    Containers often refuse it; then a system user is switched to, who must own the data.
    """
    if os.geteuid() != 0:
        return Identity()
    account = _system_account()
    ids = f"--map-user={account.pw_uid}", f"--map-group={account.pw_gid}"
    prefix = ("unshare", "--user", *ids)
    if _runs((*prefix, "true")):
        return Identity(prefix=prefix)
    return Identity(user=account.pw_uid, group=account.pw_gid)


def _system_account() -> pwd.struct_passwd:
    # initdb looks its user up in the passwd database, so the id must exist there.
    for name in ("postgres", "daemon", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise SetupError(
        "PostgreSQL cannot run as root and there is no user postgres, daemon or nobody: run as an "
        "ordinary user, or set DATABASE_URL."
    )


def _runs(command: tuple[str, ...]) -> bool:
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False

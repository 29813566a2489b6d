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

    def own(self, path: Path) -> None:
        """Give a freshly made file or directory to the user that is switched to."""
        if self.user is not None and self.group is not None:
            os.chown(path, self.user, self.group)


def server_identity(data: Path) -> Identity:
    """Return how this process may run PostgreSQL on `data`; SetupError when root has no way.

    Data that belongs to an ordinary user is served as that user.
    """
    if os.geteuid() != 0:
        return Identity()
    if data.exists() and (owner := data.stat()).st_uid != 0:
        return Identity(user=owner.st_uid, group=owner.st_gid)
    return _identity_for_root()


@cache
def _identity_for_root() -> Identity:
    """A user namespace where allowed: files stay root's own, directories closed to others.

    Containers often refuse it; then a system user is switched to, who must own the data.
    """
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

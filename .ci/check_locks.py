"""Locks hold names, versions and hashes: no address, no path of a machine, nothing forgotten."""

import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
REQUIREMENT = re.compile(r"^[A-Za-z0-9._-]+(\[[a-z,]+\])?==[^ ]+( ; [^\\]+)? \\$")
HASH = re.compile(r"^    --hash=sha256:[0-9a-f]{64}( \\)?$")


def main() -> int:
    """Print each line that does not belong in a lock; the exit code is 1 when there is one."""
    problems = []
    for lock in sorted((ROOT / "requirements").glob("*.txt")):
        for number, line in enumerate(lock.read_text().splitlines(), start=1):
            if not (REQUIREMENT.match(line) or HASH.match(line)) or "://" in line:
                problems.append(f"{lock.relative_to(ROOT)}:{number}: {line}")
    for name in ("uv.lock", "pylock.toml"):
        problems += [f"{path}: names registries" for path in ROOT.glob(name)]
    problems += [f"requirements/runtime.txt lacks {name}: make lock" for name in _forgotten()]
    print("\n".join(problems))
    return 1 if problems else 0


def _forgotten() -> set[str]:
    """Dependencies that a pyproject names and the lock does not have."""
    declared: set[str] = set()
    for file in (*ROOT.glob("*/pyproject.toml"), *ROOT.glob("*/*/pyproject.toml")):
        project = tomllib.loads(file.read_text())["project"]
        declared |= {_name(requirement) for requirement in project.get("dependencies", [])}
    lock = (ROOT / "requirements/runtime.txt").read_text()
    locked = {_name(line) for line in lock.splitlines() if not line.startswith(" ")}
    return declared - locked - {"tollgate-shared"}


def _name(requirement: str) -> str:
    return re.split(r"[^A-Za-z0-9._-]", requirement, maxsplit=1)[0].lower().replace("_", "-")


if __name__ == "__main__":
    sys.exit(main())

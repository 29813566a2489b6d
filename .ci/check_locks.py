"""Locks hold names, versions and hashes: no address, no path of a machine, nothing unpinned."""

import re
import sys
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
    print("\n".join(problems))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())

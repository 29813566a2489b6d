"""Entry point: whatever happens, the exit code is one of ours, for 1 says that a gate failed."""

import os
import signal
import sys
from typing import NoReturn

from tollgate.exits import INTERRUPTED


def main() -> NoReturn:
    """Run the command line of this process and exit with its code."""
    try:
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        _show_any_character()
        # Imported here: a broken installation or a Ctrl-C meanwhile must not exit with 1 either.
        from tollgate.app import run  # noqa: PLC0415

        code = int(run(sys.argv[1:]))
        sys.stdout.flush()
    except BaseException as error:
        code = 3
        _close_output()
        sys.stderr.write(f"tollgate: {_said_of(error)}\n")
    sys.exit(code)


def _said_of(error: BaseException) -> str:
    if isinstance(error, KeyboardInterrupt):
        return INTERRUPTED
    reason = f"{type(error).__name__}: {error}".splitlines()[0]
    return f"{reason} (is the installation complete? run `make setup`)"


def _show_any_character() -> None:
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")


def _close_output() -> None:
    """Leave nothing in the buffer that the interpreter's own flush would fail on, with code 120."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    main()

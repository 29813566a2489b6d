"""The wiring of the command line: its commands, and exit code 3 for whatever goes wrong."""

import os
import signal
import sys
from collections.abc import Sequence
from typing import NoReturn

import httpx
import typer
from typer.exceptions import Abort, TyperException

from tollgate.exits import CommandFailed, ExitCode
from tollgate.gate import gate
from tollgate.imports import imports
from tollgate.report import report
from tollgate.token import token

app = typer.Typer(
    help="Tollgate: IT services measured, improved and let through their gates.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command()(token)
app.add_typer(imports, name="import")
app.add_typer(report, name="report")
app.add_typer(gate, name="gate")


def main() -> NoReturn:
    """Entry point of the console script."""
    signal.signal(signal.SIGTERM, _interrupt)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # any terminal can show any reason
    code = run(sys.argv[1:])
    try:
        sys.stdout.flush()
    except OSError as error:
        _say(f"The output cannot be written ({error}): nothing was handed over")
        code = ExitCode.OTHER
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(code)


def run(arguments: Sequence[str], transport: httpx.BaseTransport | None = None) -> ExitCode:
    """Run one command line to its exit code; `transport` replaces the network in tests."""
    try:
        ended = app(
            args=list(arguments), prog_name="tollgate", standalone_mode=False, obj=transport
        )
    except CommandFailed as error:
        _say(str(error))
    except TyperException as error:
        _say(f"{error.format_message() or 'A command is missing'} (see `tollgate --help`)")
    except (Abort, KeyboardInterrupt):
        _say("Interrupted: nothing was decided, run it again")
    except (Exception, SystemExit) as error:  # a crash is code 3, never a verdict
        if os.environ.get("TOLLGATE_DEBUG"):
            raise
        _say(f"{type(error).__name__}: {error} (set TOLLGATE_DEBUG=1 to see where, and report it)")
    else:
        return _ended(ended)
    return ExitCode.OTHER


def _ended(ended: object) -> ExitCode:
    # A verdict comes as ExitCode only: the library's own codes 1, 2 and 130 are no verdicts.
    if isinstance(ended, ExitCode):
        return ended
    return ExitCode.PASSED if ended in {None, 0} else ExitCode.OTHER


def _interrupt(_signal: int, _frame: object) -> NoReturn:
    raise KeyboardInterrupt


def _say(line: str) -> None:
    typer.echo(" ".join(f"tollgate: {line}".split()), err=True)


if __name__ == "__main__":
    main()

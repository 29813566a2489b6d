"""The wiring of the command line: its commands, and exit code 3 for whatever goes wrong."""

import os
from collections.abc import Sequence

import httpx
import typer
from typer.exceptions import Abort, TyperException

from tollgate.demo.command import demo
from tollgate.exits import INTERRUPTED, OUTPUT_CLOSED, CommandFailed, ExitCode
from tollgate.gate import gate
from tollgate.imports import imports
from tollgate.report import report
from tollgate.token import token

CTRL_C = 130  # how typer reports KeyboardInterrupt

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
app.command()(demo)


def run(arguments: Sequence[str], transport: httpx.BaseTransport | None = None) -> ExitCode:
    """Run one command line to its exit code; `transport` replaces the network in tests."""
    try:
        ended = app(
            args=list(arguments), prog_name="tollgate", standalone_mode=False, obj=transport
        )
    except CommandFailed as error:
        _say(str(error))
    except TyperException as error:
        _say(f"{error.format_message() or 'A command is missing'} (see `{_command(error)} --help`)")
    except (Abort, KeyboardInterrupt):
        _say(INTERRUPTED)
    except (Exception, SystemExit) as error:  # a crash is code 3, never a verdict
        if os.environ.get("TOLLGATE_DEBUG"):
            raise
        _say(_crash(error))
    else:
        return _ended(ended)
    return ExitCode.OTHER


def _ended(ended: object) -> ExitCode:
    # A verdict comes as ExitCode only: the library's own codes are no verdicts.
    if isinstance(ended, ExitCode):
        return ended
    if ended == CTRL_C:
        _say(INTERRUPTED)
    return ExitCode.PASSED if ended in {None, 0} else ExitCode.OTHER


def _crash(error: BaseException) -> str:
    # typer and rich make SystemExit of a pipe that nobody reads any more.
    if isinstance(error.__context__, BrokenPipeError):
        return OUTPUT_CLOSED
    return f"{type(error).__name__}: {error} (set TOLLGATE_DEBUG=1 to see where, and report it)"


def _command(error: TyperException) -> str:
    """What was begun to be said: `tollgate gate check` where an option of that is wrong."""
    context = getattr(error, "ctx", None)
    return "tollgate" if context is None else str(context.command_path)


def _say(line: str) -> None:
    typer.echo(" ".join(f"tollgate: {line}".split()), err=True)

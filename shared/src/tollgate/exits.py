"""How the command line ends: its exit codes, and the error that is one line with the next step."""

from enum import IntEnum

INTERRUPTED = "Interrupted before the end: run the same command again"
OUTPUT_CLOSED = "The output was closed before its end: let what reads it read on"


class ExitCode(IntEnum):
    """Exit codes of rules "Tollgates" 6; every command but `gate check` uses 0 and 3 only."""

    PASSED = 0
    FAILED = 1
    UNDECIDED = 2
    OTHER = 3


class CommandFailed(Exception):
    """The command cannot go on; the message is one line that says what to do next."""

    def __init__(self, message: str) -> None:
        super().__init__(" ".join(message.split()))

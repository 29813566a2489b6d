"""What the log files of the children say."""

from pathlib import Path


def last_lines(log: Path, count: int = 5) -> str:
    """Return the end of a log file, for an error message."""
    try:
        return "\n".join(log.read_text(errors="replace").splitlines()[-count:])
    except FileNotFoundError:
        return ""

"""The rejects file: every row that was not accepted, with its line, field and reason."""

import csv
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from tollgate.exits import CommandFailed


class Rejects:
    """Writes rejected rows as CSV; their own columns follow, so it can be mended and imported."""

    def __init__(self, path: Path, stream: TextIO, columns: Sequence[str]) -> None:
        self.path = path
        self.count = 0
        self._writer = csv.writer(stream)
        self._writer.writerow(["reject_line", "reject_field", "reject_reason", *columns])

    def add(self, line: int, field: str, reason: str, cells: Sequence[str]) -> None:
        """Note one row; `field` is a column of the file or a JSON pointer into the update."""
        self.count += 1
        self._writer.writerow([line, field, reason, *cells])


@contextmanager
def open_rejects(path: Path | None, columns: Sequence[str]) -> Iterator[Rejects]:
    """The file at `path`, by default a new one in the temporary directory (mode 0600)."""
    if path is None:
        descriptor, name = tempfile.mkstemp(prefix="tollgate-rejects-", suffix=".csv")
        os.close(descriptor)
        path = Path(name)
    try:
        stream = path.open("w", encoding="utf-8", errors="backslashreplace", newline="")
    except OSError as error:
        raise CommandFailed(
            f"{path} cannot be written ({error}): name another --rejects"
        ) from error
    with stream:
        yield Rejects(path, stream, columns)

"""Rows of a CSV file, or of the one CSV member of a zip, read as a stream."""

import csv
import io
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple, TextIO

from tollgate.exits import CommandFailed

CELL_MAX = 1 << 20  # characters; a stray quote would else swallow the file to its end


class LogLine(NamedTuple):
    """One row of the file; `problem` says why it is no row of the log."""

    number: int  # 1-based line of the file on which the row begins
    cells: list[str]
    problem: str | None


class LogFile(NamedTuple):
    columns: list[str]
    lines: Iterator[LogLine]


@contextmanager
def open_log(path: Path, encoding: str) -> Iterator[LogFile]:
    """The file's header and its rows; CommandFailed where it cannot be read as CSV."""
    with ExitStack() as opened:
        with _said_in_one_line(path, encoding):
            stream = _open_text(path, encoding, opened)
        lines = _lines(stream, path, encoding)
        header = next(lines, None)
        yield LogFile(header.cells if header else [], lines)


def _open_text(path: Path, encoding: str, opened: ExitStack) -> TextIO:
    if not zipfile.is_zipfile(path):
        return opened.enter_context(path.open(encoding=encoding, newline=""))
    archive = opened.enter_context(zipfile.ZipFile(path))
    members = [name for name in archive.namelist() if name.lower().endswith(".csv")]
    if len(members) != 1:
        raise CommandFailed(
            f"{path} holds {len(members)} CSV files: unpack it and name the one to import"
        )
    member = opened.enter_context(archive.open(members[0]))
    return opened.enter_context(io.TextIOWrapper(member, encoding=encoding, newline=""))


def _lines(stream: TextIO, path: Path, encoding: str) -> Iterator[LogLine]:
    """The header, then the rows, each with as many cells as the header or a problem."""
    csv.field_size_limit(CELL_MAX)
    reader = csv.reader(stream)
    width = 0
    with _said_in_one_line(path, encoding):
        while True:
            number = reader.line_num + 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield LogLine(number, [], str(error))
                continue
            if not cells:
                continue  # a blank line is no row
            width = width or len(cells)
            problem = None if len(cells) == width else f"has {len(cells)} cells, the header {width}"
            yield LogLine(number, cells, problem)


@contextmanager
def _said_in_one_line(path: Path, encoding: str) -> Iterator[None]:
    try:
        yield
    except UnicodeError as error:
        raise CommandFailed(
            f"{path} is not written in {encoding}: say its --encoding, such as cp1252"
        ) from error
    except LookupError as error:
        raise CommandFailed(f"{error}: say another --encoding, such as cp1252") from error
    except (OSError, zipfile.BadZipFile, zlib.error, csv.Error, RuntimeError) as error:
        # RuntimeError is how zipfile says that a member is encrypted or oddly compressed.
        raise CommandFailed(
            f"{path} cannot be read ({error}): name a CSV file, or a zip of one"
        ) from error

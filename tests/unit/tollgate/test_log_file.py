"""Event logs are read from CSV files and zips, row by row."""

import zipfile
from pathlib import Path

import pytest

from tollgate.exits import CommandFailed
from tollgate.log_file import LogLine, open_log


def lines_of(path: Path, encoding: str = "utf-8-sig") -> list[LogLine]:
    with open_log(path, encoding) as log:
        return list(log.lines)


def test_a_zip_is_read_like_the_file_in_it(tmp_path: Path) -> None:
    plain = tmp_path / "log.csv"
    plain.write_text("number,state\nINC1,New\n")
    with zipfile.ZipFile(tmp_path / "log.zip", "w") as archive:
        archive.write(plain, "folder/log.csv")

    assert lines_of(tmp_path / "log.zip") == lines_of(plain) == [LogLine(2, ["INC1", "New"], None)]


def test_a_row_knows_the_line_it_begins_on(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text('number,title\n\nINC1,"two\nlines"\nINC2,one\n')

    assert [line.number for line in lines_of(path)] == [3, 5]


def test_a_row_of_another_width_says_so(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text("number,title\nINC1\nINC2,b\n")

    short, good = lines_of(path)

    assert short.problem == "has 1 cells, the header 2"
    assert good.problem is None


def test_a_byte_order_mark_is_no_part_of_the_first_column(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_bytes(b"\xef\xbb\xbfnumber\nINC1\n")

    with open_log(path, "utf-8-sig") as log:
        assert log.columns == ["number"]


@pytest.mark.parametrize(
    ("content", "advice"),
    [
        (None, "name a CSV file"),
        (b"number\n\xff\xfe\n", "say its --encoding"),
        (b"PK\x05\x06" + b"\x00" * 18, "holds 0 CSV files"),
    ],
)
def test_what_cannot_be_read_says_what_to_do(
    tmp_path: Path, content: bytes | None, advice: str
) -> None:
    path = tmp_path / "log.csv"
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(CommandFailed, match=advice):
        lines_of(path)


def test_an_unknown_encoding_says_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text("number\n")

    with pytest.raises(CommandFailed, match="--encoding"):
        lines_of(path, "utf-88")

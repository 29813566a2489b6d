"""The process exits with our codes, whatever breaks in it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

TOLLGATE = [sys.executable, "-m", "tollgate"]


def test_a_broken_installation_is_code_3(tmp_path: Path) -> None:
    (tmp_path / "rich").mkdir()
    (tmp_path / "rich" / "__init__.py").write_text("raise RuntimeError('broken')")

    ended = subprocess.run(
        [*TOLLGATE, "gate", "check"],
        env={"PYTHONPATH": str(tmp_path)}, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert ended.returncode == 3
    assert ended.stderr.startswith("tollgate: RuntimeError: broken")
    assert ended.stderr.count("\n") == 1


def test_an_interrupt_while_it_starts_is_code_3_and_said_to_be_one(tmp_path: Path) -> None:
    (tmp_path / "rich").mkdir()
    (tmp_path / "rich" / "__init__.py").write_text("raise KeyboardInterrupt")

    ended = subprocess.run(
        [*TOLLGATE, "gate", "check"],
        env={"PYTHONPATH": str(tmp_path)}, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert ended.returncode == 3
    assert ended.stderr.startswith("tollgate: Interrupted")


FULL = Path("/dev/full")


@pytest.mark.skipif(not FULL.exists(), reason="this system has no /dev/full")
def test_an_output_that_cannot_be_written_is_code_3() -> None:
    with FULL.open("w") as full:
        ended = subprocess.run(
            [*TOLLGATE, "gate", "check", "--help"],
            stdout=full, stderr=subprocess.PIPE, text=True, check=False,
        )  # fmt: skip

    assert ended.returncode == 3
    assert "No space left" in ended.stderr


@pytest.mark.parametrize("arguments", [["--help"], ["gate", "check", "--help"]])
def test_a_reader_that_stops_reading_is_said_to_have_stopped(arguments: list[str]) -> None:
    nobody, output = os.pipe()
    os.close(nobody)
    try:
        ended = subprocess.run(
            [*TOLLGATE, *arguments], stdout=output, stderr=subprocess.PIPE, text=True, check=False
        )
    finally:
        os.close(output)

    assert ended.returncode == 3
    assert ended.stderr.startswith("tollgate: The output was closed before its end")
    assert ended.stderr.count("\n") == 1

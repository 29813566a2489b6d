"""A line of the log is JSON, whatever it tells of."""

import io
import json
import logging
import sys
from collections.abc import Iterator

import pytest
import structlog

from shared.kit.logging import configure_logging, logger
from tests.support.plumbing import PlumbingSettings


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """What a service writes to standard error."""
    before, root = structlog.get_config(), logging.getLogger()
    handlers, level = root.handlers, root.level
    error = io.StringIO()
    monkeypatch.setattr(sys, "stderr", error)
    configure_logging(PlumbingSettings(log_format="json"))
    yield error
    structlog.configure(**before)
    root.handlers, root.level = handlers, level


@pytest.mark.parametrize(
    "told", ["plain", 2**70, "\ud800 half a pair", {"nested": [1, None]}, ValueError("odd")]
)
def test_whatever_is_told_becomes_one_line_of_json(told: object, written: io.StringIO) -> None:
    logger("a test").info("happened", told=told)

    (line,) = written.getvalue().splitlines()
    read = json.loads(line)
    assert read["event"] == "happened"
    assert read["module"] == "a test"
    assert read["told"] == (repr(told) if isinstance(told, ValueError) else told)

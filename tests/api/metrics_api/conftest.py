"""One running metrics-api per test."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support import slos
from tests.support.metrics import Metrics, running_metrics
from tests.support.postgres import Database


@pytest.fixture(autouse=True)
def one_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test places in time it places before one minute, also when the next one begins."""
    minute = slos.this_minute()
    monkeypatch.setattr(slos, "this_minute", lambda: minute)


@pytest.fixture
async def metrics(metrics_db: Database, tmp_path: Path) -> AsyncIterator[Metrics]:
    async with running_metrics(metrics_db, tmp_path) as running:
        yield running

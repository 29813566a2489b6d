"""One running metrics-api per test."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.metrics import Metrics, running_metrics
from tests.support.postgres import Database


@pytest.fixture
async def metrics(metrics_db: Database, tmp_path: Path) -> AsyncIterator[Metrics]:
    async with running_metrics(metrics_db, tmp_path) as running:
        yield running

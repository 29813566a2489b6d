"""One running improvement-api per test, which knows the service `vpn`."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.improvement import Improvement, running_improvement
from tests.support.postgres import Database


@pytest.fixture
async def tollgate(improvement_db: Database, tmp_path: Path) -> AsyncIterator[Improvement]:
    async with running_improvement(improvement_db, tmp_path) as running:
        running.fake.add_service("vpn")
        yield running

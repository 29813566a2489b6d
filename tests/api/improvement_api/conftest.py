"""One running improvement-api per test, which knows the service `vpn`."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from tests.support.gates import automated, sign_off
from tests.support.github import GitHub, github, guarding
from tests.support.improvement import Improvement, running_improvement
from tests.support.postgres import Database
from tests.support.told import SECRET


@pytest.fixture
async def tollgate(improvement_db: Database, tmp_path: Path) -> AsyncIterator[Improvement]:
    async with running_improvement(improvement_db, tmp_path) as running:
        running.fake.add_service("vpn")
        yield running


@pytest.fixture
async def passed(tollgate: Improvement) -> Any:
    """An evaluation that passes: its facts hold and ada, the service owner, has signed."""
    criteria = [automated(expression="backlog_open <= 3.0"), sign_off("owner", "service_owner")]
    await tollgate.publish("operate-to-improve", criteria)
    return await tollgate.evaluate_and_sign("vpn")


@pytest.fixture
async def listening(improvement_db: Database, tmp_path: Path) -> AsyncIterator[Improvement]:
    """One that takes the events of metrics-api."""
    secret = {"metrics_event_secret": SecretStr(SECRET)}
    async with running_improvement(improvement_db, tmp_path, **secret) as running:
        running.fake.add_service("vpn")
        yield running


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[GitHub]:
    """GitHub, as far as deployments need it."""
    async with github(tmp_path) as server:
        yield server


@pytest.fixture
async def guarded(
    improvement_db: Database, tmp_path: Path, hub: GitHub
) -> AsyncIterator[Improvement]:
    """One that GitHub asks before it deploys."""
    async with guarding(improvement_db, tmp_path, hub) as running:
        yield running

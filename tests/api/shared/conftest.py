"""A service of nothing but the plumbing, on a database of its own."""

from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from pydantic import SecretStr

from shared.kit import deliveries
from shared.kit.jobs import JobContext, RetryPolicy
from shared.kit.worker import job_context
from tests.support.plumbing import (
    PlumbingSettings,
    clone,
    install,
    local_issuer,
    running_app,
    token,
)
from tests.support.postgres import Database, Server
from tests.support.receiver import Receiver, receiving


@pytest.fixture(scope="session")
def template(postgres_server: Server) -> Iterator[Database]:
    """Installed once; every test works on a clone."""
    made = postgres_server.create_empty_database("plumbing")
    install(postgres_server, made)
    yield made
    postgres_server.drop_database(made.name)


@pytest.fixture
def database(postgres_server: Server, template: Database) -> Iterator[Database]:
    made = clone(postgres_server, template)
    yield made
    postgres_server.drop_database(made.name)


@pytest.fixture
def settings(database: Database, tmp_path: Path) -> PlumbingSettings:
    return PlumbingSettings(
        database_url=SecretStr(database.runtime_url),
        trusted_issuers=(local_issuer(tmp_path),),
        allow_private_subscribers=True,
    )


@pytest.fixture
async def context(settings: PlumbingSettings) -> AsyncIterator[JobContext]:
    """What jobs work with."""
    async with job_context(settings) as shared:
        yield shared


@pytest.fixture
async def app(settings: PlumbingSettings) -> AsyncIterator[FastAPI]:
    async with running_app(settings) as running:
        yield running


@pytest.fixture
async def api(app: FastAPI, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """A client that may do everything."""
    headers = {"Authorization": f"Bearer {token(tmp_path)}"}
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(
        transport=transport, base_url="http://plumbing", headers=headers
    ) as client:
        yield client


@pytest.fixture
async def receiver(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Receiver]:
    """A subscriber's endpoint; attempts follow each other within a second."""
    policy = RetryPolicy(None, timedelta(milliseconds=50), timedelta(seconds=1))
    monkeypatch.setattr(deliveries, "_STRANGERS", policy)
    monkeypatch.setattr(deliveries, "_BUILT_INS", policy)
    monkeypatch.setattr(deliveries, "ATTEMPT_SECONDS", 0.5)
    async with receiving() as running:
        yield running

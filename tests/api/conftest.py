"""Databases of these tests: migrated once, cleaned after each test and lent to the next."""

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

import pytest

from shared.kit.logging import configure_logging
from tests.support.engines import engines_kept
from tests.support.improvement import running_improvement
from tests.support.plumbing import PlumbingSettings
from tests.support.postgres import Database, Server


@pytest.fixture(scope="session", autouse=True)
async def engines() -> AsyncIterator[None]:
    async with engines_kept():
        yield


@pytest.fixture(scope="session", autouse=True)
def plain_logs() -> None:
    """As a service logs; structlog's own default renders a trace for seconds."""
    configure_logging(PlumbingSettings())


@contextmanager
def lent(server: Server, service: str) -> Iterator[Database]:
    database = server.find_clean(service)
    if database is None:
        database = server.create_database(service)
        server.lend_from_now_on(database)
    yield database
    server.give_back(database)


@pytest.fixture
def catalog_db(postgres_server: Server) -> Iterator[Database]:
    with lent(postgres_server, "catalog") as database:
        yield database


@pytest.fixture
async def improvement_db(
    postgres_server: Server, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Database]:
    """improvement-api has started on it once, which fills it with the default gates."""
    database = postgres_server.find_clean("improvement")
    if database is None:
        database = postgres_server.create_database("improvement")
        async with running_improvement(database, tmp_path_factory.mktemp("first-start")):
            postgres_server.lend_from_now_on(database)
    yield database
    postgres_server.give_back(database)


@pytest.fixture
def metrics_db(postgres_server: Server) -> Iterator[Database]:
    with lent(postgres_server, "metrics") as database:
        yield database

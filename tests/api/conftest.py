"""Databases of these tests: migrated once, cleaned after each test and lent to the next."""

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

import pytest

from tests.support.engines import engines_kept
from tests.support.postgres import Database, Server


@pytest.fixture(scope="session", autouse=True)
async def engines() -> AsyncIterator[None]:
    async with engines_kept():
        yield


@contextmanager
def lent(server: Server, service: str) -> Iterator[Database]:
    database = server.borrow_database(service)
    yield database
    server.give_back(database)


@pytest.fixture
def catalog_db(postgres_server: Server) -> Iterator[Database]:
    with lent(postgres_server, "catalog") as database:
        yield database


@pytest.fixture
def improvement_db(postgres_server: Server) -> Iterator[Database]:
    with lent(postgres_server, "improvement") as database:
        yield database


@pytest.fixture
def metrics_db(postgres_server: Server) -> Iterator[Database]:
    with lent(postgres_server, "metrics") as database:
        yield database

"""Databases of these tests: migrated once, cleaned after each test and lent to the next."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.support.postgres import Database, Server


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

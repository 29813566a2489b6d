"""Fixtures of every test: the run's PostgreSQL and a fresh database per service."""

import gc
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack

import pytest
from hypothesis import HealthCheck, settings

from tests.support.installed import place_for_installed
from tests.support.postgres import Database, Server, running_server

_run = ExitStack()

# What is imported and collected lives as long as the process: it is not searched for garbage,
# neither now nor later.
gc.disable()

# How long an example takes says more of what else the machine does than of the code.
settings.register_profile(
    "any_machine", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("any_machine")


def pytest_configure(config: pytest.Config) -> None:
    """With pytest-xdist the controller starts the server, so that all workers share it."""
    if hasattr(config, "workerinput"):
        return
    _run.enter_context(place_for_installed())
    if getattr(config.option, "numprocesses", None):
        _run.enter_context(running_server())


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    try:
        return (yield)
    finally:
        gc.enable()
        gc.freeze()
        # A look at all that tests keep takes 50 ms and finds next to nothing: a tenth of the looks
        # is enough.
        gc.set_threshold(*gc.get_threshold()[:2], 100)


def pytest_unconfigure() -> None:
    _run.close()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Server]:
    """The PostgreSQL of this test run."""
    with running_server() as server:
        yield server


@pytest.fixture
def make_database(postgres_server: Server) -> Iterator[Callable[[str], Database]]:
    """Make migrated databases for a service (catalog, metrics, improvement)."""
    made: list[Database] = []

    def make(service: str) -> Database:
        made.append(postgres_server.create_database(service))
        return made[-1]

    yield make
    for database in made:
        postgres_server.drop_database(database.name)


@pytest.fixture
def catalog_db(make_database: Callable[[str], Database]) -> Database:
    return make_database("catalog")


@pytest.fixture
def metrics_db(make_database: Callable[[str], Database]) -> Database:
    return make_database("metrics")


@pytest.fixture
def improvement_db(make_database: Callable[[str], Database]) -> Database:
    return make_database("improvement")

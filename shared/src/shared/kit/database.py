"""Engine, session and transaction: one request or job is one transaction, committed at its edge."""

import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from enum import Enum
from functools import lru_cache
from typing import Annotated, Any, Generic, NamedTuple, TypeVar
from weakref import WeakKeyDictionary

import psycopg
from fastapi import Depends, Request
from psycopg.rows import namedtuple_row
from sqlalchemy import MetaData, SelectBase, event, text
from sqlalchemy import types as sqltypes
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql.psycopg import PGDialectAsync_psycopg
from sqlalchemy.engine import URL, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from shared.kit.settings import ServiceSettings

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


T_co = TypeVar("T_co", covariant=True)
_SCHEMA = "tollgate_schema"
_RETURNED = "returned_at"
REST_BEFORE_PING = 0.5  # seconds

# The psycopg dialect casts parameters to the types of their columns; text has them as it wants.
_NUMBERING = PGDialectAsync_psycopg(paramstyle="numeric_dollar")  # type: ignore[no-untyped-call]
_TEXT_NUMBERING = postgresql.dialect(paramstyle="numeric_dollar")  # type: ignore[no-untyped-call]

Engine = AsyncEngine
"""What actions with transactions of their own are given."""


def metadata_for(schema: str) -> MetaData:
    """Metadata whose tables name their schema; nothing relies on search_path."""
    return MetaData(schema=schema, naming_convention=NAMING)


def sqlalchemy_url(url: str) -> URL:
    """Any spelling of a PostgreSQL URL, on the one driver we use (psycopg 3)."""
    parsed = make_url(url)
    return parsed.set(drivername="postgresql+psycopg")


def libpq_url(url: str) -> str:
    """The same URL as libpq and psycopg read it."""
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


def engine_for(settings: ServiceSettings, *, pool_size: int | None = None) -> AsyncEngine:
    """The engine of a process. Dead connections are found when borrowed (PostgreSQL restarts)."""
    timeout_ms = int(settings.statement_timeout.total_seconds() * 1000)
    own = "".join(f" -c {name}={value}" for name, value in settings.server_settings.items())
    engine = create_async_engine(
        sqlalchemy_url(settings.database_url.get_secret_value()),
        pool_size=pool_size or settings.database_pool_size,
        max_overflow=settings.database_pool_overflow,
        pool_timeout=10,
        hide_parameters=True,  # errors are logged, and secrets and people's words are parameters
        execution_options={_SCHEMA: settings.schema_name},
        connect_args={
            "application_name": settings.service_name,
            "connect_timeout": 5,
            "options": (
                f"-c statement_timeout={timeout_ms} -c timezone=UTC"
                " -c idle_in_transaction_session_timeout=60000 -c jit=off" + own
            ),
        },
    )
    _ping_the_rested(engine)
    return engine


def _ping_the_rested(engine: AsyncEngine) -> None:
    """Ask a connection whether it lives before it is borrowed, unless it was in use just now.

    SQLAlchemy's own pre-ping asks every time, which costs each request a round trip.
    """
    pool_events, dialect = engine.sync_engine, engine.dialect

    @event.listens_for(pool_events, "checkin")
    def note_return(_: Any, record: ConnectionPoolEntry) -> None:
        record.info[_RETURNED] = time.monotonic()

    @event.listens_for(pool_events, "checkout")
    def ping(connection: DBAPIConnection, record: ConnectionPoolEntry, _: Any) -> None:
        rested = time.monotonic() - record.info.get(_RETURNED, time.monotonic())
        if rested < REST_BEFORE_PING:
            return
        try:
            dialect.do_ping(connection)
        except dialect.loaded_dbapi.Error as error:
            raise DisconnectionError from error


def schema_of(session: AsyncSession) -> str:
    """The schema of the service this session belongs to (its engine was told)."""
    schema: str = session.get_bind().get_execution_options()[_SCHEMA]
    return schema


@asynccontextmanager
async def reading(engine: AsyncEngine) -> AsyncIterator[AsyncSession]:
    """A session whose statements each stand alone: no BEGIN, no COMMIT, no lock outlives one."""
    async with AsyncSession(_autocommitting(engine), expire_on_commit=False) as session:
        yield session


_AUTOCOMMITTING: WeakKeyDictionary[AsyncEngine, AsyncEngine] = WeakKeyDictionary()


def _autocommitting(engine: AsyncEngine) -> AsyncEngine:
    """The engine on the same pool whose connections commit each statement, made once: to make it
    takes as long as a short statement."""
    if engine not in _AUTOCOMMITTING:
        _AUTOCOMMITTING[engine] = engine.execution_options(isolation_level="AUTOCOMMIT")
    return _AUTOCOMMITTING[engine]


@asynccontextmanager
async def transaction(engine: AsyncEngine) -> AsyncIterator[AsyncSession]:
    """A session that commits when the block ends and rolls back when it raises."""
    async with AsyncSession(engine, expire_on_commit=False) as session, session.begin():
        yield session


async def open_session(request: Request) -> AsyncIterator[AsyncSession]:
    """The request's session. It holds no connection until its first statement.

    GET only reads, and READ COMMITTED gives each statement a snapshot of its own anyway.
    """
    opened = reading if request.method == "GET" else transaction
    async with opened(request.app.state.engine) as session:
        request.state.session = session
        yield session


# scope="function": FastAPI then commits *before* it answers, so a failed COMMIT is never a 201.
Session = Annotated[AsyncSession, Depends(open_session, scope="function")]


async def driver(session: AsyncSession) -> psycopg.AsyncConnection[Any]:
    """The psycopg connection under the session, in its transaction: for COPY and pipelines.

    What is pending in the session is written first, as before a statement of its own.
    """
    if session.new or session.dirty or session.deleted:
        await session.flush()
    connection = await session.connection()
    raw = await connection.get_raw_connection()
    wrapped = raw.driver_connection
    assert isinstance(wrapped, psycopg.AsyncConnection)
    return wrapped


class _Compiled(NamedTuple):
    """SQL with `$1` for the first parameter and so on, and their names in that order."""

    sql: bytes
    places: Sequence[str]
    constants: Mapping[str, Any]
    enums: Mapping[str, type[Enum]]

    def values(self, parameters: Mapping[str, Any]) -> list[Any]:
        """What stands in each place."""
        every = {**self.constants, **parameters}
        return [every[name] for name in self.places]

    def read(self, row: Any) -> Any:
        """The row with the members of enumerations that its texts stand for."""
        texts = ((name, getattr(row, name)) for name in self.enums)
        return row._replace(**{n: self.enums[n](text) for n, text in texts if text is not None})


@lru_cache(maxsize=1024)
def _compiled(statement: str | SelectBase, parameters: Sequence[str]) -> _Compiled:
    if isinstance(statement, str):
        written = text(statement).compile(dialect=_TEXT_NUMBERING)
        return _Compiled(str(written).encode(), written.positiontup or (), {}, {})
    compiled = statement.compile(dialect=_NUMBERING)
    expanded = compiled.construct_expanded_state(dict.fromkeys(parameters))
    enums = {
        column.name: column.type.enum_class
        for column in statement.selected_columns
        if isinstance(column.type, sqltypes.Enum) and column.type.enum_class is not None
    }
    places = expanded.positiontup or ()
    return _Compiled(expanded.statement.encode(), places, expanded.parameters, enums)


async def rows_of(
    session: AsyncSession, statement: str | SelectBase, parameters: Mapping[str, Any]
) -> list[Any]:
    """Rows (named tuples; none of a write without RETURNING), executed on the driver.

    `statement` is SQL with `:name` parameters, or one of SQLAlchemy that is built once and kept:
    each is compiled when it comes first. For what must be fast: SQLAlchemy takes longer to send a
    statement and to describe its answer than PostgreSQL takes for a short one. The columns need
    names that differ.
    """
    made = _compiled(statement, tuple(parameters))
    cursor = psycopg.AsyncRawCursor(await driver(session), row_factory=namedtuple_row)
    await cursor.execute(made.sql, made.values(parameters))
    return await _rows(made, cursor)


Statement = tuple[str | SelectBase, Mapping[str, Any]]
"""A statement as rows_of takes it, and its parameters."""


async def rows_of_each(session: AsyncSession, asked: Sequence[Statement]) -> list[list[Any]]:
    """What rows_of gives for each of these, executed in their order in one round trip."""
    if len(asked) < 2:
        return [await rows_of(session, *one) for one in asked]
    connection, sent = await driver(session), []
    async with connection.pipeline():
        for statement, parameters in asked:
            made = _compiled(statement, tuple(parameters))
            cursor = psycopg.AsyncRawCursor(connection, row_factory=namedtuple_row)
            await cursor.execute(made.sql, made.values(parameters))
            sent.append((made, cursor))
    return [await _rows(made, cursor) for made, cursor in sent]


class Query(NamedTuple, Generic[T_co]):
    """A statement as rows_of takes it, and what its rows say."""

    statement: str | SelectBase
    parameters: Mapping[str, Any]
    read: Callable[[list[Any]], T_co]


async def answer(session: AsyncSession, query: Query[T_co]) -> T_co:
    """What the query says."""
    return query.read(await rows_of(session, query.statement, query.parameters))


async def answers(
    session: AsyncSession, queries: Mapping[str, Query[Any]], *, by_index: bool = False
) -> dict[str, Any]:
    """What each of these says, by its name; all go in one round trip.

    `by_index` is for statements whose one good plan is to go by index whatever the parameters:
    PostgreSQL plans each once a connection and keeps that, and tables that were small then do not
    lead it astray. Not inside a transaction, the rest of which would be planned so as well.
    """
    asked: list[Statement] = [(query.statement, query.parameters) for query in queries.values()]
    if by_index and asked and (await driver(session)).autocommit:
        _, *found = await rows_of_each(session, [(_BY_INDEX, {}), *asked])
    else:
        found = await rows_of_each(session, asked)
    return {
        name: query.read(rows) for (name, query), rows in zip(queries.items(), found, strict=True)
    }


# What goes in one round trip without a transaction is one, and with it these settings end.
_BY_INDEX = """SELECT set_config('plan_cache_mode', 'force_generic_plan', true) AS plans,
    set_config('enable_seqscan', 'off', true) AS scans"""


async def _rows(made: _Compiled, cursor: psycopg.AsyncCursor[Any]) -> list[Any]:
    rows = await cursor.fetchall() if cursor.description else []
    return [made.read(row) for row in rows] if made.enums else rows

"""Every SQL statement over Prometheus servers and the state of queries."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Row, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from metrics_api.prometheus.tables import PrometheusQuery, PrometheusServer
from metrics_api.slis.rules import FeedKind, SliState
from metrics_api.slis.tables import Sli
from shared.errors import NotFound
from shared.kit.pagination import PageParams, keyset

_server = PrometheusServer.__table__.c
_query = PrometheusQuery.__table__.c
_sli = Sli.__table__.c
_is_fed = _sli.feed["kind"].astext == FeedKind.PROMETHEUS.value


async def insert_server(session: AsyncSession, values: Mapping[str, Any]) -> bool:
    """False when the key is taken."""
    statement = insert(PrometheusServer).values(**values).on_conflict_do_nothing()
    return (await session.execute(statement.returning(_server.key))).first() is not None


async def update_server(session: AsyncSession, key: str, values: Mapping[str, Any]) -> None:
    await session.execute(update(PrometheusServer).where(_server.key == key).values(**values))


async def get_server(session: AsyncSession, key: str, *, lock: bool = False) -> Row[Any]:
    """One server, 404 if there is none; `lock` holds it for a change."""
    statement = select(*_server).where(_server.key == key)
    if lock:
        statement = statement.with_for_update()
    row = (await session.execute(statement)).first()
    if row is None:
        raise NotFound(f"There is no Prometheus server {key}")
    return row


async def list_servers(session: AsyncSession, page: PageParams) -> list[Row[Any]]:
    """By key, one more than the page holds."""
    return list((await session.execute(keyset(select(*_server), [_server.key], page))).all())


async def fed_slis(session: AsyncSession) -> list[Any]:
    """Active SLIs that Prometheus feeds, with how far they were queried."""
    statement = (
        select(*_sli, _query.queried_until)
        .outerjoin(PrometheusQuery, _query.sli == _sli.key)
        .where(_is_fed, _sli.state == SliState.ACTIVE.value)
        .order_by(_sli.key)
    )
    return list((await session.execute(statement)).all())


async def active_servers(session: AsyncSession) -> dict[str, Row[Any]]:
    rows = await session.execute(select(*_server).where(_server.active.is_(True)))
    return {row.key: row for row in rows}


async def note_round(
    session: AsyncSession, sli: str, at: datetime, until: datetime | None, error: str | None
) -> None:
    """How a round of queries of an SLI went; a failed one moves nothing on."""
    statement = insert(PrometheusQuery).values(
        sli=sli,
        queried_until=until,
        last_run_at=at,
        last_error=error,
        failures=0 if error is None else 1,
    )
    fresh = statement.excluded
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=[_query.sli],
            set_={
                "queried_until": func.coalesce(fresh.queried_until, _query.queried_until),
                "last_run_at": fresh.last_run_at,
                "last_error": fresh.last_error,
                "failures": 0 if error is None else _query.failures + 1,
            },
        )
    )


async def list_query_states(session: AsyncSession, page: PageParams) -> list[Row[Any]]:
    """Of every SLI that Prometheus feeds, by key, one more than the page holds."""
    statement = (
        select(
            _sli.key.label("sli"),
            _sli.feed["server"].astext.label("server"),
            _query.queried_until,
            _query.last_run_at,
            _query.last_error,
            func.coalesce(_query.failures, 0).label("failures"),
        )
        .outerjoin(PrometheusQuery, _query.sli == _sli.key)
        .where(_is_fed, _sli.state == SliState.ACTIVE.value)
    )
    return list((await session.execute(keyset(statement, [_sli.key], page))).all())

"""Every SQL statement about benchmarks."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import Row, ScalarSelect, Text, cast, delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from catalog_api import rows
from catalog_api.benchmarks.rules import Measure
from catalog_api.benchmarks.tables import Benchmark
from shared.kit.pagination import PageParams

_benchmark = Benchmark.__table__.c
SHOWN = 100  # newest benchmarks that the service document shows


async def insert_benchmark(session: AsyncSession, values: Mapping[str, Any]) -> None:
    """Add a benchmark."""
    await rows.insert_row(session, Benchmark, values)


async def get_benchmark(session: AsyncSession, service: str, benchmark: UUID) -> Row[Any]:
    """One benchmark; 404 if the service has none of that id."""
    statement = select(*_benchmark).where(
        _benchmark.service_key == service, _benchmark.id == benchmark
    )
    missing = f"The service {service} has no benchmark {benchmark}"
    return await rows.get_row(session, statement, missing)


async def list_benchmarks(
    session: AsyncSession, service: str, measure: Measure | None, page: PageParams
) -> list[Row[Any]]:
    """Benchmarks, the newest first, one more than the page holds."""
    statement = select(*_benchmark).where(_benchmark.service_key == service)
    if measure is not None:
        statement = statement.where(_benchmark.measure == measure)
    order = [_benchmark.published_on.desc(), _benchmark.id.desc()]
    return await rows.list_rows(session, statement, order, page)


async def delete_benchmark(session: AsyncSession, benchmark: UUID) -> None:
    """Take a benchmark away."""
    await session.execute(delete(Benchmark).where(_benchmark.id == benchmark))


def section(service: Any) -> ScalarSelect[Any]:
    """The newest benchmarks, for the service document."""
    columns = [one for one in _benchmark if one.key not in ("service_key", "value")]
    return rows.json_list(
        select(*columns, cast(_benchmark.value, Text).label("value"))
        .where(_benchmark.service_key == service)
        .order_by(_benchmark.published_on.desc(), _benchmark.id.desc())
        .limit(SHOWN)
    )

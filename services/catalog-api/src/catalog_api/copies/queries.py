"""Every SQL statement of the lists over everything of a kind."""

from typing import Any

from sqlalchemy import Row, literal, null, select, union_all
from sqlalchemy.ext.asyncio import AsyncSession

from catalog_api import rows
from catalog_api.agreements.queries import whole_versions
from catalog_api.agreements.tables import AgreementVersion
from catalog_api.benchmarks.tables import Benchmark
from catalog_api.calendars.tables import CalendarVersion
from catalog_api.priorities.tables import (
    PriorityScheme,
    PrioritySchemeVersion,
    ServicePriorityScheme,
)
from catalog_api.rows import table_of
from catalog_api.vital_activities.queries import supports
from catalog_api.vital_activities.tables import Support
from shared.kit.pagination import PageParams

_calendar = table_of(CalendarVersion).c
_scheme = table_of(PriorityScheme).c
_scheme_version = table_of(PrioritySchemeVersion).c
_override = table_of(ServicePriorityScheme).c
_agreement = table_of(AgreementVersion).c
_support = table_of(Support).c
_benchmark = table_of(Benchmark).c


async def list_calendar_versions(session: AsyncSession, page: PageParams) -> list[Row[Any]]:
    """All versions by calendar and number, one more than the page holds."""
    statement = select(_calendar.calendar_key.label("calendar"), *_calendar)
    order = [_calendar.calendar_key, _calendar.version]
    return await rows.list_rows(session, statement, order, page)


async def list_scheme_versions(session: AsyncSession, page: PageParams) -> list[Row[Any]]:
    """All versions by scheme and number, one more than the page holds."""
    statement = select(_scheme_version.scheme_key.label("scheme"), *_scheme_version)
    order = [_scheme_version.scheme_key, _scheme_version.version]
    return await rows.list_rows(session, statement, order, page)


async def list_scheme_holdings(session: AsyncSession, page: PageParams) -> list[Row[Any]]:
    """The default, then the choices of services by key, one more than the page holds."""
    default = select(null().label("service"), _scheme.key.label("scheme"), literal("").label("at"))
    chosen = select(
        _override.service_key.label("service"),
        _override.scheme_key.label("scheme"),
        _override.service_key.label("at"),
    )
    holding = union_all(default.where(_scheme.is_default), chosen).subquery().c
    return await rows.list_rows(session, select(*holding), [holding.at], page)


async def list_agreement_versions(session: AsyncSession, page: PageParams) -> list[Row[Any]]:
    """All versions by agreement and number, one more than the page holds."""
    order = [_agreement.agreement_key, _agreement.version]
    return await rows.list_rows(session, whole_versions(), order, page)


async def list_supports(session: AsyncSession, page: PageParams) -> list[Row[Any]]:
    """All supports by vital activity and service, one more than the page holds."""
    order = [_support.vital_activity_key, _support.service_key]
    return await rows.list_rows(session, supports(), order, page)


async def list_benchmarks(session: AsyncSession, page: PageParams) -> list[Row[Any]]:
    """All benchmarks by id, one more than the page holds."""
    statement = select(_benchmark.service_key.label("service"), *_benchmark)
    return await rows.list_rows(session, statement, [_benchmark.id], page)

"""Reading the whole document of a service in a handful of statements, however rich it is."""

from functools import lru_cache
from typing import Any

from sqlalchemy import Select, Text, bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession

from catalog_api.documents.sections import SECTIONS
from catalog_api.sheets import Section
from shared.kit.database import Query, answer


def selected_sections(key: str, wanted: tuple[Section, ...] = SECTIONS) -> Query[dict[str, Any]]:
    """Those of these sections of a service that subqueries give, by name; one or more."""
    return Query(_statement(wanted), {"service": key}, lambda rows: rows[0]._asdict())


async def compile_sections(session: AsyncSession) -> None:
    """Have the large statement built, compiled and planned: at first use it takes half a second."""
    await answer(session, selected_sections(""))


@lru_cache(maxsize=50)  # gates are few, and each asks for the same sections every time
def _statement(wanted: tuple[Section, ...]) -> Select[Any]:
    """Those of the sections that a subquery gives; it is the same for each service."""
    key = bindparam("service", type_=Text())
    return select(
        *(section.select(key).label(section.name) for section in wanted if section.select)
    )

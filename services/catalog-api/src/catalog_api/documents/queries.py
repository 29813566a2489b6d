"""Reading the whole document of a service in a handful of statements, however rich it is."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from sqlalchemy import Select, Text, bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession

from catalog_api.documents.sections import SECTIONS
from catalog_api.sheets import Section
from shared.kit.database import rows_of


async def load_sections(
    session: AsyncSession, key: str, wanted: tuple[Section, ...] = SECTIONS
) -> Mapping[str, Any]:
    """Sections of a service that exists, by name: one statement, and those of `load`."""
    found: dict[str, Any] = {}
    if any(section.select for section in wanted):
        (row,) = await rows_of(session, _statement(wanted), {"service": key})
        found.update(row._asdict())
    for section in wanted:
        if section.load is not None:
            found[section.name] = await section.load(session, key)
    return {section.name: found[section.name] for section in wanted}


async def compile_sections(session: AsyncSession) -> None:
    """Have the large statement built, compiled and planned: at first use it takes half a second."""
    await rows_of(session, _statement(SECTIONS), {"service": ""})


@lru_cache(maxsize=50)  # gates are few, and each asks for the same sections every time
def _statement(wanted: tuple[Section, ...]) -> Select[Any]:
    """Those of the sections that a subquery gives; it is the same for each service."""
    key = bindparam("service", type_=Text())
    return select(
        *(section.select(key).label(section.name) for section in wanted if section.select)
    )

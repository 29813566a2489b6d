"""Reading the whole document of a service in a handful of statements, however rich it is."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from sqlalchemy import Select, Text, bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession

from catalog_api.documents.sections import SECTIONS


async def load_sections(session: AsyncSession, key: str) -> Mapping[str, Any]:
    """Every section of a service that exists, by name: one statement, and those of `load`."""
    row = (await session.execute(_statement(), {"service": key})).one()
    found: dict[str, Any] = dict(row._mapping)
    for section in SECTIONS:
        if section.load is not None:
            found[section.name] = await section.load(session, key)
    return {section.name: found[section.name] for section in SECTIONS}


async def compile_sections(session: AsyncSession) -> None:
    """Have the large statement built, compiled and planned: at first use it takes half a second."""
    await session.execute(_statement(), {"service": ""})


@cache
def _statement() -> Select[Any]:
    """All the sections that a subquery gives; built once, it is the same for each service."""
    key = bindparam("service", type_=Text())
    return select(
        *(section.select(key).label(section.name) for section in SECTIONS if section.select)
    )

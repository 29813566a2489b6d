"""Statements over the fact definitions."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select, true
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from improvement_api.fact_sheets import OneRow
from improvement_api.facts.rules import Owner
from improvement_api.facts.tables import FactDefinitionRow
from shared.schemas.common import FactDefinition


async def known_facts(session: AsyncSession) -> dict[str, FactDefinition]:
    """All definitions by name, in the order of their names."""
    rows = await session.scalars(select(FactDefinitionRow).order_by(FactDefinitionRow.name))
    return {row.name: FactDefinition.model_validate(row) for row in rows}


async def remember_facts(
    session: AsyncSession, heard: Mapping[Owner, Sequence[FactDefinition]], now: datetime
) -> None:
    """Store what owners said of themselves, where it differs from what is known."""
    known = await known_facts(session)
    for owner in sorted(heard):
        stored = [fact for fact in known.values() if fact.owner == owner]
        if sorted(heard[owner], key=lambda fact: fact.name) != stored:
            await replace_facts(session, owner, heard[owner], now)


async def replace_facts(
    session: AsyncSession, owner: Owner, definitions: Iterable[FactDefinition], now: datetime
) -> None:
    """Make an owner's definitions what it just said; a name of another owner stays the other's."""
    rows = [{**definition.model_dump(), "heard_at": now} for definition in definitions]
    names = [row["name"] for row in rows]
    await session.execute(
        delete(FactDefinitionRow).where(
            FactDefinitionRow.owner == owner, FactDefinitionRow.name.not_in(names)
        )
    )
    if not rows:
        return
    # In one order, so that two who hear the same catalog at once cannot deadlock.
    statement = insert(FactDefinitionRow).values(sorted(rows, key=lambda row: str(row["name"])))
    fresh = statement.excluded
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=[FactDefinitionRow.name],
            set_={name: fresh[name] for name in ("type", "unit", "meaning", "heard_at")},
            where=FactDefinitionRow.owner == owner,
        )
    )


def side_by_side(statements: Sequence[OneRow]) -> OneRow:
    """These statements as one, of which the row has the columns of all theirs."""
    first, *others = (statement.subquery(f"part_{n}") for n, statement in enumerate(statements))
    rows: Any = first
    for other in others:
        rows = rows.join(other, true())
    columns = (column for part in (first, *others) for column in part.c)
    return select(*(one.label(f"fact_{n}") for n, one in enumerate(columns))).select_from(rows)

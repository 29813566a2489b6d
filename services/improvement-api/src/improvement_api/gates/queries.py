"""Statements over the versions of gates."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from functools import cache
from typing import Any

from sqlalchemy import (
    Row,
    Select,
    Text,
    bindparam,
    cast,
    column,
    func,
    select,
    text,
    true,
    tuple_,
)
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.ext.asyncio import AsyncSession

from improvement_api.gates.rules import CRITERIA, USED_FACTS, GateDefinition
from improvement_api.gates.tables import GateVersion
from shared.errors import NotFound
from shared.kit.database import rows_of
from shared.kit.pagination import PageParams, keyset
from shared.schemas.improvement import Gate

StoredVersion = GateVersion | Row[Any]
"""A version with its fields, however it was read."""


async def list_current_versions(session: AsyncSession, page: PageParams) -> list[GateVersion]:
    """The newest version of each gate, by key, one more than the page holds."""
    newest = select(GateVersion.gate, func.max(GateVersion.version)).group_by(GateVersion.gate)
    statement = select(GateVersion).where(_identity().in_(newest))
    return list(await session.scalars(keyset(statement, [cast(GateVersion.gate, Text)], page)))


async def uses_of_facts(session: AsyncSession) -> list[tuple[str, Gate, str]]:
    """Fact, gate and criterion of each use in the versions in force, by gate and criterion."""
    newest = select(GateVersion.gate, func.max(GateVersion.version)).group_by(GateVersion.gate)
    criterion = func.jsonb_each(GateVersion.facts).table_valued("key", "value", name="criterion")
    fact = func.jsonb_array_elements(cast(criterion.c.value, JSONB)).table_valued(
        column("value", JSONB), name="fact"
    )
    name = fact.c.value["name"].astext
    statement = (
        select(name, GateVersion.gate, criterion.c.key)
        .select_from(GateVersion)
        .join(criterion, true())
        .join(fact, true())
        .where(_identity().in_(newest))
        .order_by(cast(GateVersion.gate, Text), criterion.c.key, name)
    )
    return [(fact_name, gate, key) for fact_name, gate, key in await session.execute(statement)]


async def newest_numbers(session: AsyncSession) -> dict[Gate, int]:
    """The number of the newest version of each gate that has one."""
    number = func.max(GateVersion.version).label("number")
    statement = select(GateVersion.gate, number).group_by(GateVersion.gate)
    return {row.gate: row.number for row in await session.execute(statement)}


async def current_version(session: AsyncSession, gate: Gate) -> Row[Any]:
    """The newest version of a gate; NotFound while it has none."""
    found: list[Row[Any]] = await rows_of(session, _newest(), {"gate": gate})
    if not found:
        raise NotFound(f"The gate {gate} is not defined", code="unknown_gate")
    return found[0]


@cache
def _newest() -> Select[Any]:
    version = GateVersion.__table__.c
    statement = select(*version).where(version.gate == bindparam("gate"))
    return statement.order_by(version.version.desc()).limit(1)


async def get_version(session: AsyncSession, gate: Gate, version: int) -> GateVersion:
    row = await session.get(GateVersion, (gate, version))
    if row is None:
        raise NotFound(f"The gate {gate} has no version {version}")
    return row


async def versions_of(
    session: AsyncSession, wanted: Iterable[tuple[Gate, int]]
) -> dict[tuple[Gate, int], GateDefinition]:
    """Definitions by gate and version."""
    statement = select(GateVersion).where(_identity().in_(set(wanted)))
    return {(row.gate, row.version): definition_of(row) for row in await session.scalars(statement)}


async def list_versions(session: AsyncSession, gate: Gate, page: PageParams) -> list[GateVersion]:
    """Versions of a gate, newest first, one more than the page holds."""
    statement = select(GateVersion).where(GateVersion.gate == gate)
    return list(await session.scalars(keyset(statement, [GateVersion.version.desc()], page)))


async def every_version(session: AsyncSession) -> dict[Gate, list[GateVersion]]:
    """All versions by their gate; people publish few."""
    found: dict[Gate, list[GateVersion]] = {}
    for row in await session.scalars(select(GateVersion)):
        found.setdefault(row.gate, []).append(row)
    return found


async def lock_gate(session: AsyncSession, gate: Gate) -> None:
    """Let one publication of a gate wait for the other; version rows themselves never change."""
    await session.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"),
        {"name": f"improvement.gate.{gate}"},
    )


async def insert_version(session: AsyncSession, values: Mapping[str, Any]) -> GateVersion | None:
    """Add a version; None when there is one of this number."""
    statement = insert(GateVersion).values(dict(values)).on_conflict_do_nothing()
    return await session.scalar(statement.returning(GateVersion))


def definition_of(row: StoredVersion) -> GateDefinition:
    """A row as the rules read it."""
    return GateDefinition(
        gate=row.gate,
        version=row.version,
        criteria=CRITERIA.validate_python(row.criteria),
        facts=USED_FACTS.validate_python(row.facts),
        max_age=timedelta(hours=row.max_age_hours),
        pass_threshold=row.pass_threshold,
        warning_threshold=row.warning_threshold,
        decided_by=row.decided_by,
        board=row.board,
        waived_by=row.waived_by,
    )


def _identity() -> Any:
    return tuple_(GateVersion.gate, GateVersion.version)

"""Every SQL statement about the artifact register."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Row,
    ScalarSelect,
    and_,
    cast,
    delete,
    func,
    select,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from catalog_api.artifacts.rules import ArtifactKey, Assessment, ResourceKind
from catalog_api.artifacts.tables import Artifact, ArtifactAssessment, ArtifactResource
from catalog_api.boards.tables import Board
from catalog_api.customers.tables import Customer
from catalog_api.offerings.rules import OfferingState
from catalog_api.offerings.tables import Offering
from catalog_api.portfolios.tables import Portfolio
from catalog_api.practices.tables import Practice
from catalog_api.priorities.tables import PriorityScheme
from catalog_api.registry.tables import Service
from catalog_api.rows import change_row, get_row, insert_row, json_list, list_rows, table_of
from catalog_api.touchpoints.tables import Touchpoint
from shared.errors import NotFound
from shared.kit.pagination import PageParams
from shared.schemas.catalog import Stage

_artifact = table_of(Artifact).c
_resource = table_of(ArtifactResource).c
_assessment = table_of(ArtifactAssessment).c
_REGISTER = "artifact register"


def _missing(key: str) -> str:
    return f"There is no artifact {key}"


async def lock_register(session: AsyncSession) -> None:
    """One change or assessment at a time: each of them writes the assessments of all ten."""
    await session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(_REGISTER, 0))))


async def get_artifact(session: AsyncSession, key: str) -> Row[Any]:
    statement = select(table_of(Artifact)).where(_artifact.key == key)
    return await get_row(session, statement, _missing(key))


async def list_artifacts(session: AsyncSession, page: PageParams) -> list[Row[Any]]:
    """Artifacts in their order, one more than the page holds."""
    # Wide enough for whatever number a forged cursor holds.
    position = cast(_artifact.position, BigInteger)
    return await list_rows(session, select(table_of(Artifact)), [position], page)


async def all_artifacts(session: AsyncSession) -> list[Row[Any]]:
    """The ten artifacts in their order."""
    return list(await session.execute(select(table_of(Artifact)).order_by(_artifact.position)))


async def change_artifact(
    session: AsyncSession, key: ArtifactKey, values: Mapping[str, Any]
) -> None:
    await change_row(session, Artifact, _artifact.key == key, values)


async def resources_of(
    session: AsyncSession, artifacts: Collection[ArtifactKey]
) -> dict[ArtifactKey, list[Row[Any]]]:
    """The linked resources of these artifacts, in the order they were linked."""
    statement = (
        select(table_of(ArtifactResource))
        .where(_resource.artifact_key.in_(artifacts))
        .order_by(_resource.added_at, _resource.id)
    )
    found: dict[ArtifactKey, list[Row[Any]]] = {key: [] for key in artifacts}
    for row in await session.execute(statement):
        found[row.artifact_key].append(row)
    return found


async def insert_resource(session: AsyncSession, values: Mapping[str, Any]) -> bool:
    """Link a resource; False when the artifact has it already."""
    return await insert_row(session, ArtifactResource, values)


async def delete_resource(session: AsyncSession, artifact: ArtifactKey, resource: UUID) -> Row[Any]:
    """Unlink a resource and answer what it was; 404 if the artifact has none of that id."""
    statement = (
        delete(ArtifactResource)
        .where(_resource.artifact_key == artifact, _resource.id == resource)
        .returning(*_resource)
    )
    row = (await session.execute(statement)).first()
    if row is None:
        raise NotFound(f"The artifact {artifact} has no resource {resource}")
    return row


def _present(kind: ResourceKind) -> tuple[ColumnElement[str], ColumnElement[bool]]:
    """The key column of what a kind is, and the condition under which it still stands."""
    board, customer = table_of(Board).c, table_of(Customer).c
    service, touchpoint = table_of(Service).c, table_of(Touchpoint).c
    offering, practice = table_of(Offering).c, table_of(Practice).c
    portfolio, scheme = table_of(Portfolio).c, table_of(PriorityScheme).c
    return {
        ResourceKind.BOARD: (board.key, board.ended_on.is_(None)),
        ResourceKind.PORTFOLIO: (portfolio.key, portfolio.key.is_not(None)),
        ResourceKind.SERVICE: (service.key, service.stage != Stage.RETIREMENT),
        ResourceKind.CUSTOMER: (customer.key, customer.active),
        ResourceKind.TOUCHPOINT: (touchpoint.key, touchpoint.active),
        ResourceKind.OFFERING: (offering.key, offering.state == OfferingState.PUBLISHED),
        ResourceKind.PRIORITY_SCHEME: (scheme.key, scheme.key.is_not(None)),
        ResourceKind.PRACTICE: (practice.key, practice.retired_on.is_(None)),
    }[kind]


async def present_keys(
    session: AsyncSession, references: Collection[tuple[ResourceKind, str]]
) -> set[tuple[ResourceKind, str]]:
    """Those of the internal references (kind, key) that are there and in force."""
    by_kind: dict[ResourceKind, set[str]] = {}
    for kind, key in references:
        by_kind.setdefault(kind, set()).add(key)
    found: set[tuple[ResourceKind, str]] = set()
    for kind, keys in by_kind.items():
        column, stands = _present(kind)
        rows = await session.scalars(select(column).where(and_(column.in_(keys), stands)))
        found |= {(kind, key) for key in rows}
    return found


async def keep_assessments(
    session: AsyncSession, found: Mapping[ArtifactKey, Assessment], moment: datetime
) -> None:
    """Replace the last assessments."""
    rows = [
        {
            "artifact_key": key,
            "completeness": found[key].completeness,
            "missing": found[key].missing,
            "assessed_at": moment,
        }
        for key in found
    ]
    statement = insert(ArtifactAssessment).values(rows)
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=[_assessment.artifact_key],
            set_={
                name: statement.excluded[name]
                for name in ("completeness", "missing", "assessed_at")
            },
        )
    )


def sheet_of(_: Any) -> ScalarSelect[Any]:
    """What every service document shows: the last assessment of the ten."""
    assessed = (
        select(
            _artifact.key.label("artifact"),
            _artifact.name,
            _artifact.owner,
            _assessment.completeness,
            _assessment.missing,
            _assessment.assessed_at,
        )
        .join(table_of(ArtifactAssessment), _assessment.artifact_key == _artifact.key)
        .order_by(_artifact.position)
    )
    return json_list(assessed)

"""Statements over evaluations and which of them stands."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter
from sqlalchemy import select, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from improvement_api.decisions.queries import frozen_verdicts
from improvement_api.evaluations.rules import Assessment, Result, assess, standing_of
from improvement_api.evaluations.tables import Evaluation, GateStanding
from improvement_api.gates.queries import versions_of
from improvement_api.gates.rules import GateDefinition
from improvement_api.signatures.queries import signatures_of
from improvement_api.signatures.tables import Signature
from shared.errors import NotFound
from shared.kit.pagination import PageParams, keyset
from shared.schemas.improvement import Gate, Standing

RESULTS: TypeAdapter[dict[str, Result]] = TypeAdapter(dict[str, Result])
ASSESSMENT: TypeAdapter[Assessment] = TypeAdapter(Assessment)
"""How results and frozen assessments are read from, and written to, JSON."""


@dataclass(frozen=True)
class ReadEvaluation:
    """An evaluation as it is at the moment of reading."""

    row: Evaluation
    definition: GateDefinition
    signatures: Sequence[Signature]
    assessment: Assessment
    standing: Standing
    expires_at: datetime


async def read_evaluations(
    session: AsyncSession, rows: Sequence[Evaluation], now: datetime
) -> list[ReadEvaluation]:
    """Compute verdict and standing of evaluations; what a decision froze is taken from it."""
    ids = [row.id for row in rows]
    definitions = await versions_of(session, ((row.gate, row.gate_version) for row in rows))
    signatures = await signatures_of(session, ids)
    frozen = await frozen_verdicts(session, ids)
    standing = await standing_ids(session, ((row.service, row.gate) for row in rows))
    found = []
    for row in rows:
        definition = definitions[row.gate, row.gate_version]
        signed = signatures.get(row.id, [])
        expires_at = row.evaluated_at + definition.max_age
        found.append(
            ReadEvaluation(
                row=row,
                definition=definition,
                signatures=signed,
                assessment=ASSESSMENT.validate_python(frozen[row.id])
                if row.id in frozen
                else assess(definition, RESULTS.validate_python(row.results), _signers(signed)),
                standing=standing_of(
                    decided=row.id in frozen,
                    stands=row.id in standing,
                    signed=bool(signed),
                    expired=now >= expires_at,
                ),
                expires_at=expires_at,
            )
        )
    return found


def _signers(signatures: Iterable[Signature]) -> dict[str, list[str]]:
    signers: dict[str, list[str]] = {}
    for signature in signatures:
        signers.setdefault(signature.criterion, []).append(signature.signed_by)
    return signers


async def read_evaluation(
    session: AsyncSession, evaluation_id: UUID, now: datetime
) -> ReadEvaluation:
    """One evaluation as it is now; NotFound when there is none."""
    row = await session.get(Evaluation, evaluation_id)
    if row is None:
        raise NotFound(f"There is no evaluation {evaluation_id}")
    return (await read_evaluations(session, [row], now))[0]


async def list_evaluations(
    session: AsyncSession, service: str, gate: Gate, page: PageParams
) -> list[Evaluation]:
    """Evaluations of a service at a gate, newest first, one more than the page holds."""
    statement = select(Evaluation).where(Evaluation.service == service, Evaluation.gate == gate)
    order: list[Any] = [Evaluation.evaluated_at.desc(), Evaluation.id.desc()]
    return list(await session.scalars(keyset(statement, order, page)))


async def insert_evaluation(session: AsyncSession, evaluation: Evaluation) -> None:
    session.add(evaluation)
    await session.flush()


async def standing_ids(session: AsyncSession, places: Iterable[tuple[str, Gate]]) -> set[UUID]:
    """The evaluations that stand at these places (service, gate)."""
    place = tuple_(GateStanding.service, GateStanding.gate)
    statement = select(GateStanding.evaluation_id).where(place.in_(set(places)))
    return set(await session.scalars(statement))


async def standing_at(
    session: AsyncSession, service: str, gates: Iterable[Gate], now: datetime
) -> dict[Gate, ReadEvaluation]:
    """The evaluations of a service that stand at these gates, as they are now."""
    ids = await standing_ids(session, ((service, gate) for gate in gates))
    rows = (await session.scalars(select(Evaluation).where(Evaluation.id.in_(ids)))).all()
    return {read.row.gate: read for read in await read_evaluations(session, rows, now)}


async def lock_standing(session: AsyncSession, service: str, gate: Gate) -> UUID | None:
    """The standing evaluation, held until the transaction ends; None before the first one.

    Evaluating, signing and deciding at a gate wait for each other here.
    """
    statement = (
        select(GateStanding.evaluation_id)
        .where(GateStanding.service == service, GateStanding.gate == gate)
        .with_for_update()
    )
    found: UUID | None = await session.scalar(statement)
    return found


async def claim_standing(
    session: AsyncSession, service: str, gate: Gate, evaluation_id: UUID
) -> UUID:
    """Let the first evaluation of a service at a gate stand; else lock and give who does."""
    values = {"service": service, "gate": gate, "evaluation_id": evaluation_id}
    # The update changes nothing but locks the row, and sees one committed meanwhile.
    statement = (
        insert(GateStanding)
        .values(values)
        .on_conflict_do_update(
            index_elements=[GateStanding.service, GateStanding.gate],
            set_={"evaluation_id": GateStanding.evaluation_id},
        )
        .returning(GateStanding.evaluation_id)
    )
    standing: UUID = (await session.execute(statement)).scalar_one()
    return standing


async def replace_standing(
    session: AsyncSession, service: str, gate: Gate, evaluation_id: UUID
) -> None:
    """Let another evaluation stand; the caller holds the lock."""
    await session.execute(
        update(GateStanding)
        .where(GateStanding.service == service, GateStanding.gate == gate)
        .values(evaluation_id=evaluation_id)
    )

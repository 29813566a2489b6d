"""Statements over evaluations and which of them stands."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from pydantic import TypeAdapter
from sqlalchemy import ColumnElement, func, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession

from improvement_api.decisions.queries import Frozen, frozen_verdicts
from improvement_api.evaluations.rules import Assessment, Result, assess, standing_of
from improvement_api.evaluations.tables import Evaluation, GateStanding
from improvement_api.gates.queries import versions_of
from improvement_api.gates.rules import GateDefinition
from improvement_api.signatures.queries import GivenSignature, signatures_of
from improvement_api.waivers.queries import approved_waivers
from improvement_api.waivers.rules import ApprovedWaiver, in_force
from shared.errors import NotFound
from shared.kit.database import Statement, rows_of_each
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
    signatures: Sequence[GivenSignature]
    assessment: Assessment
    standing: Standing
    expires_at: datetime
    as_of: datetime

    @property
    def counting(self) -> list[GivenSignature]:
        """The signatures that count, now or when it was decided."""
        return [one for one in self.signatures if one.counts(self.as_of)]

    @property
    def signers(self) -> set[str]:
        """Everyone behind the signatures that count: who signed, and for whom."""
        return {person for one in self.counting for person in one.persons}


async def read_evaluations(
    session: AsyncSession, rows: Sequence[Evaluation], now: datetime
) -> list[ReadEvaluation]:
    """Compute verdict and standing of evaluations; what a decision froze is taken from it."""
    ids = [row.id for row in rows]
    places = {(row.service, row.gate) for row in rows}
    definitions = await versions_of(session, ((row.gate, row.gate_version) for row in rows))
    signatures = await signatures_of(session, ids)
    waivers = await approved_waivers(session, places, now)
    frozen = await frozen_verdicts(session, ids)
    standing = await standing_ids(session, places)
    return [
        _read(
            row,
            definitions[row.gate, row.gate_version],
            _Beside(
                signatures.get(row.id, []),
                waivers.get((row.service, row.gate), []),
                frozen.get(row.id),
                stands=row.id in standing,
            ),
            now,
        )
        for row in rows
    ]


@dataclass(frozen=True)
class _Beside:
    """What was added beside an evaluation after it was made."""

    signatures: Sequence[GivenSignature]
    waivers: Sequence[ApprovedWaiver]
    frozen: Frozen | None
    stands: bool


def _read(
    row: Evaluation, definition: GateDefinition, beside: _Beside, now: datetime
) -> ReadEvaluation:
    frozen = beside.frozen
    as_of = now if frozen is None else frozen.at
    expires_at = row.evaluated_at + definition.max_age
    counting = [one for one in beside.signatures if one.counts(as_of)]
    if frozen is not None:
        assessment = ASSESSMENT.validate_python(frozen.assessment)
    else:
        recorded = RESULTS.validate_python(row.results)
        waived = in_force(beside.waivers, definition, now)
        assessment = assess(definition, recorded, _signers(counting), waived)
    return ReadEvaluation(
        row=row,
        definition=definition,
        signatures=beside.signatures,
        assessment=assessment,
        standing=standing_of(
            decided=frozen is not None,
            stands=beside.stands,
            signed=bool(counting),
            expired=now >= expires_at,
        ),
        expires_at=expires_at,
        as_of=as_of,
    )


def _signers(signatures: Iterable[GivenSignature]) -> dict[str, list[str]]:
    """By criterion the holders of its role who stand by it, in person or through somebody."""
    signers: dict[str, list[str]] = {}
    for signature in signatures:
        row = signature.row
        signers.setdefault(row.criterion, []).append(row.delegated_by or row.signed_by)
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


@dataclass(frozen=True)
class PastFilter:
    """Evaluations at a gate made in [since, until); of all services where none is named."""

    gate: Gate
    since: datetime
    until: datetime
    service: str | None = None


async def count_past(session: AsyncSession, wanted: PastFilter, limit: int) -> int:
    """How many evaluations fit, counted no further than `limit`."""
    some = select(Evaluation.id).where(*_past(wanted)).limit(limit).subquery()
    return (await session.execute(select(func.count()).select_from(some))).scalar_one()


async def past_evaluations(
    session: AsyncSession, wanted: PastFilter, page: PageParams
) -> list[Evaluation]:
    """Evaluations that fit, newest first, one more than the page holds."""
    order: list[Any] = [Evaluation.evaluated_at.desc(), Evaluation.id.desc()]
    statement = select(Evaluation).where(*_past(wanted))
    return list(await session.scalars(keyset(statement, order, page)))


def _past(wanted: PastFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [
        Evaluation.gate == wanted.gate,
        Evaluation.evaluated_at >= wanted.since,
        Evaluation.evaluated_at < wanted.until,
    ]
    if wanted.service is not None:
        conditions.append(Evaluation.service == wanted.service)
    return conditions


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


_FIELDS: Final = [column.name for column in Evaluation.__table__.columns]
_PLACES: Final = {name: f":{name}" for name in _FIELDS} | {
    "results": "CAST(CAST(:results AS text) AS jsonb)"
}
_INSERT: Final = f"""
    INSERT INTO improvement.evaluation ({", ".join(_PLACES)}) VALUES ({", ".join(_PLACES.values())})
"""  # noqa: S608 - made of our own column names
# The update changes nothing but locks the row, and sees one committed meanwhile.
_CLAIM: Final = """
    INSERT INTO improvement.gate_standing AS standing (service, gate, evaluation_id)
    VALUES (:service, :gate, :id)
    ON CONFLICT (service, gate) DO UPDATE SET evaluation_id = standing.evaluation_id
    RETURNING evaluation_id
"""
# A statement of its own: it sees the signatures and votes for which the claim has waited.
_REPLACE_BARE: Final = """
    UPDATE improvement.gate_standing AS standing SET evaluation_id = :id
    WHERE service = :service AND gate = :gate
      AND NOT EXISTS (
          SELECT FROM improvement.signature WHERE evaluation_id = standing.evaluation_id)
      AND NOT EXISTS (
          SELECT FROM improvement.vote WHERE evaluation_id = standing.evaluation_id)
    RETURNING evaluation_id
"""


async def add_evaluation(
    session: AsyncSession, made: Evaluation, audit_entry: Statement
) -> UUID | None:
    """Add an evaluation, and let it stand unless one stands that was signed or voted on, which is
    returned; its place is held either way until the transaction ends."""
    fields = {name: getattr(made, name) for name in _FIELDS}
    place = {"service": made.service, "gate": made.gate, "id": made.id}
    added = (_INSERT, {**fields, "results": json.dumps(made.results)})
    # The claim comes late, since from there on others at this gate wait.
    asked = [added, audit_entry, (_CLAIM, place), (_REPLACE_BARE, place)]
    *_, (claimed,), replaced = await rows_of_each(session, asked)
    standing: UUID = claimed.evaluation_id
    return None if replaced else standing


async def replace_standing(
    session: AsyncSession, service: str, gate: Gate, evaluation_id: UUID
) -> None:
    """Let another evaluation stand; the caller holds the lock."""
    await session.execute(
        update(GateStanding)
        .where(GateStanding.service == service, GateStanding.gate == gate)
        .values(evaluation_id=evaluation_id)
    )

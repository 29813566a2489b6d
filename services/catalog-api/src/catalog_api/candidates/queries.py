"""Every SQL statement about vendor candidates and their scores."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, func, select
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.ext.asyncio import AsyncSession

from catalog_api import rows
from catalog_api.candidates.rules import CandidateState
from catalog_api.candidates.tables import CandidateScore, VendorCandidate
from shared.kit.pagination import PageParams

_candidate = rows.table_of(VendorCandidate).c
_score = rows.table_of(CandidateScore).c


@dataclass(frozen=True)
class CandidateFilters:
    """Each filter that is given narrows the list."""

    service: str
    state: CandidateState | None


async def insert_candidate(session: AsyncSession, values: Mapping[str, Any]) -> None:
    await rows.insert_row(session, VendorCandidate, values)


async def get_candidate(
    session: AsyncSession, service: str, candidate: UUID, *, lock: bool = False
) -> Row[Any]:
    """One candidate of a service with its scores; 404 if there is none."""
    statement = _whole_candidates().where(
        _candidate.id == candidate, _candidate.service_key == service
    )
    missing = f"{service} has no vendor candidate {candidate}"
    return await rows.get_row(session, statement, missing, lock=lock)


async def list_candidates(
    session: AsyncSession, filters: CandidateFilters, page: PageParams
) -> list[Row[Any]]:
    """Candidates of a service in the order of creation, one more than the page holds."""
    statement = _whole_candidates().where(_candidate.service_key == filters.service)
    if filters.state is not None:
        statement = statement.where(_candidate.state == filters.state)
    return await rows.list_rows(session, statement, [_candidate.created_at, _candidate.id], page)


async def change_candidate(
    session: AsyncSession, candidate: UUID, values: Mapping[str, Any]
) -> None:
    await rows.change_row(session, VendorCandidate, _candidate.id == candidate, values)


async def put_score(session: AsyncSession, values: Mapping[str, Any]) -> None:
    """Score a requirement, or score it anew."""
    statement = insert(CandidateScore).values(**values)
    anew = {name: statement.excluded[name] for name in values}
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=[_score.candidate_id, _score.requirement_id], set_=anew
        )
    )


def _whole_candidates() -> Select[Any]:
    one = func.jsonb_build_object(
        "score",
        _score.score,
        "reason",
        _score.reason,
        "scored_by",
        _score.scored_by,
        "scored_at",
        _score.scored_at,
    )
    scores = (
        select(
            func.coalesce(
                func.jsonb_object_agg(_score.requirement_id, one, type_=JSONB),
                func.jsonb_build_object(type_=JSONB),
            )
        )
        .where(_score.candidate_id == _candidate.id)
        .scalar_subquery()
    )
    return select(
        _candidate.id,
        _candidate.service_key.label("service"),
        _candidate.name,
        _candidate.vendor,
        _candidate.description,
        _candidate.state,
        _candidate.vendor_product_key.label("vendor_product"),
        scores.label("given"),
        _candidate.decided_on,
        _candidate.decided_total,
        _candidate.decision_reason,
        _candidate.decided_by,
        _candidate.decided_at,
        _candidate.revision,
        _candidate.created_at,
        _candidate.updated_at,
    )

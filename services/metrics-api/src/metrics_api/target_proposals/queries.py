"""Every SQL statement about proposals."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from metrics_api.target_proposals.rules import PERIODS_MET, ProposalState
from metrics_api.target_proposals.tables import TargetProposal
from shared.errors import NotFound
from shared.kit.pagination import PageParams, keyset
from shared.schemas.metrics import KpiId

_TABLE = TargetProposal.__table__.c
_COLUMNS = (
    *(column for column in _TABLE if column.name not in ("target_id", "new_target_id")),
    _TABLE.target_id.label("target"),
    _TABLE.new_target_id.label("new_target"),
)


@dataclass(frozen=True)
class ProposalFilter:
    """Which proposals; None asks for any."""

    service: str | None
    kpi: KpiId | None
    state: ProposalState | None
    target: UUID | None


_CANDIDATES = """
SELECT t.id AS target_id, t.service, t.kpi, t.comparator, t.value AS old_value,
       last.periods, last.last_first_day
FROM metrics.target t
CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE j.verdict = 'met') AS met, max(j.first_day) AS last_first_day,
           jsonb_agg(jsonb_build_object('period', j.period, 'value', j.value, 'count', j.count)
                     ORDER BY j.first_day) AS periods
    FROM (SELECT * FROM metrics.judgement WHERE target_id = t.id
          ORDER BY first_day DESC LIMIT :wanted) AS j
    WHERE j.comparator = t.comparator AND j.target_value = t.value
) AS last
WHERE last.met = :wanted
  AND t.valid_from <= :today AND (t.valid_to IS NULL OR t.valid_to > :today)
  AND NOT EXISTS (
    SELECT FROM metrics.target_proposal p
    WHERE p.target_id = t.id AND (p.state = 'proposed'
        OR p.state = 'declined' AND p.last_first_day >= last.last_first_day))
ORDER BY t.service, t.kpi
"""


async def candidates(session: AsyncSession, today: date) -> Sequence[Row[Any]]:
    """Targets that were met in their last three full periods and have no open proposal, nor one
    that was declined for these periods."""
    parameters = {"wanted": PERIODS_MET, "today": today}
    return (await session.execute(text(_CANDIDATES), parameters)).all()


async def insert_proposal(session: AsyncSession, values: Mapping[str, Any]) -> bool:
    """Add a proposal; False where another job was faster."""
    statement = insert(TargetProposal).values(**values).on_conflict_do_nothing()
    return await session.scalar(statement.returning(TargetProposal.id)) is not None


_LAPSE = """
UPDATE metrics.target_proposal p
SET state = 'lapsed', state_since = :now, revision = p.revision + 1, reason = l.reason
FROM (
    SELECT o.id, CASE
        WHEN t.comparator <> o.comparator OR t.value <> o.old_value OR t.valid_to <= :today
            THEN 'target_changed'
        WHEN EXISTS (
            SELECT FROM metrics.judgement j WHERE j.target_id = o.target_id AND (
                j.first_day > o.last_first_day AND j.verdict = 'missed'
                OR j.verdict <> 'met'
                   AND j.period IN (SELECT e ->> 'period' FROM jsonb_array_elements(o.periods) e)))
            THEN 'no_longer_met' END AS reason
    FROM metrics.target_proposal o JOIN metrics.target t ON t.id = o.target_id
    WHERE o.state = 'proposed'
) AS l
WHERE l.id = p.id AND l.reason IS NOT NULL AND p.state = 'proposed'
"""


async def lapse_proposals(session: AsyncSession, now: datetime) -> None:
    """End the open proposals whose target reads otherwise by now or is met no longer."""
    await session.execute(text(_LAPSE), {"now": now, "today": now.date()})


async def get_proposal(session: AsyncSession, proposal: UUID, *, lock: bool = False) -> Row[Any]:
    """One proposal, 404 if there is none; `lock` keeps others from deciding meanwhile."""
    statement = select(*_COLUMNS).where(_TABLE.id == proposal)
    if lock:
        statement = statement.with_for_update()
    row = (await session.execute(statement)).first()
    if row is None:
        raise NotFound("There is no such proposal")
    return row


async def decide_proposal(session: AsyncSession, proposal: UUID, values: Mapping[str, Any]) -> None:
    """Write a decision on a proposal that is locked."""
    statement = update(TargetProposal).where(TargetProposal.id == proposal)
    await session.execute(statement.values(**values, revision=TargetProposal.revision + 1))


async def list_proposals(
    session: AsyncSession, wanted: ProposalFilter, page: PageParams
) -> list[Row[Any]]:
    """Proposals that fit, the newest first, one more than the page holds."""
    statement = select(*_COLUMNS)
    for column, value in (
        (_TABLE.service, wanted.service),
        (_TABLE.kpi, wanted.kpi),
        (_TABLE.state, wanted.state),
        (_TABLE.target_id, wanted.target),
    ):
        if value is not None:
            statement = statement.where(column == value)
    order = [_TABLE.created_at.desc(), _TABLE.id.desc()]
    return list((await session.execute(keyset(statement, order, page))).all())

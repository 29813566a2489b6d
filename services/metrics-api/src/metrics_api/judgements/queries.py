"""Every SQL statement about judgements."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from operator import itemgetter
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, func, literal, select, text, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from metrics_api.indicators.periods import Period
from metrics_api.judgements.rules import DID_NOT_HOLD, Verdict
from metrics_api.judgements.tables import Judgement, JudgementVersion
from shared.kit.database import Query
from shared.kit.pagination import PageParams, keyset
from shared.schemas.metrics import KpiId

_COLUMNS = Judgement.__table__.c
_VERSIONS = JudgementVersion.__table__.c


@dataclass(frozen=True)
class Group:
    """Targets that are judged together: of one KPI, by periods of one length and time zone."""

    kpi: str
    period: str
    timezone: str


@dataclass(frozen=True)
class JudgementFilter:
    """Which judgements; None asks for any."""

    service: str | None
    kpi: KpiId | None
    verdict: Verdict | None
    period: str | None
    target: UUID | None = None


async def groups_of_targets(session: AsyncSession) -> list[Group]:
    """The groups of all targets that ever held, in order."""
    found = await session.execute(
        text("""
        SELECT DISTINCT kpi, period, timezone FROM metrics.target
        WHERE valid_to IS NULL OR valid_to >= valid_from ORDER BY kpi, period, timezone""")
    )
    return [Group(*row) for row in found]


async def lock_group(session: AsyncSession, group: Group) -> None:
    """One judge at a time for each group, so that no verdict is told twice."""
    name = f"judge\n{group.kpi}\n{group.period}\n{group.timezone}"
    await session.execute(
        select(func.pg_advisory_xact_lock(func.hashtextextended(literal(name), 0)))
    )


_DUE = """
WITH due AS (
    SELECT t.id AS target_id, t.service, t.kpi, t.comparator, t.value AS target_value,
           p.n, j.verdict AS before, j.version, j.value AS old_value, j.count AS old_count,
           j.reason AS old_reason, j.comparator AS old_comparator, j.target_value AS old_target
    FROM metrics.target t
    JOIN unnest(CAST(:numbers AS int[]), CAST(:labels AS text[]), CAST(:first_days AS date[]),
                CAST(:last_days AS date[])) AS p (n, label, first_day, last_day)
      ON t.valid_from <= p.first_day AND coalesce(t.valid_to, 'infinity') >= p.last_day
    LEFT JOIN metrics.judgement j ON j.target_id = t.id AND j.period = p.label
    WHERE t.kpi = :kpi AND t.period = :period AND t.timezone = :timezone AND t.id > :after
      AND (j.target_id IS NULL OR j.comparator <> t.comparator OR j.target_value <> t.value
           OR j.reason = :did_not_hold
           OR :again AND (p.last_day >= :since OR j.verdict = 'unknown'))
)
SELECT * FROM due
WHERE target_id IN (SELECT d.target_id FROM due d GROUP BY 1 ORDER BY 1 LIMIT :targets)
ORDER BY target_id, n
"""


async def due_judgements(
    session: AsyncSession,
    group: Group,
    periods: Sequence[Period],
    batch: Mapping[str, Any],
) -> Sequence[Row[Any]]:
    """The pairs of a target and a period (its number `n`) to judge, with what stands of them.

    `batch`: `after` this target at most `targets` of them; with `again` also those that have been
    judged, where the period ended on or after `since` or the verdict was unknown.
    """
    parameters = {
        "kpi": group.kpi,
        "period": group.period,
        "timezone": group.timezone,
        "numbers": list(range(len(periods))),
        "labels": [period.label for period in periods],
        "first_days": [period.first_day for period in periods],
        "last_days": [period.last_day for period in periods],
        "did_not_hold": DID_NOT_HOLD,
        **batch,
    }
    return (await session.execute(text(_DUE), parameters)).all()


_LEFT = """
SELECT j.*, t.comparator AS now_comparator, t.value AS now_value
FROM metrics.judgement j JOIN metrics.target t ON t.id = j.target_id
WHERE (t.valid_from > j.first_day OR t.valid_to < j.last_day)
  AND j.reason IS DISTINCT FROM :did_not_hold
ORDER BY j.target_id, j.first_day LIMIT :limit FOR UPDATE OF j SKIP LOCKED
"""


async def judgements_left_behind(session: AsyncSession, limit: int) -> Sequence[Row[Any]]:
    """Judgements of periods that their targets, having been changed, cover no longer; locked."""
    parameters = {"did_not_hold": DID_NOT_HOLD, "limit": limit}
    return (await session.execute(text(_LEFT), parameters)).all()


async def write_judgements(session: AsyncSession, rows: Sequence[Mapping[str, Any]]) -> None:
    """Let these be what stands, and keep them as versions."""
    if not rows:
        return
    fields = [dict(row) for row in rows]
    statement = insert(Judgement)
    replaced = {
        column.name: statement.excluded[column.name]
        for column in _COLUMNS
        if column.name not in ("target_id", "period")
    }
    await session.execute(
        statement.on_conflict_do_update(index_elements=["target_id", "period"], set_=replaced),
        fields,
    )
    await session.execute(insert(JudgementVersion), fields)


def _streak() -> ColumnElement[int]:
    """How many judgements of the target up to this one have had its verdict, without a break."""
    same, other = aliased(Judgement), aliased(Judgement)
    break_day = (
        select(func.max(other.first_day))
        .where(
            other.target_id == Judgement.target_id,
            other.first_day < Judgement.first_day,
            other.verdict != Judgement.verdict,
        )
        .correlate(Judgement)
        .scalar_subquery()
    )
    return (
        select(func.count())
        .select_from(same)
        .where(
            same.target_id == Judgement.target_id,
            same.first_day <= Judgement.first_day,
            same.first_day > func.coalesce(break_day, literal(date.min)),
        )
        .correlate(Judgement)
        .scalar_subquery()
    )


async def streaks(
    session: AsyncSession, judged: Sequence[tuple[UUID, str]]
) -> dict[tuple[UUID, str], int]:
    """The streak of each (target, period) that has been judged."""
    if not judged:
        return {}
    statement = select(Judgement.target_id, Judgement.period, _streak()).where(
        tuple_(Judgement.target_id, Judgement.period).in_(judged)
    )
    rows = await session.execute(statement)
    return {(target, period): streak for target, period, streak in rows}


async def list_judgements(
    session: AsyncSession, wanted: JudgementFilter, page: PageParams
) -> list[Row[Any]]:
    """Judgements that fit, of the newest periods first, one more than the page holds."""
    statement: Select[Any] = select(
        *_COLUMNS, _COLUMNS.target_id.label("target"), _streak().label("streak")
    )
    for column, value in (
        (_COLUMNS.target_id, wanted.target),
        (_COLUMNS.service, wanted.service),
        (_COLUMNS.kpi, wanted.kpi),
        (_COLUMNS.verdict, wanted.verdict),
        (_COLUMNS.period, wanted.period),
    ):
        if value is not None:
            statement = statement.where(column == value)
    order = [_COLUMNS.first_day.desc(), _COLUMNS.target_id.desc()]
    return list((await session.execute(keyset(statement, order, page))).all())


async def list_versions(
    session: AsyncSession, target: UUID, period: str, page: PageParams
) -> list[Row[Any]]:
    """Versions of a judgement, newest first, one more than the page holds."""
    statement = select(*_VERSIONS, _VERSIONS.target_id.label("target")).where(
        _VERSIONS.target_id == target, _VERSIONS.period == period
    )
    return list((await session.execute(keyset(statement, [_VERSIONS.version.desc()], page))).all())


_SHEET = """
SELECT (SELECT count(*) FROM metrics.target_proposal p
        WHERE p.service = :service AND p.state = 'proposed') AS proposals_open_count,
       (SELECT count(*) FROM metrics.judgement j
        WHERE j.service = :service AND j.verdict <> 'unknown') AS judged,
       (SELECT coalesce(max(s.missed), 0)
        FROM metrics.target t
        CROSS JOIN LATERAL (
            SELECT count(*) AS missed FROM metrics.judgement j
            WHERE j.target_id = t.id AND j.verdict = 'missed' AND j.first_day > coalesce(
                (SELECT max(b.first_day) FROM metrics.judgement b
                 WHERE b.target_id = t.id AND b.verdict <> 'missed'), '-infinity')
        ) AS s
        WHERE t.service = :service AND t.valid_from <= :today
          AND (t.valid_to IS NULL OR t.valid_to >= :today)) AS targets_missed_streak_max
"""


def numbers_of_service(service: str, today: date) -> Query[Any]:
    """What the targets of a service say to tollgates."""
    return Query(_SHEET, {"service": service, "today": today}, itemgetter(0))

"""Judging targets: one read of figures a KPI and batch of targets, then one write of what changed.

Each batch is a transaction of its own, events included, so breaking off loses nothing.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from metrics_api.indicators.periods import Grain, Period, parse_zone
from metrics_api.judgements import queries, rules
from metrics_api.judgements.figure_queries import figures
from metrics_api.judgements.queries import Group
from metrics_api.judgements.rules import Judged, Verdict
from shared.kit.database import Engine, Session, reading, transaction
from shared.kit.events import Event, emit_all
from shared.schemas.metrics import Comparator, KpiId

TARGETS_AT_ONCE = 200
_FIRST_ID = UUID(int=0)
_TELLING = {Verdict.MET: "target.met", Verdict.MISSED: "target.missed"}


async def judge_targets(engine: Engine, now: datetime, *, again: bool) -> int:
    """Judge what is due, `again` also what was judged lately; how many judgements changed."""
    changed = await _withdraw(engine, now)
    async with reading(engine) as session:
        groups = await queries.groups_of_targets(session)
    for group in groups:
        changed += await _judge_group(engine, group, now, again=again)
    return changed


async def _withdraw(engine: Engine, now: datetime) -> int:
    """Judgements of periods that their targets cover no longer become unknown."""
    withdrawn = 0
    while True:
        async with transaction(engine) as session:
            left = await queries.judgements_left_behind(session, TARGETS_AT_ONCE)
            rows = []
            for row in left:
                terms = Comparator(row.now_comparator), row.now_value
                rows.append(_row(dict(row._mapping), rules.withdrawn(*terms), now))
            await queries.write_judgements(session, rows)
        withdrawn += len(rows)
        if len(rows) < TARGETS_AT_ONCE:
            return withdrawn


async def _judge_group(engine: Engine, group: Group, now: datetime, *, again: bool) -> int:
    periods = rules.full_periods(Grain(group.period), parse_zone(group.timezone), now)
    since = (now - rules.LOOK_BACK).date()
    changed, after = 0, _FIRST_ID
    while True:
        batch = {"after": after, "targets": TARGETS_AT_ONCE, "again": again, "since": since}
        async with transaction(engine) as session:
            await queries.lock_group(session, group)
            due = await queries.due_judgements(session, group, periods, batch)
            changed += await _judge(session, group, periods, due, now)
        targets = {row.target_id for row in due}
        if len(targets) < TARGETS_AT_ONCE:
            return changed
        after = max(targets)


async def _judge(
    session: Session, group: Group, periods: Sequence[Period], due: Sequence[Any], now: datetime
) -> int:
    numbers = sorted({row.n for row in due})
    asked = [periods[n] for n in numbers]
    services = sorted({row.service for row in due})
    found = await figures(session, KpiId(group.kpi), services, asked, now)
    place = {n: position for position, n in enumerate(numbers)}
    rows, news = [], []
    for row in due:
        figure = found[row.service, place[row.n]]
        judged = rules.judge(figure, Comparator(row.comparator), row.target_value)
        if judged == _standing(row):
            continue
        period = periods[row.n]
        facts = {
            **row._mapping,
            "period": period.label,
            "first_day": period.first_day,
            "last_day": period.last_day,
        }
        rows.append(_row(facts, judged, now))
        if rules.is_news(row.before, judged.verdict):
            news.append(rows[-1])
    await queries.write_judgements(session, rows)
    await _tell(session, rules.worth_telling(news, now))
    return len(rows)


def _standing(row: Any) -> Judged | None:
    if row.before is None:
        return None
    return Judged(
        Verdict(row.before),
        row.old_value,
        row.old_count,
        row.old_reason,
        Comparator(row.old_comparator),
        row.old_target,
    )


def _row(facts: Mapping[str, Any], judged: Judged, now: datetime) -> dict[str, Any]:
    identity = ("target_id", "period", "service", "kpi", "first_day", "last_day")
    return {
        **{name: facts[name] for name in identity},
        **vars(judged),
        "version": (facts["version"] or 0) + 1,
        "recorded_at": now,
    }


async def _tell(session: Session, news: Sequence[Mapping[str, Any]]) -> None:
    streaks = await queries.streaks(session, [(row["target_id"], row["period"]) for row in news])
    await emit_all(
        session,
        [
            Event(
                _TELLING[row["verdict"]],
                row["service"],
                {
                    "service": row["service"],
                    "kpi": row["kpi"],
                    "target": row["target_id"],
                    "comparator": row["comparator"],
                    "target_value": float(row["target_value"]),
                    "period": row["period"],
                    "first_day": row["first_day"],
                    "last_day": row["last_day"],
                    "value": row["value"],
                    "count": row["count"],
                    "streak": streaks[row["target_id"], row["period"]],
                    "version": row["version"],
                },
            )
            for row in sorted(news, key=lambda each: each["first_day"])
        ],
    )

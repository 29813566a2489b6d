"""Every SQL statement about alert policies, alerts and spent budgets."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, bindparam, delete, func, literal, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from metrics_api.slo_alerts.rules import AlertState, PolicyState
from metrics_api.slo_alerts.tables import (
    SloAlert,
    SloAlertPolicy,
    SloAlertPolicyVersion,
    SloBudget,
)
from metrics_api.slos.rules import SloState
from metrics_api.slos.tables import Slo
from metrics_api.versioned.queries import Versioned, one_row
from shared.kit.database import Query
from shared.kit.pagination import PageParams, keyset

_policy = SloAlertPolicy.__table__.c
_alert = SloAlert.__table__.c
_budget = SloBudget.__table__.c
POLICIES = Versioned(SloAlertPolicy, SloAlertPolicyVersion, id="id", version_of="policy_id")


@dataclass(frozen=True)
class AlertFilter:
    """Which alerts; None asks for any."""

    service: str | None
    slo: str | None
    severity: str | None
    state: AlertState | None


async def get_policy(session: AsyncSession, slo: str, key: str, *, lock: bool = False) -> Row[Any]:
    """One policy of an SLO, 404 if there is none; `lock` keeps others from changing it."""
    statement = select(*_policy).where(_policy.slo == slo, _policy.key == key)
    missing = f"The SLO {slo} has no alert policy {key}"
    return await one_row(session, statement, missing, lock=lock)


async def list_policies(session: AsyncSession, slo: str, page: PageParams) -> list[Row[Any]]:
    """Policies of an SLO by key, one more than the page holds."""
    statement = select(*_policy).where(_policy.slo == slo)
    return list((await session.execute(keyset(statement, [_policy.key], page))).all())


async def active_policies(session: AsyncSession, slos: Sequence[str]) -> Sequence[Row[Any]]:
    """The policies in force of these SLOs."""
    statement = (
        select(*_policy)
        .where(_policy.slo.in_(slos), _policy.state == PolicyState.ACTIVE)
        .order_by(_policy.slo, _policy.key)
    )
    return (await session.execute(statement)).all()


async def lock_alerts(session: AsyncSession) -> None:
    """Let one evaluation at a time decide what fires."""
    name = func.hashtextextended(literal("slo alerts"), 0)
    await session.execute(select(func.pg_advisory_xact_lock(name)))


async def standing_alerts(session: AsyncSession, slos: Sequence[str]) -> Sequence[Row[Any]]:
    """Alerts of these SLOs that are pending or firing."""
    statement = select(*_alert).where(_alert.slo.in_(slos), _alert.state != AlertState.RESOLVED)
    return (await session.execute(statement)).all()


async def abandoned_alerts(session: AsyncSession) -> Sequence[Row[Any]]:
    """Alerts that stand though their SLO or policy was retired."""
    statement = (
        select(*_alert)
        .join(SloAlertPolicy, _policy.id == _alert.policy)
        .join(Slo, Slo.key == _alert.slo)
        .where(
            _alert.state != AlertState.RESOLVED,
            or_(_policy.state != PolicyState.ACTIVE, Slo.state != SloState.ACTIVE),
        )
        .order_by(_alert.id)
    )
    return (await session.execute(statement)).all()


async def policies_of(session: AsyncSession, alerts: Sequence[Row[Any]]) -> dict[UUID, Row[Any]]:
    """The policies of these alerts, in force or not."""
    statement = select(*_policy).where(_policy.id.in_({alert.policy for alert in alerts}))
    return {row.id: row for row in await session.execute(statement)}


async def write_alerts(session: AsyncSession, alerts: Sequence[Mapping[str, Any]]) -> None:
    """Add alerts, or set those of the same id."""
    if not alerts:
        return
    statement = insert(SloAlert)
    changed = {
        name: statement.excluded[name]
        for name in ("cause", "state", "fired_at", "resolved_at", "long_burn", "short_burn")
    }
    upsert = statement.on_conflict_do_update(index_elements=["id"], set_=changed)
    await session.execute(upsert, list(alerts))


async def drop_alerts(session: AsyncSession, alerts: Sequence[UUID]) -> None:
    """Forget alerts that were pending and never fired."""
    if alerts:
        await session.execute(delete(SloAlert).where(_alert.id.in_(alerts)))


async def list_alerts(
    session: AsyncSession, wanted: AlertFilter, page: PageParams
) -> list[Row[Any]]:
    """Alerts, the latest first, one more than the page holds."""
    statement = select(*_alert, _policy.key.label("policy_key")).join(
        SloAlertPolicy, _policy.id == _alert.policy
    )
    for column, value in (
        (_alert.service, wanted.service),
        (_alert.slo, wanted.slo),
        (_alert.severity, wanted.severity),
        (_alert.state, wanted.state),
    ):
        if value is not None:
            statement = statement.where(column == value)
    order = [_alert.since.desc(), _alert.id.desc()]
    return list((await session.execute(keyset(statement, order, page))).all())


async def budgets_of(session: AsyncSession, slos: Sequence[str]) -> dict[tuple[str, int], Any]:
    """Whether budgets were spent when last looked at, by SLO and objective."""
    statement = select(*_budget).where(_budget.slo.in_(slos))
    return {(row.slo, row.objective): row for row in await session.execute(statement)}


async def write_budgets(session: AsyncSession, budgets: Sequence[Mapping[str, Any]]) -> None:
    if not budgets:
        return
    statement = insert(SloBudget)
    names = ("exhausted", "window_start", "changed_at")
    changed = {name: statement.excluded[name] for name in names}
    upsert = statement.on_conflict_do_update(index_elements=["slo", "objective"], set_=changed)
    await session.execute(upsert, list(budgets))


def firing_count(service: str) -> Query[int]:
    """How many alerts of a service fire."""
    return Query(_firing_count(), {"service": service}, lambda rows: rows[0].firing)


@cache
def _firing_count() -> Select[Any]:
    return select(func.count().label("firing")).where(
        _alert.service == bindparam("service"), _alert.state == AlertState.FIRING
    )

"""Raising a risk in the catalog for a degrading trend, before it reaches the target.

A cause is a row and a job of one transaction; the job asks the catalog outside of any, as often as
it takes. The catalog knows the cause by its reference, so one cause is one risk, whatever fails.
"""

from datetime import datetime
from typing import Any, Protocol
from uuid import UUID, uuid4, uuid5

from metrics_api.indicators.kpis import KPIS
from metrics_api.trends import queries, rules
from metrics_api.trends.rules import Cause, RaisedState
from shared.errors import ApiError, NotFound, Unavailable
from shared.kit.clock import now
from shared.kit.database import Engine, Session, reading, transaction
from shared.kit.jobs import enqueue
from shared.schemas.catalog import TrendRisk
from shared.schemas.metrics import KpiId

RAISE_JOB = "raise_risk"
RAISE_LANE = "risks"


class Catalog(Protocol):
    """What is asked of the catalog."""

    async def answerable_owner(self, key: str) -> str | None: ...

    async def raise_risk(self, risk: TrendRisk, idempotency_key: str) -> UUID: ...


async def raise_risks(session: Session, moment: datetime) -> int:
    """End the causes that are over and keep the new ones, each with its job: how many are new."""
    await queries.end_causes(session, moment)
    new = 0
    for trend in await queries.new_causes(session, (moment + rules.HORIZON).date()):
        kpi = KPIS[KpiId(trend.kpi)]
        risk = rules.risk_of(
            Cause(kpi.name, kpi.unit, trend.criticality, dict(trend._mapping)), moment
        )
        identity = {"id": uuid4(), "service": trend.service, "kpi": trend.kpi}
        state = {"state": RaisedState.PENDING, "started_at": moment}
        if await queries.insert_cause(session, identity | risk | state):
            payload = {"cause": str(identity["id"])}
            await enqueue(session, RAISE_JOB, payload, lane=RAISE_LANE)
            new += 1
    return new


async def raise_risk(engine: Engine, catalog: Catalog, cause: UUID) -> None:
    """Raise the risk of a cause, unless that has been done or the cause is over.

    Unavailable, and whatever else the catalog says, is for the job to come back with.
    """
    async with reading(engine) as session:
        pending = await queries.pending_risk(session, cause)
    if pending is None:
        return
    try:
        raised = {
            "risk_id": await _raise(catalog, pending),
            "state": RaisedState.RAISED,
            "raised_at": now(),
            "problem": None,
        }
    except NotFound as unknown:
        raised = {"state": RaisedState.REFUSED, "problem": unknown.detail}
    except ApiError as problem:
        await _write(engine, cause, {"problem": f"{problem.code}: {problem.detail}"})
        raise
    await _write(engine, cause, raised)


async def _raise(catalog: Catalog, pending: Any) -> UUID:
    owner = await catalog.answerable_owner(pending.service)
    if owner is None:
        raise Unavailable(f"{pending.service} has no owner yet who could answer for a risk")
    risk = TrendRisk(
        service=pending.service,
        title=pending.title,
        description=pending.description,
        likelihood=pending.likelihood,
        impact=pending.impact,
        owner=owner,
        review_date=pending.review_date,
        source="trend",
        source_reference=f"trend of {pending.kpi} ({pending.id})",
    )
    # Of the cause and of who owns the service: another owner makes another body.
    return await catalog.raise_risk(risk, str(uuid5(pending.id, owner)))


async def _write(engine: Engine, cause: UUID, values: dict[str, Any]) -> None:
    async with transaction(engine) as session:
        await queries.change_cause(session, cause, values)

"""Gathering the facts of a service."""

from collections.abc import Mapping
from datetime import datetime

from metrics_api.facts import queries, rules
from metrics_api.facts.sheets import SHEETS
from metrics_api.indicators.definitions import RecordKind
from metrics_api.indicators.kpis import KPIS
from metrics_api.indicators.periods import Span
from metrics_api.indicators.scope_queries import presence_of
from metrics_api.indicators.scopes import RecordSums, Scope, ScopeKind
from metrics_api.indicators.values import Presence
from metrics_api.record_kpis.queries import record_sums
from shared.kit.clock import now
from shared.kit.database import Session
from shared.schemas.common import FactValue
from shared.schemas.metrics import Comparator, KpiId


async def facts_of_service(session: Session, service: str) -> dict[str, FactValue]:
    """Every fact of a service as of this moment; 404 when the service is not known."""
    moment = now()
    numbers = await queries.present_numbers(session, service, moment)
    targets = await queries.targets_of(session, service)
    scope = Scope(ScopeKind.SERVICE, service, (service,))
    presence = await presence_of(session, scope, set(RecordKind))
    known = rules.Known(
        months=await queries.sums_by_month(session, service),
        records=await _parts_of_records(session, scope, presence, moment),
        presence=presence,
        targets=[
            rules.Target(
                kpi=target.kpi,
                comparator=Comparator(target.comparator),
                value=float(target.value),
                valid_from=target.valid_from,
                valid_to=target.valid_to,
            )
            for target in targets
        ],
        backlog_open=numbers.backlog_open,
        open_major_incidents=numbers.open_major_incidents,
        incident_count_last_90_days=numbers.incident_count_last_90_days,
        unattributed_incidents=int(numbers.unattributed_incidents),
        last_record_at=numbers.last_record_at,
    )
    facts = rules.facts_of(known, moment)
    for sheet in SHEETS:
        facts |= await sheet.load(session, service, moment)
    return facts


async def _parts_of_records(
    session: Session, scope: Scope, presence: Mapping[RecordKind, Presence], moment: datetime
) -> dict[KpiId, dict[rules.Days, RecordSums]]:
    """The parts of each KPI of the kinds of records that the service has, by stretch of time."""
    stretches = rules.stretches_of_records(moment.date())
    spans = [Span(n, *rules.moments_of(days)) for n, days in enumerate(stretches)]
    found = {}
    for kpi in KPIS.values():
        if not kpi.of_incidents and presence[kpi.of].known:
            sums = await record_sums(session, kpi.id, scope, spans, now=moment)
            found[kpi.id] = {stretches[parts.n]: parts for parts in sums}
    return found

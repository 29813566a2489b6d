"""Gathering the facts of a service."""

from collections.abc import Collection, Sequence
from datetime import datetime

from metrics_api.facts import queries, rules
from metrics_api.facts.sheets import sheets_with
from metrics_api.indicators.definitions import Kpi
from metrics_api.indicators.periods import Span
from metrics_api.indicators.scope_queries import presence_of
from metrics_api.indicators.scopes import RecordSums, Scope, ScopeKind
from metrics_api.record_kpis.queries import Question, sums_of_each
from shared.kit.clock import now
from shared.kit.database import Session
from shared.schemas.common import FactValue
from shared.schemas.metrics import Comparator, KpiId


async def facts_of_service(
    session: Session, service: str, names: Collection[str] | None = None
) -> dict[str, FactValue]:
    """The facts of these names, or all of a service, as of this moment; 404 when it is not known.

    Only what a named fact needs is read. A name that no fact has is left out.
    """
    moment = now()
    facts = rules.facts_of(await _known(session, service, names, moment), moment)
    for sheet in sheets_with(names):
        facts |= await sheet.load(session, service, moment)
    if names is None:
        return facts
    return {name: fact for name, fact in facts.items() if name in names}


async def _known(
    session: Session, service: str, names: Collection[str] | None, moment: datetime
) -> rules.Known:
    numbers = await queries.present_numbers(session, service, names, moment)
    targets = await _targets(session, service) if rules.need_targets(names) else []
    kpis = rules.kpis_behind(names, targets, moment.date())
    of_incidents = any(kpi.of_incidents for kpi in kpis)
    scope = Scope(ScopeKind.SERVICE, service, (service,))
    presence = await presence_of(session, scope, {kpi.of for kpi in kpis})
    recorded = [kpi for kpi in kpis if not kpi.of_incidents and presence[kpi.of].known]
    return rules.Known(
        kpis=kpis,
        months=await queries.sums_by_month(session, service) if of_incidents else {},
        records=await _parts_of_records(session, scope, recorded, moment),
        presence=presence,
        targets=targets,
        numbers=numbers,
    )


async def _targets(session: Session, service: str) -> list[rules.Target]:
    return [
        rules.Target(
            kpi=target.kpi,
            comparator=Comparator(target.comparator),
            value=float(target.value),
            valid_from=target.valid_from,
            valid_to=target.valid_to,
        )
        for target in await queries.targets_of(session, service)
    ]


async def _parts_of_records(
    session: Session, scope: Scope, kpis: Sequence[Kpi], moment: datetime
) -> dict[KpiId, dict[rules.Days, RecordSums]]:
    """The parts of each of these KPIs, by stretch of time; only where there is no recent figure
    is the long past looked at."""
    today = moment.date()
    recent = list(rules.fixed_stretches(today).values())
    found = await _parts(session, scope, kpis, recent, moment)
    older = [kpi for kpi in kpis if rules.needs_earlier_months(kpi, found[kpi.id], today)]
    earlier = await _parts(session, scope, older, rules.earlier_months(today), moment)
    return {kpi: parts | earlier.get(kpi, {}) for kpi, parts in found.items()}


async def _parts(
    session: Session,
    scope: Scope,
    kpis: Sequence[Kpi],
    stretches: Sequence[rules.Days],
    moment: datetime,
) -> dict[KpiId, dict[rules.Days, RecordSums]]:
    spans = [Span(n, *rules.moments_of(days)) for n, days in enumerate(stretches)]
    asked = Question(scope, spans, moment)
    found = await sums_of_each(session, [kpi.id for kpi in kpis], asked)
    return {kpi: {stretches[parts.n]: parts for parts in sums} for kpi, sums in found.items()}

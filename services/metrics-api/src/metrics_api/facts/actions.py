"""Gathering the facts of a service."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from metrics_api.facts import queries, rules
from metrics_api.facts.sheets import sheets_with
from metrics_api.indicators.definitions import Kpi
from metrics_api.indicators.periods import Span
from metrics_api.indicators.scope_queries import presence_of
from metrics_api.indicators.scopes import RecordSums, Scope, ScopeKind
from metrics_api.record_kpis.queries import Question, sums_of_each
from shared.kit.clock import now
from shared.kit.database import Query, Session, answers
from shared.schemas.common import FactValue
from shared.schemas.metrics import KpiId


async def facts_of_service(
    session: Session, service: str, names: Collection[str] | None = None
) -> dict[str, FactValue]:
    """The facts of these names, or all of a service, as of this moment; 404 when it is not known.

    Only what a named fact needs is read. A name that no fact has is left out.
    """
    moment, sheets = now(), sheets_with(names)
    first: dict[str, Query[Any]] = {"numbers": queries.present_numbers(service, names, moment)}
    if rules.need_targets(names):
        first["targets"] = queries.targets_of(service)
    for sheet in sheets:
        first |= sheet.ask(service, moment)
    said = await answers(session, first, by_index=True)
    facts = rules.facts_of(await _known(session, service, names, moment, said), moment)
    for sheet in sheets:
        facts |= await sheet.load(session, said, moment)
    if names is None:
        return facts
    return {name: fact for name, fact in facts.items() if name in names}


async def _known(
    session: Session,
    service: str,
    names: Collection[str] | None,
    moment: datetime,
    said: Mapping[str, Any],
) -> rules.Known:
    targets = said.get("targets", [])
    kpis = rules.kpis_behind(names, targets, moment.date())
    scope = Scope(ScopeKind.SERVICE, service, (service,))
    then: dict[str, Query[Any]] = {}
    if kpis:
        then["presence"] = presence_of(scope, {kpi.of for kpi in kpis})
    if any(kpi.of_incidents for kpi in kpis):
        then["months"] = queries.sums_by_month(service)
    of_kpis = await answers(session, then, by_index=True)
    presence = of_kpis.get("presence", {})

    recorded = [kpi for kpi in kpis if not kpi.of_incidents and presence[kpi.of].known]
    return rules.Known(
        kpis=kpis,
        months=of_kpis.get("months", {}),
        records=await _parts_of_records(session, scope, recorded, moment),
        presence=presence,
        targets=targets,
        numbers=said["numbers"],
    )


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

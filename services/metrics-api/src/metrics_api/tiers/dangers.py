"""What an incident or an infrastructure event endangers: vital activities and guarantees."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from metrics_api.copies.queries import copies_of
from metrics_api.copies.schemas import VitalActivityCopy, VitalSupportCopy
from metrics_api.incidents.queries import get_incident
from metrics_api.tiers import end_queries, queries
from metrics_api.tiers.rules import LinkKind
from metrics_api.tiers.schemas import (
    EndangeredActivity,
    EndangeredGuarantee,
    EventDangers,
    IncidentDangers,
)
from shared.kit import clock
from shared.kit.database import Session
from shared.schemas.agreements import AgreementState, AgreementVersionOut

STRONGEST_FIRST = ("essential", "important", "helpful")
# KPIs that an incident moves; the others are of outages, requests, surveys or changes.
MOVED_BY_INCIDENTS = frozenset(
    {"mttr", "mttr_business", "mtta", "fcr", "reopen_rate", "backlog", "incident_count"}
    | {"sla_attainment", "bouncing_rate", "hold_share", "rework_rate"}
)


async def of_incident(session: Session, source: str, external_id: str) -> IncidentDangers:
    """404 when there is no such incident; nothing is endangered by one that is over."""
    incident = await get_incident(session, source, external_id)
    reason = _why_nothing(incident)
    if reason is not None:
        return IncidentDangers(
            source=source,
            external_id=external_id,
            service=incident.service,
            reason=reason,
            vital_activities=[],
            guarantees=[],
        )
    service: str = incident.service or ""
    slos = await end_queries.slos_of_services(session, [service])
    return IncidentDangers(
        source=source,
        external_id=external_id,
        service=service,
        reason=None,
        vital_activities=await _activities(session, [service], slos),
        guarantees=await _guarantees(session, incident),
    )


def _why_nothing(incident: Any) -> str | None:
    if incident.service is None:
        return "It is attributed to no service"
    if incident.state in ("resolved", "closed", "cancelled"):
        return f"It is {incident.state}"
    return None


async def of_event(session: Session, source: str, external_id: str) -> EventDangers:
    """404 when there is no such event."""
    event = await end_queries.get_infrastructure_event(session, source, external_id)
    slis: list[str] = []
    if event.component is not None:
        links = await queries.links_above(session, LinkKind.SLI_SIE.value, [event.component])
        slis = list(dict.fromkeys(link.upper for link in links))
    slos = await end_queries.slos_on_slis(session, slis)
    services = [] if event.service is None else [event.service]
    return EventDangers(
        source=source,
        external_id=external_id,
        component=event.component,
        service=event.service,
        slis=slis,
        vital_activities=await _activities(session, services, slos),
    )


async def _activities(
    session: Session, services: Sequence[str], slos: Sequence[str]
) -> list[EndangeredActivity]:
    """Activities that these services support or that rest on these SLOs, the most hurt first."""
    supports = await _supports(session, services)
    resting: dict[str, list[str]] = {}
    for link in await queries.links_above(session, LinkKind.VMA_SLO.value, slos):
        resting.setdefault(link.upper, []).append(link.lower)
    wanted = sorted({*supports, *resting})
    known = await copies_of(session, "vital_activity", VitalActivityCopy, keys=wanted)
    found = [
        EndangeredActivity(
            key=key,
            name=activity.name,
            customer=activity.customer,
            criticality=activity.criticality,
            services=sorted(support.service for support in supports.get(key, ())),
            strength=_strongest(supports.get(key, ())),
            slos=resting.get(key, []),
        )
        for key, activity in known.items()
        if activity.active
    ]
    return sorted(found, key=lambda each: (_rank(each.strength), each.key))


async def _supports(session: Session, services: Sequence[str]) -> dict[str, list[VitalSupportCopy]]:
    by_activity: dict[str, list[VitalSupportCopy]] = {}
    for support in await end_queries.supports_of(session, services):
        by_activity.setdefault(support.vital_activity, []).append(support)
    return by_activity


def _strongest(supports: Iterable[VitalSupportCopy]) -> str | None:
    strengths = [support.strength for support in supports]
    return min(strengths, key=_rank) if strengths else None


def _rank(strength: str | None) -> int:
    return STRONGEST_FIRST.index(strength) if strength in STRONGEST_FIRST else 3


async def _guarantees(session: Session, incident: Any) -> list[EndangeredGuarantee]:
    """Targets of active agreements that this incident counts for, with its resolution clock."""
    agreements = await copies_of(session, "agreement_version", AgreementVersionOut)
    clock_state, due_at = _clock(incident, clock.now())
    return [
        EndangeredGuarantee(
            agreement=agreement.agreement,
            version=agreement.version,
            name=agreement.name,
            target=target.id,
            kpi=target.kpi,
            credit=any(one.target == target.id for one in agreement.text.guarantees),
            clock=clock_state,
            due_at=due_at,
        )
        for agreement in agreements.values()
        if agreement.state is AgreementState.ACTIVE and incident.service in agreement.text.services
        for target in agreement.text.targets
        if target.kpi in MOVED_BY_INCIDENTS and target.priority in (None, incident.priority)
    ]


def _clock(incident: Any, now: datetime) -> tuple[str | None, datetime | None]:
    due_at: datetime | None = incident.resolution_due_at
    if incident.resolution_met is not None:
        return ("met" if incident.resolution_met else "breached"), None
    if due_at is None:
        return None, None
    return ("breached" if incident.resolution_late_from < now else "running"), due_at

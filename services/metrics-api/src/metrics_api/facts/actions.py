"""Gathering the facts of a service."""

from metrics_api.facts import queries, rules
from metrics_api.facts.sheets import SHEETS
from shared.kit.clock import now
from shared.kit.database import Session
from shared.schemas.common import FactValue
from shared.schemas.metrics import Comparator


async def facts_of_service(session: Session, service: str) -> dict[str, FactValue]:
    """Every fact of a service as of this moment; 404 when the service is not known."""
    moment = now()
    numbers = await queries.present_numbers(session, service, moment)
    targets = await queries.targets_of(session, service)
    known = rules.Known(
        months=await queries.sums_by_month(session, service),
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

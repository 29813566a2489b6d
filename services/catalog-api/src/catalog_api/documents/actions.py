"""Putting the document of a service together."""

from typing import Any

from catalog_api.documents import queries
from catalog_api.documents.schemas import DocumentHead, ServiceDocument
from catalog_api.documents.sections import SECTIONS
from catalog_api.facts import rules as fact_rules
from catalog_api.portfolios.queries import get_portfolio
from catalog_api.registry.queries import get_service
from shared.kit.clock import now
from shared.kit.database import Session
from shared.schemas.common import ServiceFacts


async def document_of(session: Session, key: str) -> DocumentHead:
    """The whole fact sheet of a service; 404 when there is none."""
    service, portfolio, sections = await _read(session, key)
    return ServiceDocument.model_validate(
        {"made_at": now(), "service": service, "portfolio": portfolio, **sections}
    )


async def facts_of(session: Session, key: str) -> ServiceFacts:
    """Every fact of a service, read from the same sections as its document."""
    service, portfolio, sections = await _read(session, key)
    moment = now()
    facts = fact_rules.facts_of(service._asdict(), portfolio._asdict(), moment)
    for section in SECTIONS:
        facts |= section.facts(sections[section.name], moment)
    return ServiceFacts(service=key, facts=facts)


async def _read(session: Session, key: str) -> tuple[Any, Any, Any]:
    service = await get_service(session, key)
    portfolio = await get_portfolio(session, service.portfolio)
    return service, portfolio, await queries.load_sections(session, key)

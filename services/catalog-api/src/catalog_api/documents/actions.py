"""Putting the document of a service together."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from catalog_api.documents import queries
from catalog_api.documents.schemas import DocumentHead, ServiceDocument
from catalog_api.documents.sections import SECTIONS, sections_with
from catalog_api.facts import rules as fact_rules
from catalog_api.portfolios.queries import portfolio_of
from catalog_api.registry.queries import service_by_key
from catalog_api.sheets import Section
from shared.kit.clock import now
from shared.kit.database import Query, Session, answers
from shared.schemas.common import ServiceFacts


async def document_of(session: Session, key: str) -> DocumentHead:
    """The whole fact sheet of a service; 404 when there is none."""
    moment = now()
    service, portfolio, sections = await read_sections(session, key, moment)
    return ServiceDocument.model_validate(
        {"made_at": moment, "service": service, "portfolio": portfolio, **sections}
    )


async def facts_of(
    session: Session, key: str, names: Collection[str] | None = None
) -> ServiceFacts:
    """The facts of these names, or all of a service, read from the sections of its document.

    Sections without a fact that is named cost nothing; a name that no fact has is left out.
    """
    wanted = SECTIONS if names is None else sections_with(names)
    moment = now()
    service, portfolio, sections = await read_sections(session, key, moment, wanted)
    facts = fact_rules.facts_of(service._asdict(), portfolio._asdict(), moment)
    for section in wanted:
        facts |= section.facts(sections[section.name], moment)
    if names is not None:
        facts = {name: fact for name, fact in facts.items() if name in names}
    return ServiceFacts(service=key, facts=facts)


async def read_sections(
    session: Session, key: str, moment: datetime, wanted: tuple[Section, ...] = SECTIONS
) -> tuple[Any, Any, dict[str, Any]]:
    """The service, its portfolio, and these sections by name, in their order; 404 without it."""
    asked: dict[str, Query[Any]] = {"service": service_by_key(key), "portfolio": portfolio_of(key)}
    if any(section.select for section in wanted):
        asked["selected"] = queries.selected_sections(key, wanted)
    for section in wanted:
        asked |= section.ask(key, moment)
    said = await answers(session, asked)
    found = said.get("selected", {})
    for section in wanted:
        if section.load is not None:
            found[section.name] = await section.load(session, key, said, moment)
    return said["service"], said["portfolio"], {one.name: found[one.name] for one in wanted}

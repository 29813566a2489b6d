"""The risks of a service in its document, and the facts that tollgates read from them."""

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ScalarSelect

from catalog_api import rows
from catalog_api.risks import queries, rules
from catalog_api.risks.rules import RiskState, Treatment
from catalog_api.sheets import Section
from shared.schemas.common import Out

# A document is read by people: a service with more unclosed risks than that has another problem.
SHOWN = 500


class SheetRisk(Out):
    id: UUID
    title: str
    score: int
    state: RiskState
    treatment: Treatment | None
    owner: str
    review_date: date
    accepted_until: date | None
    roadmap_item: str | None


def _select(service: Any) -> ScalarSelect[Any]:
    return rows.json_list(queries.sheet_risks(service, SHOWN))


SECTIONS = (
    Section(
        "risks",
        "Risks that are not closed, the highest score first",
        list[SheetRisk],
        select=_select,
        definitions=rules.DEFINITIONS,
        facts=rules.facts,
    ),
)

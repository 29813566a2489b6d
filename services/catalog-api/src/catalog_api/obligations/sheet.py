"""The obligations of a service in its document, and the facts that tollgates read from them."""

from datetime import date
from typing import Any
from uuid import UUID

from pydantic import Field
from sqlalchemy import ScalarSelect

from catalog_api import rows
from catalog_api.obligations import queries, rules
from catalog_api.sheets import Section
from shared.schemas.common import Out

SHOWN = 500


class SheetObligation(Out):
    id: UUID
    standard: str
    clause: str
    due: date | None
    warn_days: int
    valid_until: list[date | None] = Field(
        description="last valid day of each piece of evidence; null is for ever"
    )


def _select(service: Any) -> ScalarSelect[Any]:
    return rows.json_list(queries.sheet_obligations(service, SHOWN))


SECTIONS = (
    Section(
        "obligations",
        "Standards and regulations to meet, and how long the evidence of each is valid",
        list[SheetObligation],
        select=_select,
        definitions=rules.DEFINITIONS,
        facts=rules.facts,
    ),
)

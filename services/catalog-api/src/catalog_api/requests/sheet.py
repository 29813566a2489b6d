"""What the document of a service shows of its requests, and the facts that follow."""

from datetime import datetime
from typing import Any

from sqlalchemy import ScalarSelect

from catalog_api.requests import queries, rules
from catalog_api.sheets import Section
from shared.schemas.catalog import RequestState
from shared.schemas.common import Out

SHOWN = 10


class SheetRequest(Out):
    number: str
    offering: str
    state: RequestState
    priority: int | None
    submitted_at: datetime
    due_at: datetime
    ended_at: datetime | None


class RequestsSection(Out):
    """How many requests are in which state, and the newest; `lately` is within 90 days."""

    submitted: int
    in_fulfilment: int
    fulfilled: int
    cancelled: int
    rejected: int
    overdue: int
    fulfilled_lately: int
    met_lately: int
    newest: list[SheetRequest]


def _select(service: Any) -> ScalarSelect[Any]:
    return queries.sheet_of(service, SHOWN)


SECTIONS = (
    Section(
        "requests",
        f"What was asked of the service, by state, and the newest {SHOWN}",
        RequestsSection,
        select=_select,
        definitions=rules.DEFINITIONS,
        facts=rules.facts,
    ),
)

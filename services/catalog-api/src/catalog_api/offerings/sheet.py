"""What the document of a service shows of its offerings, and the facts that follow."""

from typing import Any

from sqlalchemy import ScalarSelect

from catalog_api.offerings import queries, rules
from catalog_api.offerings.rules import OfferingState
from catalog_api.offerings.schemas import Price
from catalog_api.sheets import Section
from shared.schemas.common import Out

SHOWN = 100


class SheetOffering(Out):
    key: str
    title: str
    state: OfferingState
    has_form: bool
    steps: int
    promises: int
    price: Price | None


class OfferingsSection(Out):
    """How many offerings there are, and the first by key."""

    total: int
    published: int
    with_form: int
    publishable: int
    published_with_promise: int
    items: list[SheetOffering]


def _select(service: Any) -> ScalarSelect[Any]:
    return queries.sheet_of(service, SHOWN)


SECTIONS = (
    Section(
        "offerings",
        f"What customers can request of the service; the first {SHOWN} by key",
        OfferingsSection,
        select=_select,
        definitions=rules.DEFINITIONS,
        facts=rules.facts,
    ),
)

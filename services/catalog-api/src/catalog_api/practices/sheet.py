"""Practices that a service takes up, in the service document and in the facts."""

from catalog_api.practices import queries, rules
from catalog_api.practices.schemas import TakenUp
from catalog_api.sheets import Section

SECTIONS: tuple[Section, ...] = (
    Section(
        name="practices",
        meaning="Better and worst practices that the service has adopted, plans or rules out",
        shape=list[TakenUp],
        select=queries.sheet_of,
        definitions=rules.DEFINITIONS,
        facts=rules.facts,
    ),
)

"""RACI in the service document and in the facts."""

from catalog_api.raci import queries, rules
from catalog_api.raci.schemas import RaciSection
from catalog_api.sheets import Section

SECTIONS: tuple[Section, ...] = (
    Section(
        name="raci",
        meaning="Who is responsible, accountable, consulted and informed, process by process",
        shape=RaciSection,
        select=queries.sheet_of,
        definitions=rules.DEFINITIONS,
        facts=rules.facts,
    ),
)

"""The boards that decide a service's gates, in the service document and in the facts."""

from catalog_api.boards import queries, rules
from catalog_api.boards.schemas import BoardsSection
from catalog_api.sheets import Section

SECTIONS: tuple[Section, ...] = (
    Section(
        name="boards",
        meaning="The board that decides each gate of the service",
        shape=BoardsSection,
        select=queries.sheet_of,
        definitions=rules.DEFINITIONS,
        facts=rules.facts,
    ),
)

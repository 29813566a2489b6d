"""Every section of the service document, in the order in which a reader wants them."""

from catalog_api.sheets import Section
from shared.schemas.common import FactDefinition

SECTIONS: tuple[Section, ...] = ()


def section_definitions() -> list[FactDefinition]:
    """The facts that the sections give."""
    return [definition for section in SECTIONS for definition in section.definitions]

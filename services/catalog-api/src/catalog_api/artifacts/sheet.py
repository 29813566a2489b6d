"""The key artifacts in the service document and in the facts."""

from catalog_api.artifacts import queries, rules
from catalog_api.artifacts.schemas import AssessedArtifact
from catalog_api.sheets import Section

SECTIONS: tuple[Section, ...] = (
    Section(
        name="artifacts",
        meaning="The ten key artifacts of service management, as last assessed",
        shape=list[AssessedArtifact],
        select=queries.sheet_of,
        definitions=rules.DEFINITIONS,
        facts=rules.facts,
    ),
)

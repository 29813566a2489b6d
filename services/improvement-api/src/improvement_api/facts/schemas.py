"""The fact catalog on the wire."""

from pydantic import Field

from shared.schemas.common import FactDefinition, Out
from shared.schemas.improvement import Gate


class FactUse(Out):
    """A criterion of a gate in force that looks at a fact."""

    gate: Gate
    criterion: str


class UsedFactDefinition(FactDefinition):
    """A fact, and which criteria of the gates in force depend on it."""

    used_by: list[FactUse] = Field(description="by gate and criterion; empty: nobody asks for it")


class FactCatalogOut(Out):
    items: list[UsedFactDefinition]

"""The plans in the service document, and the facts that tollgates read from them."""

from datetime import datetime
from typing import Any

from sqlalchemy import ScalarSelect

from catalog_api import rows
from catalog_api.plans import facts, queries
from catalog_api.plans.rules import PlanKind, PlanState
from catalog_api.plans.texts import PlanText
from catalog_api.sheets import Section
from shared.schemas.common import Out


class SheetPlan(Out):
    """An approved version with its text, or the version that is being written or reviewed."""

    kind: PlanKind
    version: int
    state: PlanState
    approved_at: datetime | None
    updated_at: datetime
    text: PlanText | None


def _select(service: Any) -> ScalarSelect[Any]:
    return rows.json_list(queries.sheet_versions(service))


SECTIONS = (
    Section(
        "plans",
        "Strategy, roadmap and targets: the approved text of each, and what is being written",
        list[SheetPlan],
        select=_select,
        definitions=facts.DEFINITIONS,
        facts=facts.facts,
    ),
)

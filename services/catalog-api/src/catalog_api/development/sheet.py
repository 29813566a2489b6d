"""The development record in the service document, and the facts that tollgates read from it."""

from datetime import datetime
from typing import Any

from sqlalchemy import ScalarSelect

from catalog_api import rows
from catalog_api.development import queries, rules
from catalog_api.development.schemas import (
    Build,
    ChecklistItemOut,
    DesignDocument,
    DevelopmentTest,
)
from catalog_api.sheets import Section
from shared.schemas.catalog import ServiceKind
from shared.schemas.common import Out


class SheetRecord(Out):
    design_package: list[DesignDocument]
    build: Build | None
    tests: list[DevelopmentTest]
    checklist: list[ChecklistItemOut]
    updated_at: datetime


class SheetDevelopment(Out):
    """A product needs no record."""

    kind: ServiceKind
    record: SheetRecord | None


def _select(service: Any) -> ScalarSelect[Any]:
    return rows.json_object(queries.sheet_record(service))


SECTIONS = (
    Section(
        "development",
        "Design package, build, tests and transition readiness",
        SheetDevelopment,
        select=_select,
        definitions=rules.DEFINITIONS,
        facts=rules.facts,
    ),
)

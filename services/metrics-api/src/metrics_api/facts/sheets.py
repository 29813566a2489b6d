"""The fact sheets of the domains, in the order in which they are asked."""

from collections.abc import Collection
from typing import Final

from metrics_api.breaches.sheet import SHEET as BREACHES
from metrics_api.fact_sheets import FactSheet
from metrics_api.judgements.sheet import SHEET as JUDGEMENTS
from metrics_api.slos.sheet import SHEET as SLOS
from metrics_api.success_factors.sheet import SHEET as SUCCESS_FACTORS
from metrics_api.trends.sheet import SHEET as TRENDS

SHEETS: Final[tuple[FactSheet, ...]] = (JUDGEMENTS, TRENDS, SLOS, BREACHES, SUCCESS_FACTORS)


def sheets_with(names: Collection[str] | None) -> tuple[FactSheet, ...]:
    """The sheets that give one of these facts; None: all of them."""
    if names is None:
        return SHEETS
    return tuple(sheet for sheet in SHEETS if any(one.name in names for one in sheet.definitions))

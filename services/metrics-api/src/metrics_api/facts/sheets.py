"""The fact sheets of the domains, in the order in which they are asked."""

from typing import Final

from metrics_api.fact_sheets import FactSheet
from metrics_api.slos.sheet import SHEET as SLOS

SHEETS: Final[tuple[FactSheet, ...]] = (SLOS,)

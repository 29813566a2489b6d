"""The fact sheets of the domains, in the order in which they are asked."""

from typing import Final

from metrics_api.breaches.sheet import SHEET as BREACHES
from metrics_api.fact_sheets import FactSheet

SHEETS: Final[tuple[FactSheet, ...]] = (BREACHES,)

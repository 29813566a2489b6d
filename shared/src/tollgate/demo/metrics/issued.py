"""A report that was issued: its bytes stay what they are."""

import time
from datetime import date
from typing import Any

from tollgate.demo.content import PERIODS, WORKED_EXAMPLE, WORKED_PORTFOLIO
from tollgate.demo.making import LEARNING, Providers, ensure_listed, listed

ACTIONS_WITHIN = 20.0  # seconds for the worker to bring the initiatives
REPORT: dict[str, Any] = {
    "kind": "performance",
    "title": "Repair times of IT operations, first half of the year",
    "parameters": {"kpi": "mttr", "periods": list(PERIODS), "portfolio": WORKED_PORTFOLIO},
}


def load_issued_report(at: Providers, _until: date) -> None:
    """Once it has the improvement actions, which improvement-api's worker brings."""
    give_up_at = time.monotonic() + ACTIONS_WITHIN
    expected = {row.initiative for row in WORKED_EXAMPLE}
    while not expected <= _initiatives(at) and time.monotonic() < give_up_at:
        time.sleep(LEARNING)
    ensure_listed(at.metrics, "/v1/reports/issued", REPORT, "kind", "title")


def _initiatives(at: Providers) -> set[str]:
    return {initiative["title"] for initiative in listed(at.metrics, "/v1/initiatives")}

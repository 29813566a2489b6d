"""The temporary tables of one as-of answer: shaped as those of what is known now, gone with it."""

from dataclasses import dataclass
from typing import Final

from metrics_api.indicators.scopes import Relations

LAID_OUT: Final = (
    "incident",
    "incident_transition",
    "request_record",
    "change_record",
    "outage",
    "survey",
    "infrastructure_event",
    "sli_sample",
    "sli_cell",
)


def _temporary(name: str) -> str:
    return f"pg_temp.as_of_{name}"


THEN: Final = Relations(**{name: _temporary(name) for name in LAID_OUT})
"""End states, samples and sums of these as they were known then."""


@dataclass(frozen=True)
class Books:
    """Where the report reads services, targets and initiatives."""

    service: str
    target: str
    initiative: str


LIVE_BOOKS: Final = Books("metrics.service_copy", "metrics.target", "metrics.initiative")
THEN_BOOKS: Final = Books(*(_temporary(name) for name in ("service", "target", "initiative")))

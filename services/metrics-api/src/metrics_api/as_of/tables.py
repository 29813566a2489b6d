"""The temporary tables of one as-of answer: shaped as those of the end states, gone with it."""

from dataclasses import dataclass
from typing import Final

from metrics_api.indicators.scopes import Relations

_END_STATES = (
    "incident",
    "incident_transition",
    "request_record",
    "change_record",
    "outage",
    "survey",
    "infrastructure_event",
)


def _temporary(name: str) -> str:
    return f"pg_temp.as_of_{name}"


THEN: Final = Relations(**{name: _temporary(name) for name in _END_STATES})
"""End states as they were known then."""


@dataclass(frozen=True)
class Books:
    """Where the report reads services, targets and initiatives."""

    service: str
    target: str
    initiative: str


LIVE_BOOKS: Final = Books("metrics.service_copy", "metrics.target", "metrics.initiative")
THEN_BOOKS: Final = Books(*(_temporary(name) for name in ("service", "target", "initiative")))

CREATE: Final = (
    *(
        f"CREATE TEMPORARY TABLE as_of_{name} (LIKE metrics.{name} INCLUDING INDEXES)"
        " ON COMMIT DROP"
        for name in _END_STATES
    ),
    """CREATE TEMPORARY TABLE as_of_service ON COMMIT DROP AS
       SELECT DISTINCT ON (key) key, name, portfolio FROM metrics.service_version
       WHERE recorded_at <= %(then)s ORDER BY key, revision DESC""",
    """CREATE TEMPORARY TABLE as_of_target ON COMMIT DROP AS
       SELECT DISTINCT ON (target_id) target_id, service, kpi, comparator, value, valid_from,
           valid_to
       FROM metrics.target_version
       WHERE recorded_at <= %(then)s ORDER BY target_id, version DESC""",
    """CREATE TEMPORARY TABLE as_of_initiative ON COMMIT DROP AS
       SELECT DISTINCT ON (id) * FROM metrics.initiative_version
       WHERE recorded_at <= %(then)s ORDER BY id, revision DESC""",
)
ANALYZE: Final = ("ANALYZE pg_temp.as_of_incident", "ANALYZE pg_temp.as_of_incident_transition")

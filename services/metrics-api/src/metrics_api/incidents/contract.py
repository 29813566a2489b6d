"""How incidents are sent, for the contract."""

from metrics_api.incidents.updates import IncidentIn
from metrics_api.intake.contract import bodies_of

EXAMPLE = {
    "source": "servicenow",
    "external_id": "INC0042",
    "version": 3,
    "updated_at": "2026-03-01T09:40:00Z",
    "state": "resolved",
    "title": "VPN drops every few minutes",
    "service": "Network Infrastructure",
    "priority": 2,
    "channel": "phone",
    "assignment_group": "Network Operations",
    "reassignment_count": 1,
    "opened_at": "2026-03-01T08:30:00Z",
    "resolved_at": "2026-03-01T09:40:00Z",
}
BODIES = bodies_of(IncidentIn, EXAMPLE)

"""The facts of catalog-api: their definitions, and their values for one service."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from catalog_api.stages.rules import phase_of
from shared.schemas.common import FactDefinition, FactValue

_SERVICE = (
    ("service_name", "string", None, "Name of the service"),
    ("service_kind", "string", None, "business, technical or product"),
    ("service_stage", "string", None, "Present lifecycle stage"),
    ("service_phase", "string", None, "pipeline, live or retired"),
    ("service_days_in_stage", "number", "days", "Time since the service came to its stage"),
    ("service_was_onboarded", "boolean", None, "Recorded at a later stage than strategy"),
    ("service_has_description", "boolean", None, "The service is described"),
    ("service_description_length", "integer", "characters", "Length of the description"),
    ("service_criticality", "string", None, "low, medium, high or critical"),
    ("service_support_hours_defined", "boolean", None, "Support hours are set"),
    ("service_support_hours_per_week", "number", "hours", "Supported hours in a week"),
    ("service_tags", "list", None, "Tags of the service"),
    ("service_has_service_owner", "boolean", None, "Exactly one person owns the service"),
    ("service_owner_count", "integer", "persons", "Different people in any role of the service"),
    ("service_roles", "list", None, "Roles that somebody holds for the service"),
    ("external_reference_count", "integer", "references", "Names that ITSM tools use for it"),
    ("external_reference_sources", "list", None, "Sources that have a reference of their own"),
)
_PORTFOLIO = (
    ("portfolio_key", "string", None, "Portfolio that the service belongs to"),
    ("portfolio_has_manager", "boolean", None, "The portfolio has a manager"),
    ("portfolio_has_strategy", "boolean", None, "The portfolio's strategy is written down"),
)

DEFINITIONS = [
    FactDefinition(name=name, type=kind, unit=unit, owner="catalog", meaning=meaning)
    for name, kind, unit, meaning in (*_SERVICE, *_PORTFOLIO)
]


def facts_of(
    service: Mapping[str, Any], portfolio: Mapping[str, Any], now: datetime
) -> dict[str, FactValue]:
    """Every fact of a service, each with the moment its value last changed."""
    return {**_service_facts(service, now), **_portfolio_facts(service, portfolio)}


def _service_facts(service: Mapping[str, Any], now: datetime) -> dict[str, FactValue]:
    def known(value: Any, field: str) -> FactValue:
        return FactValue(value=value, as_of=changed_at(service, field), reason=None)

    def known_or(value: Any, field: str, reason: str) -> FactValue:
        because = reason if value is None else None
        return FactValue(value=value, as_of=changed_at(service, field), reason=because)

    stage, hours, owners = service["stage"], service["support_hours"], service["owners"]
    references = service["external_references"]
    in_stage = (now - changed_at(service, "stage")).total_seconds() / 86_400
    roles = sorted({owner["role"] for owner in owners})
    return {
        "service_name": known(service["name"], "name"),
        "service_kind": known(service["kind"], "kind"),
        "service_stage": known(stage, "stage"),
        "service_phase": known(phase_of(stage), "stage"),
        "service_days_in_stage": FactValue(value=max(in_stage, 0.0), as_of=now, reason=None),
        "service_was_onboarded": known(service["onboarded"], "created"),
        "service_has_description": known(bool(service["description"].strip()), "description"),
        "service_description_length": known(len(service["description"].strip()), "description"),
        "service_criticality": known_or(
            service["criticality"], "criticality", "no criticality is set"
        ),
        "service_support_hours_defined": known(hours is not None, "support_hours"),
        "service_support_hours_per_week": known_or(
            None if hours is None else hours_per_week(hours),
            "support_hours",
            "no support hours are set",
        ),
        "service_tags": known(service["tags"], "tags"),
        "service_has_service_owner": known("service_owner" in roles, "owners"),
        "service_owner_count": known(len({owner["subject"] for owner in owners}), "owners"),
        "service_roles": known(roles, "owners"),
        "external_reference_count": known(len(references), "external_references"),
        "external_reference_sources": known(
            sorted({one["source"] for one in references if one["source"] is not None}),
            "external_references",
        ),
    }


def _portfolio_facts(
    service: Mapping[str, Any], portfolio: Mapping[str, Any]
) -> dict[str, FactValue]:
    """A service that changes its portfolio sees other values from then on."""
    joined = changed_at(service, "portfolio")

    def known(value: Any, field: str) -> FactValue:
        as_of = max(joined, changed_at(portfolio, field))
        return FactValue(value=value, as_of=as_of, reason=None)

    return {
        "portfolio_key": FactValue(value=portfolio["key"], as_of=joined, reason=None),
        "portfolio_has_manager": known(portfolio["manager"] is not None, "manager"),
        "portfolio_has_strategy": known(portfolio["strategy"] is not None, "strategy"),
    }


def changed_at(record: Mapping[str, Any], field: str) -> datetime:
    """When a field last changed: at the creation of the record, if never since."""
    stamp = record["changed_at"].get(field)
    created: datetime = record["created_at"]
    return created if stamp is None else datetime.fromisoformat(stamp)


def hours_per_week(support_hours: Mapping[str, Any]) -> float:
    """Supported hours of a week; intervals do not overlap."""
    minutes = sum(
        _minutes(interval["end"]) - _minutes(interval["start"])
        for interval in support_hours["weekly"]
    )
    return minutes / 60


def _minutes(clock: str) -> int:
    hours, minutes = clock.split(":")
    return int(hours) * 60 + int(minutes)

"""What the service document and the facts show of agreements."""

from catalog_api.agreements.rules import facts
from catalog_api.agreements.schemas import AgreementsSection
from catalog_api.agreements.sheet_queries import section
from catalog_api.fact_values import definition
from catalog_api.sheets import Section

_AGREEMENTS = "agreements"
_DEFINITIONS = (
    definition(
        "active_agreement_count", "integer", _AGREEMENTS, "Agreements that cover the service now"
    ),
    definition("sla_signed", "boolean", None, "An SLA on the service is signed or active"),
    definition("sla_active", "boolean", None, "An SLA on the service is active"),
    definition(
        "agreement_review_overdue_count",
        "integer",
        _AGREEMENTS,
        "Active agreements on the service whose review date has passed",
    ),
    definition(
        "agreements_expiring_within_90_days_count",
        "integer",
        _AGREEMENTS,
        "Active agreements on the service whose last day comes within 90 days",
    ),
    definition(
        "agreed_availability",
        "number",
        "ratio",
        "The lowest availability that an active agreement promises of the service",
    ),
    definition(
        "service_level_target_count",
        "integer",
        "targets",
        "Service level targets of the active agreements on the service",
    ),
    definition(
        "guarantee_count",
        "integer",
        "guarantees",
        "Guarantees with credits in the active agreements on the service",
    ),
    definition(
        "operational_agreements_cover_dependencies",
        "boolean",
        None,
        "Each service it directly needs hard has an active OLA, each vendor product an active"
        " underpinning contract; true where it needs nothing hard",
    ),
)

SECTIONS = (
    Section(
        name="agreements",
        meaning="What is agreed on the service: targets, hours, guarantees",
        shape=AgreementsSection,
        select=section,
        definitions=_DEFINITIONS,
        facts=facts,
    ),
)

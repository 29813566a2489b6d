"""Criteria that more than one of the default gates ask."""

from improvement_api.gates.defaults.making import ADVISORY, asks
from shared.schemas.improvement import MissingPolicy
from shared.schemas.processes import Process

# Likelihood × impact, each 1 to 5: from here on a risk is high.
HIGH_RISK = "15.0"

OWNED = asks(
    Process.SERVICE_LIFECYCLE_MANAGEMENT,
    "owned",
    "Somebody owns the service",
    "service_has_service_owner",
    why="decisions about a service that nobody answers for are not kept.",
    how="Name exactly one service_owner: PUT /v1/services/{key}/owners in catalog-api.",
)
CRITICALITY = asks(
    Process.SERVICE_CONTINUITY_MANAGEMENT,
    "criticality",
    "Criticality is set",
    "service_criticality in ['low', 'medium', 'high', 'critical']",
    why="how much failure may cost decides what protection is worth.",
    how="Set `criticality`: PATCH /v1/services/{key} in catalog-api.",
)
SUPPORT_HOURS = asks(
    Process.SERVICE_CATALOG_MANAGEMENT,
    "support-hours",
    "Support hours are set",
    "service_support_hours_defined",
    why="a promise of support without hours can be neither kept nor measured.",
    how="Set `support_hours`: PATCH /v1/services/{key} in catalog-api.",
)
KNOWN_TO_TOOLS = asks(
    Process.SERVICE_PERFORMANCE_MANAGEMENT,
    "known-to-tools",
    "ITSM tools have a name for it",
    "external_reference_count >= 1.0",
    why="incidents that name nothing we know are attributed to nobody.",
    how="Record the tools' names: POST /v1/services/{key}/external-references in catalog-api.",
)
TARGET = asks(
    Process.SERVICE_PERFORMANCE_MANAGEMENT,
    "target",
    "A target is set",
    "targets_defined_count >= 1.0",
    why="without a target no figure is good or bad.",
    how="Set a target on a KPI of the service: POST /v1/targets in metrics-api.",
)
NO_MAJOR_INCIDENT = asks(
    Process.SERVICE_CONTINUITY_MANAGEMENT,
    "no-major-incident",
    "No major incident is open",
    "open_major_incidents == 0.0",
    why="a service is not handed over while it is down.",
    how="Resolve the open major incidents in the ITSM tool, and see that it sends the resolution:"
    " GET /v1/incidents in metrics-api.",
)
OBJECTIVES_SERVED = asks(
    Process.SERVICE_STRATEGY_DEFINITION,
    "objectives-served",
    "It serves an objective of the business",
    "served_objective_count >= 1.0",
    why="a service that serves no objective is a cost that nobody asked for.",
    how="Link the service to an active objective: POST /v1/objectives/{key}/links in catalog-api.",
)
STRATEGY_CURRENT = asks(
    Process.SERVICE_STRATEGY_DEFINITION,
    "strategy-current",
    "Its strategy was approved within two years",
    "strategy_age_days <= 730.0",
    why="customers change; a strategy that nobody looked at since steers by an old map.",
    how="Approve a new version: POST /v1/services/{key}/plans/strategy/versions in catalog-api,"
    " then …/submission and …/approvals.",
    **ADVISORY,
)
ROADMAP_APPROVED = asks(
    Process.SERVICE_ROADMAP_DEFINITION,
    "roadmap-approved",
    "A roadmap is approved",
    "roadmap_approved && roadmap_item_count >= 1.0",
    why="what comes when, and for how much, is agreed before anybody waits for it.",
    how="Write and approve one with at least one item:"
    " POST /v1/services/{key}/plans/roadmap/versions in catalog-api, then …/submission and"
    " …/approvals.",
)
ROADMAP_ON_TIME = asks(
    Process.SERVICE_ROADMAP_DEFINITION,
    "roadmap-on-time",
    "No item of the roadmap is late",
    "roadmap_overdue_item_count == 0.0",
    warning="roadmap_overdue_item_count <= 2.0",
    why="a roadmap that is not followed is a wish; the late item is done, moved or dropped.",
    how="Approve a roadmap that says so: POST /v1/services/{key}/plans/roadmap/versions in"
    " catalog-api.",
    **ADVISORY,
)
NO_OPEN_HIGH_RISK = asks(
    Process.SERVICE_LIFECYCLE_MANAGEMENT,
    "no-open-high-risk",
    "No high risk is open",
    f"highest_open_risk_score < {HIGH_RISK}",
    why="a risk of 15 points or more (likelihood × impact) is treated, or somebody bears it by"
    " name and for a time, before customers do.",
    how="POST /v1/risks/{risk}/treatment, …/acceptance or …/closure in catalog-api.",
)
OBLIGATIONS = asks(
    Process.SERVICE_LIFECYCLE_MANAGEMENT,
    "obligations-evidenced",
    "Its obligations are met",
    "unmet_obligation_count == 0.0",
    warning="overdue_obligation_count == 0.0",
    why="standards and regulations bind from the first day; what is not evidenced is not met.",
    how="Add evidence that is still valid: POST /v1/obligations/{obligation}/evidence in"
    " catalog-api.",
)
ARTIFACTS = asks(
    Process.SERVICE_LIFECYCLE_MANAGEMENT,
    "artifact-register",
    "The ten key artifacts are kept",
    "key_artifacts_completeness >= 0.8",
    warning="key_artifacts_completeness >= 0.5",
    freshness_hours=24 * 7,
    why="a service is managed with the artifacts of service management, or from memory.",
    how="See what GET /v1/artifacts in catalog-api finds missing; link what realises it:"
    " POST /v1/artifacts/{key}/resources, and name owner and review date.",
    **ADVISORY,
)
BOARD = asks(
    Process.SERVICE_LIFECYCLE_MANAGEMENT,
    "board-decides",
    "A board that can decide is there for the next gate",
    "board_for_next_gate_exists && board_quorum_possible",
    why="a gate that no board decides is opened by whoever is in a hurry.",
    how="Name a board that decides this gate: POST /v1/boards in catalog-api, and voters for its"
    " quorum: PUT /v1/boards/{key}/members.",
    **ADVISORY,
)
RACI = asks(
    Process.SERVICE_LIFECYCLE_MANAGEMENT,
    "raci",
    "The RACI of all ten processes is complete",
    "raci_complete",
    warning="accountable_processes_count >= 8.0",
    why="what everybody is accountable for, nobody is.",
    how="One accountable and at least one responsible for each process:"
    " PUT /v1/services/{key}/raci/{process} in catalog-api.",
)
WITHIN_CEILINGS = asks(
    Process.SERVICE_CONTINUITY_MANAGEMENT,
    "within-ceilings",
    "It promises no more than its dependencies allow",
    "!promises_beyond_ceiling",
    missing=MissingPolicy.INCONCLUSIVE,
    why="a chain is as available as all of its links together.",
    how="See GET /v1/services/{key}/ceilings in catalog-api; agree more with the providers, promise"
    " less, or record who answers for it: POST /v1/services/{key}/ceiling-exceptions.",
)
COSTS_RECORDED = asks(
    Process.SERVICE_FINANCIAL_MANAGEMENT,
    "costs-recorded",
    "Its costs are recorded",
    "cost_items_count >= 1.0",
    why="who does not know what a service costs cannot say what it is worth.",
    how="Record labour, hardware, software, vendors: POST /v1/services/{key}/cost-items in"
    " catalog-api.",
)
CHARGING = asks(
    Process.SERVICE_FINANCIAL_MANAGEMENT,
    "charging-decided",
    "How it is charged is decided",
    "charging_model_defined",
    why="that customers do not pay is a decision, too: the model `none`.",
    how="Set the model that holds: POST /v1/services/{key}/charging-models in catalog-api.",
)
RECOVERY = asks(
    Process.SERVICE_FINANCIAL_MANAGEMENT,
    "costs-recovered",
    "Charges recover most of the full cost",
    "recovery_ratio >= 0.8",
    missing=MissingPolicy.SKIP,
    why="the difference is paid by somebody who was not asked.",
    how="Review price and cost: GET /v1/services/{key}/costs in catalog-api; invoice what was"
    " consumed: POST /v1/services/{key}/charges.",
    **ADVISORY,
)
VENDOR_CONTRACTS = asks(
    Process.VENDOR_PRODUCT_MANAGEMENT,
    "vendor-contracts",
    "No contract of a vendor product has ended",
    "vendor_contracts_expired_count == 0.0",
    why="without a contract the vendor owes nothing.",
    how="Renew it and record its dates: PATCH /v1/vendor-products/{key} in catalog-api, or remove"
    " the dependency.",
)
CONTRACTS_RENEWED = asks(
    Process.VENDOR_PRODUCT_MANAGEMENT,
    "contracts-renewed",
    "No contract of a vendor product is within its renewal notice",
    "vendor_contracts_expiring_count == 0.0",
    why="within the notice period it is the vendor who decides about the price.",
    how="Renew or replace it, and record it: PATCH /v1/vendor-products/{key} in catalog-api.",
    **ADVISORY,
)
VENDOR_SUPPORT = asks(
    Process.VENDOR_PRODUCT_MANAGEMENT,
    "vendor-support",
    "No vendor product is past its end of life",
    "vendor_products_past_end_of_life_count == 0.0",
    why="nobody mends what its vendor has given up.",
    how="Replace it: POST /v1/services/{key}/vendor-candidates in catalog-api, then …/select, and"
    " remove the old dependency.",
)
SUPPLY_AGREED = asks(
    Process.VENDOR_PRODUCT_MANAGEMENT,
    "supply-agreed",
    "OLAs and underpinning contracts cover what it needs",
    "operational_agreements_cover_dependencies",
    why="a promise to customers rests on promises to us.",
    how="Sign an `ola` with each provider it needs hard, an `underpinning_contract` for each vendor"
    " product: POST /v1/agreements in catalog-api.",
)
CONTINUITY_TESTED = asks(
    Process.SERVICE_CONTINUITY_MANAGEMENT,
    "continuity-tested",
    "The continuity plan was tested within a year",
    "continuity_test_passed && days_since_continuity_test <= 366.0",
    why="a plan that was never tried fails when it is needed first.",
    how="Test it within its targets and record how it went:"
    " POST /v1/services/{key}/continuity-tests in catalog-api.",
)
AGREEMENT = asks(
    Process.SERVICE_PERFORMANCE_MANAGEMENT,
    "agreement-active",
    "An agreement covers the service",
    "active_agreement_count >= 1.0 && (service_kind == 'technical' || sla_active)",
    warning="sla_signed",
    why="customers know what they may expect, and IT what it answers for; a technical service"
    " needs an OLA, any other one an SLA. One that is signed and starts later is a warning.",
    how="POST /v1/agreements in catalog-api, then …/versions/{version}/submit and …/signatures of"
    " two different parties; it is active from its start date on.",
)
QUALITY_PROMISED = asks(
    Process.SERVICE_CATALOG_MANAGEMENT,
    "quality-promised",
    "Every published offering says which quality it promises",
    "published_offerings_promise_quality",
    missing=MissingPolicy.SKIP,
    why="customers choose by price and quality, side by side.",
    how="Say it in `promises`: PATCH /v1/offerings/{key} in catalog-api.",
    **ADVISORY,
)
INITIATIVES_FINISHED = asks(
    Process.CONTINUOUS_SERVICE_IMPROVEMENT,
    "initiatives-finished",
    "No initiative is open",
    "open_initiatives == 0.0",
    why="what was begun is finished or cancelled, not forgotten.",
    how="Set the initiatives of the service to done or cancelled:"
    " PATCH /v1/initiatives/{initiative} in improvement-api.",
)

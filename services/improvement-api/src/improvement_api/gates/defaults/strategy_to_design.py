"""Strategy to design: there is a reason for the service, somebody wants it, and it can be paid."""

from improvement_api.gates.defaults.common import (
    BOARD,
    CRITICALITY,
    HIGH_RISK,
    OBJECTIVES_SERVED,
    OWNED,
    ROADMAP_APPROVED,
    ROADMAP_ON_TIME,
)
from improvement_api.gates.defaults.making import ADVISORY, asks, document, in_stage, signed
from shared.schemas.processes import Process

ASKED = (
    in_stage("service_stage == 'strategy'", "in strategy"),
    asks(
        Process.SERVICE_CATALOG_MANAGEMENT,
        "described",
        "The service is described",
        "service_description_length >= 80.0",
        warning="service_has_description",
        why="what cannot be said in two sentences can be neither designed nor offered.",
        how="Describe outcome and customers in 80 characters or more: `description`,"
        " PATCH /v1/services/{key} in catalog-api.",
    ),
    OWNED,
    CRITICALITY,
    asks(
        Process.SERVICE_STRATEGY_DEFINITION,
        "portfolio-managed",
        "Its portfolio has a manager",
        "portfolio_has_manager",
        why="a portfolio manager weighs this service against the others.",
        how="Set `manager`: PATCH /v1/portfolios/{key} in catalog-api.",
    ),
    asks(
        Process.SERVICE_STRATEGY_DEFINITION,
        "portfolio-strategy",
        "Its portfolio has a strategy",
        "portfolio_has_strategy",
        why="a service serves a strategy, or it serves none.",
        how="Write `strategy`: PATCH /v1/portfolios/{key} in catalog-api.",
    ),
    asks(
        Process.SERVICE_STRATEGY_DEFINITION,
        "strategy-approved",
        "A strategy with customers and objectives is approved",
        "strategy_approved && strategy_customer_count >= 1.0 && strategy_objective_count >= 1.0",
        warning="strategy_approved",
        why="why this service, for whom, and what for is agreed before anybody designs it.",
        how="Name `target_customers` and `objectives` in it:"
        " POST /v1/services/{key}/plans/strategy/versions in catalog-api, then …/submission and"
        " …/approvals.",
    ),
    OBJECTIVES_SERVED,
    asks(
        Process.SERVICE_STRATEGY_DEFINITION,
        "vital-activities",
        "It supports what customers must be able to do",
        "service_kind == 'technical' || vital_activities_supported_count >= 1.0",
        why="the worth of a service is what customers can do with it; a technical service supports"
        " other services.",
        how="PUT /v1/vital-activities/{key}/services/{service} in catalog-api.",
    ),
    ROADMAP_APPROVED,
    ROADMAP_ON_TIME,
    asks(
        Process.SERVICE_ROADMAP_DEFINITION,
        "high-risks-planned",
        "The roadmap treats every open risk, or none is high",
        f"highest_open_risk_score < {HIGH_RISK} || open_risk_without_roadmap_item_count == 0.0",
        why="a risk of 15 points or more that nothing is planned against is taken silently.",
        how="Link the risk to the item that treats it: `roadmap_item`, PATCH /v1/risks/{risk} in"
        " catalog-api; or treat or accept it.",
    ),
    asks(
        Process.SERVICE_ROADMAP_DEFINITION,
        "requirements-decided",
        "Every requirement of customers is accepted or rejected",
        "undecided_requirement_count == 0.0",
        why="who asked for something learns whether it comes.",
        how="POST /v1/services/{key}/requirements/{requirement}/state in catalog-api.",
        **ADVISORY,
    ),
    asks(
        Process.SERVICE_PERFORMANCE_MANAGEMENT,
        "success-factors",
        "Critical success factors are approved",
        "critical_success_factor_count >= 1.0",
        why="what has to go right is said before it can go wrong.",
        how="POST /v1/services/{key}/plans/targets/versions in catalog-api with"
        " `critical_success_factors`, then …/submission and …/approvals.",
    ),
    asks(
        Process.SERVICE_PERFORMANCE_MANAGEMENT,
        "quality-targets",
        "Quality targets are planned",
        "quality_target_count >= 1.0",
        why="how good is good enough decides how the service is designed.",
        how="POST /v1/services/{key}/plans/targets/versions in catalog-api with `quality_targets`,"
        " then …/submission and …/approvals.",
    ),
    asks(
        Process.SERVICE_FINANCIAL_MANAGEMENT,
        "finance-targets",
        "Finance targets are planned",
        "finance_target_count >= 1.0",
        why="what the service may cost, and what it has to bring, bounds its design.",
        how="POST /v1/services/{key}/plans/targets/versions in catalog-api with `finance_targets`,"
        " then …/submission and …/approvals.",
    ),
    asks(
        Process.SERVICE_FINANCIAL_MANAGEMENT,
        "costs-estimated",
        "Its costs are estimated",
        "cost_items_count >= 1.0",
        why="an estimate that is wrong can be corrected; one that is missing is believed.",
        how="Record the expected items: POST /v1/services/{key}/cost-items in catalog-api.",
        **ADVISORY,
    ),
    BOARD,
    document(
        Process.SERVICE_FINANCIAL_MANAGEMENT,
        "business-case",
        "A business case exists",
        "Business case: costs, benefits, and who pays",
        why="design costs money, and somebody has to want the outcome.",
        **ADVISORY,
    ),
    signed(
        Process.SERVICE_LIFECYCLE_MANAGEMENT,
        "owner-commits",
        "The service owner commits",
        "service_owner",
        "who will answer for the service agrees to its strategy.",
    ),
)

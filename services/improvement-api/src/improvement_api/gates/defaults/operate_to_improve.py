"""Operate to improve: there is a baseline, a reason, and a plan that somebody pays for."""

from improvement_api.gates.defaults.common import (
    ARTIFACTS,
    CONTRACTS_RENEWED,
    COSTS_RECORDED,
    NO_MAJOR_INCIDENT,
    OBJECTIVES_SERVED,
    OWNED,
    QUALITY_PROMISED,
    RECOVERY,
    ROADMAP_ON_TIME,
    STRATEGY_CURRENT,
    TARGET,
)
from improvement_api.gates.defaults.making import ADVISORY, asks, in_stage, signed
from shared.schemas.improvement import MissingPolicy
from shared.schemas.processes import Process

ASKED = (
    in_stage("service_stage == 'operate'", "in operation"),
    OWNED,
    asks(
        Process.SERVICE_PERFORMANCE_MANAGEMENT,
        "measured",
        "Its performance is measured",
        "incident_count_last_90_days >= 1.0 && hours_since_last_record <= 720.0",
        warning="has_incident_records",
        missing=MissingPolicy.INCONCLUSIVE,
        why="without a baseline no effect can be shown.",
        how="Have the ITSM tools send their incidents, POST /v1/sources/{source}/events in"
        " metrics-api; the newest is at most 30 days old.",
    ),
    TARGET,
    NO_MAJOR_INCIDENT,
    asks(
        Process.CONTINUOUS_SERVICE_IMPROVEMENT,
        "plan",
        "An improvement plan is approved",
        "active_improvement_plans >= 1.0",
        why="improving is a plan, not a wish.",
        how="Approve a plan with an initiative for the service: POST /v1/plans in improvement-api,"
        " then POST /v1/plans/{plan}/initiatives and POST /v1/plans/{plan}/transitions.",
    ),
    asks(
        Process.CONTINUOUS_SERVICE_IMPROVEMENT,
        "goals",
        "A goal is set",
        "goals_defined_count >= 1.0",
        why="an effect is measured against what was to be reached, by when.",
        how="Bind the plan to a KPI of the service: POST /v1/plans/{plan}/goals in"
        " improvement-api.",
    ),
    asks(
        Process.SERVICE_FINANCIAL_MANAGEMENT,
        "business-case",
        "An approved business case pays",
        "business_case_approved && business_case_npv_positive",
        warning="business_case_approved",
        why="effort that brings less than it costs is spent elsewhere; where it is spent all the"
        " same, the board says so.",
        how="POST /v1/plans/{plan}/business-cases in improvement-api, submit it, and have another"
        " person approve it.",
    ),
    asks(
        Process.CONTINUOUS_SERVICE_IMPROVEMENT,
        "root-causes-sought",
        "Every major incident has a root cause analysis",
        "major_incidents_without_rca == 0.0",
        missing=MissingPolicy.INCONCLUSIVE,
        why="who does not know why it failed improves something else.",
        how="POST /v1/root-cause-analyses in improvement-api, about the incidents it lacks:"
        " GET /v1/root-cause-analyses/missing.",
    ),
    asks(
        Process.CONTINUOUS_SERVICE_IMPROVEMENT,
        "need",
        "A target is missed",
        "targets_missed_count >= 1.0",
        why="effort goes where a promise is broken first.",
        how="Nothing to do: without a missed target (GET /v1/targets in metrics-api) the board may"
        " still decide to improve.",
        **ADVISORY,
    ),
    asks(
        Process.CONTINUOUS_SERVICE_IMPROVEMENT,
        "practices-followed",
        "No planned practice is overdue",
        "practices_overdue_count == 0.0",
        why="what others have learned need not be learned again.",
        how="PUT /v1/services/{key}/practices/{practice} in catalog-api: adopt it, move its date,"
        " or rule it out.",
        **ADVISORY,
    ),
    OBJECTIVES_SERVED,
    STRATEGY_CURRENT,
    asks(
        Process.SERVICE_ROADMAP_DEFINITION,
        "roadmap-current",
        "Its roadmap was approved within a year",
        "roadmap_age_days <= 366.0",
        why="an improvement that is on no roadmap competes with all that is.",
        how="Approve a new version: POST /v1/services/{key}/plans/roadmap/versions in catalog-api,"
        " then …/submission and …/approvals.",
        **ADVISORY,
    ),
    ROADMAP_ON_TIME,
    asks(
        Process.SERVICE_PERFORMANCE_MANAGEMENT,
        "relationships-reviewed",
        "No review with a customer is overdue",
        "customer_review_overdue_count == 0.0",
        why="what to improve is asked of those who are served.",
        how="Hold it and record it: `last_reviewed_on`, PATCH /v1/customers/{key} in catalog-api.",
        **ADVISORY,
    ),
    asks(
        Process.SERVICE_PERFORMANCE_MANAGEMENT,
        "service-reviewed",
        "The service was reviewed within 120 days",
        "days_since_last_service_review <= 120.0",
        why="figures that nobody looks at together change nothing.",
        how="Hold a review of the service: POST /v1/service-reviews in improvement-api.",
        **ADVISORY,
    ),
    asks(
        Process.SERVICE_CATALOG_MANAGEMENT,
        "agreements-reviewed",
        "No review of an agreement is overdue",
        "agreement_review_overdue_count == 0.0",
        why="a promise that nobody reviews is kept or broken by chance.",
        how="Agree on a new version with a later review date:"
        " POST /v1/agreements/{key}/versions in catalog-api.",
        **ADVISORY,
    ),
    asks(
        Process.SERVICE_CATALOG_MANAGEMENT,
        "requests-on-time",
        "No request is overdue",
        "overdue_request_count == 0.0",
        warning="overdue_request_count <= 3.0",
        why="improving comes after serving.",
        how="Complete its steps: POST /v1/requests/{request}/steps/{step}/complete in catalog-api.",
        **ADVISORY,
    ),
    QUALITY_PROMISED,
    COSTS_RECORDED,
    asks(
        Process.SERVICE_FINANCIAL_MANAGEMENT,
        "benchmarked",
        "Its cost or quality is compared with others'",
        "benchmark_count >= 1.0",
        why="good compared with last year may be poor compared with the neighbour.",
        how="POST /v1/services/{key}/benchmarks in catalog-api, with source and date.",
        **ADVISORY,
    ),
    RECOVERY,
    asks(
        Process.SERVICE_CONTINUITY_MANAGEMENT,
        "continuity-test-due",
        "No test of the continuity plan is overdue",
        "!continuity_test_overdue",
        why="a change is riskier where recovery is untried.",
        how="POST /v1/services/{key}/continuity-tests in catalog-api.",
        **ADVISORY,
    ),
    CONTRACTS_RENEWED,
    ARTIFACTS,
    signed(
        Process.CONTINUOUS_SERVICE_IMPROVEMENT,
        "owner-commits",
        "The service owner commits",
        "service_owner",
        "the owner answers for effort and effect.",
    ),
)

"""The facts that the default gates use, pinned: they are loaded while the owners may be down.

A test compares them with what the owners publish.
"""

from collections.abc import Iterator

from improvement_api.facts.rules import FactType, Owner, UsedFact

_CATALOG = {
    FactType.BOOLEAN: """
board_for_next_gate_exists board_quorum_possible charging_model_defined continuity_plan_approved
continuity_test_overdue continuity_test_passed cost_above_benchmark design_package_approved
development_needed operational_agreements_cover_dependencies portfolio_has_manager
portfolio_has_strategy priority_scheme_assigned priority_targets_complete
promises_beyond_ceiling published_offerings_promise_quality raci_complete
retirement_plan_approved retirement_successor_decided roadmap_approved service_has_description
service_has_service_owner service_support_hours_defined sla_active sla_signed strategy_approved
    """,
    FactType.INTEGER: """
accountable_processes_count active_agreement_count agreement_review_overdue_count
benchmark_count continuity_chain_breaks continuity_chain_missing cost_items_count
critical_success_factor_count customer_review_overdue_count dependencies_on_retired_count
dependent_count engaged_customer_count essential_vital_activity_count external_reference_count
finance_target_count hard_dependent_count highest_open_risk_score
must_requirements_unanswered_count offering_count open_request_count open_risk_count
open_risk_without_roadmap_item_count overdue_obligation_count overdue_request_count
practices_adopted_count practices_overdue_count publishable_offering_count
published_offering_count quality_target_count readiness_items_open_count
retirement_steps_open_count risk_reviews_overdue_count roadmap_item_count
roadmap_overdue_item_count served_objective_count service_description_length service_owner_count
strategy_customer_count strategy_objective_count tests_failed_count tests_not_run_count
tests_passed_count touchpoint_count undecided_requirement_count unmet_obligation_count
unrepresented_customer_count vendor_contracts_expired_count vendor_contracts_expiring_count
vendor_product_count vendor_products_past_end_of_life_count vital_activities_supported_count
    """,
    FactType.NUMBER: """
days_since_continuity_test key_artifacts_completeness recovery_ratio roadmap_age_days
strategy_age_days
    """,
    FactType.STRING: """
service_criticality service_kind service_stage
    """,
}
_METRICS = {
    FactType.BOOLEAN: """
has_incident_records
    """,
    FactType.INTEGER: """
backlog_open degrading_trends_count incident_count_last_90_days open_breached_clocks
open_major_incidents proposals_open_count slo_count slos_missed_count success_factors_count
success_factors_unsatisfied_count targets_defined_count targets_missed_count
    """,
    FactType.NUMBER: """
hours_since_last_record
    """,
}
_IMPROVEMENT = {
    FactType.BOOLEAN: """
business_case_approved business_case_npv_positive
    """,
    FactType.INTEGER: """
active_improvement_plans days_since_last_service_review done_initiatives effects_shown_count
goals_defined_count goals_overdue_count guard_rails_worse_count
initiatives_without_measured_effect_count major_incidents_without_rca open_fixes_count
open_initiatives overdue_rca_count overdue_review_actions
    """,
}


def _facts() -> Iterator[UsedFact]:
    owned = (
        (Owner.CATALOG, _CATALOG),
        (Owner.METRICS, _METRICS),
        (Owner.IMPROVEMENT, _IMPROVEMENT),
    )
    for owner, by_type in owned:
        for kind, names in by_type.items():
            for name in names.split():
                yield UsedFact(name, kind, owner)


FACTS_OF_DEFAULTS = {fact.name: fact for fact in _facts()}

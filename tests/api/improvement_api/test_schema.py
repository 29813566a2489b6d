"""The schema of improvement-api: models and migrations agree, the runtime role can do no more."""

import re
from enum import StrEnum

import psycopg
import pytest
from alembic import command
from sqlalchemy import create_engine

from improvement_api.benefits.periods import Grain as MeasuredGrain
from improvement_api.benefits.rules import Verdict
from improvement_api.business_cases.rules import CaseState
from improvement_api.business_cases.rules import Verdict as CaseVerdict
from improvement_api.capabilities.rules import AssessmentState, Scope
from improvement_api.capabilities.rules import Verdict as AssessmentVerdict
from improvement_api.decisions.rules import DeliveryState
from improvement_api.definition import DEFINITION
from improvement_api.deployment_protection.rules import Answer, RequestState
from improvement_api.facts.rules import FactType, Owner
from improvement_api.feedback.rules import EntryKind, ScoreKind, Sentiment
from improvement_api.goals.rules import Attainability
from improvement_api.opportunities.rules import Handling, LinkKind, OpportunityState, Source
from improvement_api.periods import Grain
from improvement_api.plans.rules import PlanOutcome, PlanState
from improvement_api.root_causes.rules import AnalysisState, Finding, FixOutcome, Method
from improvement_api.service_reviews.rules import ActionState, PackState, ReviewState
from improvement_api.votes.rules import Choice
from improvement_api.waivers.rules import WaiverState
from shared.kit.database import sqlalchemy_url
from shared.kit.migrations import alembic_config, migrate
from shared.schemas.catalog import Stage
from shared.schemas.improvement import Gate
from shared.schemas.metrics import Comparator, InitiativeState
from tests.support.postgres import Database

APPEND_ONLY = [
    "audit_entry",
    "gate_version",
    "evidence",
    "evaluation",
    "signature",
    "signature_withdrawal",
    "vote",
    "board_rejection",
    "decision",
    "decision_log",
    "signal",
    "fix_check",
    "opportunity_occurrence",
    "trigger_version",
    "business_case_decision",
    "plan_actual",
    "capability_decision",
    "measurement",
    "review_pack",
    "review_minutes",
    "review_minutes_approval",
    "review_decision",
]


def constraints(database: Database) -> dict[str, str]:
    with psycopg.connect(database.admin_url) as admin:
        rows = admin.execute(
            "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint"
            " WHERE connamespace = 'improvement'::regnamespace"
        )
        return dict(rows.fetchall())


def test_models_and_migrations_agree(improvement_db: Database) -> None:
    with create_engine(sqlalchemy_url(improvement_db.admin_url)).begin() as connection:
        command.check(alembic_config("improvement_api", connection))


def test_upgrade_downgrade_upgrade_ends_where_it_began(improvement_db: Database) -> None:
    before = constraints(improvement_db)

    for step, target in ((command.downgrade, "base"), (command.upgrade, "head")):
        with create_engine(sqlalchemy_url(improvement_db.admin_url)).begin() as connection:
            step(alembic_config("improvement_api", connection), target)

    assert constraints(improvement_db) == before


def test_migrating_again_changes_nothing(improvement_db: Database) -> None:
    before = constraints(improvement_db)

    migrate(DEFINITION, improvement_db.admin_url, improvement_db.runtime_url)

    assert constraints(improvement_db) == before


CHECKS: dict[str, type[StrEnum]] = {
    "ck_fact_definition_type": FactType,
    "ck_fact_definition_owner": Owner,
    "ck_gate_version_gate": Gate,
    "ck_evidence_gate": Gate,
    "ck_evaluation_gate": Gate,
    "ck_evaluation_stage": Stage,
    "ck_gate_standing_gate": Gate,
    "ck_delegation_gate": Gate,
    "ck_waiver_gate": Gate,
    "ck_waiver_state": WaiverState,
    "ck_vote_choice": Choice,
    "ck_decision_gate": Gate,
    "ck_decision_from_stage": Stage,
    "ck_decision_to_stage": Stage,
    "ck_decision_delivery_state": DeliveryState,
    "ck_badge_token_gate": Gate,
    "ck_deployment_rule_gate": Gate,
    "ck_deployment_request_gate": Gate,
    "ck_deployment_request_state": RequestState,
    "ck_deployment_request_answer": Answer,
    "ck_plan_state": PlanState,
    "ck_plan_held_from": PlanState,
    "ck_plan_outcome": PlanOutcome,
    "ck_measurement_verdict": Verdict,
    "ck_measurement_grain": MeasuredGrain,
    "ck_initiative_state": InitiativeState,
    "ck_root_cause_analysis_state": AnalysisState,
    "ck_root_cause_analysis_method": Method,
    "ck_fix_outcome": FixOutcome,
    "ck_fix_check_finding": Finding,
    "ck_feedback_entry_kind": EntryKind,
    "ck_feedback_entry_score_kind": ScoreKind,
    "ck_feedback_entry_sentiment": Sentiment,
    "ck_goal_grain": Grain,
    "ck_business_case_state": CaseState,
    "ck_business_case_decision_verdict": CaseVerdict,
    "ck_capability_assessment_scope": Scope,
    "ck_capability_assessment_state": AssessmentState,
    "ck_capability_decision_verdict": AssessmentVerdict,
    "ck_goal_comparator": Comparator,
    "ck_goal_attainability": Attainability,
    "ck_opportunity_source": Source,
    "ck_opportunity_state": OpportunityState,
    "ck_opportunity_link_kind": LinkKind,
    "ck_opportunity_occurrence_handling": Handling,
    "ck_service_review_state": ReviewState,
    "ck_review_pack_order_state": PackState,
    "ck_review_action_state": ActionState,
}


def test_every_check_lists_the_values_of_its_enum(improvement_db: Database) -> None:
    found = constraints(improvement_db)

    for check, values in CHECKS.items():
        listed = re.findall(r"'([^']+)'", found[check])
        assert set(listed) == {member.value for member in values}, check


@pytest.mark.parametrize("table", APPEND_ONLY)
def test_what_happened_cannot_be_rewritten_by_the_service(
    improvement_db: Database, table: str
) -> None:
    with psycopg.connect(improvement_db.admin_url) as admin:
        (column,) = admin.execute(
            "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum = 2",
            [f"improvement.{table}"],
        ).fetchone() or ("",)
    for statement in (
        f"DELETE FROM improvement.{table}",
        f"TRUNCATE improvement.{table}",
        f"UPDATE improvement.{table} SET {column} = {column}",
        f"ALTER TABLE improvement.{table} ADD COLUMN x integer",
    ):
        with (
            psycopg.connect(improvement_db.runtime_url) as runtime,
            pytest.raises(psycopg.errors.InsufficientPrivilege),
        ):
            runtime.execute(statement.encode())

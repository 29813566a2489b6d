"""The default gates: over facts that exist, each criterion with its why and how."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from catalog_api.facts.rules import DEFINITIONS as CATALOG_FACTS
from improvement_api.evaluations.rules import Document, Surroundings, assess, judge
from improvement_api.facts.rules import Owner, OwnerReply, usable
from improvement_api.facts.sheets import OWN_FACTS
from improvement_api.gates.defaults import DEFAULTS, FACTS_OF_DEFAULTS
from improvement_api.gates.rules import GateDefinition, pin_facts, stages_of
from metrics_api.facts.rules import DEFINITIONS as METRICS_FACTS
from shared.schemas.common import FactValue
from shared.schemas.improvement import CriterionKind, Gate, Outcome, Verdict

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)

# Facts with which a service passes each gate; the stage is added.
COMPLIANT = {
    "service_description_length": 120,
    "service_has_description": True,
    "service_has_service_owner": True,
    "service_owner_count": 2,
    "service_criticality": "high",
    "service_support_hours_defined": True,
    "external_reference_count": 1,
    "portfolio_has_manager": True,
    "portfolio_has_strategy": True,
    "targets_defined_count": 1,
    "has_incident_records": True,
    "hours_since_last_record": 2.5,
    "backlog_open": 0,
    "open_major_incidents": 0,
    "active_improvement_plans": 1,
    "open_initiatives": 0,
    "done_initiatives": 1,
}
OF_GATE: dict[Gate, dict[str, Any]] = {
    Gate.OPERATE_TO_IMPROVE: {"incident_count_last_90_days": 9, "targets_missed_count": 1},
}
ELSEWHERE = {"incident_count_last_90_days": 0, "targets_missed_count": 0}

# A value that breaks what the fact is asked for, for every criterion that asks it.
BROKEN: dict[str, Any] = {
    "service_stage": "retirement",
    "service_description_length": 0,
    "service_has_description": False,
    "service_has_service_owner": False,
    "service_owner_count": 1,
    "service_criticality": None,
    "service_support_hours_defined": False,
    "external_reference_count": 0,
    "portfolio_has_manager": False,
    "portfolio_has_strategy": False,
    "targets_defined_count": 0,
    "has_incident_records": False,
    "hours_since_last_record": None,
    "backlog_open": 9,
    "open_major_incidents": 1,
    "active_improvement_plans": 0,
    "open_initiatives": 1,
    "done_initiatives": 0,
}


def definition_of(gate: Gate) -> GateDefinition:
    body = DEFAULTS[gate]
    return GateDefinition(
        gate=gate,
        version=1,
        criteria=body.criteria,
        facts=pin_facts(body.criteria, FACTS_OF_DEFAULTS),
        max_age=timedelta(hours=body.max_age_hours),
        pass_threshold=body.pass_threshold,
        warning_threshold=body.warning_threshold,
        decided_by=body.decided_by,
    )


def compliant(gate: Gate) -> dict[str, Any]:
    from_stages, _ = stages_of(gate)
    stage = {"service_stage": min(from_stages).value}
    return COMPLIANT | ELSEWHERE | OF_GATE.get(gate, {}) | stage


def outcomes(gate: Gate, facts: dict[str, Any], *, documents: bool = True) -> dict[str, str]:
    definition = definition_of(gate)
    seen = {name: FactValue(value=value, as_of=NOW, reason=None) for name, value in facts.items()}
    replies = {owner: OwnerReply(owner, seen) for owner in Owner}
    attached = {
        criterion.id: Document("https://wiki/plan", "Plan", NOW)
        for criterion in definition.criteria
        if documents
    }
    results = judge(definition, Surroundings(replies, attached, NOW))
    return {name: result.outcome.value for name, result in results.items()}


def test_all_six_gates_have_a_default() -> None:
    assert set(DEFAULTS) == set(Gate)


@pytest.mark.parametrize("gate", Gate)
def test_each_default_says_why_and_how_and_has_every_kind_of_question(gate: Gate) -> None:
    criteria = DEFAULTS[gate].criteria

    assert all(criterion.why and criterion.how and criterion.title for criterion in criteria)
    assert sum(criterion.kind is CriterionKind.AUTOMATED for criterion in criteria) >= 5
    assert any(criterion.kind is CriterionKind.SIGN_OFF for criterion in criteria)


def test_the_pinned_facts_are_those_that_their_owners_publish() -> None:
    published = usable([*CATALOG_FACTS, *METRICS_FACTS, *OWN_FACTS])

    assert {name: published.get(name) for name in FACTS_OF_DEFAULTS} == FACTS_OF_DEFAULTS


def test_every_pinned_fact_is_used() -> None:
    used = {
        fact.name for gate in Gate for facts in definition_of(gate).facts.values() for fact in facts
    }

    assert used == set(FACTS_OF_DEFAULTS)


@pytest.mark.parametrize("gate", Gate)
def test_a_compliant_service_passes_once_it_is_signed(gate: Gate) -> None:
    definition = definition_of(gate)
    assert set(outcomes(gate, compliant(gate)).values()) == {"pass"}

    seen = {
        name: FactValue(value=value, as_of=NOW, reason=None)
        for name, value in compliant(gate).items()
    }
    replies = {owner: OwnerReply(owner, seen) for owner in Owner}
    attached = {c.id: Document("https://wiki/plan", "Plan", NOW) for c in definition.criteria}
    results = judge(definition, Surroundings(replies, attached, NOW))
    signers = {c.id: ["ada"] for c in definition.criteria if c.kind is CriterionKind.SIGN_OFF}

    assert assess(definition, results, {}).verdict is Verdict.INCONCLUSIVE
    assert assess(definition, results, signers).verdict is Verdict.PASS


@pytest.mark.parametrize("gate", Gate)
def test_breaking_a_fact_turns_exactly_the_criteria_that_ask_for_it(gate: Gate) -> None:
    definition = definition_of(gate)
    facts = compliant(gate)
    asked = {fact.name for facts in definition.facts.values() for fact in facts}
    for name in asked & BROKEN.keys():
        broken = outcomes(gate, facts | {name: BROKEN[name]})
        turned = {criterion for criterion, outcome in broken.items() if outcome != "pass"}
        asking = {c for c, used in definition.facts.items() if name in {f.name for f in used}}
        assert turned <= asking, name
        # Some facts only stand in a warning expression, which is looked at after a fail.
        assert turned or name in {"service_has_description", "has_incident_records"}, name


@pytest.mark.parametrize("gate", Gate)
def test_without_its_documents_exactly_the_evidence_criteria_fail(gate: Gate) -> None:
    found = outcomes(gate, compliant(gate), documents=False)
    evidence = {c.id for c in DEFAULTS[gate].criteria if c.kind is CriterionKind.EVIDENCE}

    assert {name for name, outcome in found.items() if outcome == Outcome.FAIL} == evidence

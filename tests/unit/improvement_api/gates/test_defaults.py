"""The default gates: over facts that exist, each criterion with its why and how, each its own."""

import json
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog_api.documents.sections import section_definitions
from catalog_api.facts.rules import DEFINITIONS as CATALOG_FACTS
from improvement_api.app import create_app
from improvement_api.evaluations.rules import (
    PERMITTING,
    Assessment,
    Document,
    Result,
    Surroundings,
    assess,
    judge_automated,
    judge_evidence,
)
from improvement_api.facts.rules import Owner, OwnerReply, usable
from improvement_api.facts.sheets import OWN_FACTS
from improvement_api.gates.defaults import ASKED, DEFAULTS, FACTS_OF_DEFAULTS
from improvement_api.gates.rules import (
    AutomatedCriterion,
    EvidenceCriterion,
    SignOffCriterion,
    stages_of,
)
from metrics_api.facts.rules import DEFINITIONS as METRICS_FACTS
from metrics_api.facts.sheets import SHEETS as METRICS_SHEETS
from shared.schemas.common import FactValue
from shared.schemas.improvement import CriterionKind, Gate, Outcome, Verdict
from shared.schemas.processes import Process
from tests.support.compliance import (
    EXEMPTING,
    automated,
    compliant_facts,
    definition_of,
    other_values,
)

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
ROOT = Path(__file__).parents[4]
EVERY_CRITERION = [
    pytest.param(gate, criterion.id, id=f"{gate}-{criterion.id}")
    for gate in Gate
    for criterion in DEFAULTS[gate].criteria
]


def judged(
    gate: Gate,
    facts: Mapping[str, Any],
    *,
    documents: Iterable[str] | None = None,
    signed: Iterable[str] | None = None,
    attached_at: datetime = NOW,
) -> Assessment:
    """What a gate says of a service; all its documents are attached and all signed, if not said."""
    definition = definition_of(gate)
    every = [criterion.id for criterion in definition.criteria]
    attached = {
        name: Document("https://wiki/plan", "Plan", attached_at)
        for name in (every if documents is None else documents)
    }
    results = {}
    for criterion in definition.criteria:
        if isinstance(criterion, AutomatedCriterion):
            known = (
                (f.name, facts[f.name]) for f in definition.facts[criterion.id] if f.name in facts
            )
            results[criterion.id] = _answered(gate, criterion.id, tuple(known))
        elif isinstance(criterion, EvidenceCriterion):
            results[criterion.id] = judge_evidence(criterion, attached.get(criterion.id), NOW)
    signers = {
        c.id: [f"person {n}" for n in range(c.signatures)]
        for c in definition.criteria
        if isinstance(c, SignOffCriterion) and (signed is None or c.id in signed)
    }
    return assess(definition, results, signers)


@cache
def _answered(gate: Gate, wanted: str, facts: tuple[tuple[str, Any], ...]) -> Result:
    """Kept, since compiling takes its time and most criteria see the same facts again."""
    seen = {name: FactValue(value=value, as_of=NOW, reason=None) for name, value in facts}
    replies = {owner: OwnerReply(owner, seen) for owner in Owner}
    criterion = next(c for c in automated(gate) if c.id == wanted)
    used = definition_of(gate).facts[wanted]
    return judge_automated(criterion, used, Surroundings(replies, {}, NOW))


def not_passed(assessment: Assessment) -> set[str]:
    return {
        name for name, result in assessment.results.items() if result.outcome is not Outcome.PASS
    }


def without(gate: Gate, wanted: str) -> list[Assessment]:
    """All that the gate says where the service lacks just what one criterion demands."""
    definition = definition_of(gate)
    criterion = next(c for c in definition.criteria if c.id == wanted)
    others = [c.id for c in definition.criteria if c.id != wanted]
    facts = compliant_facts(gate)
    if isinstance(criterion, SignOffCriterion):
        return [judged(gate, facts, signed=others)]
    if isinstance(criterion, EvidenceCriterion):
        return [judged(gate, facts, documents=others)]
    changed = [
        judged(gate, facts | {fact.name: value})
        for fact in definition.facts[wanted]
        for value in other_values(fact, gate)
    ]
    return [one for one in changed if not_passed(one)]


def test_all_six_gates_have_a_default_that_can_be_published() -> None:
    assert set(DEFAULTS) == set(Gate)
    assert all(len(body.criteria) <= 50 for body in DEFAULTS.values())


@pytest.mark.parametrize("gate", Gate)
def test_each_default_says_why_and_how_and_has_every_kind_of_question(gate: Gate) -> None:
    criteria = DEFAULTS[gate].criteria

    assert all(criterion.why and criterion.how and criterion.title for criterion in criteria)
    assert sum(criterion.kind is CriterionKind.AUTOMATED for criterion in criteria) >= 5
    assert any(criterion.kind is CriterionKind.SIGN_OFF for criterion in criteria)


@pytest.mark.parametrize("process", Process)
def test_gates_ask_at_least_two_automated_facts_of_each_of_the_ten_processes(
    process: Process,
) -> None:
    asked = {
        fact.name
        for gate, criteria in ASKED.items()
        for one in criteria
        if one.process is process
        for fact in definition_of(gate).facts.get(one.criterion.id, ())
    }

    assert len(asked - EXEMPTING.keys()) >= 2


def test_the_pinned_facts_are_those_that_their_owners_publish() -> None:
    of_metrics = [fact for sheet in METRICS_SHEETS for fact in sheet.definitions]
    published = usable([*CATALOG_FACTS, *section_definitions(), *METRICS_FACTS, *of_metrics])
    published |= usable(OWN_FACTS)

    assert {name: published.get(name) for name in FACTS_OF_DEFAULTS} == FACTS_OF_DEFAULTS


def test_every_pinned_fact_is_used() -> None:
    used = {
        fact.name for gate in Gate for facts in definition_of(gate).facts.values() for fact in facts
    }

    assert used == set(FACTS_OF_DEFAULTS)


def test_what_a_criterion_says_to_do_names_calls_that_there_are() -> None:
    known = {
        (method.upper(), _shape(path))
        for service in ("catalog-api", "metrics-api", "improvement-api")
        for path, operations in _contract(service).items()
        for method in operations
    }
    named = [
        (f"{gate} {criterion.id}", method, _shape(path))
        for gate in Gate
        for criterion in DEFAULTS[gate].criteria
        for method, path in re.findall(r"\b([A-Z]{3,6}) (/v1/[\w/{}-]+)", criterion.how)
    ]

    assert [one for one in named if one[1:] not in known] == []
    silent = {
        criterion.id
        for gate in Gate
        for criterion in DEFAULTS[gate].criteria
        if "/v1/" not in criterion.how
    }
    assert silent == set()


def _contract(service: str) -> dict[str, Any]:
    """What the others have committed, and our own as it is now."""
    if service == "improvement-api":
        paths: dict[str, Any] = create_app().openapi()["paths"]
        return paths
    committed = json.loads((ROOT / "services" / service / "openapi.json").read_text())
    return dict(committed["paths"])


def _shape(path: str) -> str:
    named = re.sub(r"/plans/(strategy|roadmap|targets)/", "/plans/{}/", path)
    return re.sub(r"\{[^}]*\}", "{}", named)


@pytest.mark.parametrize("gate", Gate)
def test_no_two_criteria_of_a_gate_demand_the_same_fact(gate: Gate) -> None:
    demanded = [
        fact.name
        for facts in definition_of(gate).facts.values()
        for fact in facts
        if fact.name not in EXEMPTING
    ]

    assert len(demanded) == len(set(demanded))


@pytest.mark.parametrize("gate", Gate)
def test_a_compliant_service_passes_once_it_is_signed(gate: Gate) -> None:
    facts = compliant_facts(gate)

    complete, unsigned = judged(gate, facts), judged(gate, facts, signed=())

    assert not_passed(complete) == set()
    assert complete.verdict is Verdict.PASS
    assert unsigned.verdict is Verdict.INCONCLUSIVE


@pytest.mark.parametrize(("gate", "wanted"), EVERY_CRITERION)
def test_removing_any_one_demanded_thing_turns_exactly_the_named_criterion(
    gate: Gate, wanted: str
) -> None:
    criterion = next(c for c in definition_of(gate).criteria if c.id == wanted)

    found = without(gate, wanted)

    assert found, "nothing that the criterion looks at makes a difference to it"
    for assessment in found:
        assert not_passed(assessment) == {wanted}
        outcome = assessment.results[wanted].outcome
        if criterion.required and outcome is not Outcome.WARNING:
            assert assessment.verdict not in {Verdict.PASS, Verdict.WARNING}
        if not criterion.required:
            assert assessment.verdict is Verdict.PASS


@pytest.mark.parametrize("gate", Gate)
def test_a_fact_that_nobody_can_give_turns_exactly_its_criterion_into_an_error(gate: Gate) -> None:
    facts = compliant_facts(gate)
    for criterion in automated(gate):
        for fact in definition_of(gate).facts[criterion.id]:
            known = {name: value for name, value in facts.items() if name != fact.name}
            found = judged(gate, known)
            asking = {c.id for c in automated(gate) if fact in definition_of(gate).facts[c.id]}
            assert not_passed(found) == asking
            assert found.results[criterion.id].outcome is Outcome.ERROR


@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_several_missing_things_turn_just_the_criteria_that_demand_them(data: Any) -> None:
    gate = data.draw(st.sampled_from(list(Gate)))
    facts, turned = compliant_facts(gate), set()
    for criterion in data.draw(
        st.lists(st.sampled_from(automated(gate)), unique_by=lambda c: c.id, max_size=6)
    ):
        changes = [
            {fact.name: value}
            for fact in definition_of(gate).facts[criterion.id]
            for value in other_values(fact, gate)
            if criterion.id in not_passed(judged(gate, facts | {fact.name: value}))
        ]
        facts |= data.draw(st.sampled_from(changes))
        turned.add(criterion.id)

    assert not_passed(judged(gate, facts)) == turned


def test_a_document_that_is_too_old_turns_exactly_its_criterion() -> None:
    gate = Gate.TRANSITION_TO_OPERATE

    found = judged(gate, compliant_facts(gate), attached_at=NOW - timedelta(days=91))

    assert not_passed(found) == {"readiness"}


@pytest.mark.parametrize("gate", Gate)
def test_advisory_criteria_cost_reservations_but_never_the_gate(gate: Gate) -> None:
    advisory = [c for c in definition_of(gate).criteria if not c.required]
    facts = compliant_facts(gate)
    for criterion in advisory:
        if criterion.kind is CriterionKind.AUTOMATED:
            changes = (
                {fact.name: value}
                for fact in definition_of(gate).facts[criterion.id]
                for value in other_values(fact, gate)
            )
            facts |= next(
                c
                for c in changes
                if not_passed(judged(gate, facts | c)) > not_passed(judged(gate, facts))
            )
    asked = [c.id for c in definition_of(gate).criteria if c.required]

    assert judged(gate, facts, documents=asked).verdict in PERMITTING


def test_every_stage_is_named_as_the_gate_names_it() -> None:
    for gate in Gate:
        assert compliant_facts(gate)["service_stage"] in {s.value for s in stages_of(gate)[0]}

"""What makes the definition of a gate sound."""

from typing import Any

import pytest
from pydantic import ValidationError

from improvement_api.facts.rules import FactType, Owner, UsedFact
from improvement_api.gates.rules import CRITERIA, DefinitionProblem, pin_facts, stages_of
from improvement_api.gates.schemas import GateVersionCreate
from shared.schemas.catalog import Stage
from shared.schemas.improvement import Gate
from tests.support.gates import automated, gate_of, sign_off

KNOWN = {
    "backlog_open": UsedFact("backlog_open", FactType.INTEGER, Owner.METRICS),
    "owned": UsedFact("owned", FactType.BOOLEAN, Owner.CATALOG),
}


def pinned(*criteria: Any) -> dict[str, list[UsedFact]]:
    return pin_facts(CRITERIA.validate_python(list(criteria)), KNOWN)


def test_each_automated_criterion_is_pinned_to_the_facts_of_both_its_expressions() -> None:
    found = pinned(automated(expression="owned", warning="backlog_open < 3.0"), sign_off("a", "b"))

    assert found == {"quiet": [KNOWN["backlog_open"], KNOWN["owned"]]}


def test_every_fault_is_named_by_its_place() -> None:
    with pytest.raises(DefinitionProblem) as refused:
        pinned(
            automated("a", expression="nope"),
            automated("b", warning="owned &&"),
            automated("a"),
        )

    assert [(field.pointer, field.code) for field in refused.value.fields] == [
        ("/criteria/2/id", "repeated_id"),
        ("/criteria/0/expression", "bad_expression"),
        ("/criteria/1/warning", "bad_expression"),
    ]
    assert "line 1, column 1: nope" in refused.value.fields[1].detail


@pytest.mark.parametrize(
    "fields",
    [
        {"criteria": []},
        {"warning_threshold": 0.95},
        {"pass_threshold": 1.01},
        {"max_age_hours": 0},
        {"decided_by": "Board Members"},
        {"criteria": [automated(weight=-1)]},
        {"criteria": [automated(weight=1.2345)]},
        {"criteria": [automated(kind="magic")]},
        {"criteria": [automated(missing="skip")]},
        {"criteria": [automated(expression="")]},
        {"criteria": [automated(why="")]},
        {"criteria": [sign_off("a", "owner", signatures=0)]},
        {"criteria": [automated(id=f"c{i}") for i in range(51)]},
        {"nonsense": 1},
    ],
)
def test_a_definition_that_is_not_sound_is_refused(fields: dict[str, Any]) -> None:
    GateVersionCreate.model_validate(gate_of([automated()]))
    with pytest.raises(ValidationError):
        GateVersionCreate.model_validate(gate_of([automated()]) | fields)


def test_every_gate_leads_from_stages_to_another_and_none_from_retirement() -> None:
    for gate in Gate:
        from_stages, to_stage = stages_of(gate)
        assert from_stages
        assert to_stage not in from_stages
        assert Stage.RETIREMENT not in from_stages

"""Facts of a service that complies with a default gate, and of one that lacks one thing.

Both are derived from the expressions of the criteria: a hand-kept list would say what its writer
believes the gates ask.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from functools import cache
from itertools import product
from typing import Any

from improvement_api.facts.expressions import evaluate
from improvement_api.facts.rules import FactType, UsedFact, for_expression
from improvement_api.gates.defaults import DEFAULTS, FACTS_OF_DEFAULTS
from improvement_api.gates.rules import AutomatedCriterion, GateDefinition, pin_facts, stages_of
from shared.schemas.improvement import Gate

Facts = dict[str, Any]
# Facts that exempt a service from a question; the service of the tests is not exempt.
EXEMPTING = {"service_kind": "business", "development_needed": True}
_LITERAL = re.compile(r"'([^']*)'")
_NUMBER = re.compile(r"\d+\.\d+")


@cache
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


def automated(gate: Gate) -> list[AutomatedCriterion]:
    return [c for c in definition_of(gate).criteria if isinstance(c, AutomatedCriterion)]


def compliant_facts(gate: Gate) -> Facts:
    """The facts of a service that passes every automated criterion of a gate."""
    facts: Facts = {}
    for criterion in automated(gate):
        facts |= next(_satisfying(criterion, gate))
    return facts


def other_values(fact: UsedFact, gate: Gate) -> list[Any]:
    """Values that the fact could have as well: around every number that the gate names, or none."""
    if fact.name in EXEMPTING:
        return _candidates(fact, gate)
    return [*_candidates(fact, gate), None]


def _satisfying(criterion: AutomatedCriterion, gate: Gate) -> Iterator[Facts]:
    facts = definition_of(gate).facts[criterion.id]
    for values in product(*(_candidates(fact, gate) for fact in facts)):
        given = dict(zip((fact.name for fact in facts), values, strict=True))
        if "service_stage" in given and given["service_stage"] not in _stages(gate):
            continue
        exempt = any(given.get(name, value) != value for name, value in EXEMPTING.items())
        if not exempt and _holds(criterion.expression, given):
            yield given


def _stages(gate: Gate) -> list[str]:
    return sorted(stage.value for stage in stages_of(gate)[0])


def _holds(expression: str, facts: Mapping[str, Any]) -> bool:
    return bool(evaluate(expression, {k: for_expression(v) for k, v in facts.items()}))


@cache
def _candidates(fact: UsedFact, gate: Gate) -> list[Any]:
    sources = [
        source
        for criterion in automated(gate)
        if fact in definition_of(gate).facts[criterion.id]
        for source in (criterion.expression, criterion.warning)
        if source is not None
    ]
    text = " ".join(sources)
    if fact.type is FactType.BOOLEAN:
        return [True, False]
    if fact.type is FactType.STRING:
        return ["business", *_stages(gate), "retirement", *_LITERAL.findall(text)]
    numbers = {float(number) for number in _NUMBER.findall(text)}
    around = sorted({0.0, *(n + step for n in numbers for step in (-0.5, 0.0, 1.0, 100.0))})
    if fact.type is FactType.NUMBER:
        return [n for n in around if n >= 0]
    return sorted({int(n) for n in around if n >= 0})

"""Judging a past evaluation by another definition: from its record, and nothing else."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from improvement_api.backtests.rules import Past, rejudge
from improvement_api.evaluations.rules import Result, Surroundings, judge
from improvement_api.facts.rules import MALFORMED, FactType, Owner, OwnerReply, UsedFact
from improvement_api.gates.rules import CRITERIA, GateDefinition, pin_facts
from shared.schemas.common import FactValue
from shared.schemas.improvement import Gate, Outcome
from tests.support.gates import automated

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
KNOWN = {
    name: UsedFact(name, FactType.INTEGER, Owner.METRICS) for name in ("backlog_open", "targets")
}


def definition(*criteria: Mapping[str, Any]) -> GateDefinition:
    read = CRITERIA.validate_python(list(criteria))
    return GateDefinition(
        gate=Gate.OPERATE_TO_IMPROVE,
        version=1,
        criteria=read,
        facts=pin_facts(read, KNOWN),
        max_age=timedelta(hours=24),
        pass_threshold=Decimal("0.9"),
        warning_threshold=Decimal("0.75"),
        decided_by="board",
    )


def asks(limit: int, **fields: Any) -> dict[str, Any]:
    return automated(expression=f"backlog_open <= {limit}.0", **fields)


def past(gate: GateDefinition, backlog: Any, **reply: Any) -> Past:
    fact = FactValue(value=backlog, as_of=NOW, reason="none" if backlog is None else None)
    replies = {Owner.METRICS: OwnerReply(Owner.METRICS, {"backlog_open": fact}, **reply)}
    return Past(gate, NOW, judge(gate, Surroundings(replies, {}, NOW)), {})


@given(backlog=st.integers(0, 9), then=st.integers(0, 9), proposed=st.integers(0, 9))
def test_it_says_what_the_proposed_gate_would_have_said_of_the_same_facts(
    backlog: int, then: int, proposed: int
) -> None:
    found = rejudge(definition(asks(proposed)), past(definition(asks(then)), backlog))

    assert found.old == ("pass" if backlog <= then else "fail")
    assert found.new == ("pass" if backlog <= proposed else "fail")
    assert bool(found.changes) is (found.old is not found.new)


@given(backlog=st.integers(0, 9) | st.none(), limit=st.integers(0, 9))
def test_the_same_gate_says_the_same_again(backlog: int | None, limit: int) -> None:
    gate = definition(asks(limit))

    found = rejudge(gate, past(gate, backlog))

    assert found.old is found.new
    assert found.changes == []


def test_what_was_unreachable_or_malformed_then_is_unknown_and_never_guessed() -> None:
    gate = definition(asks(3))
    for seen in (past(gate, 2, failure="unreachable"), past(gate, "many")):
        assert seen.results["quiet"].outcome is Outcome.ERROR

        found = rejudge(definition(asks(5)), seen)

        assert (found.old, found.new) == ("error", "inconclusive")
        assert found.changes[0].reason == "unknown fact at that time: backlog_open"


def test_a_value_that_its_owner_did_not_have_is_what_the_missing_policy_says() -> None:
    seen = past(definition(asks(3)), None)

    for policy in ("fail", "inconclusive"):
        assert rejudge(definition(asks(5, missing=policy)), seen).new == policy


def test_criteria_that_come_and_go_are_told() -> None:
    seen = past(definition(asks(3)), 2)

    found = rejudge(definition(automated("calm", expression="true")), seen)

    assert [(one.criterion, one.old, one.new) for one in found.changes] == [
        ("calm", None, Outcome.PASS),
        ("quiet", Outcome.PASS, None),
    ]


def test_what_one_criterion_saw_another_can_use() -> None:
    malformed = FactValue(value=None, as_of=NOW, reason=MALFORMED)
    value = FactValue(value=4, as_of=NOW, reason=None)
    gate = definition(asks(3), automated("other", expression="targets < 9.0"))
    results = {
        "quiet": Result(Outcome.FAIL, "no", {"backlog_open": value}),
        "other": Result(Outcome.ERROR, "odd", {"targets": malformed}),
    }

    both = automated("new", expression="backlog_open + targets < 9.0")
    found = rejudge(definition(both, automated("one", expression="backlog_open == 4.0")),
                    Past(gate, NOW, results, {}))  # fmt: skip

    outcomes = {one.criterion: one.new for one in found.changes}
    assert (outcomes["new"], outcomes["one"]) == (Outcome.INCONCLUSIVE, Outcome.PASS)

"""Outcome of one criterion (rules "Tollgates" 2): error, missing, old, or what CEL says."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from improvement_api.decisions.rules import next_entry
from improvement_api.evaluations.queries import ASSESSMENT
from improvement_api.evaluations.rules import (
    Document,
    Result,
    Surroundings,
    assess,
    hash_of,
    judge,
    judge_automated,
    judge_evidence,
    judge_sign_off,
)
from improvement_api.facts.rules import FactType, Owner, OwnerReply, UsedFact
from improvement_api.gates.rules import (
    CRITERIA,
    AutomatedCriterion,
    EvidenceCriterion,
    GateDefinition,
    SignOffCriterion,
)
from shared.schemas.common import FactValue
from shared.schemas.improvement import Gate, Outcome
from tests.support.gates import automated, sign_off

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
BACKLOG = UsedFact("backlog_open", FactType.INTEGER, Owner.METRICS)


def seen(value: Any, hours_old: float = 0, reason: str | None = None) -> FactValue:
    return FactValue(value=value, as_of=NOW - timedelta(hours=hours_old), reason=reason)


def around(**facts: FactValue) -> Surroundings:
    return Surroundings({Owner.METRICS: OwnerReply(Owner.METRICS, facts)}, {}, NOW)


def failing(failure: str) -> Surroundings:
    return Surroundings({Owner.METRICS: OwnerReply(Owner.METRICS, {}, failure)}, {}, NOW)


def ask(**fields: Any) -> AutomatedCriterion:
    return AutomatedCriterion.model_validate(automated(**fields))


def outcome(surroundings: Surroundings, **fields: Any) -> Result:
    return judge_automated(ask(**fields), [BACKLOG], surroundings)


def test_a_true_expression_passes_and_shows_what_it_saw() -> None:
    result = outcome(around(backlog_open=seen(0)))

    assert result.outcome is Outcome.PASS
    assert result.facts["backlog_open"].value == 0
    assert "backlog_open = 0" in result.reason


def test_a_false_one_is_a_warning_where_the_warning_expression_holds() -> None:
    fields = {"warning": "backlog_open <= 3.0"}

    assert outcome(around(backlog_open=seen(3)), **fields).outcome is Outcome.WARNING
    assert outcome(around(backlog_open=seen(4)), **fields).outcome is Outcome.FAIL


def test_an_owner_that_cannot_be_reached_is_an_error_that_names_it() -> None:
    result = outcome(failing("unreachable"), missing="inconclusive")

    assert result.outcome is Outcome.ERROR
    assert result.reason == "metrics-api unreachable"


def test_an_expression_that_errs_is_an_error() -> None:
    result = outcome(around(backlog_open=seen(0)), expression="1 / int(backlog_open) > 0")

    assert result.outcome is Outcome.ERROR
    assert "division by zero" in result.reason


@pytest.mark.parametrize("policy", ["fail", "inconclusive"])
def test_no_value_is_what_the_missing_policy_says(policy: str) -> None:
    result = outcome(around(backlog_open=seen(None, reason="no records")), missing=policy)

    assert result.outcome == policy
    assert "no records" in result.reason


def test_no_value_fails_where_no_policy_was_chosen() -> None:
    assert outcome(around(backlog_open=seen(None))).outcome is Outcome.FAIL


def test_only_an_advisory_criterion_may_be_skipped() -> None:
    advisory = {"missing": "skip", "required": False}

    assert outcome(around(backlog_open=seen(None)), **advisory).outcome is Outcome.SKIP
    with pytest.raises(ValueError, match="cannot be skipped"):
        CRITERIA.validate_python([automated(missing="skip")])


def test_a_fact_older_than_the_freshness_counts_as_missing() -> None:
    fresh, old = around(backlog_open=seen(0, 24)), around(backlog_open=seen(0, 24.01))

    assert outcome(fresh, freshness_hours=24).outcome is Outcome.PASS
    stale = outcome(old, freshness_hours=24, missing="inconclusive")
    assert stale.outcome is Outcome.INCONCLUSIVE
    assert "older than 24 h" in stale.reason


def test_an_owner_that_does_not_know_the_service_has_no_value() -> None:
    unknown = OwnerReply(Owner.METRICS, {}, knows_service=False)

    result = outcome(Surroundings({Owner.METRICS: unknown}, {}, NOW), missing="inconclusive")

    assert result.outcome is Outcome.INCONCLUSIVE
    assert result.reason == "metrics-api does not know the service"


@pytest.mark.parametrize(
    "value", [True, "3", 2.5, [1], {"a": 1}, 10**400, 2**53 + 1, float("nan"), float("inf")]
)
def test_a_value_that_is_not_of_the_type_of_its_fact_is_an_error(value: Any) -> None:
    result = outcome(around(backlog_open=seen(value)))

    assert result.outcome is Outcome.ERROR
    assert result.facts["backlog_open"].value is None


@pytest.mark.parametrize("value", [10**20, 1e300, -(10**16), 2**53])
def test_a_number_of_any_size_is_a_double_that_can_be_hashed(value: float) -> None:
    number = UsedFact("backlog_open", FactType.NUMBER, Owner.METRICS)
    gate = replace(definition(automated()), facts={"quiet": [number]})

    results = judge(gate, around(backlog_open=seen(value)))

    assert isinstance(results["quiet"].facts["backlog_open"].value, float)
    frozen = ASSESSMENT.dump_python(assess(gate, results, {}), mode="json")
    assert next_entry(None, {"frozen": frozen})
    assert hash_of(gate, "vpn", results)


def test_what_others_wrote_is_kept_as_one_printable_line() -> None:
    result = outcome(around(backlog_open=seen(None, reason="no\x00 records\nyet")))

    assert result.reason == "backlog_open has no value: no recordsyet"
    assert result.facts["backlog_open"].reason == "no recordsyet"


def test_once_the_time_is_up_the_remaining_expressions_are_errors() -> None:
    gate = definition(automated("a"), automated("b"))
    answers = iter([False, True])

    results = judge(gate, around(backlog_open=seen(0)), lambda: next(answers))

    assert [result.outcome for result in results.values()] == ["pass", "error"]
    assert results["b"].reason == "the gate ran out of time"


def test_a_stamp_without_offset_is_an_error() -> None:
    naive = FactValue(value=0, as_of=NOW.replace(tzinfo=None), reason=None)

    result = outcome(around(backlog_open=naive), freshness_hours=1)

    assert (result.outcome, result.reason) == ("error", "backlog_open has a stamp without offset")


def test_a_fact_its_owner_no_longer_publishes_is_an_error() -> None:
    assert "does not publish" in outcome(around()).reason


def test_what_is_unreachable_is_an_error_even_if_another_fact_is_missing() -> None:
    criterion = ask(expression="a > 0.0 && b > 0.0")
    facts = [
        UsedFact("a", FactType.NUMBER, Owner.CATALOG),
        UsedFact("b", FactType.NUMBER, Owner.METRICS),
    ]
    replies = {
        Owner.CATALOG: OwnerReply(Owner.CATALOG, {"a": seen(None)}),
        Owner.METRICS: OwnerReply(Owner.METRICS, {}, "unreachable"),
    }

    assert judge_automated(criterion, facts, Surroundings(replies, {}, NOW)).outcome == "error"


def evidence(**fields: Any) -> EvidenceCriterion:
    texts = {"id": "plan", "title": "Plan", "why": "because", "how": "attach it"}
    asked = {"kind": "evidence", "document": "Retirement plan"}
    return EvidenceCriterion.model_validate(texts | asked | fields)


def test_a_document_passes_while_it_is_young_enough() -> None:
    document = Document("https://wiki/plan", "The plan", NOW - timedelta(hours=5))

    assert judge_evidence(evidence(), document, NOW).outcome is Outcome.PASS
    assert judge_evidence(evidence(freshness_hours=5), document, NOW).outcome is Outcome.PASS
    assert judge_evidence(evidence(freshness_hours=4), document, NOW).outcome is Outcome.FAIL


def test_no_document_is_what_the_missing_policy_says() -> None:
    assert judge_evidence(evidence(), None, NOW).outcome is Outcome.FAIL
    inconclusive = evidence(missing="inconclusive")
    assert judge_evidence(inconclusive, None, NOW).outcome is Outcome.INCONCLUSIVE


def test_a_sign_off_is_inconclusive_until_enough_people_have_signed() -> None:
    criterion = SignOffCriterion.model_validate(sign_off("owner", "service_owner", signatures=2))

    assert judge_sign_off(criterion, []).outcome is Outcome.INCONCLUSIVE
    assert judge_sign_off(criterion, ["ada"]).outcome is Outcome.INCONCLUSIVE
    assert judge_sign_off(criterion, ["ada", "bob"]).outcome is Outcome.PASS


def definition(*criteria: Any, version: int = 1) -> GateDefinition:
    return GateDefinition(
        gate=Gate.OPERATE_TO_IMPROVE,
        version=version,
        criteria=CRITERIA.validate_python(list(criteria)),
        facts={criterion["id"]: [BACKLOG] for criterion in criteria if "expression" in criterion},
        max_age=timedelta(hours=24),
        pass_threshold=Decimal("0.9"),
        warning_threshold=Decimal("0.75"),
        decided_by="board",
    )


def test_signatures_complete_the_verdict_without_changing_what_was_recorded() -> None:
    gate = definition(automated(), sign_off("owner", "service_owner"))
    recorded = judge(gate, around(backlog_open=seen(0)))

    assert list(recorded) == ["quiet"]
    assert assess(gate, recorded, {}).verdict == "inconclusive"
    assert assess(gate, recorded, {"owner": ["ada"]}).verdict == "pass"


def test_the_hash_covers_service_version_outcome_and_facts() -> None:
    gate = definition(automated())
    recorded = judge(gate, around(backlog_open=seen(0)))

    same = hash_of(gate, "vpn", judge(gate, around(backlog_open=seen(0))))
    other_value = hash_of(gate, "vpn", judge(gate, around(backlog_open=seen(1))))
    other_stamp = hash_of(gate, "vpn", judge(gate, around(backlog_open=seen(0, 1))))
    hashes = {
        hash_of(gate, "vpn", recorded),
        same,
        other_value,
        other_stamp,
        hash_of(gate, "mail", recorded),
        hash_of(definition(automated(), version=2), "vpn", recorded),
    }

    assert hash_of(gate, "vpn", recorded) == same
    assert len(hashes) == 5
    assert all(len(found) == 64 for found in hashes)

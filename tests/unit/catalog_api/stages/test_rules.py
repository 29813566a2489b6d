"""Stages, gates and what a tollgate decision must say."""

import json
import time
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jws
from joserfc.jwk import KeySet, OKPKey

from catalog_api.stages.rules import (
    MOVES,
    Decision,
    InvalidDecision,
    Move,
    Phase,
    is_live,
    move_between,
    moves_from,
    phase_of,
    read_decision,
    why_not,
)
from shared.schemas.catalog import Stage
from shared.schemas.improvement import Gate

ISSUER = "urn:tollgate:improvement-api"
KEY = OKPKey.generate_key("Ed25519", {"kid": "2026"})
STRANGER = OKPKey.generate_key("Ed25519", {"kid": "2026"})
stages = st.sampled_from(Stage)


def claims(**changes: Any) -> dict[str, Any]:
    decided = {
        "iss": ISSUER,
        "jti": "decision-1",
        "iat": int(time.time()),
        "service": "network",
        "gate": "strategy-to-design",
        "gate_version": 1,
        "from_stage": "strategy",
        "to_stage": "design",
        "evaluation": "evaluation-1",
        "decided_by": "board@example.org",
    }
    return {name: value for name, value in (decided | changes).items() if value is not ...}


def signed(payload: Any, key: OKPKey = KEY, **header: Any) -> str:
    protected = {"alg": "Ed25519", "kid": "2026", "typ": "tollgate-decision+jwt"} | header
    return jws.serialize_compact(protected, json.dumps(payload), key, ["Ed25519"])


def read(statement: str) -> Decision:
    return read_decision(statement, KeySet([KEY]), ISSUER)


def test_stages_follow_the_lifecycle_and_retirement_is_open_from_everywhere() -> None:
    assert {(move.from_stage, move.to_stage): move.gate for move in MOVES} == {
        ("strategy", "design"): "strategy-to-design",
        ("design", "transition"): "design-to-transition",
        ("transition", "operate"): "transition-to-operate",
        ("operate", "improve"): "operate-to-improve",
        ("improve", "operate"): "improve-to-operate",
        **{
            (stage, "retirement"): "to-retirement"
            for stage in ("strategy", "design", "transition", "operate", "improve")
        },
    }


def test_retirement_is_terminal() -> None:
    assert moves_from(Stage.RETIREMENT) == []


@given(stages, stages)
def test_at_most_one_gate_stands_between_two_stages(one: Stage, other: Stage) -> None:
    gates = [move for move in MOVES if (move.from_stage, move.to_stage) == (one, other)]

    assert gates == ([] if (found := move_between(one, other)) is None else [found])


@given(stages)
def test_the_way_forward_is_the_first_possible_move(stage: Stage) -> None:
    possible = moves_from(stage)

    assert [move.gate for move in possible].index(Gate.TO_RETIREMENT) == 1 if possible else True


def test_the_three_phases_of_a_portfolio() -> None:
    assert {stage.value: phase_of(stage) for stage in Stage} == {
        "strategy": Phase.PIPELINE,
        "design": Phase.PIPELINE,
        "transition": Phase.LIVE,
        "operate": Phase.LIVE,
        "improve": Phase.LIVE,
        "retirement": Phase.RETIRED,
    }


@given(stages)
def test_live_is_a_phase(stage: Stage) -> None:
    assert is_live(stage) == (phase_of(stage) is Phase.LIVE)


def test_a_signed_decision_is_read_with_all_it_says() -> None:
    decision = read(signed(claims()))

    assert (decision.id, decision.service, decision.gate) == (
        "decision-1",
        "network",
        Gate.STRATEGY_TO_DESIGN,
    )
    assert (decision.from_stage, decision.to_stage) == (Stage.STRATEGY, Stage.DESIGN)


def test_a_decision_has_no_short_expiry() -> None:
    assert read(signed(claims(iat=1_000_000_000))).issued_at == 1_000_000_000


def test_a_decision_signed_by_a_stranger_is_refused() -> None:
    with pytest.raises(InvalidDecision, match="not signed by a key of the tollgate"):
        read(signed(claims(), STRANGER))


def test_a_decision_under_an_unknown_key_id_is_refused() -> None:
    with pytest.raises(InvalidDecision, match="not signed by a key of the tollgate"):
        read(signed(claims(), kid="2031"))


@pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")
def test_an_unsigned_decision_is_refused() -> None:
    unsigned = jws.serialize_compact({"alg": "none"}, json.dumps(claims()), KEY, ["none"])

    with pytest.raises(InvalidDecision):
        read(unsigned)


def test_a_decision_whose_text_was_changed_is_refused() -> None:
    header, _, signature = signed(claims()).split(".")
    _, forged, _ = signed(claims(to_stage="retirement"), STRANGER).split(".")

    with pytest.raises(InvalidDecision, match="not signed"):
        read(f"{header}.{forged}.{signature}")


def test_an_access_token_is_no_decision() -> None:
    with pytest.raises(InvalidDecision, match="typ"):
        read(signed(claims(), typ="JWT"))


def test_a_decision_of_another_issuer_is_refused() -> None:
    with pytest.raises(InvalidDecision, match="issuer"):
        read(signed(claims(iss="urn:elsewhere")))


@pytest.mark.parametrize(
    "change",
    [
        {"jti": ...},
        {"jti": ""},
        {"jti": "\x00"},
        {"iat": "yesterday"},
        {"iat": 10**30},
        {"iat": True},
        {"service": "Not A Key"},
        {"gate": "back-door"},
        {"gate_version": 0},
        {"gate_version": 2**40},
        {"from_stage": "nowhere"},
        {"to_stage": None},
        {"evaluation": ["e"]},
        {"decided_by": ...},
    ],
)
def test_a_decision_with_a_missing_or_malformed_claim_names_it(change: dict[str, Any]) -> None:
    with pytest.raises(InvalidDecision, match=next(iter(change))):
        read(signed(claims(**change)))


@pytest.mark.parametrize("payload", [[], None, "text", 1, {}])
def test_a_signed_statement_that_is_no_decision_is_refused(payload: Any) -> None:
    with pytest.raises(InvalidDecision):
        read(signed(payload))


@given(st.text() | st.lists(st.text(alphabet="abYeJ90-_."), max_size=3).map(".".join))
def test_any_text_is_refused_and_never_breaks(statement: str) -> None:
    with pytest.raises(InvalidDecision):
        read(statement)


def test_a_deeply_nested_header_is_refused_and_never_breaks() -> None:
    with pytest.raises(InvalidDecision):
        read(f"{'W1tb' * 1500}.e30.e30")


def decided(service: str, gate: Gate, from_stage: Stage, to_stage: Stage) -> Decision:
    moved = {"service": service, "gate": gate, "from_stage": from_stage, "to_stage": to_stage}
    return Decision.model_validate(claims(**moved))


services = st.sampled_from(["network", "printing"])


@given(services, services, st.sampled_from(Gate), stages, stages, stages)
def test_a_decision_moves_only_its_service_from_its_stage_through_its_gate(
    service: str, named: str, gate: Gate, present: Stage, from_stage: Stage, to_stage: Stage
) -> None:
    decision = decided(named, gate, from_stage, to_stage)

    allowed = (
        service == named and present is from_stage and Move(gate, from_stage, to_stage) in MOVES
    )
    assert (why_not(decision, service, present) is None) == allowed


@pytest.mark.parametrize(("seconds", "good"), [(-3600, True), (0, True), (59, True), (61, False)])
def test_a_decision_is_not_good_for_a_later_stay_at_its_stage(seconds: int, good: bool) -> None:
    decision = decided("network", Gate.TO_RETIREMENT, Stage.OPERATE, Stage.RETIREMENT)
    since = datetime.fromtimestamp(decision.issued_at + seconds, UTC)

    reason = why_not(decision, "network", Stage.OPERATE, since=since)

    assert (reason is None) == good, reason


def test_a_decision_that_leads_elsewhere_than_asked_is_refused() -> None:
    decision = decided("network", Gate.TO_RETIREMENT, Stage.DESIGN, Stage.RETIREMENT)

    assert "asked for" in (why_not(decision, "network", Stage.DESIGN, Stage.TRANSITION) or "")

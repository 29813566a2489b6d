"""Outcomes, score, verdict and standing of an evaluation (rules "Tollgates" 1 to 6)."""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from types import MappingProxyType
from typing import Any

import rfc8785

from improvement_api.facts.expressions import EvaluationError, evaluate
from improvement_api.facts.rules import (
    Broken,
    Known,
    Owner,
    OwnerReply,
    Unknown,
    UsedFact,
    for_expression,
    hours,
    look_up,
)
from improvement_api.gates.rules import (
    AutomatedCriterion,
    EvidenceCriterion,
    GateDefinition,
    SignOffCriterion,
)
from shared.errors import Conflict
from shared.schemas.common import FactValue
from shared.schemas.improvement import Outcome, Standing, Verdict, WaiverNote

_HALVES = {Outcome.PASS: 2, Outcome.WARNING: 1}

# From worst to best. A skipped criterion is one whose fact is missing, as an inconclusive one.
_RANK = {
    Outcome.FAIL: 0,
    Outcome.ERROR: 1,
    Outcome.INCONCLUSIVE: 2,
    Outcome.SKIP: 2,
    Outcome.WARNING: 3,
    Outcome.PASS: 4,
}

_EXIT_CODES = {
    Verdict.PASS: 0,
    Verdict.FAIL: 1,
    Verdict.WARNING: 2,
    Verdict.INCONCLUSIVE: 2,
    Verdict.ERROR: 3,
}

PERMITTING = frozenset({Verdict.PASS, Verdict.WARNING})
"""Verdicts that permit a decision. A warning is a pass with reservations that the board sees
and accepts by deciding; the decision freezes and names it."""


@dataclass(frozen=True)
class Result:
    """What a criterion came out as, with the facts it saw, and what softened it when read."""

    outcome: Outcome
    reason: str
    facts: Mapping[str, FactValue]
    waiver: WaiverNote | None = None


@dataclass(frozen=True)
class Document:
    """The newest document attached for an evidence criterion."""

    url: str
    title: str
    attached_at: datetime


@dataclass(frozen=True)
class Surroundings:
    """All that an evaluation looks at: the owners' replies and the documents by criterion."""

    replies: Mapping[Owner, OwnerReply]
    documents: Mapping[str, Document]
    now: datetime


@dataclass(frozen=True)
class Weighed:
    """A criterion as the verdict sees it."""

    outcome: Outcome
    required: bool
    weight: Decimal


@dataclass(frozen=True)
class Assessment:
    """What an evaluation amounts to when it is read; `results` are of all criteria, in order."""

    verdict: Verdict
    score: Fraction | None
    results: Mapping[str, Result]


def judge(
    definition: GateDefinition,
    seen: Surroundings,
    out_of_time: Callable[[], bool] = lambda: False,
) -> dict[str, Result]:
    """Outcomes of the automated and evidence criteria by id; signatures are counted when read.

    Once `out_of_time`, the remaining expressions are not evaluated: their outcome is an error.
    """
    results = {}
    for criterion in definition.criteria:
        if isinstance(criterion, AutomatedCriterion) and out_of_time():
            results[criterion.id] = Result(Outcome.ERROR, "the gate ran out of time", {})
        elif isinstance(criterion, AutomatedCriterion):
            facts = definition.facts[criterion.id]
            results[criterion.id] = judge_automated(criterion, facts, seen)
        elif isinstance(criterion, EvidenceCriterion):
            document = seen.documents.get(criterion.id)
            results[criterion.id] = judge_evidence(criterion, document, seen.now)
    return results


def judge_automated(
    criterion: AutomatedCriterion, facts: Sequence[UsedFact], seen: Surroundings
) -> Result:
    """Error before missing before the expression: what cannot be had is never judged."""
    looked_up = {
        fact.name: look_up(fact, seen.replies, seen.now, criterion.freshness) for fact in facts
    }
    shown = {name: found.seen for name, found in looked_up.items() if found.seen is not None}
    broken = [found.reason for found in looked_up.values() if isinstance(found, Broken)]
    if broken:
        return Result(Outcome.ERROR, _sentence(broken), shown)
    unknown = [found.reason for found in looked_up.values() if isinstance(found, Unknown)]
    if unknown:
        return Result(Outcome(criterion.missing.value), _sentence(unknown), shown)
    values = {
        name: for_expression(found.seen.value)
        for name, found in looked_up.items()
        if isinstance(found, Known)
    }
    try:
        return Result(*_expressed(criterion, values), shown)
    except EvaluationError as error:
        return Result(Outcome.ERROR, f"the expression errs: {error}", shown)


def _expressed(criterion: AutomatedCriterion, values: Mapping[str, Any]) -> tuple[Outcome, str]:
    given = ", ".join(f"{name} = {_shown(value)}" for name, value in values.items()) or "no facts"
    if evaluate(criterion.expression, values):
        return Outcome.PASS, f"`{criterion.expression}` holds with {given}"
    if criterion.warning is not None and evaluate(criterion.warning, values):
        return Outcome.WARNING, f"only `{criterion.warning}` holds with {given}"
    return Outcome.FAIL, f"`{criterion.expression}` does not hold with {given}"


def _shown(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else repr(value)


def judge_evidence(
    criterion: EvidenceCriterion, document: Document | None, now: datetime
) -> Result:
    """A document is there and young enough, or the missing policy applies."""
    missing = Outcome(criterion.missing.value)
    if document is None:
        return Result(missing, f"no document attached: {criterion.document}", {})
    facts = {"document": FactValue(value=document.url, as_of=document.attached_at, reason=None)}
    if criterion.freshness is not None and now - document.attached_at > criterion.freshness:
        age = hours(criterion.freshness)
        return Result(missing, f"{document.title} was attached more than {age} h ago", facts)
    return Result(Outcome.PASS, f"{document.title} is attached", facts)


def judge_sign_off(criterion: SignOffCriterion, signers: Sequence[str]) -> Result:
    """Enough different people of the role have signed; `signers` are distinct by construction."""
    count = f"{len(signers)} of {criterion.signatures} signatures of the role {criterion.role}"
    if len(signers) >= criterion.signatures:
        return Result(Outcome.PASS, count, {})
    return Result(Outcome.INCONCLUSIVE, f"only {count}", {})


def soften(result: Result, waiver: WaiverNote | None) -> Result:
    """A valid waiver makes a fail a warning, never better, and nothing else (rules 2).

    An error or an inconclusive outcome is no failing that somebody could answer for: nobody knows.
    The outcome of the criterion is what comes out here: that is what rule 4 and standing compare.
    """
    if waiver is None or result.outcome is not Outcome.FAIL:
        return result
    until = waiver.expires_at.isoformat(timespec="minutes")
    reason = f"waived until {until}, at the risk of {waiver.risk_owner}: {result.reason}"
    return Result(Outcome.WARNING, reason, result.facts, waiver)


def score_of(criteria: Iterable[Weighed]) -> Fraction | None:
    """Σ weight·(pass 1, warning ½, other 0)/Σ weight, exact; None when the weights sum to 0."""
    # In decimals of which none is rounded, since fractions would cost more than all the rest.
    total = halves = Decimal(0)
    for criterion in criteria:
        total += criterion.weight
        halves += criterion.weight * _HALVES.get(criterion.outcome, 0)
    return Fraction(halves) / Fraction(2 * total) if total else None


def verdict_of(
    criteria: Sequence[Weighed], pass_threshold: Decimal, warning_threshold: Decimal
) -> Verdict:
    """The verdict in the order of rules "Tollgates" 3: what is required first, then the score.

    Raising an outcome never worsens it, where fail, error and inconclusive are equally no pass: a
    required criterion that is no longer inconclusive may reveal that the score is too low.
    """
    demanded = {criterion.outcome for criterion in criteria if criterion.required}
    for outcome in (Outcome.FAIL, Outcome.ERROR, Outcome.INCONCLUSIVE):
        if outcome in demanded:
            return Verdict(outcome.value)
    score = score_of(criteria)
    if score is None:
        return Verdict.ERROR
    if score >= Fraction(pass_threshold):
        return Verdict.PASS
    return Verdict.WARNING if score >= Fraction(warning_threshold) else Verdict.FAIL


def exit_code_of(verdict: Verdict) -> int:
    return _EXIT_CODES[verdict]


def became_worse(earlier: Mapping[str, Outcome], later: Mapping[str, Outcome]) -> bool:
    """Whether an outcome is worse than it was; a criterion that is gone or new counts as worse."""
    if earlier.keys() != later.keys():
        return True
    return any(_RANK[later[name]] < _RANK[outcome] for name, outcome in earlier.items())


def keeps_standing(
    *, signed: bool, age: timedelta, max_age: timedelta, worse: bool, newer_version: bool
) -> bool:
    """Whether the standing evaluation outlives a later one (rules "Tollgates" 1).

    A vote counts as a signature here: a board that is voting must not have to begin anew whenever
    a pipeline checks. To a newer version of the gate nobody has put their signature: it may ask
    for more of them, or weigh the same outcomes otherwise.
    """
    return signed and age < max_age and not worse and not newer_version


def standing_of(*, decided: bool, stands: bool, signed: bool, expired: bool) -> Standing:
    """A decision freezes; a superseded one stays so; then age, then signatures."""
    if decided:
        return Standing.DECIDED
    if not stands:
        return Standing.SUPERSEDED
    if expired:
        return Standing.EXPIRED
    return Standing.SIGNED if signed else Standing.OPEN


def check_open(standing: Standing) -> None:
    """Only a standing evaluation that is young and undecided is signed or decided (409)."""
    why = {
        Standing.SUPERSEDED: "A later evaluation stands in its place: look at that one",
        Standing.EXPIRED: "It is older than the gate's max_age: evaluate again",
        Standing.DECIDED: "It has been decided: to go on after a rejection, evaluate again",
    }.get(standing)
    if why is not None:
        raise Conflict(why, code=f"evaluation_{standing.value}", standing=standing.value)


def hash_of(definition: GateDefinition, service: str, results: Mapping[str, Result]) -> str:
    """SHA-256, in hex, of the RFC 8785 form of what a signature stands by.

    That is service, gate, version, and of each automated or evidence criterion the outcome and
    the facts with their stamps.
    """
    statement = {
        "service": service,
        "gate": definition.gate.value,
        "gate_version": definition.version,
        "criteria": [
            {"id": name, "outcome": result.outcome.value, "facts": _canonical(result.facts)}
            for name, result in results.items()
        ],
    }
    return hashlib.sha256(rfc8785.dumps(statement)).hexdigest()


def _canonical(facts: Mapping[str, FactValue]) -> dict[str, Any]:
    return {
        name: {
            "value": for_expression(seen.value),
            "as_of": seen.as_of.isoformat(),
            "reason": seen.reason,
        }
        for name, seen in facts.items()
    }


def _sentence(reasons: Iterable[str]) -> str:
    return "; ".join(dict.fromkeys(reasons))


def assess(
    definition: GateDefinition,
    recorded: Mapping[str, Result],
    signers: Mapping[str, Sequence[str]],
    waivers: Mapping[str, WaiverNote] = MappingProxyType({}),
) -> Assessment:
    """The verdict from the recorded outcomes and, by criterion, who has signed and what waives."""
    results = {
        criterion.id: judge_sign_off(criterion, signers.get(criterion.id, ()))
        if isinstance(criterion, SignOffCriterion)
        else soften(recorded[criterion.id], waivers.get(criterion.id))
        for criterion in definition.criteria
    }
    weighed = [
        Weighed(results[criterion.id].outcome, criterion.required, criterion.weight)
        for criterion in definition.criteria
    ]
    verdict = verdict_of(weighed, definition.pass_threshold, definition.warning_threshold)
    return Assessment(verdict, score_of(weighed), results)

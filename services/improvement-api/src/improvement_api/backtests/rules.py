"""Judging a past evaluation by another definition, from what it recorded and nothing else."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from improvement_api.evaluations.rules import (
    Assessment,
    Document,
    Result,
    Surroundings,
    assess,
    judge_automated,
    judge_evidence,
)
from improvement_api.facts.rules import MALFORMED, Owner, OwnerReply
from improvement_api.gates.rules import (
    AutomatedCriterion,
    Criterion,
    EvidenceCriterion,
    GateDefinition,
    SignOffCriterion,
)
from shared.schemas.common import FactValue
from shared.schemas.improvement import Outcome, Verdict

DOCUMENT = "document"  # under this name an evidence criterion records what it saw


@dataclass(frozen=True)
class Past:
    """An evaluation as it was made; `signers`: by sign-off criterion who signed, or was signed
    for, and has not withdrawn."""

    definition: GateDefinition
    at: datetime
    results: Mapping[str, Result]
    signers: Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class Change:
    """A criterion whose outcome would be another; None: that definition has no such criterion."""

    criterion: str
    old: Outcome | None
    new: Outcome | None
    reason: str


@dataclass(frozen=True)
class Rejudged:
    """Verdicts by the definition of then and by the proposed one."""

    old: Verdict
    new: Verdict
    changes: Sequence[Change]


Totals = Counter[tuple[Verdict, Verdict]]
"""How many evaluations went from which verdict to which."""


def rejudge(proposed: GateDefinition, past: Past) -> Rejudged:
    """Both verdicts from the same record and the same signatures.

    Waivers count in neither: they are exceptions to a policy, and this compares policies.
    """
    old = assess(past.definition, past.results, past.signers)
    known = {one.id: one for one in past.definition.criteria}
    facts = _recorded_facts(past)
    results = {
        criterion.id: _result(proposed, criterion, known.get(criterion.id), past, facts)
        for criterion in proposed.criteria
        if not isinstance(criterion, SignOffCriterion)
    }
    signers = {
        criterion.id: _signers(criterion, known.get(criterion.id), past)
        for criterion in proposed.criteria
        if isinstance(criterion, SignOffCriterion)
    }
    new = assess(proposed, results, signers)
    return Rejudged(old.verdict, new.verdict, _changes(old, new))


def _result(
    proposed: GateDefinition,
    criterion: AutomatedCriterion | EvidenceCriterion,
    then: Criterion | None,
    past: Past,
    facts: Mapping[str, FactValue],
) -> Result:
    """What was recorded where the same was demanded; else judged by what was recorded."""
    if past.definition.demands.get(criterion.id) == proposed.demands[criterion.id]:
        return past.results[criterion.id]
    if isinstance(criterion, EvidenceCriterion):
        return _evidence(criterion, then, past)
    used = proposed.facts[criterion.id]
    unknown = [fact.name for fact in used if fact.name not in facts]
    if unknown:
        named = ", ".join(unknown)
        return Result(Outcome.INCONCLUSIVE, f"unknown fact at that time: {named}", {})
    replies = {owner: OwnerReply(owner, facts) for owner in Owner}
    return judge_automated(criterion, used, Surroundings(replies, {}, past.at))


def _evidence(criterion: EvidenceCriterion, then: Criterion | None, past: Past) -> Result:
    if not isinstance(then, EvidenceCriterion):
        return Result(Outcome.INCONCLUSIVE, "no such document was asked for at that time", {})
    seen = past.results[then.id].facts.get(DOCUMENT)
    document = None if seen is None else Document(seen.value, seen.value, seen.as_of)
    return judge_evidence(criterion, document, past.at)


def _recorded_facts(past: Past) -> dict[str, FactValue]:
    """The facts that were seen; of one that was malformed nobody knows what it was."""
    return {
        name: seen
        for criterion in past.definition.criteria
        if isinstance(criterion, AutomatedCriterion)
        for name, seen in past.results[criterion.id].facts.items()
        if seen.reason != MALFORMED
    }


def _signers(criterion: SignOffCriterion, then: Criterion | None, past: Past) -> Sequence[str]:
    """Who signed for the same role under the same name, and could have by the new one."""
    if not isinstance(then, SignOffCriterion) or then.role != criterion.role:
        return ()
    signed = past.signers.get(criterion.id, ())
    return [person for person in signed if criterion.of is None or person in criterion.of]


def _changes(old: Assessment, new: Assessment) -> list[Change]:
    names = dict.fromkeys([*new.results, *old.results])
    found = []
    for name in names:
        before, after = old.results.get(name), new.results.get(name)
        was = None if before is None else before.outcome
        now = None if after is None else after.outcome
        if was is not now:
            reason = "no longer asked" if after is None else after.reason
            found.append(Change(name, was, now, reason))
    return found

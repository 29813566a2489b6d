"""Evaluating a gate: judge what the owners said, keep it, and see which evaluation stands."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from improvement_api.evaluations.queries import (
    RESULTS,
    ReadEvaluation,
    add_evaluation,
    read_evaluation,
    replace_standing,
)
from improvement_api.evaluations.rules import (
    Assessment,
    Document,
    Result,
    Surroundings,
    assess,
    became_worse,
    hash_of,
    judge,
    keeps_standing,
)
from improvement_api.evaluations.tables import Evaluation
from improvement_api.evidence.queries import newest_evidence
from improvement_api.facts.rules import STAGE_FACT, Owner, OwnerReply
from improvement_api.gates.rules import EvidenceCriterion, GateDefinition
from improvement_api.votes.queries import voters_of
from improvement_api.waivers.queries import approved_waivers
from improvement_api.waivers.rules import in_force
from shared.kit.audit import Entry, writing
from shared.kit.auth import Principal
from shared.kit.clock import now
from shared.kit.database import Session, Statement
from shared.schemas.catalog import Stage
from shared.schemas.improvement import Outcome, Standing

TIME_LIMIT = timedelta(seconds=1)  # of all expressions of a gate together


@dataclass(frozen=True)
class Judgement:
    """What a gate says of a service now, kept or not."""

    definition: GateDefinition
    results: Mapping[str, Result]
    at: datetime
    stage: Stage | None


async def judge_now(
    session: Session,
    service: str,
    definition: GateDefinition,
    replies: Mapping[Owner, OwnerReply],
) -> Judgement:
    """Judge all criteria but signatures; `replies` were asked before the session's first word."""
    at = now()
    seen = Surroundings(replies, await _documents(session, service, definition), at)
    until = time.monotonic() + TIME_LIMIT.total_seconds()
    # Off the event loop; each expression is bounded (facts.expressions), and so are all together.
    results = await asyncio.to_thread(judge, definition, seen, lambda: time.monotonic() > until)
    return Judgement(definition, results, at, _stage(replies))


async def _documents(
    session: Session, service: str, definition: GateDefinition
) -> dict[str, Document]:
    """The newest document of each evidence criterion; a gate without any costs nothing."""
    if not any(isinstance(one, EvidenceCriterion) for one in definition.criteria):
        return {}
    newest = await newest_evidence(session, service, definition.gate)
    return {
        criterion: Document(row.url, row.title, row.attached_at)
        for criterion, row in newest.items()
    }


async def evaluate_gate(
    session: Session,
    service: str,
    definition: GateDefinition,
    replies: Mapping[Owner, OwnerReply],
    caller: Principal,
) -> tuple[ReadEvaluation, UUID]:
    """Make an evaluation; returns the one that stands and the id of the one made."""
    gate = definition.gate
    judgement = await judge_now(session, service, definition, replies)
    made = Evaluation(
        id=uuid4(),
        service=service,
        gate=gate,
        gate_version=judgement.definition.version,
        stage=judgement.stage,
        results=RESULTS.dump_python(dict(judgement.results), mode="json"),
        facts_hash=hash_of(judgement.definition, service, judgement.results),
        evaluated_at=judgement.at,
        evaluated_by=caller.subject,
        on_behalf_of=caller.on_behalf_of,
    )
    after = {"service": service, "gate": gate, "facts_hash": made.facts_hash}
    entry = Entry("evaluated", ("evaluation", str(made.id)), None, after)
    written = writing(session, caller, [entry])
    return await _settle_standing(session, made, judgement, written), made.id


async def _settle_standing(
    session: Session, made: Evaluation, judgement: Judgement, audit_entry: Statement
) -> ReadEvaluation:
    """The new one supersedes, unless the standing one has signatures to keep (rules 1)."""
    fresh = ReadEvaluation(
        row=made,
        definition=judgement.definition,
        signatures=(),
        assessment=await _assess_unsigned(session, made.service, judgement),
        standing=Standing.OPEN,
        expires_at=made.evaluated_at + judgement.definition.max_age,
        as_of=judgement.at,
    )
    standing_id = await add_evaluation(session, made, audit_entry)
    if standing_id is None:
        return fresh
    by_board = judgement.definition.board is not None
    voted = by_board and bool(await voters_of(session, standing_id))
    standing = await read_evaluation(session, standing_id, judgement.at)
    if _keeps_standing(standing, fresh, voted=voted):
        return standing
    await replace_standing(session, made.service, made.gate, made.id)
    return fresh


async def _assess_unsigned(session: Session, service: str, judgement: Judgement) -> Assessment:
    """What an evaluation amounts to before anybody has signed, with the waivers in force."""
    place = (service, judgement.definition.gate)
    waivers = (await approved_waivers(session, [place], judgement.at)).get(place, [])
    waived = in_force(waivers, judgement.definition, judgement.at)
    return assess(judgement.definition, judgement.results, {}, waived)


def _keeps_standing(standing: ReadEvaluation, fresh: ReadEvaluation, *, voted: bool) -> bool:
    """Compares outcomes as they are read, with the waivers in force: a waived fail is a warning,
    and an error in its place is worse."""
    worse = became_worse(_outcomes(standing), _outcomes(fresh))
    return standing.standing is not Standing.DECIDED and keeps_standing(
        signed=voted or bool(standing.counting),
        age=fresh.row.evaluated_at - standing.row.evaluated_at,
        max_age=standing.definition.max_age,
        worse=worse,
        newer_version=fresh.row.gate_version > standing.row.gate_version,
    )


def _outcomes(read: ReadEvaluation) -> dict[str, Outcome]:
    """Of the automated and evidence criteria, which alone were recorded."""
    return {name: read.assessment.results[name].outcome for name in read.row.results}


async def simulate(
    session: Session,
    service: str,
    definition: GateDefinition,
    replies: Mapping[Owner, OwnerReply],
) -> tuple[Judgement, Assessment]:
    """The verdict that an evaluation without signatures would have now; nothing is kept."""
    judgement = await judge_now(session, service, definition, replies)
    return judgement, await _assess_unsigned(session, service, judgement)


def _stage(replies: Mapping[Owner, OwnerReply]) -> Stage | None:
    """The stage the catalog told; None when it told none."""
    seen = replies[Owner.CATALOG].facts.get(STAGE_FACT)
    try:
        return None if seen is None else Stage(seen.value)
    except ValueError:
        return None

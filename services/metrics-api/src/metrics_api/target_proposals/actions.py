"""Proposing harder targets, and deciding on the proposals."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from metrics_api.indicators.periods import Grain, parse_zone
from metrics_api.target_proposals import queries, rules
from metrics_api.target_proposals.rules import ProposalState
from metrics_api.targets import queries as targets
from metrics_api.tiers.actions import pass_on_links
from shared.errors import Conflict
from shared.kit import audit
from shared.kit.auth import Principal
from shared.kit.clock import now
from shared.kit.database import Session
from shared.kit.etag import check_version
from shared.kit.events import Event, emit_all
from shared.kit.states import check_move
from shared.schemas.metrics import Comparator, KpiId

RESOURCE = "target_proposal"
TARGET = "target"


async def propose_targets(session: Session, moment: datetime) -> int:
    """Let proposals lapse that have nothing to stand on, and make those that are due: how many."""
    await queries.lapse_proposals(session, moment)
    news = []
    for candidate in await queries.candidates(session, moment.date()):
        figures = [period["value"] for period in candidate.periods]
        terms = KpiId(candidate.kpi), Comparator(candidate.comparator)
        value = rules.proposed_value(*terms, candidate.old_value, figures)
        if value is None:
            continue
        proposal = {
            **candidate._mapping,
            "id": uuid4(),
            "value": value,
            "mean": float(rules.mean_of(figures)),
            "state": ProposalState.PROPOSED,
            "state_since": moment,
            "created_at": moment,
            "revision": 1,
        }
        if await queries.insert_proposal(session, proposal):
            news.append(Event("target.proposed", candidate.service, _told(proposal)))
    await emit_all(session, news)
    return len(news)


def _told(proposal: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "service": proposal["service"],
        "kpi": proposal["kpi"],
        "proposal": proposal["id"],
        "target": proposal["target_id"],
        "comparator": proposal["comparator"],
        "old_value": float(proposal["old_value"]),
        "value": float(proposal["value"]),
        "mean": proposal["mean"],
        "periods": proposal["periods"],
    }


async def accept_proposal(
    session: Session, caller: Principal, proposal: UUID, starts_on: date | None, expected: int
) -> Any:
    """End the old target and let the harder one follow it on a day, both or neither."""
    row, old = await _open_proposal(session, caller, proposal, expected, ProposalState.ACCEPTED)
    if (old.comparator, old.value) != (row.comparator, row.old_value):
        raise Conflict(
            "The target was changed since this was proposed: the proposal will lapse",
            code="target_changed",
            target=str(old.id),
        )
    zone, moment = parse_zone(old.timezone), now()
    starts = starts_on or rules.next_period_starts(Grain(old.period), zone, moment)
    rules.check_start(starts, old.valid_from, old.valid_to, moment.astimezone(zone).date())
    new = await _follow(session, caller, old._mapping, {"value": row.value, "valid_from": starts})
    decision = {"new_target_id": new, "starts_on": starts}
    return await _decide(session, caller, row, ProposalState.ACCEPTED, decision)


async def decline_proposal(
    session: Session, caller: Principal, proposal: UUID, reason: str, expected: int
) -> Any:
    """Keep the old target; these periods will not be the cause of a proposal again."""
    row, _ = await _open_proposal(session, caller, proposal, expected, ProposalState.DECLINED)
    return await _decide(session, caller, row, ProposalState.DECLINED, {"reason": reason})


async def _open_proposal(
    session: Session, caller: Principal, proposal: UUID, expected: int, to: ProposalState
) -> tuple[Any, Any]:
    """The proposal and its target, both locked, where the caller may decide on it."""
    row = await queries.get_proposal(session, proposal, lock=True)
    check_version(expected, row.revision)
    target = await targets.get_target(session, row.target, lock=True)
    rules.check_may_decide(target.owner, caller.person, caller.roles)
    check_move("proposal", rules.MOVES, ProposalState(row.state), to)
    return row, target


async def _follow(
    session: Session, caller: Principal, old: Mapping[str, Any], changes: Mapping[str, Any]
) -> UUID:
    """End a target on the day before the one that takes over, and set that one; its id.

    The new one is linked as the old one was.
    """
    await targets.lock_targets(session, old["service"], old["kpi"])
    recorded = {"recorded_at": now(), "recorded_by": caller.person}
    last = {"valid_to": changes["valid_from"] - timedelta(days=1)}
    await targets.replace_target(
        session, {**old, **last, **recorded, "version": old["version"] + 1}
    )
    new = {**old, **changes, **recorded, "id": uuid4(), "version": 1}
    await targets.insert_target(session, new)
    await pass_on_links(session, caller, old["id"], new["id"])
    before = {"valid_to": old["valid_to"]}
    kept = {name: value for name, value in new.items() if name not in {"id", "version", *recorded}}
    await audit.record_all(
        session,
        caller,
        [
            audit.Entry("ended", (TARGET, str(old["id"])), before, last),
            audit.Entry("created", (TARGET, str(new["id"])), None, kept),
        ],
    )
    return UUID(str(new["id"]))


async def _decide(
    session: Session, caller: Principal, row: Any, to: ProposalState, values: Mapping[str, Any]
) -> Any:
    decision = {**values, "state": to, "state_since": now(), "decided_by": caller.person}
    await queries.decide_proposal(session, row.id, decision)
    before = {"state": row.state}
    after = {"state": to, **values}
    await audit.record(session, caller, to.value, (RESOURCE, str(row.id)), before, after)
    return await queries.get_proposal(session, row.id)

"""Opening, writing, moving and fixing analyses; what a question for recurrences leads to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from improvement_api.people import THE_SERVICE
from improvement_api.root_causes import analysis_queries as queries
from improvement_api.root_causes.rules import (
    MOVES,
    WATCHED,
    AnalysisState,
    Cause,
    Finding,
    FixOutcome,
    check_cause_found,
    check_not_by_hand,
    check_shape,
    judge,
    next_check,
    verify_at,
    watch_until,
)
from improvement_api.root_causes.schemas import (
    AnalysisCreate,
    AnalysisMove,
    AnalysisPatch,
    CausesPut,
    FixCreate,
    IncidentIn,
)
from improvement_api.root_causes.tables import Analysis, Fix, FixCheck
from shared.errors import Invalid
from shared.kit.audit import record
from shared.kit.auth import Principal
from shared.kit.clock import now
from shared.kit.database import Session
from shared.kit.etag import check_version
from shared.kit.patches import named
from shared.kit.states import check_move, check_state
from shared.schemas.metrics import Recurrences

_FACTS = ("service", "title", "method", "owner", "state", "causes", "reopened", "due_at", "version")
_FIX_FACTS = ("number", "what", "change_reference", "implemented_at", "fingerprint", "verify_days")
_WRITABLE = (AnalysisState.OPEN, AnalysisState.CAUSE_FOUND)


@dataclass(frozen=True)
class Answer:
    """A question about a fix and what metrics-api answered."""

    query: Mapping[str, str]
    found: Recurrences


async def open_analysis(session: Session, body: AnalysisCreate, caller: Principal) -> Analysis:
    at = now()
    analysis = Analysis(
        id=uuid4(),
        service=body.service,
        title=body.title,
        method=body.method,
        owner=body.owner or caller.person,
        state=AnalysisState.OPEN,
        causes=[],
        due_at=None,
        reopened=0,
        version=1,
        created_at=at,
        created_by=caller.person,
        updated_at=at,
    )
    await queries.keep(session, analysis)
    await _link(session, analysis, _names(body.incidents), caller.person)
    about = [one.model_dump() for one in body.incidents]
    await record(session, caller, "created", _subject(analysis), None, _facts(analysis, about))
    return analysis


async def change_analysis(
    session: Session, analysis_id: UUID, body: AnalysisPatch, expected: int, caller: Principal
) -> Analysis:
    """412 on another version, 409 once it is closed."""
    analysis = await _locked(session, analysis_id, expected)
    possible = [state for state in AnalysisState if state is not AnalysisState.CLOSED]
    check_state("root cause analysis", analysis.state, possible, "changed")
    before = _facts(analysis)
    for field, value in named(body).items():
        setattr(analysis, field, value)
    await _changed(session, analysis, before, "changed", caller)
    return analysis


async def write_causes(
    session: Session, analysis_id: UUID, body: CausesPut, expected: int, caller: Principal
) -> Analysis:
    """Set the whole tree. Where the cause was found already it must stay found (409)."""
    causes = [Cause(**cause.model_dump()) for cause in body.causes]
    check_shape(causes)
    analysis = await _locked(session, analysis_id, expected)
    check_state("root cause analysis", analysis.state, _WRITABLE, "given other causes")
    if analysis.state is AnalysisState.CAUSE_FOUND:
        check_cause_found(analysis.method, causes)
    before = _facts(analysis)
    analysis.causes = [vars(cause) for cause in causes]
    await _changed(session, analysis, before, "causes_written", caller)
    return analysis


async def move_analysis(
    session: Session, analysis_id: UUID, body: AnalysisMove, caller: Principal
) -> Analysis:
    """The moves that people make; a fix is put in by `put_in_fix` and verified by a query."""
    analysis = await queries.get_analysis(session, analysis_id, lock=True)
    check_not_by_hand(analysis.state, body.to)
    check_move("root cause analysis", MOVES, analysis.state, body.to)
    if body.to is AnalysisState.CAUSE_FOUND:
        check_cause_found(analysis.method, causes_of(analysis))
    before = _facts(analysis)
    analysis.state = body.to
    if body.to is AnalysisState.CLOSED:
        await queries.end_watch(session, analysis.id)
    await _changed(session, analysis, before, "moved", caller, comment=body.comment)
    return analysis


async def link_incident(
    session: Session, analysis_id: UUID, incident: IncidentIn, caller: Principal
) -> None:
    """Linking it again changes nothing."""
    analysis = await queries.get_analysis(session, analysis_id, lock=True)
    if await _link(session, analysis, _names([incident]), caller.person):
        await record(
            session, caller, "incident_linked", _subject(analysis), None, incident.model_dump()
        )


async def unlink_incident(
    session: Session, analysis_id: UUID, source: str, external_id: str, caller: Principal
) -> None:
    analysis = await queries.get_analysis(session, analysis_id, lock=True)
    await queries.unlink_incident(session, analysis_id, source, external_id)
    was = {"source": source, "external_id": external_id}
    await record(session, caller, "incident_unlinked", _subject(analysis), was, None)


async def put_in_fix(
    session: Session, analysis_id: UUID, body: FixCreate, caller: Principal
) -> Fix:
    """The fix is in: from now on recurrences are looked for. 409 unless the cause is found."""
    at = now()
    if body.implemented_at > at:
        detail = "a fix is recorded once it is implemented"
        raise Invalid(detail, code="not_implemented_yet", pointer="/implemented_at")
    analysis = await queries.get_analysis(session, analysis_id, lock=True)
    needed = (AnalysisState.CAUSE_FOUND,)
    check_state("root cause analysis", analysis.state, needed, "given a fix")
    last = await queries.last_fix(session, analysis.id)
    due = verify_at(body.implemented_at, body.verify_days)
    fix = Fix(
        id=uuid4(),
        analysis_id=analysis.id,
        number=1 if last is None else last.number + 1,
        what=body.what,
        change_reference=body.change_reference,
        implemented_at=body.implemented_at,
        fingerprint=body.fingerprint.model_dump(exclude_none=True),
        verify_days=body.verify_days,
        verify_at=due,
        watch_until=watch_until(body.implemented_at, body.verify_days),
        outcome=FixOutcome.PENDING,
        verified_at=None,
        recurred_at=None,
        next_check_at=at,
        check_failure=None,
        created_at=at,
        created_by=caller.person,
    )
    await queries.keep(session, fix)
    before = _facts(analysis)
    analysis.state = AnalysisState.FIX_IMPLEMENTED
    facts = {name: getattr(fix, name) for name in _FIX_FACTS}
    await _changed(session, analysis, before, "fix_implemented", caller, fix=facts)
    return fix


async def take_answer(
    session: Session, asked: Fix, answer: Answer, reopened_due: timedelta
) -> Finding | None:
    """Draw the conclusion of an answer; None when meanwhile there is nothing to conclude.

    Between question and answer the analysis may have been closed or the fix judged by another
    worker: the lock is had first, and what was asked about must still be watched.
    """
    analysis = await queries.get_analysis(session, asked.analysis_id, lock=True)
    fix = await queries.last_fix(session, analysis.id)
    if fix is None or fix.id != asked.id or fix.next_check_at is None:
        return None
    if analysis.state not in WATCHED:
        return None
    at, found = now(), answer.found
    finding = judge(found.count, found.as_of, fix.verify_at)
    await queries.keep(session, _check_of(fix, answer, finding, at))
    fix.check_failure = None
    fix.next_check_at = next_check(finding, at, fix.verify_at, fix.watch_until)
    if finding is Finding.RECURRED:
        await _open_again(session, analysis, fix, answer, at, at + reopened_due)
    elif finding is Finding.HELD and fix.outcome is FixOutcome.PENDING:
        await _verify(session, analysis, fix, answer, at)
    return finding


async def _verify(
    session: Session, analysis: Analysis, fix: Fix, answer: Answer, at: datetime
) -> None:
    before = _facts(analysis)
    fix.outcome, fix.verified_at = FixOutcome.HELD, at
    analysis.state = AnalysisState.VERIFIED
    said = {"query": dict(answer.query), "count": 0, "as_of": answer.found.as_of}
    await _changed(session, analysis, before, "verified", THE_SERVICE, **said)


async def _open_again(
    session: Session, analysis: Analysis, fix: Fix, answer: Answer, at: datetime, due: datetime
) -> None:
    """It happened again: the fix did not hold, and the incidents are the analysis' matter now."""
    before = _facts(analysis)
    fix.outcome, fix.recurred_at = FixOutcome.RECURRED, at
    analysis.state, analysis.due_at = AnalysisState.OPEN, due
    analysis.reopened += 1
    again = [(one.source, one.external_id) for one in answer.found.first]
    await _link(session, analysis, again, THE_SERVICE.subject)
    said = {
        "query": dict(answer.query),
        "count": answer.found.count,
        "incidents": [
            {"source": source, "external_id": external_id} for source, external_id in again
        ],
    }
    await _changed(session, analysis, before, "reopened", THE_SERVICE, **said)


def _check_of(fix: Fix, answer: Answer, finding: Finding, at: datetime) -> FixCheck:
    return FixCheck(
        fix_id=fix.id,
        query=dict(answer.query),
        as_of=answer.found.as_of,
        count=answer.found.count,
        incidents=[one.model_dump(mode="json") for one in answer.found.first],
        finding=finding,
        checked_at=at,
    )


def causes_of(analysis: Analysis) -> list[Cause]:
    return [Cause(**cause) for cause in analysis.causes]


async def _link(
    session: Session, analysis: Analysis, incidents: Sequence[tuple[str, str]], by: str
) -> int:
    at = now()
    rows = {
        (source, external_id): {
            "analysis_id": analysis.id,
            "source": source,
            "external_id": external_id,
            "linked_at": at,
            "linked_by": by,
        }
        for source, external_id in incidents
    }
    return await queries.link_incidents(session, list(rows.values()))


def _names(incidents: Sequence[IncidentIn]) -> list[tuple[str, str]]:
    return [(one.source, one.external_id) for one in incidents]


async def _locked(session: Session, analysis_id: UUID, expected: int) -> Analysis:
    analysis = await queries.get_analysis(session, analysis_id, lock=True)
    check_version(expected, analysis.version)
    return analysis


async def _changed(
    session: Session,
    analysis: Analysis,
    before: Mapping[str, Any],
    action: str,
    caller: Principal,
    **said: Any,
) -> None:
    analysis.version += 1
    analysis.updated_at = now()
    await record(session, caller, action, _subject(analysis), before, _facts(analysis) | said)


def _subject(analysis: Analysis) -> tuple[str, str]:
    return ("root_cause_analysis", str(analysis.id))


def _facts(analysis: Analysis, incidents: Sequence[Mapping[str, Any]] | None = None) -> Any:
    facts = {name: getattr(analysis, name) for name in _FACTS}
    return facts if incidents is None else facts | {"incidents": list(incidents)}

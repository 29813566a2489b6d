"""Writing, submitting and deciding on business cases, and booking what came of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from improvement_api.business_cases.cash_flows import first_day
from improvement_api.business_cases.costs import SNAPSHOTS, CostSnapshot
from improvement_api.business_cases.queries import (
    case_in_force,
    get_case,
    insert_actual,
    insert_case,
    insert_decision,
    newest_case,
)
from improvement_api.business_cases.rules import (
    MOVES,
    THING,
    CaseState,
    Submitted,
    Verdict,
    check_complete,
    check_decision,
    check_present,
    hash_of,
)
from improvement_api.business_cases.schemas import ActualCreate, CaseDecisionCreate, CaseMove
from improvement_api.business_cases.tables import Actual, BusinessCase, BusinessCaseDecision
from improvement_api.business_cases.texts import BusinessCaseText, gaps_of
from improvement_api.plans.queries import get_plan
from improvement_api.plans.rules import check_editable
from improvement_api.signatures.rules import check_person
from shared.errors import Conflict, Invalid
from shared.kit.audit import record
from shared.kit.auth import Principal
from shared.kit.clock import now
from shared.kit.database import Session
from shared.kit.etag import check_version
from shared.kit.events import emit
from shared.kit.states import check_move, check_state


@dataclass(frozen=True)
class WrittenCase:
    """A text whose parts fit each other, and what the catalog tells of its services' costs."""

    text: BusinessCaseText
    costs: Sequence[CostSnapshot]


async def create_case(
    session: Session, plan_id: UUID, written: WrittenCase, caller: Principal
) -> BusinessCase:
    """A new version as a draft; 409 while another one is not approved."""
    plan = await get_plan(session, plan_id, lock=True)
    check_editable(plan.state)
    newest = await newest_case(session, plan_id)
    _check_none_open(newest)
    await _check_currency(session, plan_id, written.text)
    at = now()
    case = BusinessCase(
        id=uuid4(),
        plan_id=plan_id,
        version=1 if newest is None else newest.version + 1,
        state=CaseState.DRAFT,
        authors=sorted(caller.authors),
        revision=1,
        created_at=at,
        created_by=caller.person,
        updated_at=at,
        **_stored(written),
    )
    await insert_case(session, case)
    await _record(session, caller, "created", case, None)
    return case


async def change_case(
    session: Session,
    address: tuple[UUID, int],
    written: WrittenCase,
    expected: int,
    caller: Principal,
) -> BusinessCase:
    """Replace the text of a draft; 412 on another revision, 409 in any other state."""
    case = await get_case(session, *address, lock=True)
    check_version(expected, case.revision)
    check_state(THING, case.state, (CaseState.DRAFT,), "changed")
    await _check_currency(session, case.plan_id, written.text)
    await _change(session, caller, "changed", case, _stored(written) | _author(case, caller))
    return case


async def move_case(
    session: Session, address: tuple[UUID, int], body: CaseMove, caller: Principal
) -> BusinessCase:
    """Submit a draft, 409 while something is missing; or take up a rejected one again."""
    plan = await get_plan(session, address[0], lock=True)
    case = await get_case(session, *address, lock=True)
    check_move(THING, MOVES, case.state, body.to)
    check_editable(plan.state)
    if body.to is CaseState.SUBMITTED:
        check_complete(gaps_of(text_of(case)))
    changes = {"state": body.to} | _author(case, caller)
    await _change(session, caller, "moved", case, changes, comment=body.comment)
    return case


async def decide_case(
    session: Session,
    address: tuple[UUID, int],
    body: CaseDecisionCreate,
    role: str,
    caller: Principal,
) -> BusinessCase:
    """Approve or reject a submitted version, in person, as a holder of `role`."""
    check_person(
        kind=caller.kind,
        acting_for=caller.on_behalf_of,
        roles=caller.roles,
        role=role,
        act="decide on a business case",
    )
    check_editable((await get_plan(session, address[0], lock=True)).state)
    case = await get_case(session, *address, lock=True)
    submitted = Submitted(case.state, case.text_hash, case.authors)
    check_decision(submitted, caller.subject, body.text_hash)
    decision = BusinessCaseDecision(
        id=uuid4(),
        business_case_id=case.id,
        verdict=body.verdict,
        text_hash=case.text_hash,
        role=role,
        comment=body.comment,
        decided_at=now(),
        decided_by=caller.subject,
    )
    await insert_decision(session, decision)
    state = CaseState(body.verdict)
    said = {"text_hash": case.text_hash, "role": role, "comment": body.comment}
    await _change(session, caller, body.verdict, case, {"state": state}, **said)
    if body.verdict is Verdict.APPROVED:
        told = {"plan": case.plan_id, "version": case.version, "text_hash": case.text_hash}
        await emit(session, "business_case.approved", str(case.plan_id), told)
    return case


async def book_actual(
    session: Session, plan_id: UUID, body: ActualCreate, caller: Principal
) -> Actual:
    """Book money for a line of the case in force; 409 without one, 422 for no line of it."""
    await get_plan(session, plan_id)
    case = await case_in_force(session, plan_id)
    check_present(case is not None, "Booking what came of a plan")
    assert case is not None
    text = text_of(case)
    _check_booking(text, body)
    actual = Actual(
        id=uuid4(),
        plan_id=plan_id,
        line=body.line,
        at_start=body.period == 0,
        starts_on=first_day(text, body.period),
        amount=body.amount,
        currency=text.currency,
        source=body.source,
        evidence=body.evidence,
        recorded_at=now(),
        recorded_by=caller.person,
    )
    await insert_actual(session, actual)
    after = body.model_dump() | {"plan": plan_id, "case_version": case.version}
    await record(session, caller, "booked", ("plan_actual", str(actual.id)), None, after)
    return actual


def text_of(case: BusinessCase) -> BusinessCaseText:
    """The text of a version as the rules read it."""
    return BusinessCaseText.model_validate(case.text)


def _check_none_open(newest: BusinessCase | None) -> None:
    if newest is not None and newest.state is not CaseState.APPROVED:
        raise Conflict(
            f"Version {newest.version} is {newest.state}: one version at a time is worked on",
            code="version_open",
            version=newest.version,
            state=newest.state,
        )


async def _check_currency(session: Session, plan_id: UUID, text: BusinessCaseText) -> None:
    """What was booked against an approved case could not be set beside one in other money."""
    approved = await case_in_force(session, plan_id)
    if approved is not None and text_of(approved).currency != text.currency:
        raise Invalid(
            f"The approved case of this plan is in {text_of(approved).currency}: stay with it",
            code="other_currency",
            pointer="/currency",
        )


def _check_booking(text: BusinessCaseText, body: ActualCreate) -> None:
    if body.line not in [line.key for line in text.lines if line.counts]:
        raise Invalid(
            f"The approved case has no line of money {body.line}",
            code="unknown_line",
            pointer="/line",
        )
    if body.period > text.periods:
        raise Invalid(
            f"The approved case has {text.periods} periods", code="bad_period", pointer="/period"
        )


def _stored(written: WrittenCase) -> dict[str, Any]:
    text = written.text.model_dump(mode="json")
    costs = SNAPSHOTS.dump_python(list(written.costs), mode="json")
    return {"text": text, "costs": costs, "text_hash": hash_of({"text": text, "costs": costs})}


def _author(case: BusinessCase, caller: Principal) -> dict[str, Any]:
    return {"authors": sorted({*case.authors, *caller.authors})}


async def _change(
    session: Session,
    caller: Principal,
    action: str,
    case: BusinessCase,
    changes: Mapping[str, Any],
    **said: str,
) -> None:
    before = _facts(case)
    for name, value in changes.items():
        setattr(case, name, value)
    case.revision += 1
    case.updated_at = now()
    await _record(session, caller, action, case, before, **said)


async def _record(
    session: Session,
    caller: Principal,
    action: str,
    case: BusinessCase,
    before: Mapping[str, Any] | None,
    **said: str,
) -> None:
    subject = ("business_case", f"{case.plan_id}/{case.version}")
    await record(session, caller, action, subject, before, _facts(case) | said)


def _facts(case: BusinessCase) -> dict[str, Any]:
    names = ("state", "text", "costs", "text_hash", "authors", "revision")
    return {name: getattr(case, name) for name in names}

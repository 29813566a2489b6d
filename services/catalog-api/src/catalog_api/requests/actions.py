"""Making requests and walking them through their steps; every move is announced."""

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from catalog_api.changes import ResourceChange, record_resource
from catalog_api.customers import queries as customer_queries
from catalog_api.offerings import forms
from catalog_api.offerings import queries as offering_queries
from catalog_api.offerings import rules as offering_rules
from catalog_api.organisation import queries as organisation_queries
from catalog_api.ownership.rules import SERVICE_OWNER
from catalog_api.people import require_role, roles_of
from catalog_api.priorities.actions import priority_of
from catalog_api.requests import queries, rules
from catalog_api.requests.schemas import RequestCreate, RequestOut
from shared.errors import Conflict, FieldError, Forbidden, Invalid
from shared.kit.auth import Principal
from shared.kit.clock import now
from shared.kit.database import Session
from shared.kit.pagination import MAX_LIMIT, PageParams
from shared.kit.states import check_move, check_state
from shared.schemas.catalog import RequestSnapshot, RequestState

REQUEST = "request"


async def submit_request(
    session: Session, caller: Principal, offering_key: str, body: RequestCreate
) -> RequestOut:
    """A request under the form and plan in force.

    409 when the offering cannot be requested, 403 outside its audience, 422 for bad answers.
    """
    offering = await offering_queries.hold_offering(session, offering_key)
    _refuse_unrequestable(offering, body.offering_version)
    requested_for = body.requested_for or caller.person
    await _refuse_unknown_customer(session, body.customer)
    await _refuse_outsider(session, caller, offering, (body.customer, requested_for))
    _refuse_bad_answers(offering.form, body.answers)
    steps = offering.fulfilment_plan
    made = await queries.insert_request(
        session,
        {
            "id": uuid4(),
            "offering_key": offering_key,
            "version": offering.version,
            "service_key": offering.service,
            "state": RequestState.SUBMITTED,
            "requester": caller.person,
            "requested_for": requested_for,
            "customer": body.customer,
            "answers": body.answers,
            **await _priority(session, offering.service, body),
            "waiting_for": steps[0]["owner_role"],
        },
        [{**{name: step[name] for name in _STEP}, "step": step["id"]} for step in steps],
    )
    after = {"offering": offering_key, "requested_for": requested_for, "customer": body.customer}
    return await _record(session, caller, str(made), "submitted", ({}, after))


_STEP = ("title", "owner_role", "target_minutes")


async def start_step(session: Session, caller: Principal, name: str, step: str) -> RequestOut:
    """Start the next step; the first one brings the request into fulfilment."""
    request, steps = await _open_request(session, name, "worked on")
    started = rules.startable(steps, step)
    await _require_owner_of(session, caller, request.service, started, "start")
    stamps = {"started_at": now(), "started_by": caller.person}
    await queries.stamp_step(session, request.id, started.position, stamps)
    values: dict[str, Any] = {}
    if request.state is RequestState.SUBMITTED:
        values = {"state": RequestState.IN_FULFILMENT, "started_at": stamps["started_at"]}
    await queries.change_request(session, request.id, values)
    told = ({"step": step, "started_at": None}, {"step": step, **stamps})
    return await _record(session, caller, name, "step_started", told, request)


async def complete_step(session: Session, caller: Principal, name: str, step: str) -> RequestOut:
    """Complete the step that is under way; the last one fulfils the request."""
    request, steps = await _open_request(session, name, "worked on")
    completed = rules.completable(steps, step)
    await _require_owner_of(session, caller, request.service, completed, "complete")
    stamps = {"completed_at": now(), "completed_by": caller.person}
    await queries.stamp_step(session, request.id, completed.position, stamps)
    following = rules.next_step(one for one in steps if one is not completed)
    values: dict[str, Any] = {"waiting_for": following and following.owner_role}
    action = "step_completed"
    if following is None:
        action = RequestState.FULFILLED.value
        values |= {"state": RequestState.FULFILLED, "ended_at": stamps["completed_at"]}
    await queries.change_request(session, request.id, values)
    told = ({"step": step, "completed_at": None}, {"step": step, **stamps})
    return await _record(session, caller, name, action, told, request)


async def cancel_request(session: Session, caller: Principal, name: str, reason: str) -> RequestOut:
    """Give a request up: by whom it is from or for, or by the service's owner."""
    request = await queries.get_request(session, name, lock=True)
    check_move(REQUEST, rules.MOVES, request.state, RequestState.CANCELLED)
    if caller.person not in (request.requester, request.requested_for):
        await require_role(
            session, caller, {SERVICE_OWNER}, request.service, "cancel the request of somebody else"
        )
    return await _end(session, caller, name, request, (RequestState.CANCELLED, reason))


async def reject_request(session: Session, caller: Principal, name: str, reason: str) -> RequestOut:
    """Turn a request down: by a holder of the next step's role, or by the service's owner."""
    request = await queries.get_request(session, name, lock=True)
    check_move(REQUEST, rules.MOVES, request.state, RequestState.REJECTED)
    wanted = {SERVICE_OWNER, request.waiting_for}
    await require_role(session, caller, wanted, request.service, "reject a request")
    return await _end(session, caller, name, request, (RequestState.REJECTED, reason))


async def read_request(session: Session, name: str) -> RequestOut:
    """A request with its answers and timings; 404 if there is none."""
    request = await queries.get_request(session, name)
    steps = await queries.steps_of(session, request.id)
    overdue = rules.is_overdue(request.state, request.due_at, now())
    return RequestOut.model_validate(
        {**request._mapping, **rules.timings(request, steps), "overdue": overdue}
    )


async def _end(
    session: Session, caller: Principal, name: str, request: Any, end: tuple[RequestState, str]
) -> RequestOut:
    state, reason = end
    values = {"state": state, "reason": reason, "waiting_for": None, "ended_at": now()}
    await queries.change_request(session, request.id, values)
    told = ({"reason": None}, {"reason": reason})
    return await _record(session, caller, name, state.value, told, request)


async def _record(
    session: Session,
    caller: Principal,
    name: str,
    action: str,
    told: tuple[Mapping[str, Any], Mapping[str, Any]],
    request: Any = None,
) -> RequestOut:
    """Audit and announce a move with the whole record, as others keep it; answers stay here."""
    present = await read_request(session, name)
    before, after = dict(told[0]), dict(told[1])
    if request is None or request.state is not present.state:
        before["state"], after["state"] = request and request.state, present.state
    # Made anew: validation takes an instance of a subclass as it is, with everything it holds.
    record = RequestSnapshot.model_validate(present.model_dump()).model_dump(mode="json")
    change = ResourceChange(
        REQUEST,
        present.number,
        action,
        None if request is None else before,
        after,
        present.service,
        {"record": record},
    )
    await record_resource(session, caller, change)
    return present


async def _open_request(session: Session, name: str, act: str) -> tuple[Any, list[Any]]:
    request = await queries.get_request(session, name, lock=True)
    check_state(REQUEST, request.state, rules.OPEN, act)
    return request, await queries.steps_of(session, request.id)


async def _require_owner_of(
    session: Session, caller: Principal, service: str, step: Any, act: str
) -> None:
    await require_role(session, caller, {step.owner_role}, service, f"{act} the step {step.step}")


def _refuse_unrequestable(offering: Any, version: int | None) -> None:
    reason = offering_rules.obstacle(offering.state, offering.stage)
    if reason is not None:
        raise Conflict(
            f"The offering {offering.key} cannot be requested: {reason}",
            code="not_requestable",
            state=offering.state,
            stage=offering.stage,
            allowed=[stage.value for stage in offering_rules.OFFERED_STAGES],
        )
    if version not in (None, offering.version):
        raise Conflict(
            f"The form of {offering.key} was changed: fill in version {offering.version}",
            code="form_changed",
            pointer="/offering_version",
            offering_version=offering.version,
        )


async def _refuse_unknown_customer(session: Session, customer: str | None) -> None:
    if customer is not None and not await customer_queries.known_keys(session, {customer}):
        raise Invalid(
            f"There is no customer {customer}", code="unknown_customer", pointer="/customer"
        )


async def _refuse_outsider(
    session: Session, caller: Principal, offering: Any, who: tuple[str | None, str]
) -> None:
    """403 unless the customer, a unit of whom it is for, or a role of the caller is meant."""
    customer, person = who
    meant = offering_rules.Audience(
        offering.audience["everyone"],
        *(frozenset(offering.audience[name]) for name in ("customers", "units", "roles")),
    )
    units: set[str] = set()
    if meant.units:
        page = PageParams(limit=MAX_LIMIT, after=None)
        memberships = await organisation_queries.list_memberships(
            session, person, now().date(), page
        )
        units = {membership.unit for membership in memberships}
    roles = await roles_of(session, caller, offering.service)
    if not offering_rules.belongs_to(meant, customer, units, roles):
        raise Forbidden(
            f"The offering {offering.key} is not for {person}: see its audience",
            code="not_in_audience",
            audience=offering.audience,
        )


def _refuse_bad_answers(form: Any, answers: Mapping[str, Any]) -> None:
    errors = [
        FieldError(f"/answers{error.pointer}", error.detail, error.code)
        for error in forms.answer_errors(form, answers)
    ]
    if errors:
        detail = "; ".join(f"{error.pointer}: {error.detail}" for error in errors[:3])
        raise Invalid(detail, code="answers_do_not_fit", errors=errors)


async def _priority(session: Session, service: str, body: RequestCreate) -> dict[str, Any]:
    given = {"impact": body.impact, "urgency": body.urgency}
    if body.impact is None or body.urgency is None:
        return given
    assigned = await priority_of(session, service, body.impact, body.urgency)
    if assigned is None:
        return given
    return {
        **given,
        "priority": assigned.priority,
        "scheme": assigned.scheme,
        "scheme_version": assigned.scheme_version,
    }

"""Proposing vendor candidates, scoring them, and choosing one."""

from typing import Any
from uuid import UUID, uuid4

from catalog_api.candidates import queries, rules
from catalog_api.candidates.rules import MOVES, Assessment, CandidateState
from catalog_api.candidates.schemas import (
    CandidateCreate,
    CandidateDecision,
    CandidateOut,
    CandidatePatch,
    ScoreWrite,
)
from catalog_api.changes import ResourceChange, record_resource
from catalog_api.people import require_person
from catalog_api.plans.queries import strategy_requirements
from catalog_api.refusals import refuse, unknown
from catalog_api.registry import rules as registry_rules
from catalog_api.registry.queries import require_service
from catalog_api.rows import new_row
from catalog_api.vendors import queries as vendor_queries
from catalog_api.vendors.actions import create_vendor_product
from catalog_api.vendors.schemas import VendorProductCreate
from shared.errors import Conflict, NotFound
from shared.kit.auth import Principal
from shared.kit.clock import now
from shared.kit.database import Session
from shared.kit.etag import check_version
from shared.kit.patches import named
from shared.kit.states import check_move, check_state

_CANDIDATE = "vendor_candidate"
_NOUN = "vendor candidate"


async def propose_candidate(
    session: Session, caller: Principal, key: str, body: CandidateCreate
) -> CandidateOut:
    """A new open candidate for a service."""
    await require_service(session, key)
    await _refuse_unknown_product(session, body.vendor_product)
    identity, fields = uuid4(), body.model_dump()
    values = {**_as_columns(fields), "id": identity, "service_key": key}
    await queries.insert_candidate(session, new_row({**values, "state": CandidateState.OPEN}))
    change = ResourceChange(_CANDIDATE, str(identity), "created", None, fields, key)
    await record_resource(session, caller, change)
    return await shown_candidate(session, key, identity)


async def change_candidate(
    session: Session,
    caller: Principal,
    at: tuple[str, UUID],
    patch: CandidatePatch,
    expected: int,
) -> CandidateOut:
    """Change the named fields of an open candidate; nothing happens when nothing differs."""
    key, identity = at
    present = await queries.get_candidate(session, key, identity, lock=True)
    check_version(expected, present.revision)
    changed = registry_rules.changes(present._asdict(), named(patch))
    if changed:
        check_state(_NOUN, present.state, [CandidateState.OPEN], "changed")
        before, after = registry_rules.before_of(changed), registry_rules.after_of(changed)
        await _refuse_unknown_product(session, after.get("vendor_product"))
        await queries.change_candidate(session, identity, _as_columns(after))
        change = ResourceChange(_CANDIDATE, str(identity), "changed", before, after, key)
        await record_resource(session, caller, change)
    return await shown_candidate(session, key, identity)


async def score_candidate(
    session: Session,
    caller: Principal,
    at: tuple[str, UUID],
    requirement: str,
    body: ScoreWrite,
) -> CandidateOut:
    """Score an open candidate against one requirement of the approved strategy."""
    key, identity = at
    present = await queries.get_candidate(session, key, identity, lock=True)
    check_state(_NOUN, present.state, [CandidateState.OPEN], "scored")
    asked = {one["id"] for one in await _requirements(session, key)}
    if requirement not in asked:
        raise NotFound(
            f"The approved strategy of {key} has no requirement {requirement};"
            f" it has: {', '.join(sorted(asked))}"
        )
    stamps = {"scored_by": caller.person, "scored_at": now()}
    ends = {"candidate_id": identity, "requirement_id": requirement}
    await queries.put_score(session, {**ends, **body.model_dump(), **stamps})
    await queries.change_candidate(session, identity, {})
    given = present.given.get(requirement)
    before = given and {"requirement": requirement, **_score_of(given)}
    after = {"requirement": requirement, **body.model_dump()}
    change = ResourceChange(_CANDIDATE, str(identity), "scored", before, after, key)
    await record_resource(session, caller, change)
    return await shown_candidate(session, key, identity)


async def select_candidate(
    session: Session, caller: Principal, key: str, identity: UUID, body: CandidateDecision
) -> CandidateOut:
    """Choose a candidate that is scored against every requirement.

    It becomes a vendor product of the catalog, unless it is one already.
    """
    person = require_person(caller, "select a vendor candidate")
    present = await queries.get_candidate(session, key, identity, lock=True)
    check_move(_NOUN, MOVES, present.state, CandidateState.SELECTED)
    assessment = rules.assess(await _requirements(session, key), present.given)
    if assessment.unscored:
        raise Conflict(
            f"{present.name} is not scored yet against: {', '.join(assessment.unscored)}",
            code="candidate_not_scored",
            unscored=list(assessment.unscored),
        )
    product = present.vendor_product
    if product is None:
        made = VendorProductCreate.model_validate(
            {name: getattr(present, name) for name in ("name", "vendor", "description")}
        )
        product = (await create_vendor_product(session, caller, made)).key
    outcome = {"state": CandidateState.SELECTED, "vendor_product": product}
    await _decide(session, caller, present, {**outcome, **_decision(body, person)}, assessment)
    return await shown_candidate(session, key, identity)


async def reject_candidate(
    session: Session, caller: Principal, key: str, identity: UUID, body: CandidateDecision
) -> CandidateOut:
    """Say why a candidate is not chosen; it need not be scored."""
    person = require_person(caller, "reject a vendor candidate")
    present = await queries.get_candidate(session, key, identity, lock=True)
    check_move(_NOUN, MOVES, present.state, CandidateState.REJECTED)
    assessment = rules.assess(await strategy_requirements(session, key), present.given)
    outcome = {"state": CandidateState.REJECTED, **_decision(body, person)}
    await _decide(session, caller, present, outcome, assessment)
    return await shown_candidate(session, key, identity)


async def shown_candidate(session: Session, key: str, identity: UUID) -> CandidateOut:
    """A candidate with its scores against the approved strategy; 404 if there is none."""
    row = await queries.get_candidate(session, key, identity)
    return as_shown(row, await strategy_requirements(session, key))


def as_shown(row: Any, requirements: list[dict[str, Any]]) -> CandidateOut:
    """A candidate's row with its total; once it is decided, as it was then."""
    if row.decided_on is None:
        assessment = rules.assess(requirements, row.given)
    else:
        unscored = tuple(one["requirement"] for one in row.decided_on if one["score"] is None)
        assessment = Assessment(tuple(row.decided_on), unscored, row.decided_total)
    judged = {
        "total": assessment.total,
        "scores": assessment.lines,
        "unscored": assessment.unscored,
    }
    return CandidateOut.model_validate({**row._asdict(), **judged})


async def _requirements(session: Session, key: str) -> list[dict[str, Any]]:
    """Those of the approved strategy; 409 when there are none to hold a candidate against."""
    found = await strategy_requirements(session, key)
    if not found:
        raise Conflict(
            f"{key} has no approved strategy with requirements to hold a candidate against",
            code="no_requirements",
        )
    return found


async def _decide(
    session: Session,
    caller: Principal,
    present: Any,
    outcome: dict[str, Any],
    assessment: Assessment,
) -> None:
    kept = {"decided_on": list(assessment.lines), "decided_total": assessment.total}
    await queries.change_candidate(session, present.id, {**_as_columns(outcome), **kept})
    change = ResourceChange(
        _CANDIDATE,
        str(present.id),
        outcome["state"],
        {"state": present.state},
        {**outcome, "total": assessment.total},
        present.service,
    )
    await record_resource(session, caller, change)


def _decision(body: CandidateDecision, person: str) -> dict[str, Any]:
    return {"decision_reason": body.reason, "decided_by": person, "decided_at": now()}


async def _refuse_unknown_product(session: Session, product: str | None) -> None:
    if product is not None and not await vendor_queries.known_keys(session, {product}):
        refuse([unknown("vendor_product", "/vendor_product", product)])


def _as_columns(fields: dict[str, Any]) -> dict[str, Any]:
    """Wire names to attribute names."""
    return {
        "vendor_product_key" if name == "vendor_product" else name: value
        for name, value in fields.items()
    }


def _score_of(given: dict[str, Any]) -> dict[str, Any]:
    return {name: given[name] for name in ("score", "reason")}

"""Service plans over HTTP: the same operations under a service and under a portfolio."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from fastapi import Depends, Path, Query, Request, Response

from catalog_api.plans import actions, queries, rules, text_rules
from catalog_api.plans.actions import review_of
from catalog_api.plans.queries import Subject
from catalog_api.plans.rules import PlanKind, PlanState
from catalog_api.plans.schemas import (
    PlanApprove,
    PlanComparison,
    PlanReturn,
    PlansInForce,
    PlanVersionOut,
    PlanVersionWrite,
)
from shared.kit.auth import Principal, requires
from shared.kit.database import Session
from shared.kit.etag import IfMatch, set_etag
from shared.kit.idempotency import Idempotent
from shared.kit.pagination import PageQuery, page_of
from shared.kit.problems import problem_responses
from shared.kit.routing import Router
from shared.schemas.common import Key, Page

router = Router(prefix="/v1", tags=["plans"])

CatalogRead = Annotated[Principal, requires("catalog:read")]
CatalogWrite = Annotated[Principal, requires("catalog:write")]
ApprovalsWrite = Annotated[Principal, requires("approvals:write")]
Operation = Callable[..., Awaitable[Any]]
Register = Callable[[Operation], Operation]

_VERSIONS = "/{kind}/versions"
_VERSION = "/{kind}/versions/{version}"


def of_both(method: str, path: str, verb: str, noun: str, **options: Any) -> Register:
    """Offer an operation for services and for portfolios, each under an operationId of its own."""

    def register(operation: Operation) -> Operation:
        for subject in ("service", "portfolio"):
            router.add_api_route(
                f"/{subject}s/{{key}}/plans{path}",
                operation,
                methods=[method],
                operation_id=f"{verb}_{subject}_{noun}",
                **options,
            )
        return operation

    return register


async def _subject(request: Request, key: Key) -> Subject:
    of_portfolio = request.url.path.startswith("/v1/portfolios/")
    return Subject("portfolio" if of_portfolio else "service", key)


PlanSubject = Annotated[Subject, Depends(_subject)]
Number = Annotated[int, Path(ge=1, lt=2**31)]


@of_both("GET", "", "get", "plans", response_model=PlansInForce, responses=problem_responses(404))
async def get_plans(subject: PlanSubject, session: Session, caller: CatalogRead) -> Any:
    """The plans in force: the approved version of each kind."""
    await queries.require_subject(session, subject)
    found = await queries.versions_in_force(session, subject)
    return {kind: _shown(found[kind]) if kind in found else None for kind in PlanKind}


@of_both(
    "POST",
    _VERSIONS,
    "create",
    "plan_version",
    status_code=201,
    response_model=PlanVersionOut,
    responses=problem_responses(404, 409),
)
async def create_plan_version(
    subject: PlanSubject,
    kind: PlanKind,
    body: PlanVersionWrite,
    session: Session,
    caller: CatalogWrite,
    request: Request,
    response: Response,
    _: Idempotent,
) -> Any:
    """Start a new version as a draft; 409 while another one is a draft or in review."""
    version = await actions.create_version(session, caller, subject, kind, body)
    response.headers["Location"] = f"{request.url.path}/{version.version}"
    return _tagged(response, version)


@of_both(
    "GET",
    _VERSIONS,
    "list",
    "plan_versions",
    response_model=Page[PlanVersionOut],
    responses=problem_responses(404),
)
async def list_plan_versions(
    subject: PlanSubject,
    kind: PlanKind,
    session: Session,
    caller: CatalogRead,
    page: PageQuery,
    state: Annotated[PlanState | None, Query(description="only versions in this state")] = None,
) -> Any:
    """Every version of a plan, newest first."""
    await queries.require_subject(session, subject)
    found = await queries.list_versions(session, subject, kind, state, page)
    listed = page_of(found, page, key=lambda row: (row.version,))
    return {**listed, "items": [_shown(row) for row in listed["items"]]}


@of_both(
    "GET",
    _VERSION,
    "get",
    "plan_version",
    response_model=PlanVersionOut,
    responses=problem_responses(404),
)
async def get_plan_version(
    subject: PlanSubject,
    kind: PlanKind,
    version: Number,
    session: Session,
    caller: CatalogRead,
    response: Response,
) -> Any:
    """A version with the approvals of its review, and the roles that have not approved yet."""
    return _tagged(response, await queries.get_version(session, subject, kind, version))


@of_both(
    "PUT",
    _VERSION,
    "replace",
    "plan_version",
    response_model=PlanVersionOut,
    responses=problem_responses(404, 409, 412, 428),
)
async def replace_plan_version(
    subject: PlanSubject,
    kind: PlanKind,
    version: Number,
    body: PlanVersionWrite,
    session: Session,
    caller: CatalogWrite,
    expected: IfMatch,
    response: Response,
) -> Any:
    """Replace the text of a draft; a text that is in review, approved or superseded stays (409)."""
    address = (subject, kind, version)
    changed = await actions.change_draft(session, caller, address, body, expected)
    return _tagged(response, changed)


@of_both(
    "POST",
    _VERSION + "/submission",
    "submit",
    "plan_version",
    response_model=PlanVersionOut,
    responses=problem_responses(404, 409),
)
async def submit_plan_version(
    subject: PlanSubject,
    kind: PlanKind,
    version: Number,
    session: Session,
    caller: CatalogWrite,
    response: Response,
) -> Any:
    """Ask the approver roles for approval; 409 names the parts that are missing."""
    address = (subject, kind, version)
    return _tagged(response, await actions.submit_version(session, caller, address))


@of_both(
    "POST",
    _VERSION + "/return",
    "return",
    "plan_version",
    response_model=PlanVersionOut,
    responses=problem_responses(404, 409),
)
async def return_plan_version(
    subject: PlanSubject,
    kind: PlanKind,
    version: Number,
    body: PlanReturn,
    session: Session,
    caller: CatalogWrite,
    response: Response,
) -> Any:
    """Send a version in review back to draft; approvals given so far count no more."""
    address = (subject, kind, version)
    return _tagged(response, await actions.return_version(session, caller, address, body.reason))


@of_both(
    "POST",
    _VERSION + "/approvals",
    "approve",
    "plan_version",
    response_model=PlanVersionOut,
    responses=problem_responses(404, 409),
)
async def approve_plan_version(
    subject: PlanSubject,
    kind: PlanKind,
    version: Number,
    body: PlanApprove,
    session: Session,
    caller: ApprovalsWrite,
    response: Response,
) -> Any:
    """Approve in person, for one role, the text that was seen; never a text of one's own.

    With the last role the version is in force, and the one before it superseded.
    """
    address = (subject, kind, version)
    return _tagged(response, await actions.approve_version(session, caller, address, body))


@of_both(
    "GET",
    _VERSION + "/difference",
    "compare",
    "plan_versions",
    response_model=PlanComparison,
    responses=problem_responses(404),
)
async def compare_plan_versions(
    subject: PlanSubject,
    kind: PlanKind,
    version: Number,
    session: Session,
    caller: CatalogRead,
    against: Annotated[int, Query(ge=1, lt=2**31, description="number of the other version")],
) -> Any:
    """What changed in the text from another version to this one."""
    later = await queries.get_version(session, subject, kind, version)
    earlier = await queries.get_version(session, subject, kind, against)
    changes = [vars(one) for one in text_rules.differences(earlier.text, later.text)]
    return {"version": version, "against": against, "changes": changes}


def _tagged(response: Response, version: Any) -> dict[str, Any]:
    set_etag(response, version.revision)
    return _shown(version)


def _shown(version: Any) -> dict[str, Any]:
    missing = rules.unapproved(review_of(version))
    return {**version._asdict(), "missing_approvals": missing}

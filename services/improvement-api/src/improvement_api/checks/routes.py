"""Checks for people and machines over HTTP: badges, scorecards, gates as documents."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Header, Query, Request, Response
from fastapi.security import SecurityScopes
from starlette.concurrency import run_in_threadpool

from improvement_api.checks.actions import create_badge_token, revoke_badge_token
from improvement_api.checks.queries import check_badge_token, list_badge_tokens
from improvement_api.checks.rules import badge_of
from improvement_api.checks.schemas import (
    PAGE,
    PAGE_ONLY,
    SVG,
    BadgeTokenCreated,
    BadgeTokenOut,
    Scorecard,
)
from improvement_api.checks.scorecard import gate_page, scorecard_of, scorecard_page
from improvement_api.checks.tables import BadgeToken
from improvement_api.evaluations.queries import standing_at
from improvement_api.facts.queries import known_facts
from improvement_api.facts.sheets import OWN_FACTS
from improvement_api.gates.queries import (
    current_version,
    definition_of,
    newest_numbers,
    versions_of,
)
from improvement_api.providers import AskedService, KnownService
from shared.documents.badge import badge_svg
from shared.kit.auth import Principal, authenticate, hash_secret, requires
from shared.kit.clock import now
from shared.kit.database import Session
from shared.kit.etag import ETAG_HEADER, content_tag, etag
from shared.kit.page_form import NOTHING_FETCHED, AsPage, page_reply
from shared.kit.pagination import PageQuery, page_of
from shared.kit.problems import problem_responses
from shared.kit.routing import Router
from shared.schemas.common import Key, Page
from shared.schemas.improvement import Gate

router = Router(prefix="/v1", tags=["checks"])

GatesRead = Annotated[Principal, requires("gates:read")]
EvaluationsWrite = Annotated[Principal, requires("evaluations:write")]
_BADGE_READERS = SecurityScopes(scopes=["gates:read"])
_HTML = "text/html; charset=utf-8"


@router.get(
    "/services/{key}/gates/{gate}/badge.svg",
    operation_id="get_gate_badge",
    responses={**SVG, **problem_responses(401, 404)},
    openapi_extra={"security": [{"OAuth2": ["gates:read"]}, {}]},
    response_class=Response,
)
async def get_gate_badge(
    key: Key,
    gate: Gate,
    request: Request,
    session: Session,
    token: Annotated[
        str | None, Query(max_length=100, description="a badge token, in place of a bearer token")
    ] = None,
    if_none_match: Annotated[str, Header()] = "",
) -> Response:
    """The verdict that stands, as a picture for READMEs and walls.

    Whoever cannot send a bearer token, as an `<img>` cannot, shows the badge's own token.
    """
    if token is None:
        await authenticate(request, _BADGE_READERS)
    else:
        await check_badge_token(session, key, gate, hash_secret(token))
    read = (await standing_at(session, key, [gate], now())).get(gate)
    stands = None if read is None else (read.standing, read.assessment.verdict)
    svg = badge_svg(gate.value, *badge_of(stands)).encode()
    tag = content_tag(svg)
    # no-cache: proxies such as GitHub's may keep it, but must ask us before they show it again.
    headers = {"ETag": tag, "Cache-Control": "no-cache", "Vary": "Authorization"}
    if tag in if_none_match:
        return Response(status_code=304, headers=headers)
    return Response(svg, headers=headers, media_type="image/svg+xml")


@router.post(
    "/services/{key}/gates/{gate}/badge-tokens",
    status_code=201,
    operation_id="create_badge_token",
    responses=problem_responses(404, 409),
)
async def create_token(
    gate: Gate,
    caller: EvaluationsWrite,
    key: KnownService,
    session: Session,
    response: Response,
) -> BadgeTokenCreated:
    """Let everybody who has the new token see this badge, and nothing else, until it is revoked.

    It takes no Idempotency-Key: a kept reply would be a kept secret.
    """
    made, secret = await create_badge_token(session, key, gate, caller)
    response.headers["Location"] = f"/v1/badge-tokens/{made.id}"
    url = f"/v1/services/{key}/gates/{gate.value}/badge.svg?token={secret}"
    return BadgeTokenCreated(**_token_out(made).model_dump(), token=secret, url=url)


@router.get(
    "/services/{key}/gates/{gate}/badge-tokens",
    operation_id="list_badge_tokens",
    responses=problem_responses(404),
)
async def list_tokens(
    key: Key, gate: Gate, caller: GatesRead, session: Session, page: PageQuery
) -> Page[BadgeTokenOut]:
    """The tokens of a badge, newest first, revoked ones included; never what they are."""
    rows = await list_badge_tokens(session, key, gate, page)
    shown = page_of(rows, page, key=lambda row: (row.created_at, row.id))
    items = [_token_out(row) for row in shown["items"]]
    return Page[BadgeTokenOut](items=items, next_cursor=shown["next_cursor"])


@router.delete(
    "/badge-tokens/{token_id}",
    operation_id="revoke_badge_token",
    responses=problem_responses(404),
)
async def revoke_token(token_id: UUID, caller: EvaluationsWrite, session: Session) -> BadgeTokenOut:
    """Show the badge with this token no more; what was already loaded stays where it is."""
    return _token_out(await revoke_badge_token(session, token_id, caller))


@router.get(
    "/services/{key}/scorecard",
    operation_id="get_scorecard",
    response_model=Scorecard,
    responses={**PAGE, **problem_responses(404)},
)
async def get_scorecard(
    key: Key,
    caller: GatesRead,
    service: AskedService,
    session: Session,
    wants_page: AsPage,
) -> Any:
    """All six gates of a service: outcomes, reasons, facts, signatures, and what to do."""
    made_at = now()
    numbers = await newest_numbers(session)
    found = await versions_of(session, numbers.items())
    definitions = {gate: definition for (gate, _), definition in found.items()}
    standing = await standing_at(session, key, Gate, made_at)
    scorecard = scorecard_of((key, service), definitions, standing, made_at)
    if not wants_page:
        return scorecard
    return page_reply(await run_in_threadpool(scorecard_page, scorecard))


@router.get(
    "/gates/{gate}/document",
    operation_id="get_gate_document",
    responses={200: {**PAGE_ONLY, "headers": ETAG_HEADER}, **problem_responses(404)},
    response_class=Response,
)
async def get_gate_document(gate: Gate, caller: GatesRead, session: Session) -> Response:
    """The version of a gate in force, to read: why each criterion is asked, how to satisfy it."""
    row = await current_version(session, gate)
    facts = await known_facts(session) | {fact.name: fact for fact in OWN_FACTS}
    meanings = {name: fact.meaning for name, fact in facts.items()}
    about = f"{row.reason}. Published {row.published_at:%Y-%m-%d} by {row.published_by}"
    page = await run_in_threadpool(gate_page, definition_of(row), meanings, about)
    headers = {"ETag": etag(row.version), **NOTHING_FETCHED}
    return Response(page, headers=headers, media_type=_HTML)


def _token_out(row: BadgeToken) -> BadgeTokenOut:
    return BadgeTokenOut(
        id=str(row.id),
        service=row.service,
        gate=row.gate,
        created_at=row.created_at,
        created_by=row.created_by,
        revoked_at=row.revoked_at,
        revoked_by=row.revoked_by,
    )

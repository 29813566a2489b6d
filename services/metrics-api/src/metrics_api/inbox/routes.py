"""HTTP of the inbox: native deliveries in, receipts out."""

import base64
from typing import Annotated, Any

import orjson
from fastapi import Depends, Query, Request, Response
from fastapi.security import SecurityScopes
from starlette.requests import ClientDisconnect

from metrics_api.inbox import actions, queries
from metrics_api.inbox.actions import BODY_LIMIT, Inbox, Sent
from metrics_api.inbox.queries import ReceiptFilter
from metrics_api.inbox.schemas import (
    ReceiptOut,
    ReceiptState,
    ReceiptWithBodyOut,
    ReceivedOut,
    ReplayCreate,
    ReplayOut,
)
from metrics_api.inbox.tables import Receipt
from metrics_api.sources.queries import get_source as find_source
from metrics_api.sources.signatures import TOKEN_HEADER, BadSignature
from shared.errors import BadRequest, Forbidden, Invalid, TooLarge, Unauthorized
from shared.kit.auth import Principal, authenticate, requires
from shared.kit.database import Session
from shared.kit.pagination import PageQuery, page_of
from shared.kit.problems import problem_responses
from shared.kit.routing import Router, ThinRoute
from shared.schemas.common import Key, Page, ShortText, Timestamp
from shared.scopes import API_KEY_SCOPES

_JSON = "application/json"
SourcesRead = Annotated[Principal, requires("metrics:read")]
SourcesWrite = Annotated[Principal, requires("sources:write")]

router = Router(prefix="/v1/sources", tags=["inbox"])

# As an API key of the source has: what a delivery holds, records of which kind, is seen later.
WRITERS = SecurityScopes([*API_KEY_SCOPES])
# A signature of the tool is enough: it is the empty alternative.
_PROVEN: dict[str, Any] = {
    "security": [{"OAuth2": WRITERS.scopes}, {}],
    "requestBody": {
        "required": True,
        "description": "What the tool sends, as it sends it",
        "content": {"application/json": {"schema": {}}},
    },
    "parameters": [
        {"name": "source", "in": "path", "required": True, "schema": {"type": "string"}},
        {
            "name": "token",
            "in": "query",
            "required": False,
            "schema": {"type": "string"},
            "description": "the secret, for tools that can sign nothing and send no headers",
        },
    ],
}


async def receive_event(request: Request) -> Response:
    """Take in a delivery of the tool in its own form, signed as the source's settings say.

    It is stored and answered at once, and read a moment later: its receipt tells what became of
    it. Sending it again is harmless. An API key of the source does in place of a signature.
    """
    source: str = request.path_params["source"]
    inbox = _inbox(request)
    try:
        received = await actions.receive(inbox, await _sent(request, source))
    except BadSignature as refused:
        error = Forbidden(refused.reason, code=refused.code)
        inbox.note_refusal(source, error)
        raise error from None
    except (BadRequest, Forbidden, Invalid, TooLarge) as error:
        inbox.note_refusal(source, error)
        raise
    status = 200 if received.repeated else 202
    location = {"Location": f"{router.prefix}/{source}/receipts/{received.receipt}"}
    return Response(orjson.dumps(received._asdict()), status, location, _JSON)


async def _sent(request: Request, source: str) -> Sent:
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in _heads(request)}
    if int(_digits(headers.get("content-length")) or 0) > BODY_LIMIT:
        raise TooLarge(f"A delivery may have at most {BODY_LIMIT} bytes")
    headers.pop(TOKEN_HEADER, None)
    if request.scope["query_string"]:
        headers[TOKEN_HEADER] = request.query_params.get("token", "")
    request.state.caller = f"source:{source}"
    return Sent(source, headers, await _body(request), await _vouched(request, headers))


router.add_api_route(
    "/{source}/events",
    receive_event,
    methods=["POST"],
    status_code=202,
    operation_id="receive_event",
    response_model=ReceivedOut,
    openapi_extra=_PROVEN,
    responses={
        200: {"model": ReceivedOut, "description": "The same delivery was stored before"},
        **problem_responses(400, 401, 403, 404, 413),
    },
    route_class_override=ThinRoute,
)


def _heads(request: Request) -> list[tuple[bytes, bytes]]:
    heads: list[tuple[bytes, bytes]] = request.scope["headers"]
    return heads


def _digits(sent: str | None) -> str | None:
    return sent if sent is not None and sent.isascii() and sent.isdigit() else None


async def _body(request: Request) -> bytes:
    """Read no further than the limit, also of a body that does not say how long it is."""
    whole, pieces = 0, []
    try:
        async for piece in request.stream():
            whole += len(piece)
            if whole > BODY_LIMIT:
                raise TooLarge(f"A delivery may have at most {BODY_LIMIT} bytes")
            pieces.append(piece)
    except ClientDisconnect:
        raise BadRequest("The body broke off", code="disconnected") from None
    return b"".join(pieces)


async def _vouched(request: Request, headers: dict[str, str]) -> bool:
    """Whether a JSON web token with the right to write vouches for the delivery.

    A tool's own bearer secret is none, and is looked at with the signatures.
    """
    if not headers.get("authorization", "")[:10].lower().startswith("bearer ey"):
        return False
    try:
        await authenticate(request, WRITERS)
    except Unauthorized:
        return False
    return True


def _inbox(request: Request) -> Inbox:
    inbox: Inbox = request.app.state.inbox
    return inbox


@router.get(
    "/{source}/events",
    operation_id="answer_challenge",
    responses=problem_responses(404),
    openapi_extra={"security": [{"OAuth2": ["metrics:read"]}, {}]},
    response_class=Response,
)
async def answer_challenge(
    source: Key,
    request: Request,
    crc_token: Annotated[str, Query(min_length=1, max_length=500)],
) -> Response:
    """Answer GLPI's challenge: the token's HMAC by the source's secret, in hex, as plain text."""
    answer = await actions.challenge(_inbox(request), source, crc_token)
    return Response(answer, 200, None, "text/plain")


async def receipt_filter(
    *,
    state: Annotated[ReceiptState | None, Query()] = None,
    received_from: Annotated[Timestamp | None, Query()] = None,
    received_to: Annotated[Timestamp | None, Query(description="not included")] = None,
    external_id: Annotated[
        ShortText | None, Query(description="that gave versions of the record with this id")
    ] = None,
) -> ReceiptFilter:
    chosen = None if state is None else state.value
    return ReceiptFilter(chosen, received_from, received_to, external_id)


@router.get(
    "/{source}/receipts", operation_id="list_receipts", responses=problem_responses(400, 404)
)
async def list_receipts(
    source: Key,
    session: Session,
    _: SourcesRead,
    wanted: Annotated[ReceiptFilter, Depends(receipt_filter)],
    page: PageQuery,
) -> Page[ReceiptOut]:
    """Deliveries of a source and what became of them, the newest first."""
    found = await find_source(session, source)
    rows = await queries.list_receipts(session, found.id, wanted, page)
    return Page[ReceiptOut].model_validate(page_of(rows, page, key=_id))


@router.get(
    "/{source}/receipts/{receipt_id}", operation_id="get_receipt", responses=problem_responses(404)
)
async def get_receipt(
    source: Key, receipt_id: int, session: Session, _: SourcesWrite
) -> ReceiptWithBodyOut:
    """One delivery with its body as it came in, as long as the source keeps it."""
    found = await find_source(session, source)
    receipt, body = await queries.get_receipt(session, found.id, receipt_id)
    text = _as_text(body.body)
    raw = None if text is not None else base64.b64encode(body.body).decode()
    shown = {"headers": body.headers, "text": text, "base64": raw}
    return ReceiptWithBodyOut.model_validate({**vars(receipt), **shown})


@router.post(
    "/{source}/receipts/replay",
    status_code=202,
    operation_id="replay_receipts",
    responses=problem_responses(404),
)
async def replay_receipts(
    source: Key, body: ReplayCreate, session: Session, caller: SourcesWrite
) -> ReplayOut:
    """Process receipts again, after a mapping was corrected; by default those that failed.

    What a processed receipt gave before and gives no more is superseded, unless another receipt or
    a push gave it too: it stays among the versions and is left out of the end state and of figures.
    A record without any other version is none any more. A receipt that now fails supersedes none.

    Doing it again is harmless, so it needs no Idempotency-Key.
    """
    wanted = ReceiptFilter(None, body.received_from, body.received_to)
    states = [state.value for state in body.states if state is not ReceiptState.PENDING]
    return ReplayOut(receipts=await actions.replay(session, source, states, wanted, caller))


def _as_text(body: bytes) -> str | None:
    try:
        return body.decode()
    except UnicodeDecodeError:
        return None


def _id(receipt: Receipt) -> tuple[int]:
    return (receipt.id,)

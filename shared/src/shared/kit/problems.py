"""Every error leaves as RFC 9457 problem+json; no input may become a 500."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import orjson
import psycopg
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException
from starlette.types import Scope
from structlog.contextvars import get_contextvars

from shared import errors
from shared.errors import ApiError, FieldError
from shared.kit.idempotency import ReplayReply
from shared.kit.logging import logger
from shared.schemas.common import Problem

_MEMBER = re.compile(r"<\w+\.\w+: ('[^']*')>")
MEDIA_TYPE = "application/problem+json"
_NO_TAG, _BAD_TAG = "union_tag_not_found", "union_tag_invalid"
_A_KEY = "[key]"
"""How Pydantic says that it is the name of a field which it does not like."""
log = logger(__name__)

_BY_STATUS: dict[int, tuple[str, str]] = (
    {500: (ApiError.code, ApiError.title)}
    | {error.status: (error.code, error.title) for error in ApiError.__subclasses__()}
    | {405: ("method_not_allowed", "This path has no such method")}
)


def problem_responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route: each status with the problem model and its media type."""
    return {
        status: {
            "description": _BY_STATUS[status][1],
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
        for status in statuses
    }


def problem_response(path: str, error: ApiError) -> Response:
    """The reply of a domain error."""
    document = {
        "type": f"urn:tollgate:problem:{error.code}",
        "title": error.title,
        "status": error.status,
        "detail": error.detail,
        "code": error.code,
        "instance": path,
        "request_id": get_contextvars().get("request_id", ""),
        "errors": [vars(field) for field in error.errors],
        **error.extra,
    }
    body = orjson.dumps(document, default=str, option=orjson.OPT_NON_STR_KEYS)
    return Response(body, error.status, error.headers, MEDIA_TYPE)


def install_problem_handlers(app: FastAPI) -> None:
    """Teach an app to answer every failure as a problem."""
    app.add_exception_handler(ApiError, _on_api_error)
    app.add_exception_handler(RequestValidationError, _on_validation_error)
    app.add_exception_handler(HTTPException, _on_http_exception)
    app.add_exception_handler(DBAPIError, _on_database_error)
    app.add_exception_handler(psycopg.Error, _on_database_error)  # of statements on the driver
    app.add_exception_handler(PoolTimeout, _on_database_error)
    app.add_exception_handler(OSError, _on_database_error)
    app.add_exception_handler(ReplayReply, _on_replay)


async def _on_replay(request: Request, exc: Exception) -> Response:
    assert isinstance(exc, ReplayReply)
    return exc.response


async def _on_api_error(request: Request, exc: Exception) -> Response:
    assert isinstance(exc, ApiError)
    return problem_response(request.url.path, exc)


async def _on_http_exception(request: Request, exc: Exception) -> Response:
    assert isinstance(exc, HTTPException)
    code, title = _BY_STATUS.get(exc.status_code, ("http_error", "The request cannot be served"))
    detail = str(exc.detail) or title
    if exc.status_code == 404 and "route" not in request.scope:
        # Most often the URL of another service, or one with a slash too many.
        detail = f"{request.app.title} has no such path; /openapi.json lists those it has"
    error = ApiError(detail, code=code, headers=exc.headers)
    error.status, error.title = exc.status_code, title  # type: ignore[misc]
    return problem_response(request.url.path, error)


async def _on_database_error(request: Request, exc: Exception) -> Response:
    """The database is away, restarting or over its limit: 503. A value it cannot hold: 422."""
    fault = getattr(exc, "orig", exc)
    state = getattr(fault, "sqlstate", None) or ""
    # What the driver itself cannot send, a NUL in a text for example, has no state.
    if state.startswith("22") or (not state and isinstance(fault, psycopg.DataError)):
        message = str(fault).splitlines()[0]
        return problem_response(
            request.url.path, errors.Invalid(f"A value cannot be stored: {message}")
        )
    if state == "23505":
        return problem_response(
            request.url.path,
            errors.Conflict("Another request created the same thing at the same moment"),
        )
    if state == "57014" and "statement timeout" in str(fault):
        return problem_response(request.url.path, _took_too_long())
    if isinstance(exc, DBAPIError | psycopg.Error) and state and not _passing(state):
        raise exc
    log.warning("database_unavailable", sqlstate=state, error=str(exc)[:500])
    return problem_response(
        request.url.path,
        errors.Unavailable(
            "The database cannot serve this now: repeat the request later",
            code="database_unavailable",
            headers={"Retry-After": "1"},
        ),
    )


def _took_too_long() -> ApiError:
    """Other than a database that is away: the same request would end the same way again."""
    return errors.Unavailable(
        "This takes longer than one request may: ask for less, such as fewer periods or services",
        code="took_too_long",
    )


def _passing(sqlstate: str) -> bool:
    """Failures that a later try may not meet: connection, resources, shutdown, deadlock, limit."""
    return sqlstate[:2] in {"08", "53", "57", "58", "40", "55", "25"}


async def _on_validation_error(request: Request, exc: Exception) -> Response:
    assert isinstance(exc, RequestValidationError)
    return problem_response(request.url.path, _validation_error(request, exc.errors(), exc.body))


def _validation_error(request: Request, found: Any, sent: Any) -> ApiError:
    in_path = [error for error in found if error["loc"][:1] == ("path",)]
    if in_path:
        # A malformed identifier names nothing that could exist.
        return errors.NotFound(_nothing_there(in_path[0]))
    places = [error["loc"] for error in found]
    if any(error["type"] == "json_invalid" for error in found):
        return errors.BadRequest("The body is not valid JSON", code="unparsable")
    if ("body",) in places and request.headers.get("content-length", "0") != "0":
        media = request.headers.get("content-type", "").split(";")[0].strip().lower()
        if media != "application/json" and not media.endswith("+json"):
            return errors.UnsupportedMedia("Send the body as application/json")
    fields = [FieldError(_pointer(error, sent), _message(error), error["type"]) for error in found]
    detail = "; ".join(f"{field.pointer or 'body'}: {field.detail}" for field in fields[:3])
    return errors.Invalid(detail, errors=fields)


def _nothing_there(error: Any) -> str:
    if error["type"] != "enum":
        return "There is nothing at this path"
    return f"There is no {error['loc'][-1]} {error['input']}: it is {error['ctx']['expected']}"


def _message(error: Any) -> str:
    if error["type"] == "missing" and error["loc"] == ("body",):
        return "send a JSON object or list, {} where none of its fields is needed"
    if error["type"] == _NO_TAG:
        return "Field required: it says which form this has"
    message = str(error["msg"]).removeprefix("Value error, ")
    if error["type"] == _BAD_TAG:
        message = f"Input should be one of {error['ctx']['expected_tags']}"
    # Members of an enumeration are told as Python writes them.
    return _MEMBER.sub(r"\1", message)


def _pointer(error: Any, sent: Any) -> str:
    """RFC 6901 pointer: /name in the body, /query/name and /header/name elsewhere."""
    place: tuple[str | int, ...] = error["loc"]
    if place[-1:] == (_A_KEY,):  # no pointer leads to a name: to what stands there
        place = place[:-1]
    if error["type"] in {_NO_TAG, _BAD_TAG}:
        place = (*place, error["ctx"]["discriminator"].strip("'"))
    parts: Iterable[str | int] = place
    if place and place[0] == "body":
        missing = error["type"] in {"missing", _NO_TAG}
        parts = _without_tags(place[1:], sent, missing=missing)
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in parts)


def _without_tags(place: tuple[str | int, ...], sent: Any, *, missing: bool) -> Iterator[str | int]:
    """The way through the body that was sent; `missing`: its last step is not there.

    Of a tagged union Pydantic also names the member that it looked at, by the tag: that is no
    field of the object there, but what one of its fields says.
    """
    here = sent
    for n, part in enumerate(place, 1):
        absent = isinstance(here, Mapping) and part not in here
        if absent and part in here.values() and not (missing and n == len(place)):
            continue
        yield part
        here = _inside(here, part)


def _inside(here: Any, part: str | int) -> Any:
    if isinstance(here, Mapping):
        return here.get(part)
    if isinstance(here, list) and isinstance(part, int) and part < len(here):
        return here[part]
    return None


def describe_problems(contract: dict[str, Any]) -> None:
    """Put the problem model into an OpenAPI document, in place of FastAPI's own 422, and say what
    the plumbing answers wherever there is a body, a key that makes repeating safe, or a caller."""
    schemas = contract.setdefault("components", {}).setdefault("schemas", {})
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    model = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(model.pop("$defs", {}))
    schemas["Problem"] = model
    for path in contract.get("paths", {}).values():
        for operation in path.values():
            for status in _answered_by_the_plumbing(operation):
                if str(status) == "422" or str(status) not in operation["responses"]:
                    operation["responses"].update(
                        {str(k): v for k, v in problem_responses(status).items()}
                    )
            operation["responses"] = dict(sorted(operation["responses"].items()))


def _answered_by_the_plumbing(operation: dict[str, Any]) -> list[int]:
    parameters = operation.get("parameters", ())
    body = operation.get("requestBody", {}).get("content", {})
    return [
        *(400, 422, 500, 503),
        *((401, 403) if operation.get("security") else ()),
        *((404,) if any(one["in"] == "path" for one in parameters) else ()),
        *((409,) if any(one["name"] == "Idempotency-Key" for one in parameters) else ()),
        *((413, 415) if "application/json" in body else ()),
    ]


def unexpected_problem(scope: Scope, exc: Exception) -> Response:
    """A defect of ours: logged with its trace, answered without it."""
    log.error("unexpected_error", exc_info=exc)
    return problem_response(
        scope["path"],
        ApiError("The service failed unexpectedly; the request id helps us find out"),
    )

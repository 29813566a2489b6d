"""ETag and If-Match over a row's version number (RFC 9110, 8.8.3 and 13.1.1).

What is changed by no `If-Match` is tagged by what its reply says.
"""

import re
from collections.abc import Collection
from hashlib import sha256
from typing import Annotated, Any

from fastapi import Depends, Header, Response

from shared.errors import BadRequest, PreconditionRequired, Stale
from shared.kit.contract import operations_of

ANY_VERSION = -1
DEMANDED = "ETag of the version that is being changed, or *"
ETAG_HEADER = {
    "ETag": {
        "description": "The version there is, to be sent as `If-Match` where that is demanded",
        "schema": {"type": "string", "examples": ['"3"']},
    }
}
"""In OpenAPI's `headers` of a reply."""
_TAG = re.compile(r'^(?:W/)?"(\d{1,18})"$')


def etag(version: int) -> str:
    """The entity tag of a row version."""
    return f'"{version}"'


def set_etag(response: Response, version: int) -> None:
    """Tell the caller which version it was given."""
    response.headers["ETag"] = etag(version)


def is_single(path: str) -> bool:
    """Whether a path is that of one resource: the last part of it names which."""
    return path.endswith("}")


def content_tag(content: bytes) -> str:
    """The entity tag of what a reply says."""
    return f'"{sha256(content).hexdigest()[:32]}"'


def tag_content(response: Response) -> None:
    """Tag a reply that has no version of a row by what it says."""
    if response.status_code == 200 and "ETag" not in response.headers:
        response.headers["ETag"] = content_tag(bytes(response.body))


async def if_match(
    tag: Annotated[
        str | None,
        Header(alias="If-Match", description=DEMANDED),
    ] = None,
) -> int:
    """The version the caller read; 428 without the header, 400 when it is no tag of ours."""
    if tag is None:
        raise PreconditionRequired("Send If-Match with the ETag of the version you read")
    if tag.strip() == "*":
        return ANY_VERSION
    found = _TAG.match(tag.strip())
    if found is None:
        raise BadRequest(
            'If-Match must be an ETag such as "3"', code="bad_etag", pointer="/header/if-match"
        )
    return int(found.group(1))


IfMatch = Annotated[int, Depends(if_match)]


def check_version(expected: int, actual: int) -> None:
    """Refuse a change that was made on another version (412)."""
    if expected not in (ANY_VERSION, actual):
        raise Stale(
            "The resource has changed since you read it: read it again and repeat the change",
            headers={"ETag": etag(actual)},
        )


def tells_etag(status: int = 200) -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route that tells a tag which no change demands."""
    return {status: {"headers": ETAG_HEADER}}


def describe_etags(contract: dict[str, Any]) -> None:
    """Say in an OpenAPI document that `if_match` is demanded, and which replies tell the tag: all
    of a model of which one does, be it read, made or changed, and every read of a single thing.

    To FastAPI it is optional: a request without it is a 428, not one malformed.
    """
    for path in contract["paths"].values():
        demanding = [operation for operation in path.values() if _demanded(operation)]
        _tell(*demanding, *(path[method] for method in path if demanding and method == "get"))
    tagged = {
        _model(reply)
        for operation in operations_of(contract)
        for reply in _replies(operation)
        if "ETag" in reply.get("headers", {})
    }
    for operation in operations_of(contract):
        _tell(operation, of=tagged - {None})
    _tell(
        *(path["get"] for at, path in contract["paths"].items() if is_single(at) and "get" in path)
    )


def _demanded(operation: dict[str, Any]) -> bool:
    demands = [one for one in operation.get("parameters", ()) if one["name"] == "If-Match"]
    for parameter in demands:
        if parameter["description"] == DEMANDED:
            parameter |= {"required": True, "schema": {"type": "string", "examples": ['"3"']}}
    return bool(demands)


def _replies(operation: dict[str, Any]) -> list[dict[str, Any]]:
    """Of success, with something in them."""
    replies = operation["responses"].items()
    return [reply for status, reply in replies if status < "300" and "content" in reply]


def _model(reply: dict[str, Any]) -> str | None:
    """None where it is no JSON, or JSON of another kind than an object."""
    schema = reply["content"].get("application/json", {}).get("schema", {})
    return schema.get("$ref") or None


def _tell(*operations: dict[str, Any], of: Collection[str | None] | None = None) -> None:
    """That their replies have a tag, those of these models only; and what refuses another tag."""
    for operation in operations:
        for reply in _replies(operation):
            if of is None or _model(reply) in of:
                reply.setdefault("headers", {}).update(ETAG_HEADER)
        if "412" in operation["responses"]:
            operation["responses"]["412"]["headers"] = ETAG_HEADER

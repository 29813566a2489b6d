"""ETag and If-Match over a row's version number (RFC 9110, 8.8.3 and 13.1.1)."""

import re
from typing import Annotated, Any

from fastapi import Depends, Header, Response

from shared.errors import BadRequest, PreconditionRequired, Stale

ANY_VERSION = -1
DEMANDED = "ETag of the version that is being changed, or *"
_TAG = re.compile(r'^(?:W/)?"(\d{1,18})"$')


def etag(version: int) -> str:
    """The entity tag of a row version."""
    return f'"{version}"'


def set_etag(response: Response, version: int) -> None:
    """Tell the caller which version it was given."""
    response.headers["ETag"] = etag(version)


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


def describe_etags(contract: dict[str, Any]) -> None:
    """Say in an OpenAPI document that `if_match` is demanded, and which reads tell the tag.

    To FastAPI it is optional: a request without it is a 428, not one malformed.
    """
    for path in contract["paths"].values():
        demands = [
            parameter
            for operation in path.values()
            for parameter in operation.get("parameters", ())
            if parameter["name"] == "If-Match"
        ]
        for parameter in demands:
            if parameter["description"] == DEMANDED:
                parameter |= {"required": True, "schema": {"type": "string", "examples": ['"3"']}}
        if demands and "get" in path:
            path["get"]["responses"]["200"]["headers"] = {
                "ETag": {
                    "description": "The version that was read, for If-Match",
                    "schema": {"type": "string"},
                }
            }

"""Events of another of our services: CloudEvents in Standard Webhooks signing, read and checked."""

from collections.abc import Iterable
from typing import Any, TypeVar

import orjson
from fastapi import Request
from pydantic import AfterValidator, BaseModel, SecretStr, ValidationError

from shared.errors import FieldError, Invalid
from shared.kit.webhooks import BATCH_MEDIA_TYPE, MEDIA_TYPE, verify_events

Told = TypeVar("Told", bound=BaseModel)

_EVENT: dict[str, Any] = {"type": "object", "description": "CloudEvents 1.0, structured mode"}
_BATCH: dict[str, Any] = {"type": "array", "items": _EVENT, "description": "CloudEvents 1.0, batch"}
EVENTS_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {MEDIA_TYPE: {"schema": _EVENT}, BATCH_MEDIA_TYPE: {"schema": _BATCH}},
    }
}
"""`openapi_extra` of an operation that receives them, one by one or in batches."""


def _storable_json(value: Any) -> Any:
    """What jsonb can hold: no NUL in any string, nothing nested beyond reason."""
    try:
        written = orjson.dumps(value)
    except orjson.JSONEncodeError:
        raise ValueError("is nested too deeply") from None
    if rb"\u0000" in written.replace(rb"\\", b""):
        raise ValueError("must not contain NUL characters")
    return value


StorableJson = AfterValidator(_storable_json)


async def read_events(
    request: Request, secrets: Iterable[SecretStr | None], model: type[Told]
) -> dict[str, Told]:
    """The event in a request or the batch of them, each by the JSON pointer to it in the body.

    It is signed with one of the secrets: two are valid while they rotate. Raises Forbidden (403)
    on a bad signature, Invalid (422) when one is no `model`.
    """
    sent = verify_events(request.headers, await request.body(), _keys(secrets))
    return {place: checked(model, event, place) for place, event in sent.items()}


def _keys(secrets: Iterable[SecretStr | None]) -> list[str]:
    return [secret.get_secret_value() for secret in secrets if secret is not None]


def checked(model: type[Told], value: Any, place: str) -> Told:
    """The value as a `model`; Invalid with pointers below `place` when it is none."""
    try:
        return model.model_validate(value)
    except ValidationError as error:
        fields = [
            FieldError(place + "".join(f"/{step}" for step in found["loc"]), found["msg"])
            for found in error.errors()
        ]
        raise Invalid("The event is not one that this service knows", errors=fields) from None

"""Domain errors with their HTTP status; one handler turns each into RFC 9457 problem+json.

ApiError
├── BadRequest 400          ├── Stale 412
├── Unauthorized 401        ├── TooLarge 413
├── Forbidden 403           ├── UnsupportedMedia 415
├── NotFound 404            ├── Invalid 422
├── Conflict 409            ├── PreconditionRequired 428
├── TooManyRequests 429     └── Unavailable 503
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar


@dataclass(frozen=True)
class FieldError:
    """One bad field: `pointer` is an RFC 6901 JSON pointer into the request body.

    A bad query or header parameter points at `/query/<name>` or `/header/<name>`.
    """

    pointer: str
    detail: str
    code: str = "invalid"


class ApiError(Exception):
    """The request cannot be served; `detail` tells the caller why and what to do."""

    status: ClassVar[int] = 500
    code: str = "internal_error"
    title: ClassVar[str] = "Internal error"

    def __init__(
        self,
        detail: str,
        *,
        code: str | None = None,
        pointer: str | None = None,
        errors: Sequence[FieldError] = (),
        headers: Mapping[str, str] | None = None,
        **extra: Any,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        if code is not None:
            self.code = code
        self.errors = list(errors)
        if pointer is not None:
            self.errors.append(FieldError(pointer, detail, self.code))
        self.headers = dict(headers or {})
        self.extra = extra


class BadRequest(ApiError):
    """The request cannot be parsed."""

    status = 400
    code = "bad_request"
    title = "The request cannot be parsed"


class Unauthorized(ApiError):
    """No valid credentials were sent."""

    status = 401
    code = "unauthorized"
    title = "Valid credentials are needed"


class Forbidden(ApiError):
    """The caller is known and may not do this."""

    status = 403
    code = "forbidden"
    title = "Not allowed"


class NotFound(ApiError):
    """There is no such thing, or the caller may not know of it."""

    status = 404
    code = "not_found"
    title = "Not found"


class Conflict(ApiError):
    """The state of the resource, or a rule of the domain, does not allow this now."""

    status = 409
    code = "conflict"
    title = "The present state does not allow this"


class Stale(ApiError):
    """The resource changed since the caller read it."""

    status = 412
    code = "stale"
    title = "The resource has changed since it was read"


class TooLarge(ApiError):
    """The body is larger than this operation accepts."""

    status = 413
    code = "too_large"
    title = "The body is too large"


class UnsupportedMedia(ApiError):
    """The media type or encoding of the body is not accepted here."""

    status = 415
    code = "unsupported_media_type"
    title = "The media type is not accepted"


class Invalid(ApiError):
    """The request was parsed and a field of it is malformed."""

    status = 422
    code = "invalid"
    title = "The request is malformed"


class PreconditionRequired(ApiError):
    """The change demands If-Match."""

    status = 428
    code = "precondition_required"
    title = "If-Match is required"


class TooManyRequests(ApiError):
    """The caller exceeds its rate."""

    status = 429
    code = "too_many_requests"
    title = "Too many requests"


class Unavailable(ApiError):
    """Something this operation needs cannot be reached now."""

    status = 503
    code = "unavailable"
    title = "Temporarily unavailable"

"""Who may deliver to a source, what names a delivery, what is kept of its head. Pure."""

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import orjson

from metrics_api.sources.signatures import (
    TOKEN_HEADER,
    BadSignature,
    Scheme,
    Signing,
    challenge_answer,
    verify,
)
from metrics_api.sources.tools.forms import ToolConfig, fold
from metrics_api.sources.tools.mapping import field_mapping
from metrics_api.sources.tools.registry import tool_of
from metrics_api.sources.tools.tool import Tool

_API_KEY = re.compile(r"tgk_([A-Za-z0-9-]{1,64})_([A-Za-z0-9_-]{16,128})", re.ASCII)
_ESCAPED_NUL = re.compile(rb"(?<!\\)((?:\\\\)*)\\u0000")
_MAC = re.compile(r"[0-9a-f]{64}")
_CHALLENGE = "validate_cra_challenge"
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)
_KEPT_HEADERS, _KEPT_LENGTH, _KEY_LENGTH = 30, 300, 200
_SECRET_WORDS = ("secret", "token", "key", "auth", "password", "cookie")
_SECRET_SCHEMES = frozenset({Scheme.SECRET_HEADER, Scheme.BEARER, Scheme.BASIC, Scheme.URL_TOKEN})

Headers = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Inlet:
    """A source as deliveries need it; `secrets` are those not revoked, each with its expiry."""

    id: int
    key: str
    active: bool
    tool: Tool
    signing: Signing
    config: ToolConfig
    secrets: tuple[tuple[str, datetime | None], ...]
    api_keys: Mapping[str, bytes]

    def valid_secrets(self, now: datetime) -> list[str]:
        return [secret for secret, until in self.secrets if until is None or until > now]


def inlet_of(
    row: Mapping[str, Any],
    signing: Signing,
    secrets: tuple[tuple[str, datetime | None], ...],
    api_keys: Mapping[str, bytes],
) -> Inlet:
    """Of a row of sources with its secrets and keys."""
    config = ToolConfig(
        received_at=_NEVER,
        timezone=ZoneInfo(row["timezone"]) if row["timezone"] else None,
        kinds={fold(words): kind for words, kind in row["kind_mapping"].items()},
        record_kind=row["record_kind"],
        mapping=field_mapping(row["field_mapping"]),
    )
    tool = tool_of(row["kind"])
    return Inlet(row["id"], row["key"], row["active"], tool, signing, config, secrets, api_keys)


def prove(inlet: Inlet, headers: Headers, body: bytes, now: datetime) -> None:
    """Raises BadSignature unless the delivery is the tool's own, or by an API key of the source."""
    presented = headers.get("x-api-key") or _bearer(headers)
    if presented is not None and presented.startswith("tgk_"):
        if not _holds_key(inlet, presented.strip()):
            raise BadSignature("The API key is not one of this source", "bad_api_key")
        return
    secrets = inlet.valid_secrets(now)
    if not secrets:
        raise BadSignature("the source has no valid secret: add one", "no_secret")
    verify(inlet.signing, headers, body, secrets, now)


def _bearer(headers: Headers) -> str | None:
    scheme, _, credentials = headers.get("authorization", "").partition(" ")
    return credentials.strip() if scheme.lower() == "bearer" else None


def _holds_key(inlet: Inlet, presented: str) -> bool:
    parts = _API_KEY.fullmatch(presented)
    if parts is None:
        return False
    key_id, secret = parts.groups()
    stored = inlet.api_keys.get(key_id, b"")
    return hmac.compare_digest(hashlib.sha256(secret.encode()).digest(), stored)


def answer_to_challenge(inlet: Inlet, token: str, now: datetime) -> str | None:
    """What GLPI, asking whether we know its secret, wants to hear; None: nothing.

    Its token is a MAC itself. Nothing else is answered: the answer for a body with its time would
    be the signature of that body.
    """
    secrets = inlet.valid_secrets(now)
    if inlet.signing.scheme is not Scheme.GLPI or not secrets or not _MAC.fullmatch(token):
        return None
    asked_with = (s for s in secrets if hmac.compare_digest(challenge_answer(_CHALLENGE, s), token))
    return challenge_answer(token, next(asked_with, secrets[-1]))


def repeat_key(inlet: Inlet, headers: Headers, payload: Any, body: bytes) -> str:
    """What names this delivery: the tool's own id of it, else the digest of its body."""
    named = inlet.tool.repeat_key(headers, payload)
    if named is None:
        return "sha256:" + hashlib.sha256(body).hexdigest()
    named = named.replace("\x00", "")
    if len(named) > _KEY_LENGTH:
        return "long:" + hashlib.sha256(named.encode()).hexdigest()
    return named


def kept_headers(headers: Headers, signing: Signing) -> dict[str, str]:
    """Heads that help to understand a delivery; none that may hold a secret."""
    hidden = signing.headers[0] if signing.scheme in _SECRET_SCHEMES else TOKEN_HEADER
    kept: dict[str, str] = {}
    for name, value in headers.items():
        ours = name.startswith(("x-", "webhook-", "ce-")) or name in ("user-agent", "content-type")
        secret = name == hidden or any(word in name for word in _SECRET_WORDS)
        if ours and not secret and len(kept) < _KEPT_HEADERS:
            kept[name] = value[:_KEPT_LENGTH].replace("\x00", "")
    return kept


def parsed(body: bytes) -> Any:
    """The JSON of a body, a NUL in it replaced: PostgreSQL's text has none. Raises ValueError."""
    if b"\\u0000" in body:
        body = _ESCAPED_NUL.sub(rb"\1\\ufffd", body)
    return orjson.loads(body)

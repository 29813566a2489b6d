"""Whose signatures we believe: issuers, their keys, and the verification of a bearer token."""

import asyncio
import hashlib
import math
import time
import warnings
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeGuard

import httpx
import orjson
from joserfc import jws, jwt
from joserfc.errors import JoseError, SecurityWarning
from joserfc.jwk import Key, KeySet, KeySetSerialization

from shared.errors import Unauthorized, Unavailable
from shared.kit.logging import logger
from shared.kit.settings import TrustedIssuer
from shared.kit.tls import tls_context

log = logger(__name__)

# "EdDSA" is the older name of Ed25519 (RFC 9864) that most issuers still write.
ALGORITHMS = ["RS256", "PS256", "ES256", "EdDSA", "Ed25519"]
warnings.filterwarnings("ignore", "EdDSA is deprecated", SecurityWarning)

TOKEN_TYPES = ("jwt", "at+jwt", "application/at+jwt")
LEEWAY_SECONDS = 30
KEYS_MAX_AGE_SECONDS = 600
REFETCH_INTERVAL_SECONDS = 10
FILE_CHECK_INTERVAL_SECONDS = 1
VERIFIED_MAX_AGE_SECONDS = 300
VERIFIED_MAX_COUNT = 4096
MAX_SUBJECT_LENGTH = 200


@dataclass(frozen=True)
class VerifiedToken:
    """What a valid token says of its bearer, after the issuer's cap."""

    issuer: str
    subject: str
    is_service: bool
    scopes: frozenset[str]
    roles: frozenset[str]


class JwksSource:
    """The keys of one issuer, from a file (read again when it changes) or a URL (cached)."""

    def __init__(self, location: str, transport: httpx.AsyncBaseTransport | None) -> None:
        self.location = location
        self.generation = 0
        self._transport = transport
        self._remote = location.startswith(("http://", "https://"))
        self._keys: list[Key] = []
        self._file = Path(location)
        self._file_stamp = -1
        self._file_checked_at = -math.inf
        self._fetched_at = -math.inf
        self._tried_at = -math.inf
        self._fetching = asyncio.Lock()

    def notice_changes(self) -> None:
        """Read a key file again if it changed; a withdrawn key counts for a second more."""
        checked = time.monotonic()
        if self._remote or checked - self._file_checked_at < FILE_CHECK_INTERVAL_SECONDS:
            return
        self._file_checked_at = checked
        try:
            stamp = self._file.stat().st_mtime_ns
            if stamp != self._file_stamp:
                self._accept(self._file.read_bytes())
                self._file_stamp = stamp
        except (OSError, ValueError, JoseError) as problem:
            log.warning("jwks_unreadable", jwks=self.location, problem=str(problem))

    async def find(self, kid: str | None) -> Key | None:
        """The key of that id; 503 when no key of this issuer has ever been seen."""
        self.notice_changes()
        if self._remote and time.monotonic() - self._fetched_at > KEYS_MAX_AGE_SECONDS:
            await self._fetch()
        key = self._pick(kid)
        if key is None and self._remote:
            await self._fetch()
            key = self._pick(kid)
        if not self._keys:
            raise Unavailable(
                "The keys of the token's issuer cannot be read now",
                headers={"Retry-After": str(REFETCH_INTERVAL_SECONDS)},
            )
        return key

    def _pick(self, kid: str | None) -> Key | None:
        if kid is None:
            return self._keys[0] if len(self._keys) == 1 else None
        return next((key for key in self._keys if key.kid == kid), None)

    async def _fetch(self) -> None:
        """Ask for the keys, not too often; on failure the old ones stay."""
        async with self._fetching:
            if time.monotonic() - self._tried_at < REFETCH_INTERVAL_SECONDS:
                return
            self._tried_at = time.monotonic()
            try:
                async with httpx.AsyncClient(
                    verify=tls_context(), timeout=httpx.Timeout(3), transport=self._transport
                ) as http:
                    answer = await http.get(self.location)
                answer.raise_for_status()
                self._accept(answer.content)
                self._fetched_at = time.monotonic()
            except (httpx.HTTPError, ValueError, JoseError) as problem:
                log.warning("jwks_unreachable", jwks=self.location, problem=repr(problem))

    def _accept(self, document: bytes) -> None:
        parsed = orjson.loads(document)
        if not isinstance(parsed, dict) or not isinstance(parsed.get("keys"), list):
            raise ValueError("not a JWKS document")
        self._keys = KeySet.import_key_set(KeySetSerialization(keys=parsed["keys"])).keys
        self.generation += 1


@dataclass(frozen=True)
class _Remembered:
    token: VerifiedToken
    source: JwksSource
    generation: int
    until: float


class TokenVerifier:
    """Verifies bearer tokens and remembers the verdict by digest, so that a caller costs once."""

    def __init__(
        self,
        issuers: Iterable[TrustedIssuer],
        audience: str,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._audience = audience
        self._issuers = {
            issuer.issuer: (issuer, JwksSource(issuer.jwks, transport)) for issuer in issuers
        }
        self._remembered: OrderedDict[bytes, _Remembered] = OrderedDict()

    async def verify(self, token: str) -> VerifiedToken:
        """The token's bearer; 401 when it is forged, expired, foreign or not for us."""
        digest = hashlib.sha256(token.encode()).digest()
        known = self._recall(digest)
        if known is not None:
            return known
        try:
            return await self._verify(token, digest)
        except (JoseError, ValueError, TypeError, RecursionError):
            raise invalid_token("The token is malformed or its signature is wrong") from None

    async def _verify(self, token: str, digest: bytes) -> VerifiedToken:
        unverified = jws.extract_compact(token.encode())
        header = unverified.headers()
        if str(header.get("typ", "JWT")).lower() not in TOKEN_TYPES:
            raise invalid_token("This kind of token is no access token")
        issuer, source = self._issuer_of(unverified.payload or b"")
        key = await source.find(header.get("kid"))
        if key is None:
            raise invalid_token("The token is signed with a key its issuer does not publish")
        claims = jwt.decode(token, key, algorithms=ALGORITHMS).claims
        expires = _check_claims(claims, self._audience)
        verified = _bearer(claims, issuer)
        self._remember(digest, verified, source, expires)
        return verified

    def _issuer_of(self, payload: bytes) -> tuple[TrustedIssuer, JwksSource]:
        claims = orjson.loads(payload)
        name = claims.get("iss") if isinstance(claims, dict) else None
        if not isinstance(name, str) or name not in self._issuers:
            raise invalid_token("The token's issuer is not trusted here")
        return self._issuers[name]

    def _recall(self, digest: bytes) -> VerifiedToken | None:
        known = self._remembered.get(digest)
        if known is None:
            return None
        known.source.notice_changes()
        if known.until < time.time() or known.generation != known.source.generation:
            del self._remembered[digest]
            return None
        self._remembered.move_to_end(digest)
        return known.token

    def _remember(
        self, digest: bytes, token: VerifiedToken, source: JwksSource, expires: float
    ) -> None:
        until = min(expires + LEEWAY_SECONDS, time.time() + VERIFIED_MAX_AGE_SECONDS)
        self._remembered[digest] = _Remembered(token, source, source.generation, until)
        if len(self._remembered) > VERIFIED_MAX_COUNT:
            self._remembered.popitem(last=False)


def invalid_token(why: str) -> Unauthorized:
    """401 as RFC 6750 section 3.1 has it; `why` must be plain ASCII."""
    challenge = f'Bearer realm="tollgate", error="invalid_token", error_description="{why}"'
    return Unauthorized(why, code="invalid_token", headers={"WWW-Authenticate": challenge})


def _check_claims(claims: dict[str, Any], audience: str) -> float:
    """Audience and times of RFC 7519 section 4.1; answers `exp`, in seconds since 1970."""
    named = claims.get("aud")
    if audience not in (named if isinstance(named, list) else [named]):
        raise invalid_token("The token is meant for another audience")
    now = time.time()
    expires = _seconds(claims, "exp", missing=-math.inf)
    if not now < expires + LEEWAY_SECONDS:
        raise invalid_token("The token has expired")
    for claim in ("nbf", "iat"):
        if not _seconds(claims, claim, missing=now) <= now + LEEWAY_SECONDS:
            raise invalid_token("The token is not valid yet")
    return expires


def _seconds(claims: dict[str, Any], name: str, *, missing: float) -> float:
    value = claims.get(name, missing)
    if isinstance(value, bool) or not isinstance(value, int | float) or math.isnan(value):
        raise invalid_token(f"The claim {name} must be a number")
    return min(max(value, -1e15), 1e15)


def _bearer(claims: dict[str, Any], issuer: TrustedIssuer) -> VerifiedToken:
    """Who the claims say it is, within what this issuer may say.

    An issuer pinned to a subject is a machine's own key: its cap is its grant where the token
    names no scope, and it cannot give itself a person's roles.
    """
    subject = claims.get("sub")
    if not is_subject(subject):
        raise invalid_token("The token names no usable subject")
    if issuer.subject not in (None, subject):
        raise invalid_token("This issuer may not speak for that subject")
    if any(claims.get(name) != value for name, value in issuer.claims.items()):
        raise invalid_token("The token lacks a claim that is demanded of its issuer")
    scope = claims.get("scope")
    named = frozenset(scope.split()) if isinstance(scope, str) else frozenset()
    if issuer.scopes is not None:
        named = issuer.scopes if scope is None else named & issuer.scopes
    roles = claims.get("roles")
    pinned = issuer.subject is not None
    return VerifiedToken(
        issuer=issuer.issuer,
        subject=subject,
        is_service=pinned or claims.get("client_id") == subject,
        scopes=named,
        roles=frozenset()
        if pinned
        else frozenset(filter(is_subject, roles if isinstance(roles, list) else [])),
    )


def is_subject(value: object) -> TypeGuard[str]:
    """Whether a name can be stored and shown: 1 to 200 printable characters."""
    return isinstance(value, str) and 0 < len(value) <= MAX_SUBJECT_LENGTH and value.isprintable()

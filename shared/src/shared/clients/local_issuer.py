"""Signing of access tokens with a private JWK in a file: local issuer and own identities."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import orjson
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import JWKRegistry, Key

LOCAL_ISSUER = "urn:tollgate:local"
AUDIENCE = "tollgate"
_ALGORITHMS = {"OKP": "Ed25519", "EC": "ES256", "RSA": "RS256"}


def load_private_key(key_file: Path) -> Key:
    """The private key in a JWK file; OSError or ValueError say what is wrong with it."""
    try:
        key = JWKRegistry.import_key(orjson.loads(key_file.read_bytes()))
    except JoseError as error:
        raise ValueError(f"{key_file} holds no JWK: {error}") from error
    if key.key_type not in _ALGORITHMS or not key.is_private:
        raise ValueError(f"{key_file} holds no private Ed25519, P-256 or RSA key")
    key.ensure_kid()
    return key


def sign_token(key: Key, claims: dict[str, Any], ttl: timedelta) -> str:
    """A JWT of these claims that is valid from now on for `ttl`."""
    issued = datetime.now(UTC)
    algorithm = _ALGORITHMS[key.key_type]
    header = {"alg": algorithm, "kid": key.kid, "typ": "at+jwt"}
    stamps = {
        "iat": int(issued.timestamp()),
        "exp": int((issued + ttl).timestamp()),
        "jti": str(uuid4()),
    }
    return jwt.encode(header, {**claims, **stamps}, key, algorithms=[algorithm])


def sign_local_token(  # noqa: PLR0913 - the claims of the token, by name
    key_file: Path,
    subject: str,
    roles: Iterable[str],
    scopes: Iterable[str],
    ttl: timedelta,
    *,
    issuer: str = LOCAL_ISSUER,
    audience: str = AUDIENCE,
) -> str:
    """A token of the local issuer: who can read its key file may be anybody."""
    claims = {
        "iss": issuer,
        "sub": subject,
        "aud": audience,
        "roles": sorted(roles),
        "scope": " ".join(sorted(scopes)),
    }
    return sign_token(load_private_key(key_file), claims, ttl)

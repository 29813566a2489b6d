"""Tokens of the local issuer: what an identity provider does for the embedded default."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

ISSUER = "urn:tollgate:local"
AUDIENCE = "tollgate"
ALGORITHM = "Ed25519"


def sign_token(
    key_file: Path,
    subject: str,
    *,
    scopes: Sequence[str],
    roles: Sequence[str] = (),
    lifetime: timedelta = timedelta(hours=1),
) -> str:
    """A JWT (RFC 7519) for `subject`, signed with the private JWK in `key_file`.

    Raises OSError where the file cannot be read, ValueError where it holds no private key.
    """
    try:
        key = OKPKey.import_key(json.loads(key_file.read_bytes()))
    except (JoseError, TypeError, ValueError) as error:
        raise ValueError("it holds no Ed25519 key as JWK") from error
    if not key.is_private:
        raise ValueError("it holds no private key")
    issued = datetime.now(UTC)
    claims = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": subject,
        "iat": int(issued.timestamp()),
        "exp": int((issued + lifetime).timestamp()),
        "scope": " ".join(scopes),
        "roles": list(roles),
    }
    header = {"alg": ALGORITHM, "kid": key.kid} if key.kid else {"alg": ALGORITHM}
    return jwt.encode(header, claims, key, algorithms=[ALGORITHM])

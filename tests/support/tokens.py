"""An issuer for tests: its key lives in the test, services are told to trust it."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from joserfc.jwk import OKPKey

from shared.clients.local_issuer import AUDIENCE, sign_token
from shared.kit.settings import TrustedIssuer
from shared.scopes import SCOPES

ISSUER = "urn:tollgate:test"


@dataclass(frozen=True)
class Issuer:
    """Signs tokens that a service with `trusted` in its settings accepts."""

    key: OKPKey
    trusted: TrustedIssuer

    def make_token(
        self,
        subject: str = "somebody",
        scopes: Iterable[str] = tuple(SCOPES),
        roles: Iterable[str] = (),
        *,
        valid_for: timedelta = timedelta(hours=1),
    ) -> str:
        """Sign a token; a negative `valid_for` gives one that has expired."""
        claims = {
            "iss": ISSUER,
            "sub": subject,
            "aud": AUDIENCE,
            "scope": " ".join(scopes),
            "roles": list(roles),
        }
        return sign_token(self.key, claims, valid_for)


def make_issuer(directory: Path) -> Issuer:
    """Create an issuer; its public keys are written to `directory`."""
    key = OKPKey.generate_key("Ed25519", {"use": "sig"}, auto_kid=True)
    jwks = directory / "test-issuer.jwks.json"
    jwks.write_text(json.dumps({"keys": [key.as_dict(private=False)]}))
    return Issuer(key, TrustedIssuer(issuer=ISSUER, jwks=str(jwks)))

"""The key that signs decisions, and all public keys that anyone may verify them with."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import orjson
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, OKPKey

from improvement_api.decisions.rules import STATEMENT_TYPE
from improvement_api.settings import Settings
from shared.errors import Unavailable

ALGORITHM = "Ed25519"  # RFC 9864; "EdDSA" is its deprecated, ambiguous name


@dataclass(frozen=True)
class DecisionKeys:
    """`signing` is absent where this service was given no key: then it cannot decide."""

    issuer: str
    signing: OKPKey | None
    retired: tuple[dict[str, Any], ...]

    def sign(self, claims: Mapping[str, Any]) -> str:
        """The compact JWS (RFC 7515) of a decision; 503 without a key."""
        if self.signing is None:
            raise Unavailable(
                "This service has no key to sign decisions with: set IMPROVEMENT_DECISION_KEY_FILE",
                code="decision_key_missing",
            )
        header = {"alg": ALGORITHM, "kid": self.signing.kid, "typ": STATEMENT_TYPE}
        payload = orjson.dumps({"iss": self.issuer, **claims})
        return jws.serialize_compact(header, payload, self.signing, algorithms=[ALGORITHM])

    def read(self, statement: str) -> dict[str, Any]:
        """The claims of a statement that one of our keys has signed; ValueError says why not."""
        try:
            signed = jws.deserialize_compact(statement, self._key_set, [ALGORITHM])
            claims = orjson.loads(signed.payload)
        except (JoseError, ValueError, KeyError, TypeError) as error:
            raise ValueError(f"no key of ours, former ones included, has signed it: {error}") from (
                error
            )
        if signed.headers().get("typ") != STATEMENT_TYPE or not isinstance(claims, dict):
            raise ValueError("what is signed is no decision")
        return claims

    @cached_property
    def _key_set(self) -> KeySet:
        return KeySet.import_key_set({"keys": self.public()})

    def public(self) -> list[dict[str, Any]]:
        """The public keys, the present one first; former ones stay for the decisions they made."""
        return [*([] if self.signing is None else [_public(self.signing)]), *self.retired]


def load_keys(settings: Settings) -> DecisionKeys:
    """Read the key files; OSError or ValueError say what is wrong with one."""
    signing = None
    if settings.decision_key_file is not None:
        signing = _private_key(settings.decision_key_file)
    retired: tuple[dict[str, Any], ...] = ()
    if settings.retired_decision_keys_file is not None:
        document = orjson.loads(settings.retired_decision_keys_file.read_bytes())
        # Imported and written again: a private part that was left in it is never published.
        retired = tuple(_public(key) for key in KeySet.import_key_set(document).keys)
    return DecisionKeys(settings.decision_issuer, signing, retired)


def _private_key(file: Path) -> OKPKey:
    key = OKPKey.import_key(orjson.loads(file.read_bytes()))
    if not key.is_private or key.curve_name != "Ed25519":
        raise ValueError(f"{file} holds no private Ed25519 key")
    key.ensure_kid()
    return key


def _public(key: Any) -> dict[str, Any]:
    key.ensure_kid()
    return {**key.as_dict(private=False), "use": "sig"}

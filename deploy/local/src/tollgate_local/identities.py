"""The signing keys of one installation: a local issuer, each service, and gate decisions.

NAME.jwk is private (mode 0600), NAME.jwks.json is what others verify with.
"""

import json
from pathlib import Path

from joserfc.jwk import OKPKey

from tollgate_local.secret_store import write_private

LOCAL_ISSUER = "local-issuer"
DECISIONS = "decisions"
SERVICES = ("catalog-api", "metrics-api", "improvement-api")


def ensure_identities(directory: Path) -> None:
    """Create the keys that do not exist yet; existing ones are never replaced."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name in (LOCAL_ISSUER, DECISIONS, *SERVICES):
        if not private_key(directory, name).exists():
            key = OKPKey.generate_key("Ed25519", {"use": "sig"}, auto_kid=True)
            write_private(private_key(directory, name), json.dumps(key.as_dict(private=True)))
        key = OKPKey.import_key(json.loads(private_key(directory, name).read_text()))
        published = json.dumps({"keys": [key.as_dict(private=False)]})
        if _text(public_keys(directory, name)) != published:
            write_private(public_keys(directory, name), published)


def private_key(directory: Path, name: str) -> Path:
    return directory / f"{name}.jwk"


def public_keys(directory: Path, name: str) -> Path:
    return directory / f"{name}.jwks.json"


def _text(file: Path) -> str | None:
    return file.read_text() if file.exists() else None

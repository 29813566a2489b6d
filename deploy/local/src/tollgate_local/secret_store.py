"""Generated passwords and secrets of one installation, kept in a file only its owner may read."""

import base64
import json
import os
import secrets
from collections.abc import Iterable, Mapping
from pathlib import Path

from tollgate_local.errors import SetupError

PASSWORDS = ("postgres", "tollgate_catalog", "tollgate_metrics", "tollgate_improvement")
WEBHOOKS = ("catalog_to_metrics", "metrics_to_improvement")


def load_secrets(file: Path) -> Mapping[str, str]:
    """Return every secret by name; what is missing is generated and written first."""
    known = _read(file)
    fresh = {name: secrets.token_urlsafe(32) for name in _missing(PASSWORDS, known)}
    fresh |= {name: _webhook_secret() for name in _missing(WEBHOOKS, known)}
    if fresh:
        known |= fresh
        write_private(file, json.dumps(known, indent=2) + "\n")
    return known


def write_private(file: Path, text: str) -> None:
    """Replace a file at once and readable by its owner only, so that no reader sees half of it."""
    partial = file.with_name(file.name + ".partial")
    partial.unlink(missing_ok=True)
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as output:
        output.write(text)
        output.flush()
        os.fsync(output.fileno())
    partial.rename(file)


def _read(file: Path) -> dict[str, str]:
    try:
        known = json.loads(file.read_text())
    except FileNotFoundError:
        return {}
    except ValueError:
        known = None
    if not isinstance(known, dict):
        raise SetupError(f"{file} is not readable JSON: restore it, or set DATA_DIR elsewhere.")
    return known


def _missing(names: Iterable[str], known: Mapping[str, str]) -> list[str]:
    return [name for name in names if name not in known]


def _webhook_secret() -> str:
    # The form of Standard Webhooks: 24 to 64 random bytes.
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()

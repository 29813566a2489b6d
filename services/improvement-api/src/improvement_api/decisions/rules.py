"""What a decision states, how the log is chained, and what the catalog's answer means."""

import hashlib
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

import rfc8785

STATEMENT_TYPE = "tollgate-decision+jwt"
FIRST_PREV_HASH = "0" * 64


class DeliveryState(StrEnum):
    """Whether the stage was moved: not yet, done, or never (the catalog refused)."""

    PENDING = "pending"
    APPLIED = "applied"
    REFUSED = "refused"


def canonical(entry: Mapping[str, Any]) -> str:
    """The RFC 8785 text of a log entry, which is what its hash covers."""
    return rfc8785.dumps(dict(entry)).decode()


def chained_hash(prev_hash: str, entry: str) -> str:
    """SHA-256, in hex, of the hash before (64 hex digits) followed by the entry's text."""
    return hashlib.sha256((prev_hash + entry).encode()).hexdigest()

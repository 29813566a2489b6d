"""What can be issued, and how large it may be. Pure."""

from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from typing import Final

MOST_ROWS: Final = 1_000
"""A page of a thousand services has some seventy charts, which take seconds to draw."""
MOST_BYTES: Final = 20_000_000
"""Of one document."""


class ReportKind(StrEnum):
    PERFORMANCE = "performance"
    QUALITY_AND_COST = "quality_and_cost"


@dataclass(frozen=True)
class Document:
    """One form of a report, as it is kept."""

    format: str
    media_type: str
    body: bytes

    @property
    def sha256(self) -> bytes:
        return sha256(self.body).digest()


def hash_tag(digest: bytes) -> str:
    """The entity tag of what never changes: the hash of its bytes."""
    return f'"{digest.hex()}"'

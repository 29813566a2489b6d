"""What a tool's module offers. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from metrics_api.sources.signatures import Scheme, Signing, verify
from metrics_api.sources.tools.forms import Read, ToolConfig

Headers = Mapping[str, str]
"""Names in lower case."""


@dataclass(frozen=True, slots=True)
class Tool:
    """One kind of source. `states` and `priorities` are keyed by folded words.

    `repeat_key` names a delivery, so that a repeat of it is known; None: by the body's digest.
    """

    kind: str
    name: str
    delivery: str
    signing: Signing
    normalise: Callable[[Any, ToolConfig], Read]
    repeat_key: Callable[[Headers, Any], str | None]
    guide: str
    mapping_root: str
    states: Mapping[str, str] = field(default_factory=dict)
    priorities: Mapping[str, int] = field(default_factory=dict)
    schemes: tuple[Scheme, ...] = ()

    def verify(self, headers: Headers, body: bytes, secrets: Sequence[str], now: datetime) -> None:
        """Raises signatures.BadSignature; by the tool's own scheme."""
        verify(self.signing, headers, body, secrets, now)

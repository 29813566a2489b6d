"""Which service a name in a tool's words means. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from metrics_api.sources.rules import SourceRules, folded

RESOLVE_JOB = "resolve_references"


@dataclass(frozen=True, slots=True)
class Directory:
    """What ingest keeps in memory: the sources, and what names mean, as of a revision.

    `names` is keyed by (source key or None for any source, folded name).
    """

    revision: int
    sources: Mapping[str, SourceRules]
    names: Mapping[tuple[str | None, str], str]
    by_id: Mapping[int, SourceRules] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_id", {rules.id: rules for rules in self.sources.values()})

    def service_of(self, source: str, name: str | None) -> str | None:
        """The service a name means to a source; its own references stand above general ones."""
        if name is None:
            return None
        words = folded(name)
        return self.names.get((source, words)) or self.names.get((None, words))


@dataclass(slots=True)
class Memory:
    """Where a process keeps its directory, and when it last asked for names it does not know."""

    directory: Directory = Directory(-1, {}, {})
    asked_at: dict[tuple[int, str], float] = field(default_factory=dict)

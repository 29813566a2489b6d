"""Which service a name in a tool's words means. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from metrics_api.clocks.promises import NOTHING_PROMISED, Terms
from metrics_api.incidents.rules import Knowledge
from metrics_api.sources.rules import CATALOG_SOURCE, SourceRules, folded

RESOLVE_JOB = "resolve_references"
FOLLOW_WORDS_JOB = "follow_words"
"""To be enqueued when copies of vendor products or customers changed; it runs every minute too."""
Name = tuple[str | None, str]
"""A source's key, or None for any source, and folded words."""


@dataclass(frozen=True, slots=True)
class Directory:
    """What ingest keeps in memory: sources, what names mean, what is promised, as of a revision.

    `vendor_products` and `customers` are keyed by folded words: their keys and names.
    """

    revision: int
    sources: Mapping[str, SourceRules]
    names: Mapping[Name, str]
    vendor_products: Mapping[str, str] = field(default_factory=dict)
    customers: Mapping[str, str] = field(default_factory=dict)
    terms: Terms = NOTHING_PROMISED
    by_id: Mapping[int, SourceRules] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_id", {rules.id: rules for rules in self.sources.values()})

    def service_of(self, source: str, name: str | None) -> str | None:
        """The service a name means to a source; its own references stand above general ones."""
        if name is None or source == CATALOG_SOURCE:
            return name  # the catalog names its services by their keys
        words = folded(name)
        return self.names.get((source, words)) or self.names.get((None, words))

    def vendor_product_of(self, words: str | None) -> str | None:
        """The vendor product that a tool's words for a vendor mean, if they mean one."""
        return self.vendor_products.get(folded(words)) if words else None

    def customer_of(self, words: str | None) -> str | None:
        """The customer that a tool's words mean, if they mean one."""
        return self.customers.get(folded(words)) if words else None

    def knowledge(self) -> Knowledge:
        """What the fold takes from the catalog."""
        return Knowledge(self.terms, self.vendor_product_of)


def words_of(named: Iterable[tuple[str, str]]) -> dict[str, str]:
    """What keys and names mean, given as (key, name): a key stands above a name, and of two of
    one name the first by key has it."""
    rows = sorted(named)
    names = {folded(name): key for key, name in reversed(rows)}
    return names | {folded(key): key for key, _ in rows}


def moved_services(before: Mapping[Name, str], after: Mapping[Name, str]) -> set[str]:
    """Services that may own records whose names mean something else now."""
    changed = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
    # A name that was not of its source's own until now had the general meaning.
    meanings = [*changed, *((None, words) for _, words in changed)]
    return {before[name] for name in meanings if name in before}


@dataclass(slots=True)
class Memory:
    """Where a process keeps its directory, and when it last asked for names it does not know."""

    directory: Directory = Directory(-1, {}, {})
    asked_at: dict[tuple[int, str], float] = field(default_factory=dict)

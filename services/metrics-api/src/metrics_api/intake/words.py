"""How the words of a tool are read, whatever record they are in. Pure."""

from typing import Any

from metrics_api.sources.rules import folded

NO_WORDS = frozenset({"", "?"})


def name_of(words: str | None) -> str | None:
    """Rule 2: an empty name or `?` names nothing."""
    name = words.strip() if words else ""
    return None if name in NO_WORDS else name


def level_of(level: int | str | None) -> str | None:
    """An impact or urgency, as text."""
    return None if level is None else str(level)


def channel_of(words: str | None) -> str | None:
    """Channels are compared and sliced by: `Phone` and `phone` are one."""
    return folded(words) or None if words else None


def merged_extra(kept: dict[str, Any] | None, sent: dict[str, Any] | None) -> dict[str, Any] | None:
    """Fields of their own names: an event source sets only those it carries."""
    return {**kept, **sent} if kept and sent else sent

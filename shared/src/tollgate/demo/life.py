"""The life of an incident as the updates a snapshot tool sends. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from tollgate.demo.content import Update

OPEN = frozenset({"new", "in_progress", "on_hold"})


class Move(NamedTuple):
    at: datetime
    state: str


def updates_of(
    external_id: str, moves: Sequence[Move], fields: Mapping[str, Any]
) -> Iterator[Update]:
    """One update a move, each carrying the whole incident as it stood then.

    A reopening takes the resolution time back, as tools do.
    """
    resolved: datetime | None = None
    reopened = 0
    for version, move in enumerate(moves):
        if move.state == "resolved":
            resolved = move.at
        elif move.state in OPEN and resolved is not None:
            resolved, reopened = None, reopened + 1
        yield {
            "external_id": external_id,
            "version": version,
            "updated_at": move.at.isoformat(),
            "state": move.state,
            "opened_at": moves[0].at.isoformat(),
            "resolved_at": resolved and resolved.isoformat(),
            "closed_at": move.at.isoformat() if move.state == "closed" else None,
            "reopen_count": reopened,
            **fields,
        }

"""What an import of OpenSLO documents came to, on the wire."""

from enum import StrEnum

from pydantic import Field

from shared.schemas.common import Out


class Outcome(StrEnum):
    CREATED = "created"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    IGNORED = "ignored"


class ImportedObject(Out):
    kind: str
    name: str
    outcome: Outcome
    detail: str | None = Field(description="why it was ignored; of a policy, its SLO")


class OpenSloReply(Out):
    """What became of each object; nothing is written by a dry run, nor where any is refused."""

    dry_run: bool
    objects: list[ImportedObject]

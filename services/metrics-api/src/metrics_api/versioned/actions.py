"""Writing definitions: each change with its version and audit entry."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from metrics_api.versioned import queries
from metrics_api.versioned.queries import Versioned
from shared.errors import Conflict
from shared.kit import audit
from shared.kit.auth import Principal
from shared.kit.clock import now
from shared.kit.database import Session
from shared.kit.pagination import PageParams, page_of
from shared.schemas.common import Out

RETIRED: Final = "retired"
"""The state of what is defined no more: SLIs, SLOs and alert policies call it so."""


@dataclass(frozen=True)
class Definition:
    """A kind of definition: where one is kept, what the audit trail calls it, how it answers."""

    kept: Versioned
    subject: Callable[[Mapping[str, Any]], tuple[str, str]]
    shown: Callable[[Mapping[str, Any]], Out]


def check_active(what: str, state: str) -> None:
    """A retired definition is history (409)."""
    if state == RETIRED:
        raise Conflict(f"{what} is retired", code="retired", state=state, allowed=[])


async def create(
    session: Session,
    caller: Principal,
    kind: Definition,
    record: Mapping[str, Any],
    action: str,
    sent: Mapping[str, Any],
) -> Any | None:
    """The first version of a definition; None when its key is or was another's.

    The audit trail tells the action and what was sent.
    """
    first = {**record, "version": 1, **_recorded(caller)}
    if not await queries.insert_definition(session, kind.kept, first):
        return None
    await _keep(session, kind, first)
    await audit.record(session, caller, action, kind.subject(first), None, sent)
    return await queries.present_row(session, kind.kept, first)


async def change(
    session: Session,
    caller: Principal,
    kind: Definition,
    present: Any,
    action: str,
    changes: Mapping[str, Any],
) -> Any:
    """The next version of a definition, of which `present` is the row.

    The audit trail tells the action, and what changed from what.
    """
    after = {
        **present._mapping,
        **changes,
        "version": present.version + 1,
        **_recorded(caller),
    }
    await queries.replace_definition(session, kind.kept, after)
    await _keep(session, kind, after)
    before = {name: present._mapping[name] for name in changes}
    await audit.record(session, caller, action, kind.subject(after), before, changes)
    return await queries.present_row(session, kind.kept, after)


async def _keep(session: Session, kind: Definition, record: Mapping[str, Any]) -> None:
    data = kind.shown(record).model_dump(mode="json")
    await queries.keep_version(session, kind.kept, record, data)


def _recorded(caller: Principal) -> dict[str, Any]:
    # Whose hand it was: of a person who writes in another's name that is not whose will it was.
    hand = caller.subject if caller.kind == "user" else caller.person
    return {"recorded_at": now(), "recorded_by": hand}


async def keep_written(
    session: Session, caller: Principal, kept: Versioned, row: Any, shown: type[Out]
) -> None:
    """Keep what was just written, a row that says when (`updated_at`), as a version of it."""
    record = {**row._mapping, "recorded_at": row.updated_at, "recorded_by": caller.person}
    data = shown.model_validate(row).model_dump(mode="json")
    await queries.keep_version(session, kept, record, data)


async def versions_page(
    session: Session, kept: Versioned, identity: Any, page: PageParams
) -> dict[str, Any]:
    """A page of what the versions of a definition said, newest first."""
    rows = await queries.list_versions(session, kept, identity, page)
    found = page_of(rows, page, lambda row: (row.version,))
    return {**found, "items": [row.data for row in found["items"]]}

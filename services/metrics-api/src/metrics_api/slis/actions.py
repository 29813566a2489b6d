"""Defining, changing and retiring SLIs, each with its version and audit entry."""

from collections.abc import Mapping
from typing import Any

from metrics_api.indicators.queries import get_service_name
from metrics_api.slis import queries, rules
from metrics_api.slis.rules import SliState
from metrics_api.slis.schemas import SliCreate, SliOut, SliPatch
from metrics_api.slos.queries import slos_on
from shared.errors import Conflict, Invalid, NotFound
from shared.kit import audit
from shared.kit.auth import Principal
from shared.kit.clock import now
from shared.kit.database import Session
from shared.kit.etag import check_version

RESOURCE = "sli"


async def create_sli(session: Session, caller: Principal, body: SliCreate) -> Any:
    """A new SLI; 422 for a service that is not known, 409 where the key is taken."""
    fields = body.model_dump(mode="json")
    rules.check_sli(fields)
    await require_service(session, body.service)
    sli = {**fields, "state": SliState.ACTIVE, "version": 1, **_recorded(caller)}
    if not await queries.insert_sli(session, sli):
        raise Conflict(f"There is or was an SLI {body.key}: choose another key", code="key_taken")
    await _keep(session, sli)
    await audit.record(session, caller, "created", (RESOURCE, body.key), None, fields)
    return await queries.get_sli(session, body.key)


async def require_service(session: Session, service: str) -> None:
    """422 for a service that is not known."""
    try:
        await get_service_name(session, service)
    except NotFound as unknown:
        raise Invalid(unknown.detail, code="unknown_service", pointer="/service") from None


async def change_sli(
    session: Session, caller: Principal, key: str, patch: SliPatch, expected: int
) -> Any:
    """Change the named fields; nothing happens when nothing differs."""
    present = await queries.get_sli(session, key, lock=True)
    check_version(expected, present.version)
    check_active("SLI", key, present.state)
    changes = patch.model_dump(mode="json", include=patch.model_fields_set)
    before = dict(present._mapping)
    if {**before, **changes} == before:
        return present
    rules.check_change(before, {**before, **changes})
    return await _replace(session, caller, before, changes, "changed")


def check_active(thing: str, key: str, state: str) -> None:
    """A retired definition is history (409)."""
    if state == SliState.RETIRED:
        raise Conflict(f"The {thing} {key} is retired", code="retired", state=state, allowed=[])


async def retire_sli(session: Session, caller: Principal, key: str, expected: int) -> Any:
    """Take no more samples; 409 while an SLO looks at it. It stays with all it measured."""
    present = await queries.get_sli(session, key, lock=True)
    check_version(expected, present.version)
    if present.state == SliState.RETIRED:
        return present
    using = await slos_on(session, key)
    if using:
        raise Conflict(
            f"The SLI is looked at by {', '.join(using)}: retire these first",
            code="sli_in_use",
            slos=using,
        )
    changes = {"state": SliState.RETIRED}
    return await _replace(session, caller, dict(present._mapping), changes, "retired")


async def _replace(
    session: Session,
    caller: Principal,
    before: Mapping[str, Any],
    changes: Mapping[str, Any],
    action: str,
) -> Any:
    after = {**before, **changes, "version": before["version"] + 1, **_recorded(caller)}
    await queries.replace_sli(session, after)
    await _keep(session, after)
    was = {name: before[name] for name in changes}
    await audit.record(session, caller, action, (RESOURCE, after["key"]), was, changes)
    return await queries.get_sli(session, after["key"])


async def _keep(session: Session, sli: Mapping[str, Any]) -> None:
    await queries.keep_version(session, sli, SliOut.model_validate(sli).model_dump(mode="json"))


def _recorded(caller: Principal) -> dict[str, Any]:
    return {"recorded_at": now(), "recorded_by": caller.person}

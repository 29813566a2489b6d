"""Defining, changing and retiring SLIs, each with its version and audit entry."""

from typing import Any

from metrics_api.attribution.service_queries import require_service
from metrics_api.slis import queries, rules
from metrics_api.slis.rules import SliState
from metrics_api.slis.schemas import SliCreate, SliOut, SliPatch
from metrics_api.slos.queries import slos_on
from metrics_api.versioned.actions import Definition, change, check_active, create
from shared.errors import Conflict
from shared.kit.auth import Principal
from shared.kit.database import Session
from shared.kit.etag import check_version

_SLI = Definition(queries.SLIS, lambda sli: ("sli", sli["key"]), SliOut.model_validate)


async def create_sli(session: Session, caller: Principal, body: SliCreate) -> Any:
    """A new SLI; 422 for a service that is not known, 409 where the key is taken."""
    fields = body.model_dump(mode="json")
    rules.check_sli(fields)
    await require_service(session, body.service)
    sli = {**fields, "state": SliState.ACTIVE}
    created = await create(session, caller, _SLI, sli, "created", fields)
    if created is None:
        raise Conflict(f"There is or was an SLI {body.key}: choose another key", code="key_taken")
    return created


async def change_sli(
    session: Session, caller: Principal, key: str, patch: SliPatch, expected: int
) -> Any:
    """Change the named fields; nothing happens when nothing differs."""
    present = await queries.get_sli(session, key, lock=True)
    check_version(expected, present.version)
    check_active(f"The SLI {key}", present.state)
    changes = patch.model_dump(mode="json", include=patch.model_fields_set)
    before = dict(present._mapping)
    if {**before, **changes} == before:
        return present
    rules.check_change(before, {**before, **changes})
    return await change(session, caller, _SLI, present, "changed", changes)


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
    return await change(session, caller, _SLI, present, "retired", changes)

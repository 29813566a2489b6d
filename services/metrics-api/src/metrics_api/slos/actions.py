"""Defining, changing and retiring SLOs, each with its version and audit entry."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from metrics_api.indicators.queries import get_service_name
from metrics_api.samples.queries import Facet, require_facet
from metrics_api.slis.queries import slis_by_key
from metrics_api.slis.rules import SliKind, SliState
from metrics_api.slos import queries, rules
from metrics_api.slos.rules import BudgetingMethod, SloState
from metrics_api.slos.schemas import SloCreate, SloOut, SloPatch
from shared.errors import Conflict, FieldError, Invalid, NotFound
from shared.kit import audit
from shared.kit.auth import Principal
from shared.kit.clock import now
from shared.kit.database import Session
from shared.kit.etag import check_version

RESOURCE = "slo"


async def create_slo(session: Session, caller: Principal, body: SloCreate) -> Any:
    """A new SLO; 422 for a service or SLI that is not known, 409 where the key is taken."""
    fields = body.model_dump(mode="json")
    try:
        await get_service_name(session, body.service)
    except NotFound as unknown:
        raise Invalid(unknown.detail, code="unknown_service", pointer="/service") from None
    await _check(session, fields)
    slo = {**fields, "state": SloState.ACTIVE, "version": 1, **_recorded(caller)}
    if not await queries.insert_slo(session, slo):
        raise Conflict(f"There is or was an SLO {body.key}: choose another key", code="key_taken")
    await _look(session, slo)
    await _keep(session, slo)
    await audit.record(session, caller, "created", (RESOURCE, body.key), None, fields)
    return await queries.get_slo(session, body.key)


async def _check(session: Session, slo: Mapping[str, Any]) -> None:
    """Refuse an SLO on SLIs that there are not, and one that contradicts itself (422)."""
    named = {
        f"/objectives/{number}/sli": objective["sli"]
        for number, objective in enumerate(slo["objectives"])
        if objective["sli"] is not None
    }
    if slo["sli"] is not None:
        named["/sli"] = slo["sli"]
    found = await slis_by_key(session, sorted(set(named.values())))
    errors = [
        FieldError(pointer, f"There is no active SLI {key}", "unknown_sli")
        for pointer, key in named.items()
        if key not in found or found[key].state != SliState.ACTIVE
    ]
    if errors:
        raise Invalid(errors[0].detail, errors=errors)
    if slo["sli"] is not None and found[slo["sli"]].service != slo["service"]:
        raise Invalid(
            f"The SLI is of the service {found[slo['sli']].service}",
            code="sli_of_another_service",
            pointer="/sli",
        )
    # What names no SLI where it must is found by the rules before its kind matters.
    kinds = {key: SliKind(row.kind) for key, row in found.items()}
    rules.check_slo(slo, kinds)


async def _look(session: Session, slo: Mapping[str, Any]) -> None:
    """Let the objectives look at their SLIs; what was sampled before is summed up for them."""
    looks = []
    for objective in slo["objectives"]:
        facet = _facet(slo, objective)
        looks.append((facet.sli, await require_facet(session, facet)))
    await queries.replace_objectives(session, slo["key"], looks)


def _facet(slo: Mapping[str, Any], objective: Mapping[str, Any]) -> Facet:
    target = objective["time_slice_target"]
    judged = slo["budgeting_method"] == BudgetingMethod.TIMESLICES
    return Facet(
        sli=objective["sli"] or slo["sli"],
        op=objective["op"],
        value=objective["value"],
        slice_minutes=objective["time_slice_window"],
        slice_target=Decimal(str(target)) if judged else None,
    )


async def change_slo(
    session: Session, caller: Principal, key: str, patch: SloPatch, expected: int
) -> Any:
    """Change the named fields; nothing happens when nothing differs."""
    present = await queries.get_slo(session, key, lock=True)
    check_version(expected, present.version)
    if present.state == SloState.RETIRED:
        raise Conflict(f"The SLO {key} is retired", code="retired", state=present.state, allowed=[])
    changes = patch.model_dump(mode="json", include=patch.model_fields_set)
    before = out_of(dict(present._mapping)).model_dump(mode="json")
    if {**before, **changes} == before:
        return present
    after = {**present._mapping, **changes}
    await _check(session, after)
    changed = await _replace(session, caller, dict(present._mapping), changes, "changed")
    await _look(session, after)
    return changed


async def retire_slo(session: Session, caller: Principal, key: str, expected: int) -> Any:
    """Judge it no more from now on; it stays, with its versions and alerts."""
    present = await queries.get_slo(session, key, lock=True)
    check_version(expected, present.version)
    if present.state == SloState.RETIRED:
        return present
    changes = {"state": SloState.RETIRED}
    return await _replace(session, caller, dict(present._mapping), changes, "retired")


async def _replace(
    session: Session,
    caller: Principal,
    before: Mapping[str, Any],
    changes: Mapping[str, Any],
    action: str,
) -> Any:
    after = {**before, **changes, "version": before["version"] + 1, **_recorded(caller)}
    await queries.replace_slo(session, after)
    await _keep(session, after)
    was = {name: before[name] for name in changes}
    await audit.record(session, caller, action, (RESOURCE, after["key"]), was, changes)
    return await queries.get_slo(session, after["key"])


async def _keep(session: Session, slo: Mapping[str, Any]) -> None:
    await queries.keep_version(session, slo, out_of(slo).model_dump(mode="json"))


def out_of(slo: Mapping[str, Any]) -> SloOut:
    """An SLO as it is answered."""
    return SloOut.model_validate(_with_composite(slo))


def _with_composite(slo: Mapping[str, Any]) -> dict[str, Any]:
    return {**slo, "composite": slo["sli"] is None}


def _recorded(caller: Principal) -> dict[str, Any]:
    return {"recorded_at": now(), "recorded_by": caller.person}

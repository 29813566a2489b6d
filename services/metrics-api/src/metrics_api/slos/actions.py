"""Defining, changing and retiring SLOs, each with its version and audit entry."""

from collections.abc import Mapping
from operator import attrgetter
from typing import Any

from metrics_api.attribution.service_queries import require_service
from metrics_api.samples.queries import Facet, require_facet
from metrics_api.slis.queries import slis_by_key
from metrics_api.slis.rules import SliKind, SliState
from metrics_api.slo_alerts.queries import active_policies
from metrics_api.slo_alerts.rules import problem_of
from metrics_api.slos import queries, rules
from metrics_api.slos.burning import burnable_as
from metrics_api.slos.rules import SloState
from metrics_api.slos.schemas import SloCreate, SloOut, SloPatch
from metrics_api.versioned.actions import Definition, change, check_active, create
from shared.errors import Conflict, FieldError, Invalid
from shared.kit.auth import Principal
from shared.kit.database import Session
from shared.kit.etag import check_version


def out_of(slo: Mapping[str, Any]) -> SloOut:
    """An SLO as it is answered."""
    return SloOut.model_validate({**slo, "composite": slo["sli"] is None})


_SLO = Definition(queries.SLOS, lambda slo: ("slo", slo["key"]), out_of)


async def create_slo(session: Session, caller: Principal, body: SloCreate) -> Any:
    """A new SLO; 422 for a service or SLI that is not known, 409 where the key is taken."""
    fields = body.model_dump(mode="json")
    await require_service(session, body.service)
    await _check(session, fields)
    slo = {**fields, "state": SloState.ACTIVE}
    created = await create(session, caller, _SLO, slo, "created", fields)
    if created is None:
        raise Conflict(f"There is or was an SLO {body.key}: choose another key", code="key_taken")
    await _look(session, slo)
    return created


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
    facets = queries.facets_of(slo)
    ids: dict[Facet, int] = {}
    # In one order, so that two SLOs on the same SLIs do not wait for each other.
    for facet in sorted(set(facets), key=attrgetter("sli")):
        ids[facet] = await require_facet(session, facet)
    looks = [(facet.sli, ids[facet]) for facet in facets]
    await queries.replace_objectives(session, slo["key"], looks)


async def change_slo(
    session: Session, caller: Principal, key: str, patch: SloPatch, expected: int
) -> Any:
    """Change the named fields; nothing happens when nothing differs."""
    present = await queries.get_slo(session, key, lock=True)
    check_version(expected, present.version)
    check_active(f"The SLO {key}", present.state)
    changes = patch.model_dump(mode="json", include=patch.model_fields_set)
    before = out_of(dict(present._mapping)).model_dump(mode="json")
    if {**before, **changes} == before:
        return present
    after = {**present._mapping, **changes}
    await _check(session, after)
    await _check_policies(session, after)
    changed = await change(session, caller, _SLO, present, "changed", changes)
    await _look(session, after)
    return changed


async def _check_policies(session: Session, slo: Mapping[str, Any]) -> None:
    """Refuse a change by which an alert policy could never fire again (409)."""
    limits = burnable_as(slo)
    policies = await active_policies(session, [slo["key"]])
    dead = [policy.key for policy in policies if problem_of(dict(policy._mapping), limits)]
    if dead:
        raise Conflict(
            f"With this change these alert policies could never fire: {', '.join(dead)};"
            " change or retire them first",
            code="policies_could_never_fire",
            policies=dead,
            highest_burn_rate=float(limits.highest),
        )


async def retire_slo(session: Session, caller: Principal, key: str, expected: int) -> Any:
    """Judge it no more from now on; it stays, with its versions and alerts."""
    present = await queries.get_slo(session, key, lock=True)
    check_version(expected, present.version)
    if present.state == SloState.RETIRED:
        return present
    changes = {"state": SloState.RETIRED}
    return await change(session, caller, _SLO, present, "retired", changes)

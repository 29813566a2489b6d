"""Defining key result areas and drawing links, each with its audit entry."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid4

from metrics_api.attribution.service_queries import service_names
from metrics_api.copies.queries import copies_of
from metrics_api.copies.schemas import ObjectiveCopy, VitalActivityCopy
from metrics_api.tiers import queries
from metrics_api.tiers.end_queries import known_slis, known_slos, known_targets
from metrics_api.tiers.rules import LinkKind, missing
from metrics_api.tiers.schemas import KraCreate, KraOut, KraPatch, LinkCreate, MeasuredKpi
from metrics_api.versioned.actions import keep_written
from shared.errors import Conflict, FieldError, Invalid
from shared.kit import audit, clock
from shared.kit.auth import Principal
from shared.kit.database import Session
from shared.kit.etag import check_version

RESOURCE = "kra"
LINK = "tier_link"


async def create_kra(session: Session, caller: Principal, body: KraCreate) -> Any:
    """A new key result area; 409 where the key is taken, 422 for ends that are not known."""
    await check_objective(session, body.objective)
    await check_services(session, body.kpis)
    at = clock.now()
    fields = body.model_dump(mode="json", exclude={"kpis"})
    row = {**fields, "active": True, "version": 1, "created_at": at, "updated_at": at}
    if not await queries.insert_kra(session, row):
        raise Conflict(f"There is a key result area {body.key}", code="key_taken", pointer="/key")
    await queries.replace_kpis(session, body.key, pairs_of(body.kpis))
    after = body.model_dump(mode="json")
    await audit.record(session, caller, "created", (RESOURCE, body.key), after=after)
    return await _kept(session, caller, body.key)


async def change_kra(
    session: Session, caller: Principal, key: str, patch: KraPatch, expected: int
) -> Any:
    """Change the named fields; nothing happens when nothing differs."""
    present = await queries.get_kra(session, key, lock=True)
    check_version(expected, present.version)
    sent = patch.model_dump(mode="json", exclude_unset=True)
    if "kpis" in sent:
        sent["kpis"] = [{"kpi": kpi, "service": at} for kpi, at in sorted(pairs_of(patch.kpis))]
        await check_services(session, patch.kpis)
    changes = {name: value for name, value in sent.items() if value != present._mapping[name]}
    if not changes:
        return present
    await check_objective(session, changes.get("objective"))
    columns = {name: value for name, value in changes.items() if name != "kpis"}
    grown = {"version": present.version + 1, "updated_at": clock.now()}
    await queries.update_kra(session, key, columns | grown)
    if "kpis" in changes:
        await queries.replace_kpis(session, key, pairs_of(patch.kpis))
    before = {name: present._mapping[name] for name in changes}
    await audit.record(session, caller, "changed", (RESOURCE, key), before, changes)
    return await _kept(session, caller, key)


async def _kept(session: Session, caller: Principal, key: str) -> Any:
    """A key result area that was just written, which is a version of it."""
    kra = await queries.get_kra(session, key)
    await keep_written(session, caller, queries.KRAS, kra, KraOut)
    return kra


def pairs_of(kpis: Sequence[MeasuredKpi]) -> list[tuple[str, str]]:
    """(KPI, service), each once."""
    return list(dict.fromkeys((one.kpi.value, one.service) for one in kpis))


async def check_objective(session: Session, objective: str | None) -> None:
    """422 where the catalog has no such objective."""
    if objective is None:
        return
    if not await copies_of(session, "objective", ObjectiveCopy, keys=[objective]):
        raise Invalid(
            f"The catalog has no objective {objective}",
            code="unknown_objective",
            pointer="/objective",
        )


async def check_services(session: Session, kpis: Sequence[MeasuredKpi]) -> None:
    """422 that names each service which is not known."""
    known = await service_names(session, [one.service for one in kpis])
    errors = [
        FieldError(f"/kpis/{place}/service", f"There is no service {one.service}")
        for place, one in enumerate(kpis)
        if one.service not in known
    ]
    if errors:
        raise Invalid("Not every service is known", code="unknown_service", errors=errors)


async def create_link(session: Session, caller: Principal, body: LinkCreate) -> tuple[Any, bool]:
    """The link and whether it is new; 422 where an end is not known. Repeating it is harmless."""
    await _check_ends(session, body)
    return await _draw(session, caller, body)


async def pass_on_links(session: Session, caller: Principal, target: UUID, successor: UUID) -> None:
    """Let the target that follows another serve the same vital activities from now on.

    The old one keeps its links: past periods are judged by it.
    """
    for link in await queries.links_below(session, LinkKind.KPT_VMA.value, [str(target)]):
        await _draw(
            session,
            caller,
            LinkCreate(kind=LinkKind.KPT_VMA, upper=str(successor), lower=link.lower),
        )


async def _draw(session: Session, caller: Principal, body: LinkCreate) -> tuple[Any, bool]:
    values = {
        **body.model_dump(mode="json"),
        "id": uuid4(),
        "linked_at": clock.now(),
        "linked_by": caller.person,
    }
    link, made = await queries.put_link(session, values)
    if made:
        after = body.model_dump(mode="json")
        await audit.record(session, caller, "linked", (LINK, str(link.id)), after=after)
    return link, made


async def _check_ends(session: Session, body: LinkCreate) -> None:
    upper, lower = [body.upper], [body.lower]
    match body.kind:
        case LinkKind.KPT_VMA:
            _refuse(missing(upper, await known_targets(session, upper)), "target", "/upper")
            _refuse(missing(lower, await _activities(session, lower)), "vital activity", "/lower")
        case LinkKind.VMA_SLO:
            _refuse(missing(upper, await _activities(session, upper)), "vital activity", "/upper")
            _refuse(missing(lower, await known_slos(session, lower)), "SLO", "/lower")
        case LinkKind.SLI_SIE:
            _refuse(missing(upper, await known_slis(session, upper)), "SLI", "/upper")


def _refuse(absent: Sequence[str], noun: str, pointer: str) -> None:
    if absent:
        code = f"unknown_{noun.lower().replace(' ', '_')}"
        raise Invalid(f"There is no {noun} {absent[0]}", code=code, pointer=pointer)


async def _activities(session: Session, keys: Sequence[str]) -> set[str]:
    found = await copies_of(session, "vital_activity", VitalActivityCopy, keys=keys)
    return {key for key, activity in found.items() if activity.active}


async def remove_link(session: Session, caller: Principal, link: UUID) -> None:
    """Undraw a link; 404 if there is none."""
    row = await queries.delete_link(session, link, clock.now())
    before = {"kind": row.kind, "upper": row.upper, "lower": row.lower}
    await audit.record(session, caller, "unlinked", (LINK, str(link)), before=before)

"""Keeping the artifact register, and assessing how complete it is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from catalog_api.artifacts import queries, rules
from catalog_api.artifacts.holdings_queries import count_holdings
from catalog_api.artifacts.rules import ArtifactKey, Assessment, Registered, ResourceKind
from catalog_api.artifacts.schemas import ArtifactPatch, ResourceCreate
from catalog_api.changes import ResourceChange, record_resource
from catalog_api.registry import rules as registry_rules
from shared.errors import Conflict, Invalid, NotFound
from shared.kit.auth import Principal
from shared.kit.clock import now
from shared.kit.database import Session
from shared.kit.etag import check_version
from shared.kit.patches import named

ARTIFACT = "artifact"


@dataclass(frozen=True)
class Shown:
    """An artifact with its resources, those of them that are still there, and its assessment."""

    artifact: Any
    resources: Sequence[Any]
    present: set[UUID]
    assessment: Assessment


async def show(session: Session, artifacts: Sequence[Any]) -> list[Shown]:
    """These artifacts, assessed against what the catalog holds now."""
    resources = await queries.resources_of(session, [one.key for one in artifacts])
    every = [resource for linked in resources.values() for resource in linked]
    there = await _present(session, every)
    holdings = await count_holdings(session)
    today = now().date()
    return [
        Shown(one, linked, present, rules.assess(registered, holdings, today))
        for one in artifacts
        for linked in [resources[one.key]]
        for present in [{resource.id for resource in linked if resource.id in there}]
        for registered in [Registered(one.key, one.owner, one.review_on, len(linked), len(present))]
    ]


async def assess_all(session: Session) -> None:
    """Renew the assessments that facts read."""
    await queries.lock_register(session)
    moment = now()
    shown = await show(session, await queries.all_artifacts(session))
    found: Mapping[ArtifactKey, Assessment] = {one.artifact.key: one.assessment for one in shown}
    await queries.keep_assessments(session, found, moment)


async def change_artifact(
    session: Session, caller: Principal, key: ArtifactKey, patch: ArtifactPatch, expected: int
) -> Any:
    """Name the owner, the day of the next review, or how often it is reviewed."""
    await queries.lock_register(session)
    present = await queries.get_artifact(session, key)
    check_version(expected, present.revision)
    wanted = named(patch)
    return await _change(session, caller, present, wanted, "changed")


async def review_artifact(
    session: Session, caller: Principal, key: ArtifactKey, expected: int
) -> Any:
    """It has been reviewed today: the next review is a cadence away (409 without a cadence)."""
    await queries.lock_register(session)
    present = await queries.get_artifact(session, key)
    check_version(expected, present.revision)
    if present.review_cadence_days is None:
        raise Conflict(
            f"{key} has no review cadence: set review_cadence_days first", code="no_cadence"
        )
    due = rules.next_review(now().date(), present.review_cadence_days)
    return await _change(session, caller, present, {"review_on": due}, "reviewed")


async def _change(
    session: Session, caller: Principal, present: Any, wanted: Mapping[str, Any], action: str
) -> Any:
    changed = registry_rules.changes(present._asdict(), wanted)
    if not changed:
        return present
    before, after = registry_rules.before_of(changed), registry_rules.after_of(changed)
    await queries.change_artifact(session, present.key, after)
    await assess_all(session)
    change = ResourceChange(ARTIFACT, present.key.value, action, before, after)
    await record_resource(session, caller, change)
    return await queries.get_artifact(session, present.key)


async def link_resource(
    session: Session, caller: Principal, key: ArtifactKey, body: ResourceCreate
) -> UUID:
    """Say what realises an artifact: of a kind that can, and there."""
    reference = _reference(key, body)
    await queries.lock_register(session)
    linked = (await queries.resources_of(session, [key]))[key]
    if len(linked) >= rules.MAX_RESOURCES:
        raise Conflict(
            f"{key} has {len(linked)} resources, which is all it can have",
            code="too_many_resources",
            allowed=rules.MAX_RESOURCES,
        )
    await _refuse_absent(session, body.kind, reference)
    resource = uuid4()
    fields = {"kind": body.kind, "reference": reference, "title": body.title}
    row = {
        "id": resource,
        "artifact_key": key,
        **fields,
        "added_at": now(),
        "added_by": caller.person,
    }
    if not await queries.insert_resource(session, row):
        raise Conflict(f"{key} has {reference} already", code="resource_linked")
    await assess_all(session)
    change = ResourceChange(ARTIFACT, key.value, "resource_linked", None, fields)
    await record_resource(session, caller, change)
    return resource


async def unlink_resource(
    session: Session, caller: Principal, key: ArtifactKey, resource: UUID
) -> None:
    await queries.lock_register(session)
    gone = await queries.delete_resource(session, key, resource)
    await assess_all(session)
    before = {"kind": gone.kind, "reference": gone.reference, "title": gone.title}
    change = ResourceChange(ARTIFACT, key.value, "resource_unlinked", before, None)
    await record_resource(session, caller, change)


async def find_resource(session: Session, key: ArtifactKey, resource: UUID) -> tuple[Any, bool]:
    """A linked resource and whether it is still there; 404 if the artifact has none of that id."""
    for linked in (await queries.resources_of(session, [key]))[key]:
        if linked.id == resource:
            return linked, bool(await _present(session, [linked]))
    raise NotFound(f"The artifact {key} has no resource {resource}")


def _reference(key: ArtifactKey, body: ResourceCreate) -> str:
    if body.kind not in rules.REALISED_BY[key]:
        raise Invalid(
            f"a {body.kind} does not realise {key}: that takes {' or '.join(rules.fitting(key))}",
            code="kind_not_fitting",
            pointer="/kind",
        )
    outside = body.kind in rules.OUTSIDE
    named, other = (body.uri, body.key) if outside else (body.key, body.uri)
    if named is None or other is not None:
        field = "uri" if outside else "key"
        raise Invalid(
            f"a {body.kind} is named by its {field} and nothing else", pointer=f"/{field}"
        )
    return named


async def _refuse_absent(session: Session, kind: ResourceKind, reference: str) -> None:
    if kind in rules.OUTSIDE or await queries.present_keys(session, [(kind, reference)]):
        return
    raise Invalid(
        f"there is no {kind} {reference} that is in force",
        code=f"unknown_{kind}",
        pointer="/key",
    )


async def _present(session: Session, resources: Sequence[Any]) -> set[UUID]:
    """Resources outside are believed; those of the catalog are looked up."""
    inside = {(one.kind, one.reference) for one in resources if one.kind not in rules.OUTSIDE}
    there = await queries.present_keys(session, inside)
    return {
        one.id
        for one in resources
        if one.kind in rules.OUTSIDE or (one.kind, one.reference) in there
    }

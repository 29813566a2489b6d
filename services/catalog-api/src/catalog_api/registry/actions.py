"""Creating, onboarding and changing services: one transaction with their audit entry and event."""

from datetime import datetime
from typing import Any

from catalog_api.changes import Change, record_change
from catalog_api.keys import key_for, key_taken
from catalog_api.ownership import queries as owner_queries
from catalog_api.ownership import rules as owner_rules
from catalog_api.portfolios import queries as portfolio_queries
from catalog_api.references import queries as reference_queries
from catalog_api.references import rules as reference_rules
from catalog_api.refusals import refuse, unknown
from catalog_api.registry import queries, rules
from catalog_api.registry.schemas import ServicePatch
from shared.errors import Conflict, FieldError
from shared.kit.auth import Principal
from shared.kit.clock import now
from shared.kit.database import Session
from shared.kit.etag import check_version
from shared.kit.patches import named
from shared.schemas.catalog import ServiceCreate, ServiceOnboard, Stage

_KEPT_ELSEWHERE = {"owners", "external_references", "reason"}


async def create_service(session: Session, caller: Principal, body: ServiceCreate) -> Any:
    """A new service at `strategy`."""
    return await _add(session, caller, body, Stage.STRATEGY, "created")


async def onboard_service(session: Session, caller: Principal, body: ServiceOnboard) -> Any:
    """A service that already runs, at its stage; the audit entry keeps the reason."""
    return await _add(session, caller, body, body.stage, "onboarded")


async def _add(
    session: Session, caller: Principal, body: ServiceCreate, stage: Stage, action: str
) -> Any:
    key = key_for(body.key, body.name)
    await reference_queries.lock_names(session, references=bool(body.external_references))
    await _refuse_malformed(session, body, stage)
    moment = now()
    fields = {**body.model_dump(mode="json"), "key": key, "stage": stage}
    own = {name: value for name, value in fields.items() if name not in _KEPT_ELSEWHERE}
    row = {**own, **new_row(moment), "onboarded": isinstance(body, ServiceOnboard)}
    if not await queries.insert_service(session, row):
        raise key_taken(key, await queries.taken_keys_like(session, key))
    await _refuse_named_elsewhere(session, key)
    await _refuse_taken_references(session, key, body)
    owners = owner_rules.holders(body.owners)
    await owner_queries.begin_owners(session, key, owners, moment)
    await reference_queries.insert_references(session, key, body.external_references, moment)
    return await record_change(
        session, caller, key, Change(action, None, fields, "service.created")
    )


def new_row(moment: datetime) -> dict[str, Any]:
    """What every new service starts with."""
    return {"revision": 1, "created_at": moment, "updated_at": moment, "changed_at": {}}


async def _refuse_malformed(session: Session, body: ServiceCreate, stage: Stage) -> None:
    """422 with everything in the body that cannot be."""
    owners = owner_rules.holders(body.owners)
    errors = [
        FieldError(f"/owners/{position}", reason, "repeated")
        for position, reason in owner_rules.repeated(owners)
    ]
    errors += [
        FieldError(f"/external_references/{position}", "stands in this list twice", "repeated")
        for position in reference_rules.repeated(body.external_references)
    ]
    errors += [
        FieldError(f"/external_references/{position}/name", reference_rules.NO_NAME, "no_name")
        for position, reference in enumerate(body.external_references)
        if reference_rules.names_nothing(reference.name)
    ]
    if not await portfolio_queries.known_keys(session, {body.portfolio}):
        errors.append(unknown("portfolio", "/portfolio", body.portfolio))
    if owner_rules.lacks_service_owner(stage, owners):
        errors.append(
            FieldError(
                "/owners",
                f"a service at stage {stage} has one service_owner: name it",
                "service_owner_required",
            )
        )
    refuse(errors)


async def _refuse_taken_references(session: Session, key: str, body: ServiceCreate) -> None:
    holders = await reference_queries.holders_of(session, key, body.external_references)
    errors = [
        FieldError(
            f"/external_references/{position}",
            f"{reference.name} names the service {holder} already",
            "reference_taken",
        )
        for position, (reference, holder) in enumerate(
            zip(body.external_references, holders, strict=True)
        )
        if holder is not None
    ]
    if errors:
        raise Conflict(errors[0].detail, code="reference_taken", errors=errors)


async def _refuse_named_elsewhere(session: Session, key: str) -> None:
    """409 when a tool's name for another service would come to mean this one."""
    holder = (await reference_queries.named_elsewhere(session, {key})).get(key)
    if holder is not None:
        raise Conflict(
            f"{key} is an external reference of the service {holder}: choose another key",
            code="reference_taken",
            pointer="/key",
            service=holder,
        )


async def change_service(
    session: Session, caller: Principal, key: str, patch: ServicePatch, expected: int
) -> Any:
    """Change a service's own fields; nothing happens when nothing differs."""
    present = await queries.lock_service(session, key)
    check_version(expected, present.revision)
    wanted = named(patch, mode="json")
    changed = rules.changes(present._asdict(), wanted)
    if not changed:
        return await queries.get_service(session, key)
    if "portfolio" in changed and not await portfolio_queries.known_keys(
        session, {wanted["portfolio"]}
    ):
        refuse([unknown("portfolio", "/portfolio", wanted["portfolio"])])
    after = rules.after_of(changed)
    await queries.change_service(session, key, after, now())
    return await record_change(
        session, caller, key, Change("changed", rules.before_of(changed), after)
    )

"""Creating, onboarding and changing services: one transaction with their audit entry and event."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from catalog_api.changes import Change, record_change, record_changes
from catalog_api.keys import key_for, key_taken
from catalog_api.ownership import queries as owner_queries
from catalog_api.ownership import rules as owner_rules
from catalog_api.portfolios import queries as portfolio_queries
from catalog_api.references import queries as reference_queries
from catalog_api.references import rules as reference_rules
from catalog_api.registry import queries, rules
from catalog_api.registry.schemas import (
    ServicePatch,
    ServiceUpsert,
    UpsertedService,
    UpsertOutcome,
    UpsertReply,
)
from shared.errors import Conflict, FieldError, Invalid
from shared.kit.auth import Principal
from shared.kit.clock import now
from shared.kit.database import Session
from shared.kit.etag import check_version
from shared.schemas.catalog import ServiceCreate, ServiceOnboard, Stage

_KEPT_ELSEWHERE = {"owners", "external_references", "reason"}
# A service created by an upsert: what it does not name, and what its fields are compared with.
_DEFAULTS: dict[str, Any] = {
    "description": "",
    "criticality": None,
    "support_hours": None,
    "tags": [],
    "stage": Stage.STRATEGY,
}
_BLANK: dict[str, Any] = dict.fromkeys(ServicePatch.model_fields)


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
    await _refuse_malformed(session, body, stage)
    moment = now()
    fields = {**body.model_dump(mode="json"), "key": key, "stage": stage}
    own = {name: value for name, value in fields.items() if name not in _KEPT_ELSEWHERE}
    row = {**own, **_new_row(moment), "onboarded": isinstance(body, ServiceOnboard)}
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


def _new_row(moment: datetime) -> dict[str, Any]:
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
        errors.append(_unknown_portfolio("/portfolio", body.portfolio))
    if owner_rules.lacks_service_owner(stage, owners):
        errors.append(
            FieldError(
                "/owners",
                f"a service at stage {stage} has one service_owner: name it",
                "service_owner_required",
            )
        )
    _refuse(errors)


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
    wanted = patch.model_dump(mode="json", exclude_unset=True)
    changed = rules.changes(present._asdict(), wanted)
    if not changed:
        return await queries.get_service(session, key)
    if "portfolio" in changed and not await portfolio_queries.known_keys(
        session, {wanted["portfolio"]}
    ):
        _refuse([_unknown_portfolio("/portfolio", wanted["portfolio"])])
    after = rules.after_of(changed)
    await queries.change_service(session, key, after, now())
    return await record_change(
        session, caller, key, Change("changed", rules.before_of(changed), after)
    )


async def upsert_services(
    session: Session, caller: Principal, items: Sequence[ServiceUpsert], *, dry_run: bool
) -> UpsertReply:
    """Create and change services by key, all or none; what does not differ is left alone."""
    present = await queries.lock_services(session, [item.key for item in items])
    await _refuse_bad_items(session, items, present)
    changed = {
        item.key: rules.changes(
            present[item.key]._asdict() if item.key in present else _BLANK, _wanted(item)
        )
        for item in items
    }
    if not dry_run:
        await _write(session, caller, changed, present)
    results = [_result(item.key, changed[item.key], present) for item in items]
    outcomes = [result.outcome for result in results]
    return UpsertReply(
        dry_run=dry_run,
        created=outcomes.count(UpsertOutcome.CREATED),
        changed=outcomes.count(UpsertOutcome.CHANGED),
        unchanged=outcomes.count(UpsertOutcome.UNCHANGED),
        items=results,
    )


def _wanted(item: ServiceUpsert) -> dict[str, Any]:
    return item.model_dump(mode="json", exclude_unset=True, exclude={"key"})


async def _refuse_bad_items(
    session: Session, items: Sequence[ServiceUpsert], present: Mapping[str, Any]
) -> None:
    """422 with every bad item, by pointer into the list."""
    keys = [item.key for item in items]
    named = {item.portfolio for item in items if "portfolio" in item.model_fields_set}
    portfolios = await portfolio_queries.known_keys(session, named)
    fresh = set(keys) - present.keys()
    elsewhere = await reference_queries.named_elsewhere(session, fresh)
    errors = [
        FieldError(f"/{position}/key", f"{keys[position]} stands in this list twice", "repeated")
        for position in rules.repeated_keys(keys)
    ]
    for position, item in enumerate(items):
        if item.key in fresh:
            errors += [
                FieldError(f"/{position}/{field}", "is needed to create a service", "missing")
                for field in rules.NEEDED_TO_CREATE
                if field not in item.model_fields_set
            ]
        if item.key in elsewhere:
            detail = f"is an external reference of the service {elsewhere[item.key]}"
            errors.append(FieldError(f"/{position}/key", detail, "reference_taken"))
        if "portfolio" in item.model_fields_set and item.portfolio not in portfolios:
            errors.append(_unknown_portfolio(f"/{position}/portfolio", item.portfolio))
    _refuse(errors)


async def _write(
    session: Session,
    caller: Principal,
    changed: Mapping[str, Mapping[str, rules.FieldChange]],
    present: Mapping[str, Any],
) -> None:
    moment = now()
    done: dict[str, Change] = {}
    fresh: list[dict[str, Any]] = []
    altered: dict[str, dict[str, Any]] = {}
    for key, fields in changed.items():
        after = rules.after_of(fields)
        if key not in present:
            row = {**_DEFAULTS, **after, "key": key}
            fresh.append({**row, **_new_row(moment), "onboarded": False})
            done[key] = Change("created", None, row, "service.created")
        elif fields:
            altered[key] = after
            done[key] = Change("changed", rules.before_of(fields), after)
    await queries.change_services(session, altered, moment)
    await queries.insert_services(session, fresh)
    await record_changes(session, caller, done)


def _result(
    key: str, fields: Mapping[str, rules.FieldChange], present: Mapping[str, Any]
) -> UpsertedService:
    if key not in present:
        outcome = UpsertOutcome.CREATED
    else:
        outcome = UpsertOutcome.CHANGED if fields else UpsertOutcome.UNCHANGED
    return UpsertedService.model_validate({"key": key, "outcome": outcome, "changes": fields})


def _unknown_portfolio(pointer: str, key: str) -> FieldError:
    return FieldError(pointer, f"there is no portfolio {key}", "unknown_portfolio")


def _refuse(errors: list[FieldError]) -> None:
    """422 naming every bad field, if there is any."""
    if errors:
        detail = "; ".join(f"{error.pointer}: {error.detail}" for error in errors[:3])
        raise Invalid(detail, errors=errors)

"""Writing, publishing and withdrawing offerings."""

from collections.abc import Mapping, Sequence
from typing import Any

from catalog_api.changes import ResourceChange, record_resource
from catalog_api.customers import queries as customer_queries
from catalog_api.keys import key_for, key_taken
from catalog_api.offerings import forms, queries, rules
from catalog_api.offerings.rules import OfferingState
from catalog_api.offerings.schemas import (
    Audience,
    OfferingContent,
    OfferingCreate,
    OfferingPatch,
)
from catalog_api.organisation import queries as organisation_queries
from catalog_api.registry import queries as registry_queries
from catalog_api.registry import rules as registry_rules
from shared.errors import Conflict, FieldError, Invalid
from shared.kit.auth import Principal
from shared.kit.clock import now
from shared.kit.database import Session
from shared.kit.etag import check_version
from shared.kit.patches import named
from shared.kit.states import check_move

OFFERING = "offering"
_VERSIONED = {"form", "fulfilment_plan"}


async def create_offering(
    session: Session, caller: Principal, service: str, body: OfferingCreate
) -> Any:
    """A new draft; 404 without its service, 409 when its key is taken."""
    key = key_for(body.key, body.title)
    await registry_queries.require_service(session, service)
    await _refuse_malformed(session, body.form, body.audience)
    fields = body.model_dump(exclude={"key"})
    values = {"key": key, "service_key": service, "version": 1, "state": OfferingState.DRAFT}
    if not await queries.insert_offering(session, {**values, **_columns(fields)}):
        raise key_taken(key, await queries.taken_keys_like(session, key))
    await queries.insert_version(session, _version(caller, key, 1, fields))
    after = {"service": service, **body.model_dump(mode="json", exclude={"key"})}
    return await _record(session, caller, (key, service), "created", None, after)


async def change_offering(
    session: Session, caller: Principal, key: str, patch: OfferingPatch, expected: int
) -> Any:
    """Change the named fields; another form or fulfilment plan is a new version of both.

    409 when a published offering would lack what publishing needs.
    """
    present = await queries.lock_offering(session, key)
    check_version(expected, present.revision)
    before = OfferingContent.model_validate(_content(present)).model_dump(mode="json")
    changed = registry_rules.changes(before, named(patch, mode="json"))
    if not changed:
        return present
    renewed = patch.model_dump(include=set(changed))
    audience = patch.audience if "audience" in renewed else None
    await _refuse_malformed(session, renewed.get("form"), audience)
    values = _columns(renewed)
    if changed.keys() & _VERSIONED:
        content = {**_content(present), **renewed}
        if present.state is OfferingState.PUBLISHED:
            _refuse_incomplete(key, content)
        values["version"] = present.version + 1
        await queries.insert_version(session, _version(caller, key, values["version"], content))
    await queries.change_offering(session, key, values)
    told = registry_rules.before_of(changed), registry_rules.after_of(changed)
    return await _record(session, caller, (key, present.service), "changed", *told)


async def publish_offering(session: Session, caller: Principal, key: str) -> Any:
    """Show an offering to customers; 409 naming the stage, or what is missing."""
    # The service first: its stage may not move while we look at it.
    service = await registry_queries.lock_service(session, await queries.service_of(session, key))
    present = await queries.lock_offering(session, key)
    check_move(OFFERING, rules.MOVES, present.state, OfferingState.PUBLISHED)
    if service.stage not in rules.OFFERED_STAGES:
        allowed = [stage.value for stage in rules.OFFERED_STAGES]
        raise Conflict(
            f"{service.key} is at stage {service.stage.value}:"
            f" its offerings are published in {', '.join(allowed)} only",
            code="stage_not_allowed",
            service=service.key,
            stage=service.stage.value,
            allowed=allowed,
        )
    _refuse_incomplete(key, present._asdict())
    values = {"state": OfferingState.PUBLISHED, "published_at": now(), "withdrawn_at": None}
    return await _move(session, caller, present, values, "published")


async def withdraw_offering(session: Session, caller: Principal, key: str) -> Any:
    """Take an offering out of the catalog; requests that were made go on."""
    present = await queries.lock_offering(session, key)
    check_move(OFFERING, rules.MOVES, present.state, OfferingState.WITHDRAWN)
    values = {"state": OfferingState.WITHDRAWN, "withdrawn_at": now()}
    return await _move(session, caller, present, values, "withdrawn")


async def _move(
    session: Session, caller: Principal, present: Any, values: Mapping[str, Any], action: str
) -> Any:
    await queries.change_offering(session, present.key, values)
    before, after = {"state": present.state}, {"state": values["state"]}
    return await _record(session, caller, (present.key, present.service), action, before, after)


async def _record(
    session: Session,
    caller: Principal,
    subject: tuple[str, str],
    action: str,
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any],
) -> Any:
    key, service = subject
    await record_resource(
        session, caller, ResourceChange(OFFERING, key, action, before, after, service)
    )
    return await queries.get_offering(session, key)


def _refuse_incomplete(key: str, content: Mapping[str, Any]) -> None:
    missing = rules.missing_to_publish(content["form"], len(content["fulfilment_plan"]))
    if missing:
        raise Conflict(
            f"The offering {key} cannot be published without {' and '.join(missing)}",
            code="offering_incomplete",
            missing=missing,
        )


async def _refuse_malformed(session: Session, form: Any, audience: Audience | None) -> None:
    """422 with everything that is wrong with a form, and every unknown part of an audience."""
    errors = [] if form is None else _under("/form", forms.form_errors(form))
    if audience is not None:
        errors += await _unknown_audience(session, audience)
    if errors:
        detail = "; ".join(f"{error.pointer}: {error.detail}" for error in errors[:3])
        raise Invalid(detail, errors=errors)


def _under(place: str, errors: Sequence[FieldError]) -> list[FieldError]:
    return [FieldError(place + error.pointer, error.detail, error.code) for error in errors]


async def _unknown_audience(session: Session, audience: Audience) -> list[FieldError]:
    kinds = (
        ("customers", audience.customers, customer_queries.known_keys),
        ("units", audience.units, organisation_queries.known_units),
        ("roles", audience.roles, organisation_queries.known_roles),
    )
    errors = []
    for name, keys, known_among in kinds:
        known = await known_among(session, keys) if keys else set()
        errors += [
            FieldError(f"/audience/{name}/{place}", f"there is no {name[:-1]} {key}", code)
            for code in [f"unknown_{name[:-1]}"]
            for place, key in enumerate(keys)
            if key not in known
        ]
    return errors


def _content(present: Any) -> dict[str, Any]:
    """The fields that people write, of an offering as it is."""
    return {name: getattr(present, name) for name in OfferingContent.model_fields}


def _columns(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Wire fields to columns of the offering; form and plan are its version's."""
    columns = {
        name: value
        for name, value in fields.items()
        if name not in _VERSIONED | {"audience", "price", "announcement"}
    }
    if "audience" in fields:
        columns |= fields["audience"]
    if "price" in fields:
        price = fields["price"] or dict.fromkeys(("amount", "currency", "per"))
        columns["price_amount"], columns["price_unit"] = price["amount"], price["per"]
        columns["currency"] = price["currency"]
    if "announcement" in fields:
        news = fields["announcement"] or dict.fromkeys(("text", "starts_at", "ends_at"))
        columns["announcement"] = news["text"]
        columns["announced_from"], columns["announced_until"] = news["starts_at"], news["ends_at"]
    return columns


def _version(
    caller: Principal, key: str, version: int, content: Mapping[str, Any]
) -> dict[str, Any]:
    return {
        "offering_key": key,
        "version": version,
        "form": content["form"],
        "steps": content["fulfilment_plan"],
        "made_by": caller.person,
    }

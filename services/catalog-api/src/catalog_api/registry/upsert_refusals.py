"""What cannot be upserted: every bad item of the list at once, by pointer."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from catalog_api.ownership import rules as owner_rules
from catalog_api.portfolios import queries as portfolio_queries
from catalog_api.references import queries as reference_queries
from catalog_api.references import rules as reference_rules
from catalog_api.references.rules import Identity, identity
from catalog_api.refusals import refuse, unknown
from catalog_api.registry import rules
from catalog_api.registry.schemas import ServiceUpsert
from shared.errors import FieldError
from shared.kit.database import Session
from shared.schemas.catalog import Reference, Stage


async def refuse_bad_items(
    session: Session, items: Sequence[ServiceUpsert], present: Mapping[str, Any]
) -> None:
    """422 with every bad item; `present` are the services that are there, by key."""
    named = {item.portfolio for item in items if "portfolio" in item.model_fields_set}
    portfolios = await portfolio_queries.known_keys(session, named)
    keys = [item.key for item in items]
    errors = [
        FieldError(f"/{position}/key", f"{keys[position]} stands in this list twice", "repeated")
        for position in rules.repeated_keys(keys)
    ]
    for position, item in enumerate(items):
        at = f"/{position}"
        if item.key not in present:
            errors += _lacking(item, at)
        if "portfolio" in item.model_fields_set and item.portfolio not in portfolios:
            errors.append(unknown("portfolio", f"{at}/portfolio", item.portfolio))
        if "owners" in item.model_fields_set:
            errors += _owner_errors(item, present.get(item.key), at)
        if "external_references" in item.model_fields_set:
            errors += _reference_errors(item, at)
    errors += await _taken_names(session, items, set(keys) - present.keys())
    refuse(errors)


def _lacking(item: ServiceUpsert, at: str) -> list[FieldError]:
    return [
        FieldError(f"{at}/{field}", "is needed to create a service", "missing")
        for field in rules.NEEDED_TO_CREATE
        if field not in item.model_fields_set
    ]


def _owner_errors(item: ServiceUpsert, service: Any, at: str) -> list[FieldError]:
    owners = owner_rules.holders(item.owners)
    errors = [
        FieldError(f"{at}/owners/{position}", reason, "repeated")
        for position, reason in owner_rules.repeated(owners)
    ]
    stage = Stage.STRATEGY if service is None else service.stage
    if owner_rules.lacks_service_owner(stage, owners):
        detail = f"{item.key} is live at stage {stage} and keeps a service_owner: name one"
        errors.append(FieldError(f"{at}/owners", detail, "service_owner_required"))
    return errors


def _reference_errors(item: ServiceUpsert, at: str) -> list[FieldError]:
    references = item.external_references
    errors = [
        FieldError(f"{at}/external_references/{position}", "stands in this list twice", "repeated")
        for position in reference_rules.repeated(references)
    ]
    return errors + [
        FieldError(f"{at}/external_references/{position}", reference_rules.NO_NAME, "no_name")
        for position, reference in enumerate(references)
        if reference_rules.names_nothing(reference.name)
    ]


@dataclass(frozen=True)
class _Names:
    """Whose each name will be when all items are written."""

    wanted: Mapping[str, set[Identity]]
    claimed: Mapping[Identity, str]


def _names(items: Sequence[ServiceUpsert]) -> _Names:
    wanted: dict[str, set[Identity]] = {}
    claimed: dict[Identity, str] = {}
    for item in items:
        if "external_references" in item.model_fields_set:
            wanted[item.key] = {identity(one) for one in item.external_references}
            for one in item.external_references:
                claimed.setdefault(identity(one), item.key)
    return _Names(wanted, claimed)


def _keeps_name(names: _Names, service: str, folded: str) -> bool:
    """Whether the service will still have a reference of that name, of any source."""
    wanted = names.wanted.get(service)
    return wanted is None or any(name == folded for _, name in wanted)


async def _taken_names(
    session: Session, items: Sequence[ServiceUpsert], fresh: set[str]
) -> list[FieldError]:
    """References that another service has, and new keys that are another service's reference."""
    names = _names(items)
    errors = []
    elsewhere: dict[str, str] = {}
    for folded, service in await reference_queries.holders_of_names(session, fresh):
        if _keeps_name(names, service, folded):
            elsewhere[folded] = service
    for position, item in enumerate(items):
        holder = elsewhere.get(item.key)
        if holder is not None:
            detail = f"is an external reference of the service {holder}"
            errors.append(FieldError(f"/{position}/key", detail, "reference_taken"))
    asked = list(_asked(items))
    others = await reference_queries.other_holders(
        session, [(service, reference) for _, service, reference in asked]
    )
    for (pointer, service, reference), other in zip(asked, others, strict=True):
        holder = _holder(names, fresh, (service, reference), other)
        if holder is not None:
            detail = f"{reference.name} names the service {holder}"
            errors.append(FieldError(pointer, detail, "reference_taken"))
    return errors


def _asked(items: Sequence[ServiceUpsert]) -> Iterator[tuple[str, str, Reference]]:
    """Pointer, service and reference of everything that is named."""
    for position, item in enumerate(items):
        if "external_references" in item.model_fields_set:
            for number, reference in enumerate(item.external_references):
                yield f"/{position}/external_references/{number}", item.key, reference


def _holder(names: _Names, fresh: set[str], asked: tuple[str, Reference], other: Any) -> str | None:
    """The other service that a reference means, or will mean once all items are written."""
    service, reference = asked
    if other.own is not None:
        return str(other.own)
    folded = reference_rules.fold(reference.name)
    if folded in fresh and folded != service:
        return folded
    if other.held is not None:
        kept = names.wanted.get(other.held)
        if kept is None or identity(reference) in kept:
            return str(other.held)
    claimed = names.claimed[identity(reference)]
    return claimed if claimed != service else None

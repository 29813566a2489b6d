"""Upserting services in bulk, with their owners and references: all of them, or none.

However many services there are, a handful of statements look and a handful write.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from catalog_api.changes import Change, record_changes
from catalog_api.ownership import queries as owner_queries
from catalog_api.ownership import rules as owner_rules
from catalog_api.references import queries as reference_queries
from catalog_api.references import rules as reference_rules
from catalog_api.registry import queries, rules, upsert_refusals
from catalog_api.registry.actions import new_row
from catalog_api.registry.schemas import (
    ServicePatch,
    ServiceUpsert,
    UpsertedItem,
    UpsertOutcome,
    UpsertReply,
)
from shared.errors import Conflict
from shared.kit.auth import Principal
from shared.kit.clock import now
from shared.kit.database import Session
from shared.kit.patches import named
from shared.schemas.catalog import Reference, Stage

OWNERS, REFERENCES = "owners", "external_references"
_BESIDE = (OWNERS, REFERENCES)
# A service created by an upsert: what it does not name, and what its fields are compared with.
_DEFAULTS: dict[str, Any] = {
    "description": "",
    "criticality": None,
    "support_hours": None,
    "tags": [],
    "stage": Stage.STRATEGY,
}
_BLANK: dict[str, Any] = dict.fromkeys((*ServicePatch.model_fields, *_BESIDE))
Fields = Mapping[str, rules.FieldChange]


@dataclass(frozen=True)
class Present:
    """What is there of the services that are upserted; fresh ones have nobody and no names."""

    services: Mapping[str, Any]
    owners: Mapping[str, list[owner_rules.Holder]]
    references: Mapping[str, list[Reference]]


async def upsert_services(
    session: Session, caller: Principal, items: Sequence[ServiceUpsert], *, dry_run: bool
) -> UpsertReply:
    """Create and change services by key, all or none; what does not differ is left alone."""
    renamed = any(REFERENCES in item.model_fields_set for item in items)
    await reference_queries.lock_names(session, references=renamed)
    present = await _look(session, items)
    await upsert_refusals.refuse_bad_items(session, items, present.services)
    changed = {item.key: _changes(item, present) for item in items}
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


async def _look(session: Session, items: Sequence[ServiceUpsert]) -> Present:
    keys = {item.key for item in items}
    services = await queries.lock_services(session, keys)
    owners = await owner_queries.present_owners_of_many(session, keys)
    return Present(services, owners, await reference_queries.references_of_many(session, keys))


def _changes(item: ServiceUpsert, present: Present) -> Fields:
    wanted = named(item, mode="json", without={"key"})
    references = present.references[item.key]
    if OWNERS in wanted:
        wanted[OWNERS] = _shown_owners(owner_rules.holders(item.owners))
    if REFERENCES in wanted:
        spelt = reference_rules.as_spelt(item.external_references, references)
        wanted[REFERENCES] = _shown_references(spelt)
    service = present.services.get(item.key)
    if service is None:
        return rules.changes(_BLANK, wanted)
    beside = {
        OWNERS: _shown_owners(present.owners[item.key]),
        REFERENCES: _shown_references(reference_rules.as_spelt(references, references)),
    }
    return rules.changes({**service._asdict(), **beside}, wanted)


async def _write(
    session: Session, caller: Principal, changed: Mapping[str, Fields], present: Present
) -> None:
    moment = now()
    done: dict[str, Change] = {}
    fresh: list[dict[str, Any]] = []
    altered: dict[str, dict[str, Any]] = {}
    beside: dict[str, list[str]] = {}
    for key, fields in changed.items():
        after = rules.after_of(fields)
        own = {name: value for name, value in after.items() if name not in _BESIDE}
        if key not in present.services:
            fresh.append({**_DEFAULTS, **own, "key": key, **new_row(moment), "onboarded": False})
            done[key] = Change(
                "created", None, {**_DEFAULTS, **after, "key": key}, "service.created"
            )
        elif fields:
            altered[key], beside[key] = own, [name for name in _BESIDE if name in after]
            done[key] = Change("changed", rules.before_of(fields), after)
    await queries.change_services(session, altered, moment, beside)
    if not await queries.insert_services(session, fresh):
        raise Conflict(
            "Another request created one of these services just now: repeat it", code="key_taken"
        )
    await _write_owners(session, changed, present, moment)
    await _write_references(session, changed, present, moment)
    await record_changes(session, caller, done)


async def _write_owners(
    session: Session, changed: Mapping[str, Fields], present: Present, moment: datetime
) -> None:
    ended: list[tuple[str, owner_rules.Holder]] = []
    begun: list[tuple[str, owner_rules.Holder]] = []
    for key, fields in changed.items():
        if OWNERS in fields:
            wanted = [owner_rules.Holder(**owner) for owner in fields[OWNERS].after]
            difference = owner_rules.difference(present.owners[key], wanted)
            ended += [(key, owner) for owner in difference.ended]
            begun += [(key, owner) for owner in difference.begun]
    await owner_queries.end_owners_of_many(session, ended, moment)
    await owner_queries.begin_owners_of_many(session, begun, moment)


async def _write_references(
    session: Session, changed: Mapping[str, Fields], present: Present, moment: datetime
) -> None:
    """Names that go are given up before others take them: they may pass from one to another."""
    gone: list[tuple[str, Reference]] = []
    added: list[tuple[str, Reference]] = []
    for key, fields in changed.items():
        if REFERENCES in fields:
            before = present.references[key]
            after = [Reference(**reference) for reference in fields[REFERENCES].after]
            gone += [(key, one) for one in before if one not in after]
            added += [(key, one) for one in after if one not in before]
    await reference_queries.delete_references_of_many(session, gone)
    await reference_queries.insert_references_of_many(session, added, moment)


def _shown_owners(owners: Sequence[owner_rules.Holder]) -> list[dict[str, Any]]:
    return [vars(owner) for owner in sorted(owners)]


def _shown_references(references: Sequence[Reference]) -> list[dict[str, Any]]:
    return [reference.model_dump() for reference in references]


def _result(key: str, fields: Fields, present: Present) -> UpsertedItem:
    if key not in present.services:
        outcome = UpsertOutcome.CREATED
    else:
        outcome = UpsertOutcome.CHANGED if fields else UpsertOutcome.UNCHANGED
    return UpsertedItem.model_validate({"key": key, "outcome": outcome, "changes": fields})

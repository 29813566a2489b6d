"""Writing many dependencies at once: all of them or none, and repeating it changes nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from catalog_api.ceilings.actions import ceilings_kept
from catalog_api.changes import ResourceChange, record_resource
from catalog_api.dependencies import actions, queries
from catalog_api.dependencies.rules import Node, NodeKind, Strength
from catalog_api.dependencies.schemas import (
    DependencyUpsert,
    DependencyUpsertReply,
    UpsertedDependency,
)
from catalog_api.refusals import refuse, unknown
from catalog_api.registry import rules as registry_rules
from catalog_api.registry.rules import FieldChange
from catalog_api.registry.schemas import UpsertOutcome
from shared.errors import FieldError
from shared.kit.auth import Principal
from shared.kit.clock import now
from shared.kit.database import Session
from shared.kit.patches import named

Pair = tuple[str, Node]

_DEFAULTS: dict[str, Any] = {"cost_share": Decimal(0), "description": ""}
_BLANK: dict[str, Any] = dict.fromkeys(("strength", "cost_share", "description"))


@dataclass(frozen=True)
class Step:
    """What an item comes to: `identity` is that of the dependency, there or to be made."""

    pair: Pair
    identity: UUID
    outcome: UpsertOutcome
    changes: Mapping[str, FieldChange]


async def upsert_dependencies(
    session: Session, caller: Principal, items: Sequence[DependencyUpsert], *, dry_run: bool
) -> DependencyUpsertReply:
    """Create and change dependencies by consumer and provider.

    A dry run writes too, and takes it back: it refuses whatever the real one would.
    """
    pairs = [(item.consumer, Node(item.provider.kind, item.provider.key)) for item in items]
    _refuse_repeated(pairs)
    services, products = await actions.lock_ends(session, pairs)
    _refuse_unknown(pairs, services.keys(), products)
    await queries.lock_graph(session)
    present = await queries.dependencies_between(session, pairs)
    fresh = [pair for pair in pairs if pair not in present]
    _refuse_incomplete(items, pairs, present)
    actions.refuse_retired(fresh, services)
    actions.refuse_itself(fresh)
    steps = [_step(item, pair, present) for item, pair in zip(items, pairs, strict=True)]
    consumers = {Node(NodeKind.SERVICE, one.pair[0]) for one in steps if _moves_a_ceiling(one)}
    async with ceilings_kept(session, consumers):
        written = await session.begin_nested()
        await _write(session, steps)
        await _refuse_broken_graph(session, steps)
    if dry_run:
        await written.rollback()
    else:
        await written.commit()
        await record_resource(
            session, caller, *(_resource_change(step) for step in steps if step.changes)
        )
    return _reply(steps, dry_run=dry_run)


def _refuse_repeated(pairs: Sequence[Pair]) -> None:
    first = {pair: position for position, pair in reversed(list(enumerate(pairs)))}
    refuse(
        [
            FieldError(
                f"/{position}", f"{pair[0]} → {pair[1].key} stands in this list twice", "repeated"
            )
            for position, pair in enumerate(pairs)
            if first[pair] != position
        ]
    )


def _refuse_unknown(pairs: Sequence[Pair], services: Any, products: set[str]) -> None:
    """422 naming every service and vendor product that there is not."""
    known = {NodeKind.SERVICE: services, NodeKind.VENDOR_PRODUCT: products}
    errors = []
    for position, (consumer, provider) in enumerate(pairs):
        if consumer not in services:
            errors.append(unknown("service", f"/{position}/consumer", consumer))
        if provider.key not in known[provider.kind]:
            errors.append(unknown(provider.kind, f"/{position}/provider/key", provider.key))
    refuse(errors)


def _refuse_incomplete(
    items: Sequence[DependencyUpsert], pairs: Sequence[Pair], present: Mapping[Pair, Any]
) -> None:
    refuse(
        [
            FieldError(f"/{position}/strength", "is needed to create a dependency", "missing")
            for position, (item, pair) in enumerate(zip(items, pairs, strict=True))
            if pair not in present and "strength" not in item.model_fields_set
        ]
    )


def _step(item: DependencyUpsert, pair: Pair, present: Mapping[Pair, Any]) -> Step:
    wanted = named(item, without={"consumer", "provider"})
    there = present.get(pair)
    if there is None:
        changes = _changes(_BLANK, {**_DEFAULTS, **wanted})
        return Step(pair, uuid4(), UpsertOutcome.CREATED, changes)
    changes = _changes(there._asdict(), wanted)
    outcome = UpsertOutcome.CHANGED if changes else UpsertOutcome.UNCHANGED
    return Step(pair, there.id, outcome, changes)


def _changes(present: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, FieldChange]:
    return registry_rules.changes(actions.as_shown(present), actions.as_shown(wanted))


async def _write(session: Session, steps: Sequence[Step]) -> None:
    created, changed = [], {}
    for step in steps:
        after = registry_rules.after_of(step.changes)
        if step.outcome is UpsertOutcome.CREATED:
            created.append(actions.row_of(step.identity, *step.pair, after))
        elif step.outcome is UpsertOutcome.CHANGED:
            changed[step.identity] = after
    await queries.change_dependencies(session, changed, now())
    await queries.insert_dependencies(session, created)


async def _refuse_broken_graph(session: Session, steps: Sequence[Step]) -> None:
    """Cycles and shares, once for the whole set."""
    written = [step for step in steps if step.changes]
    created = {s.pair[0] for s in written if s.outcome is UpsertOutcome.CREATED}
    await actions.refuse_broken_graph(session, created, {step.pair[1] for step in written})


def _moves_a_ceiling(step: Step) -> bool:
    strength = step.changes.get("strength")
    return strength is not None and Strength.HARD in (strength.before, strength.after)


def _resource_change(step: Step) -> ResourceChange:
    before: dict[str, Any] | None = registry_rules.before_of(step.changes)
    after = registry_rules.after_of(step.changes)
    if step.outcome is UpsertOutcome.CREATED:
        before, after = None, {**_ends(step), **after}
    identity = str(step.identity)
    return ResourceChange(actions.DEPENDENCY, identity, step.outcome, before, after, step.pair[0])


def _ends(step: Step) -> dict[str, Any]:
    consumer, provider = step.pair
    return {"consumer": consumer, "provider": {"kind": provider.kind, "key": provider.key}}


def _reply(steps: Sequence[Step], *, dry_run: bool) -> DependencyUpsertReply:
    outcomes = [step.outcome for step in steps]
    return DependencyUpsertReply(
        dry_run=dry_run,
        created=outcomes.count(UpsertOutcome.CREATED),
        changed=outcomes.count(UpsertOutcome.CHANGED),
        unchanged=outcomes.count(UpsertOutcome.UNCHANGED),
        items=[
            UpsertedDependency.model_validate(
                {**_ends(step), "outcome": step.outcome, "changes": step.changes}
            )
            for step in steps
        ],
    )

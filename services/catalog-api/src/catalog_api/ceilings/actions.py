"""Refusing what would let a service promise more than its dependencies allow."""

from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import uuid4

from catalog_api.ceilings import queries, rules
from catalog_api.ceilings.schemas import CeilingExceptionCreate, CeilingsOut, ceilings_out
from catalog_api.changes import ResourceChange, record_resource
from catalog_api.dependencies.closures import hard_providers_below
from catalog_api.dependencies.queries import lock_graph
from catalog_api.dependencies.rules import Node, NodeKind
from catalog_api.registry.queries import require_service
from shared.errors import Conflict, Invalid
from shared.kit.auth import Principal
from shared.kit.clock import now
from shared.kit.database import Query, Session, answer, answers

_NAMED = 20  # breaches and limiting nodes that a refusal names


@asynccontextmanager
async def ceilings_kept(session: Session, changed: Collection[Node]) -> AsyncIterator[None]:
    """409 ceiling_broken when a promise goes beyond its ceiling after these nodes changed.

    The change is what is done inside, in the same transaction. What stood broken before, when an
    exception had expired, and is no worse afterwards, passes. Of the nodes whose agreement,
    recovery time or dependencies change, it looks at those that are services and at all that need
    them hard; where there are none, at nothing. It takes the lock of the graph, so that no two
    changes pass that break a ceiling together; so lock rows of services and vendor products before.
    """
    if not changed:
        yield
        return
    known = await _broken(session, changed)
    yield
    broken = [
        breach
        for breach in await _broken(session, changed)
        if not any(breach.is_no_worse_than(before) for before in known)
    ]
    if broken:
        raise _ceiling_broken(broken)


async def _broken(session: Session, changed: Collection[Node]) -> list[rules.Breach]:
    """The promises of these nodes, and above them, that are beyond their ceilings now."""
    await lock_graph(session)
    promises = await queries.promises_above(session, changed, now().date())
    if not promises:
        return []
    services = [one.service for one in promises]
    providers = await answer(session, hard_providers_below(services))
    below = {node for nodes in providers.values() for node in nodes}
    own = {Node(NodeKind.SERVICE, one.service) for one in promises}
    figures = await queries.figures_of(session, below | own)
    return rules.breaches(promises, providers, figures)


async def ceilings_of(session: Session, key: str) -> CeilingsOut:
    """The ceilings of a service that is there, beside its promises."""
    return await ceilings_by(session, key, await answers(session, asked_of(key, now())))


def asked_of(key: str, moment: datetime) -> dict[str, Query[Any]]:
    """What the ceilings of a service are made of, as far as it is known without asking."""
    return {
        "hard_providers": hard_providers_below([key]),
        "ceiling_exceptions": queries.valid_exceptions(key, moment.date()),
    }


async def ceilings_by(session: Session, key: str, said: Mapping[str, Any]) -> CeilingsOut:
    """The ceilings, by the answers to `asked_of`."""
    below, own = rules.providers_below(key, said["hard_providers"]), Node(NodeKind.SERVICE, key)
    figures = await queries.figures_of(session, {*below, own})
    excepted = frozenset(said["ceiling_exceptions"])
    agreed, recovery = figures.promised.get(own), figures.recovery.get(own)
    promise = rules.Promise(key, agreed, recovery, excepted)
    return ceilings_out(promise, below, *rules.ceilings_of(key, below, figures))


async def availability_ceilings_under(
    session: Session, services: Collection[str], agreement: str, promised: Mapping[Node, Decimal]
) -> dict[str, rules.Ceiling]:
    """The availability ceiling of each service once an agreement promises these availabilities.

    They take the place of what that agreement promises now, and stand beside the others.
    """
    providers = await answer(session, hard_providers_below(services))
    every = {node for nodes in providers.values() for node in nodes}
    figures = await queries.figures_of(session, every, besides=agreement)
    agreed = rules.lowest(figures.availability, promised)
    return {
        key: rules.availability_ceiling(rules.providers_below(key, providers), agreed)
        for key in services
    }


async def record_ceiling_exception(
    session: Session, caller: Principal, key: str, body: CeilingExceptionCreate
) -> Any:
    """Let a service promise more than its ceiling in one dimension, until a day."""
    await require_service(session, key)
    moment = now()
    if body.expires_on < moment.date():
        raise Invalid("An exception ends today or later", pointer="/expires_on", code="in_the_past")
    fields = body.model_dump()
    recorded = {"service_key": key, "recorded_by": caller.person, "recorded_at": moment}
    row = await queries.insert_exception(session, {"id": uuid4(), **fields, **recorded})
    change = ResourceChange("ceiling_exception", str(row.id), "recorded", None, fields, key)
    await record_resource(session, caller, change)
    return row


def _ceiling_broken(broken: list[rules.Breach]) -> Conflict:
    worst = [_as_shown(breach) for breach in broken[:_NAMED]]
    first = worst[0]
    limiting = ", ".join(f"{one['key']} ({one['figure']:g})" for one in first["limited_by"][:3])
    return Conflict(
        f"{first['service']} promises {first['dimension']} {first['promised']:g}, but what it needs"
        f" allows {first['ceiling']:g} only: {limiting}. Change the promise or the dependency, or"
        " record a ceiling exception",
        code="ceiling_broken",
        count=len(broken),
        breaches=worst,
    )


def _as_shown(breach: rules.Breach) -> dict[str, Any]:
    ceiling = breach.ceiling
    return {
        "service": breach.promise.service,
        "dimension": ceiling.dimension,
        "promised": float(breach.promised),
        "ceiling": float(breach.allowed),
        "limited_by": [
            {"kind": node.kind, "key": node.key, "figure": float(figure)}
            for node, figure in ceiling.limited_by[:_NAMED]
        ],
    }

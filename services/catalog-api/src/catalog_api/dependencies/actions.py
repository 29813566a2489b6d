"""Writing one dependency: rows locked in one order, the rules checked on what was written."""

from collections.abc import Collection, Mapping
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from catalog_api.ceilings.actions import ceilings_kept
from catalog_api.changes import ResourceChange, record_resource
from catalog_api.dependencies import queries, rules
from catalog_api.dependencies.rules import Node, NodeKind, Strength
from catalog_api.dependencies.schemas import DependencyCreate, DependencyPatch
from catalog_api.refusals import refuse, unknown
from catalog_api.registry import queries as registry_queries
from catalog_api.registry import rules as registry_rules
from catalog_api.rows import new_row
from catalog_api.vendors import queries as vendor_queries
from shared.errors import Conflict, NotFound
from shared.kit.auth import Principal
from shared.kit.database import Session
from shared.kit.etag import check_version
from shared.kit.patches import named
from shared.schemas.catalog import Stage

DEPENDENCY = "dependency"
_NAMED = 20  # retired services and exceeded providers that a refusal names


async def create_dependency(
    session: Session, caller: Principal, key: str, body: DependencyCreate
) -> Any:
    """Let a service depend on a service or vendor product.

    409: the pair is there already, one of them is retired, the edge closes a cycle, the provider's
    cost shares would exceed 1, or a promise would go beyond its ceiling.
    """
    provider = Node(body.provider.kind, body.provider.key)
    services, products = await lock_ends(session, [(key, provider)])
    if key not in services:
        raise NotFound(f"There is no service {key}")
    if provider.key not in (products if provider.kind is NodeKind.VENDOR_PRODUCT else services):
        refuse([unknown(provider.kind, "/provider/key", provider.key)])
    refuse_retired([(key, provider)], services)
    refuse_itself([(key, provider)])
    await queries.lock_graph(session)
    consumer = [Node(NodeKind.SERVICE, key)] if body.strength is Strength.HARD else []
    identity = uuid4()
    own = {"strength": body.strength, "cost_share": body.cost_share}
    values = row_of(identity, key, provider, {**own, "description": body.description})
    async with ceilings_kept(session, consumer):
        if not await queries.insert_dependency(session, values):
            raise await _exists(session, key, provider)
        await refuse_broken_graph(session, {key}, {provider})
    shown = as_shown({"consumer": key, **body.model_dump()})
    change = ResourceChange(DEPENDENCY, str(identity), "created", None, shown, key)
    await record_resource(session, caller, change)
    return await queries.get_dependency(session, key, identity)


async def change_dependency(
    session: Session,
    caller: Principal,
    at: tuple[str, UUID],
    patch: DependencyPatch,
    expected: int,
) -> Any:
    """Change the named fields of a service's dependency; nothing happens when nothing differs."""
    key, identity = at
    await queries.lock_graph(session)
    present = await queries.get_dependency(session, key, identity)
    check_version(expected, present.revision)
    changed = registry_rules.changes(present._asdict(), named(patch))
    if not changed:
        return present
    before, after = registry_rules.before_of(changed), registry_rules.after_of(changed)
    consumer = [Node(NodeKind.SERVICE, key)] if "strength" in after else []
    provider = Node(NodeKind(present.provider["kind"]), present.provider["key"])
    async with ceilings_kept(session, consumer):
        await queries.change_dependency(session, identity, after)
        await _refuse_exceeded_shares(session, {provider})
    sides = as_shown(before), as_shown(after)
    await record_resource(
        session, caller, ResourceChange(DEPENDENCY, str(identity), "changed", *sides, key)
    )
    return await queries.get_dependency(session, key, identity)


async def remove_dependency(session: Session, caller: Principal, key: str, identity: UUID) -> None:
    """Remove a dependency of a service.

    That can break a ceiling too: where only this provider lacked a figure, the ceiling is unknown
    before and known afterwards.
    """
    await queries.lock_graph(session)
    present = await queries.get_dependency(session, key, identity)
    consumer = [Node(NodeKind.SERVICE, key)] if present.strength is Strength.HARD else []
    async with ceilings_kept(session, consumer):
        await queries.delete_dependency(session, identity)
    provider = {name: present.provider[name] for name in ("kind", "key")}
    own = {name: getattr(present, name) for name in ("strength", "cost_share", "description")}
    shown = as_shown({"consumer": key, "provider": provider, **own})
    change = ResourceChange(DEPENDENCY, str(identity), "removed", shown, None, key)
    await record_resource(session, caller, change)


async def lock_ends(
    session: Session, pairs: Collection[tuple[str, Node]]
) -> tuple[Mapping[str, Any], set[str]]:
    """The services and vendor products of these pairs, so that none is retired meanwhile."""
    ends = {provider for _, provider in pairs}
    ends |= {Node(NodeKind.SERVICE, consumer) for consumer, _ in pairs}
    services = [node.key for node in ends if node.kind is NodeKind.SERVICE]
    products = [node.key for node in ends if node.kind is NodeKind.VENDOR_PRODUCT]
    locked = await registry_queries.lock_services(session, services)
    return locked, await vendor_queries.lock_products(session, products)


def refuse_retired(pairs: Collection[tuple[str, Node]], services: Mapping[str, Any]) -> None:
    """409 when a service of a new dependency is retired."""
    ends = {consumer for consumer, _ in pairs}
    ends |= {provider.key for _, provider in pairs if provider.kind is NodeKind.SERVICE}
    retired = sorted(
        key for key in ends & services.keys() if services[key].stage is Stage.RETIREMENT
    )
    if retired:
        raise Conflict(
            f"{', '.join(retired[:_NAMED])}: a retired service neither depends on others nor is"
            " depended on",
            code="service_retired",
            services=retired[:_NAMED],
        )


def refuse_itself(pairs: Collection[tuple[str, Node]]) -> None:
    """409 when a service would depend on itself: the shortest cycle."""
    for consumer, provider in pairs:
        if provider == Node(NodeKind.SERVICE, consumer):
            raise _cycle([consumer, consumer])


async def refuse_broken_graph(
    session: Session, consumers: Collection[str], providers: Collection[Node]
) -> None:
    """409 when new dependencies of these consumers close a cycle or share a provider out twice.

    Under the lock of the graph, after they are written. There was no cycle before, so any cycle
    goes through one of these consumers.
    """
    if any(node.kind is NodeKind.SERVICE for node in providers):
        cycle = rules.cycle_in(await queries.service_pairs_below(session, consumers))
        if cycle is not None:
            raise _cycle(cycle)
    await _refuse_exceeded_shares(session, providers)


def row_of(identity: UUID, consumer: str, provider: Node, own: Mapping[str, Any]) -> dict[str, Any]:
    """The row of a new dependency."""
    is_service = provider.kind is NodeKind.SERVICE
    return new_row(
        {
            **own,
            "id": identity,
            "consumer_key": consumer,
            "provider_service_key": provider.key if is_service else None,
            "provider_vendor_product_key": None if is_service else provider.key,
        }
    )


def as_shown(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Fields as replies show them: a cost share is a number."""
    return {
        name: float(value) if isinstance(value, Decimal) else value
        for name, value in fields.items()
    }


async def _refuse_exceeded_shares(session: Session, providers: Collection[Node]) -> None:
    exceeded = rules.exceeded_shares(await queries.share_sums(session, providers))
    if exceeded:
        node, total = next(iter(exceeded.items()))
        raise Conflict(
            f"The cost shares of {node.key} would sum to {_plain(total)}; they may not exceed 1",
            code="cost_share_exceeded",
            providers=[
                {"kind": one.kind, "key": one.key, "sum": float(share)}
                for one, share in list(exceeded.items())[:_NAMED]
            ],
        )


async def _exists(session: Session, key: str, provider: Node) -> Conflict:
    there = await queries.dependencies_between(session, [(key, provider)])
    identity = str(there[key, provider].id)
    return Conflict(
        f"{key} depends on {provider.key} already: change that dependency",
        code="dependency_exists",
        id=identity,
        location=f"/v1/services/{key}/dependencies/{identity}",
    )


def _cycle(path: list[str]) -> Conflict:
    return Conflict(
        f"That would close a cycle: {' → '.join(path)}", code="dependency_cycle", path=path
    )


def _plain(number: Decimal) -> str:
    return f"{number.normalize():f}"

"""Asking all three owners of facts about a service."""

from collections.abc import Collection, Mapping

from improvement_api.facts.rules import Owner, OwnerReply
from improvement_api.facts.sheets import own_facts
from improvement_api.providers import Providers, ask_about
from shared.kit.clock import now
from shared.kit.database import Engine, reading


async def ask_every_owner(
    engine: Engine,
    providers: Providers,
    service: str,
    names: Mapping[Owner, Collection[str]] | None,
) -> dict[Owner, OwnerReply]:
    """What they know of these facts, None: of all; our own are read while the others think.

    NotFound when the catalog does not know the service. No transaction waits for another service.
    """

    async def own() -> OwnerReply:
        wanted = None if names is None else names.get(Owner.IMPROVEMENT, ())
        async with reading(engine) as session:
            facts = await own_facts(session, service, wanted, now())
        return OwnerReply(Owner.IMPROVEMENT, facts)

    return await ask_about(providers, service, names, own)

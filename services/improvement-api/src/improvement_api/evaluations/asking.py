"""Asking the owners of facts what a gate needs, before a request's first word to the database."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from improvement_api.evaluations.schemas import SimulationCreate
from improvement_api.facts.asking import ask_every_owner
from improvement_api.facts.rules import Heard, Owner, OwnerReply
from improvement_api.gates.queries import current_version, definition_of
from improvement_api.gates.rules import GateDefinition, names_by_owner
from improvement_api.providers import Providers, Remotes, ask_for_catalogs
from shared.kit.database import Engine, reading
from shared.schemas.common import Key
from shared.schemas.improvement import Gate


@dataclass(frozen=True)
class Asked:
    """The version of a gate that was in force, and what the owners answered for its facts.

    They belong together: what is judged is this version, also when a newer one is published
    meanwhile.
    """

    definition: GateDefinition
    replies: Mapping[Owner, OwnerReply]


@dataclass(frozen=True)
class Proposal:
    """A gate that is only proposed, what facts there are for it, and what the owners answered.

    The answers are all facts: which of them the proposal uses is known when it was checked.
    """

    gate: SimulationCreate
    heard: Heard
    replies: Mapping[Owner, OwnerReply]


async def ask_for_gate(engine: Engine, providers: Providers, service: str, gate: Gate) -> Asked:
    """Read the version in force, and ask the owners for the facts that it uses.

    NotFound when the catalog does not know the service, or the gate has no version.
    """
    # A read that is over before anybody is asked: no transaction waits for another service.
    async with reading(engine) as session:
        definition = definition_of(await current_version(session, gate))
    names = names_by_owner(definition)
    return Asked(definition, await ask_every_owner(engine, providers, service, names))


async def _asked(key: Key, gate: Gate, providers: Remotes, request: Request) -> Asked:
    return await ask_for_gate(request.app.state.engine, providers, key, gate)


async def _asked_or_proposed(
    key: Key,
    gate: Gate,
    providers: Remotes,
    request: Request,
    body: SimulationCreate | None = None,
) -> Asked | Proposal:
    if body is None:
        return await _asked(key, gate, providers, request)
    heard = await ask_for_catalogs(providers)
    replies = await ask_every_owner(request.app.state.engine, providers, key, None)
    return Proposal(body, heard, replies)


AskedGate = Annotated[Asked, Depends(_asked)]
AskedOrProposed = Annotated[Asked | Proposal, Depends(_asked_or_proposed)]

"""The merged fact catalog over HTTP."""

from collections import defaultdict
from typing import Annotated

from fastapi import Query

from improvement_api.facts.queries import known_facts, remember_facts
from improvement_api.facts.rules import FactType, Owner
from improvement_api.facts.schemas import FactCatalogOut, FactUse, UsedFactDefinition
from improvement_api.facts.sheets import OWN_FACTS
from improvement_api.gates.queries import uses_of_facts
from improvement_api.providers import AskedCatalogs
from shared.kit.auth import Principal, requires
from shared.kit.clock import now
from shared.kit.database import Session
from shared.kit.routing import Router

router = Router(prefix="/v1", tags=["facts"])

GatesRead = Annotated[Principal, requires("gates:read")]


@router.get("/facts", operation_id="list_facts")
async def list_facts(
    caller: GatesRead,
    heard: AskedCatalogs,
    session: Session,
    owner: Annotated[Owner | None, Query(description="published by this service")] = None,
    type: Annotated[FactType | None, Query(description="of this type")] = None,  # noqa: A002
    prefix: Annotated[
        str, Query(pattern="^[a-z0-9_]*$", max_length=100, description="the name begins so")
    ] = "",
    used: Annotated[bool | None, Query(description="whether a gate in force asks for it")] = None,
) -> FactCatalogOut:
    """Every fact that the expression of a criterion may name, with its owner and meaning.

    Each with the criteria of the gates in force that use it. The facts of an owner that cannot be
    asked now are as it last told them. The owners bound the list, so it is given whole.
    """
    await remember_facts(session, heard, now())
    known = await known_facts(session) | {fact.name: fact for fact in OWN_FACTS}
    uses: dict[str, list[FactUse]] = defaultdict(list)
    for name, gate, criterion in await uses_of_facts(session):
        uses[name].append(FactUse(gate=gate, criterion=criterion))
    return FactCatalogOut(
        items=[
            UsedFactDefinition(**dict(known[name]), used_by=uses[name])
            for name in sorted(known)
            if owner in (None, known[name].owner)
            and type in (None, known[name].type)
            and name.startswith(prefix)
            and used in (None, bool(uses[name]))
        ]
    )

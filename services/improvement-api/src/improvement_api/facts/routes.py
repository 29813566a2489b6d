"""The merged fact catalog over HTTP."""

from typing import Annotated

from improvement_api.facts.queries import known_facts, remember_facts
from improvement_api.facts.sheets import OWN_FACTS
from improvement_api.providers import AskedCatalogs
from shared.kit.auth import Principal, requires
from shared.kit.clock import now
from shared.kit.database import Session
from shared.kit.routing import Router
from shared.schemas.common import FactCatalog

router = Router(prefix="/v1", tags=["facts"])

GatesRead = Annotated[Principal, requires("gates:read")]


@router.get("/facts", operation_id="list_facts")
async def list_facts(caller: GatesRead, heard: AskedCatalogs, session: Session) -> FactCatalog:
    """Every fact that the expression of a criterion may name, with its owner and meaning.

    The facts of an owner that cannot be asked now are as it last told them.
    """
    await remember_facts(session, heard, now())
    known = await known_facts(session) | {fact.name: fact for fact in OWN_FACTS}
    return FactCatalog(items=[known[name] for name in sorted(known)])

"""Facts over HTTP: the catalog of facts, and their values for a service."""

from typing import Annotated

from fastapi import Query

from catalog_api.documents.actions import facts_of
from catalog_api.documents.sections import section_definitions
from catalog_api.facts import rules
from shared.kit.auth import Principal, requires
from shared.kit.database import Session
from shared.kit.problems import problem_responses
from shared.kit.routing import Router
from shared.schemas.common import MOST_FACT_NAMES, FactCatalog, FactName, Key, ServiceFacts

router = Router(prefix="/v1", tags=["facts"])

CatalogRead = Annotated[Principal, requires("catalog:read")]


@router.get("/facts", operation_id="list_facts")
async def list_facts(caller: CatalogRead) -> FactCatalog:
    """What catalog-api can say about a service."""
    return FactCatalog(items=[*rules.DEFINITIONS, *section_definitions()])


@router.get(
    "/services/{key}/facts", operation_id="get_service_facts", responses=problem_responses(404)
)
async def get_service_facts(
    key: Key,
    session: Session,
    caller: CatalogRead,
    name: Annotated[
        list[FactName] | None,
        Query(
            max_length=MOST_FACT_NAMES,
            description="only these facts, which spares the others' cost; repeat it. A name that"
            " is none is left out of the answer",
            examples=[["service_stage"]],
        ),
    ] = None,
) -> ServiceFacts:
    """Every fact of one service, or those named; `as_of` is when the value last changed."""
    return await facts_of(session, key, None if name is None else frozenset(name))

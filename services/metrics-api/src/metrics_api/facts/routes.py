"""Facts over HTTP: the catalog of facts, and their values for a service."""

from typing import Annotated

from fastapi import Query

from metrics_api.facts import actions, rules
from metrics_api.facts.sheets import SHEETS
from shared.kit.auth import Principal, requires
from shared.kit.database import Session
from shared.kit.problems import problem_responses
from shared.kit.routing import Router
from shared.schemas.common import MOST_FACT_NAMES, FactCatalog, FactName, Key, ServiceFacts

router = Router(prefix="/v1", tags=["facts"])

MetricsRead = Annotated[Principal, requires("metrics:read")]


@router.get("/facts", operation_id="list_facts")
async def list_facts(caller: MetricsRead) -> FactCatalog:
    """What metrics-api can say about a service."""
    return FactCatalog(
        items=[*rules.DEFINITIONS, *(one for sheet in SHEETS for one in sheet.definitions)]
    )


@router.get(
    "/services/{key}/facts", operation_id="get_service_facts", responses=problem_responses(404)
)
async def get_service_facts(
    key: Key,
    session: Session,
    caller: MetricsRead,
    name: Annotated[
        list[FactName] | None,
        Query(
            max_length=MOST_FACT_NAMES,
            description="only these facts, which spares the others' cost; repeat it. A name that"
            " is none is left out of the answer",
            examples=[["backlog_open"]],
        ),
    ] = None,
) -> ServiceFacts:
    """Every fact of one service, or those named, as of now."""
    names = None if name is None else frozenset(name)
    return ServiceFacts(service=key, facts=await actions.facts_of_service(session, key, names))

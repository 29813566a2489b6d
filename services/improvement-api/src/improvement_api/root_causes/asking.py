"""What metrics-api and the catalog are asked about an analysis, before a request's transaction."""

from typing import Annotated

from fastapi import Depends

from improvement_api.providers import Providers, Remotes, check_service
from improvement_api.references import answered
from improvement_api.root_causes.schemas import AnalysisCreate, IncidentIn
from shared.errors import Invalid, NotFound
from shared.schemas.common import Key, ShortText


async def _checked_analysis(body: AnalysisCreate, remotes: Remotes) -> AnalysisCreate:
    """422 for a service or an incident that is not there, 503 when that cannot be known."""
    await check_service(remotes, body.service, "/service")
    for place, one in enumerate(body.incidents):
        if not await _known(one, remotes):
            raise Invalid(
                f"There is no incident {one.source}/{one.external_id}",
                code="unknown_incident",
                pointer=f"/incidents/{place}",
            )
    return body


async def _checked_incident(source: Key, external_id: ShortText, remotes: Remotes) -> IncidentIn:
    incident = IncidentIn(source=source, external_id=external_id)
    if not await _known(incident, remotes):
        raise NotFound(f"There is no incident {source}/{external_id}", code="unknown_incident")
    return incident


async def _known(one: IncidentIn, remotes: Providers) -> bool:
    return await answered(remotes.metrics.has_incident(one.source, one.external_id)) is not None


CheckedAnalysis = Annotated[AnalysisCreate, Depends(_checked_analysis)]
CheckedIncident = Annotated[IncidentIn, Depends(_checked_incident)]

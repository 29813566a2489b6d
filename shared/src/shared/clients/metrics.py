"""Client of metrics-api: facts of a service, figures, and the initiatives its reports show."""

from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import quote

from shared.clients.remote import Remote, items_of, read, read_document
from shared.schemas.common import FactCatalog, ServiceFacts
from shared.schemas.metrics import InitiativePut


class MetricsClient:
    """Every method raises shared.errors: NotFound, Forbidden..., Unavailable with `service`."""

    def __init__(self, remote: Remote) -> None:
        self._remote = remote

    async def fact_catalog(self) -> FactCatalog:
        return read(FactCatalog, await self._remote.request("GET", "/v1/facts"), self._remote)

    async def service_facts(self, key: str) -> ServiceFacts:
        reply = await self._remote.request("GET", f"/v1/services/{quote(key, safe='')}/facts")
        return read(ServiceFacts, reply, self._remote)

    async def figures(
        self, path: str, params: Mapping[str, Any], deadline: timedelta
    ) -> dict[str, Any]:
        """Any document of figures as it is sent; those as of a moment may take long."""
        reply = await self._remote.request("GET", path, params=params, deadline=deadline)
        return read_document(reply, self._remote)

    def iterate(
        self, path: str, params: Mapping[str, Any], deadline: timedelta | None = None
    ) -> AsyncIterator[dict[str, Any]]:
        """The items (or rows) of any list, as they are sent, in its order, page by page."""
        return items_of(self._remote, path, params, deadline)

    async def put_initiative(self, initiative_id: str, initiative: InitiativePut) -> None:
        """Set how the reports show an initiative; an older `revision` changes nothing."""
        await self._remote.request(
            "PUT",
            f"/v1/initiatives/{quote(initiative_id, safe='')}",
            json=initiative.model_dump(mode="json"),
        )

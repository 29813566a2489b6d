"""Client of metrics-api: facts and figures of a service, and the initiatives its reports show."""

from dataclasses import dataclass
from datetime import date
from urllib.parse import quote

from shared.clients.remote import Remote, read
from shared.schemas.common import FactCatalog, ServiceFacts
from shared.schemas.metrics import InitiativePut, KpiId, KpiMeaning, ServiceKpiFigures


@dataclass(frozen=True)
class SeriesQuestion:
    """The figures of a KPI by `grain`, from the period of a day to that of another."""

    kpi: KpiId
    grain: str
    first: date
    last: date
    slice_by: str | None = None


class MetricsClient:
    """Every method raises shared.errors: NotFound, Forbidden..., Unavailable with `service`."""

    def __init__(self, remote: Remote) -> None:
        self._remote = remote

    async def fact_catalog(self) -> FactCatalog:
        return read(FactCatalog, await self._remote.request("GET", "/v1/facts"), self._remote)

    async def service_facts(self, key: str) -> ServiceFacts:
        reply = await self._remote.request("GET", f"/v1/services/{quote(key, safe='')}/facts")
        return read(ServiceFacts, reply, self._remote)

    async def kpi_meaning(self, kpi: KpiId) -> KpiMeaning:
        reply = await self._remote.request("GET", f"/v1/kpis/{kpi.value}")
        return read(KpiMeaning, reply, self._remote)

    async def kpi_series(self, key: str, asked: SeriesQuestion) -> ServiceKpiFigures:
        """At most 400 periods; NotFound for a service that metrics-api does not know."""
        params = {
            "kpi": asked.kpi.value,
            "grain": asked.grain,
            "from": asked.first.isoformat(),
            "to": asked.last.isoformat(),
        }
        if asked.slice_by is not None:
            params["slice"] = asked.slice_by
        path = f"/v1/services/{quote(key, safe='')}/kpis"
        reply = await self._remote.request("GET", path, params=params)
        return read(ServiceKpiFigures, reply, self._remote)

    async def put_initiative(self, initiative_id: str, initiative: InitiativePut) -> None:
        """Set how the reports show an initiative; an older `revision` changes nothing."""
        await self._remote.request(
            "PUT",
            f"/v1/initiatives/{quote(initiative_id, safe='')}",
            json=initiative.model_dump(mode="json"),
        )

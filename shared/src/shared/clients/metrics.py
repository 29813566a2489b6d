"""Client of metrics-api: facts, figures and trends, and the initiatives its reports show."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final, TypeVar
from urllib.parse import quote

from shared.clients.remote import Remote, items_of, read, read_document
from shared.schemas.common import MOST_FACT_NAMES, FactCatalog, Page, ServiceFacts
from shared.schemas.metrics import (
    CustomerComment,
    InitiativePut,
    KpiFigures,
    KpiId,
    KpiMeaning,
    MajorIncident,
    PerformanceReport,
    PerformanceRow,
    Recurrences,
    ServiceKpiFigures,
    ServiceTrendSummaries,
    TrendSummary,
)

LARGEST_PAGE: Final = 500
Item = TypeVar("Item")


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

    async def service_facts(self, key: str, names: Collection[str] | None = None) -> ServiceFacts:
        """The facts of these names, or all; a name that the service does not know is left out."""
        path = f"/v1/services/{quote(key, safe='')}/facts"
        params = None
        if names is not None and len(names) <= MOST_FACT_NAMES:
            params = {"name": sorted(names)}
        reply = await self._remote.request("GET", path, params=params)
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

    async def kpi_meaning(self, kpi: KpiId) -> KpiMeaning:
        """Unit of a KPI, and which way is better."""
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

    async def has_incident(self, source: str, external_id: str) -> bool:
        """True, or NotFound when there is no such incident."""
        path = f"/v1/incidents/{quote(source, safe='')}/{quote(external_id, safe='')}"
        return (await self._remote.request("GET", path)).is_success

    async def kpi_of_service(self, key: str, kpi: KpiId, periods: Sequence[str]) -> KpiFigures:
        """A KPI of a service in these periods of UTC, at most 400, in their order."""
        reply = await self._remote.request(
            "GET",
            f"/v1/services/{quote(key, safe='')}/kpis",
            params={"kpi": kpi.value, "periods": ",".join(periods)},
        )
        return read(ServiceKpiFigures, reply, self._remote).kpis[0]

    async def trend_of_service(self, key: str, kpi: KpiId) -> TrendSummary:
        """Where a KPI of a service is heading, tested now over its last 36 full months."""
        reply = await self._remote.request(
            "GET", f"/v1/services/{quote(key, safe='')}/trends", params={"kpi": kpi.value}
        )
        return read(ServiceTrendSummaries, reply, self._remote).trends[0]

    async def iterate_performance(
        self, kpi: KpiId, periods: Sequence[str], page_size: int = 500
    ) -> AsyncIterator[PerformanceRow]:
        """The performance report of a KPI, row by row in the order of the services' keys."""
        cursor: str | None = None
        asked = {"kpi": kpi.value, "periods": ",".join(periods), "limit": page_size}
        while True:
            params = asked | ({"cursor": cursor} if cursor else {})
            reply = await self._remote.request("GET", "/v1/reports/performance", params=params)
            report = read(PerformanceReport, reply, self._remote)
            for row in report.rows:
                yield row
            cursor = report.next_cursor
            if cursor is None:
                return

    async def major_incidents(
        self, opened_from: datetime, cursor: str | None
    ) -> Page[MajorIncident]:
        """A page of the major incidents that were opened then or later, by source and id."""
        # Short pages: while one is written nobody else is answered.
        params = {"opened_from": opened_from.isoformat(), "limit": 100}
        return await self._page("/v1/incidents/major", params, cursor, MajorIncident)

    async def recurrences(self, fingerprint: Mapping[str, Any]) -> Recurrences:
        """How often it happened again; the members are those of metrics-api's question."""
        reply = await self._remote.request(
            "GET", "/v1/incidents/recurrences", params=dict(fingerprint)
        )
        return read(Recurrences, reply, self._remote)

    async def survey_comments(
        self, received_from: datetime, received_to: datetime, cursor: str | None
    ) -> Page[CustomerComment]:
        """A page of the comments whose newest version was received in [from, to)."""
        params = {
            "received_from": received_from.isoformat(),
            "received_to": received_to.isoformat(),
            "limit": LARGEST_PAGE,
        }
        return await self._page("/v1/surveys/comments", params, cursor, CustomerComment)

    async def _page(
        self, path: str, params: Mapping[str, Any], cursor: str | None, item: type[Item]
    ) -> Page[Item]:
        asked = dict(params) | ({"cursor": cursor} if cursor else {})
        reply = await self._remote.request("GET", path, params=asked)
        return read(Page[item], reply, self._remote)  # type: ignore[valid-type]

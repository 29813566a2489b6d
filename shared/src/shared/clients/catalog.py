"""Client of catalog-api: services, their facts, references, and gate decisions."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from datetime import timedelta
from typing import Any, TypeVar
from urllib.parse import quote
from uuid import UUID

from shared.clients.remote import Remote, items_of, read, read_document
from shared.errors import Conflict
from shared.schemas.catalog import (
    Reference,
    ResolvedReference,
    ResolveReply,
    RiskReference,
    ServiceOut,
    ServiceSummary,
    TransitionOut,
    TrendRisk,
)
from shared.schemas.catalog_digests import (
    BoardSummary,
    CostTrend,
    ObjectiveSummary,
    PortfolioSummary,
    PracticeSummary,
    RequirementSummary,
    ServiceCeilings,
    VitalActivitySummary,
)
from shared.schemas.common import MOST_FACT_NAMES, FactCatalog, Page, ServiceFacts

RESOLVE_LIMIT = 10_000
Item = TypeVar("Item")
SERVICE_OWNER = "service_owner"


class CatalogClient:
    """Every method raises shared.errors: NotFound, Forbidden..., Unavailable with `service`."""

    def __init__(self, remote: Remote) -> None:
        self._remote = remote

    async def get_service(self, key: str) -> ServiceSummary:
        reply = await self._remote.request("GET", f"/v1/services/{quote(key, safe='')}")
        return read(ServiceSummary, reply, self._remote)

    async def iterate_services(self, page_size: int = 500) -> AsyncIterator[ServiceOut]:
        """All services with their references in the order of their keys, page by page."""
        async for service in self._iterate("/v1/services", ServiceOut, page_size):
            yield service

    async def iterate(self, path: str, page_size: int = 500) -> AsyncIterator[dict[str, Any]]:
        """The items of any list, as they are sent, in the order of the list, page by page."""
        async for item in self._iterate(path, dict[str, Any], page_size):
            yield item

    def listed(
        self, path: str, params: Mapping[str, Any], deadline: timedelta | None = None
    ) -> AsyncIterator[dict[str, Any]]:
        """The items of a list that `params` narrow, as they are sent, page by page."""
        return items_of(self._remote, path, params, deadline)

    async def document(
        self,
        path: str,
        params: Mapping[str, Any] | None = None,
        deadline: timedelta | None = None,
    ) -> dict[str, Any]:
        """Any single resource, as it is sent."""
        reply = await self._remote.request("GET", path, params=params or {}, deadline=deadline)
        return read_document(reply, self._remote)

    async def _iterate(self, path: str, item: type[Item], page_size: int) -> AsyncIterator[Item]:
        cursor: str | None = None
        while True:
            params = {"limit": page_size} | ({"cursor": cursor} if cursor else {})
            reply = await self._remote.request("GET", path, params=params)
            page = read(Page[item], reply, self._remote)  # type: ignore[valid-type]
            for one in page.items:
                yield one
            cursor = page.next_cursor
            if cursor is None:
                return

    async def resolve_references(self, references: Sequence[Reference]) -> list[ResolvedReference]:
        """Which service each reference names, in the order asked; any number of them."""
        resolved: list[ResolvedReference] = []
        for start in range(0, len(references), RESOLVE_LIMIT):
            asked = [item.model_dump() for item in references[start : start + RESOLVE_LIMIT]]
            reply = await self._remote.request(
                "POST",
                "/v1/external-references/resolve",
                json={"references": asked},
                idempotent=True,
            )
            resolved += read(ResolveReply, reply, self._remote).items
        return resolved

    async def get_board(self, key: str) -> BoardSummary:
        """A board with who votes on it now; NotFound when there never was one."""
        reply = await self._remote.request("GET", f"/v1/boards/{quote(key, safe='')}")
        return read(BoardSummary, reply, self._remote)

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

    async def get_objective(self, key: str) -> ObjectiveSummary:
        reply = await self._remote.request("GET", f"/v1/objectives/{quote(key, safe='')}")
        return read(ObjectiveSummary, reply, self._remote)

    async def get_vital_activity(self, key: str) -> VitalActivitySummary:
        reply = await self._remote.request("GET", f"/v1/vital-activities/{quote(key, safe='')}")
        return read(VitalActivitySummary, reply, self._remote)

    async def availability_bound(self, key: str) -> float | None:
        """What the known figures of its dependencies allow a service to reach, from 0 to 1."""
        reply = await self._remote.request("GET", f"/v1/services/{quote(key, safe='')}/ceilings")
        return read(ServiceCeilings, reply, self._remote).availability.bound

    async def get_risk(self, risk_id: UUID) -> RiskReference:
        reply = await self._remote.request("GET", f"/v1/risks/{risk_id}")
        return read(RiskReference, reply, self._remote)

    async def practices_of_opportunity(
        self, opportunity: str, limit: int, cursor: str | None
    ) -> Page[PracticeSummary]:
        """A page of the practices that are linked to an opportunity, by key."""
        params = {"opportunity": opportunity, "limit": limit}
        params |= {"cursor": cursor} if cursor else {}
        reply = await self._remote.request("GET", "/v1/practices", params=params)
        return read(Page[PracticeSummary], reply, self._remote)

    async def hand_in_decision(self, service: str, decision: str) -> TransitionOut:
        """Hand in a decision (compact JWS). Repeating it is safe: it never moves a stage twice."""
        reply = await self._remote.request(
            "POST",
            f"/v1/services/{quote(service, safe='')}/transitions",
            json={"decision": decision},
            idempotent=True,
        )
        return read(TransitionOut, reply, self._remote)

    async def answerable_owner(self, key: str) -> str | None:
        """Who answers for a service: its service_owner, else another owner, None without any."""
        reply = await self._remote.request("GET", f"/v1/services/{quote(key, safe='')}")
        owners = read(ServiceOut, reply, self._remote).owners
        ranked = sorted(owners, key=lambda owner: (owner.role != SERVICE_OWNER, owner.role))
        return ranked[0].subject if ranked else None

    async def raise_risk(self, risk: TrendRisk, idempotency_key: str) -> UUID:
        """Raise the risk of a trend; the one that the trend has raised already, where there is."""
        try:
            reply = await self._remote.request(
                "POST",
                "/v1/risks",
                json=risk.model_dump(mode="json"),
                idempotency_key=idempotency_key,
            )
        except Conflict as refused:
            if refused.code != "risk_raised_already":
                raise
            return UUID(str(refused.extra["risk"]))
        return read(RiskReference, reply, self._remote).id

    async def get_portfolio(self, key: str) -> PortfolioSummary:
        reply = await self._remote.request("GET", f"/v1/portfolios/{quote(key, safe='')}")
        return read(PortfolioSummary, reply, self._remote)

    async def cost_trend(self, key: str, currency: str) -> CostTrend:
        """What a service cost in each of the last twelve whole months, in that currency."""
        reply = await self._remote.request(
            "GET",
            f"/v1/services/{quote(key, safe='')}/cost-trend",
            params={"currency": currency},
        )
        return read(CostTrend, reply, self._remote)

    async def get_requirement(self, service: str, requirement_id: UUID) -> RequirementSummary:
        path = f"/v1/services/{quote(service, safe='')}/requirements/{requirement_id}"
        reply = await self._remote.request("GET", path)
        return read(RequirementSummary, reply, self._remote)

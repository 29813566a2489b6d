"""SQL of what a figure covers and how it is broken down. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from metrics_api.indicators.scopes import Scope, ScopeKind, Slice

_SLICE_COLUMNS: Final = {
    Slice.PRIORITY: "r.priority::text",
    Slice.CHANNEL: "r.channel",
    Slice.SOURCE: "source.key",
    Slice.TOUCHPOINT: "r.touchpoint",
}
_INCIDENT_SLICE_COLUMNS: Final = {
    **_SLICE_COLUMNS,
    Slice.TOUCHPOINT: "coalesce(r.touchpoint, r.channel)",
}
"""Where an incident names no touchpoint, its channel says where it was met."""


@dataclass(frozen=True)
class Breakdown:
    """What there is one row for, beside each span. `condition` is on a record `r`."""

    service: str
    slice: str
    condition: str
    source_joined: bool

    def rows_of(self, relation: str) -> str:
        """The FROM of the records `r` of a table."""
        if not self.source_joined:
            return f"{relation} r"
        return f"{relation} r LEFT JOIN metrics.source source ON source.id = r.source_id"


def breakdown(
    scope: Scope, *, by_service: bool, slice_by: Slice | None, of_incidents: bool = False
) -> Breakdown:
    """Rows of a service are of records that have one: the unattributed count in sums only."""
    condition = condition_of(scope)
    columns = _INCIDENT_SLICE_COLUMNS if of_incidents else _SLICE_COLUMNS
    if by_service:
        condition += " AND r.service IS NOT NULL"
    return Breakdown(
        service="r.service" if by_service else "NULL::text",
        slice=columns[slice_by] if slice_by else "NULL::text",
        condition=condition,
        source_joined=slice_by is Slice.SOURCE,
    )


def condition_of(scope: Scope) -> str:
    """SQL of whether a record `r` belongs to a scope (Records rule 18); see scope_parameters."""
    parts = []
    if scope.kind is ScopeKind.VENDOR_PRODUCT:
        parts.append("r.vendor_product = CAST(:vendor_product AS text)")
    if services_of(scope) is not None:
        parts.append("r.service = ANY (CAST(:services AS text[]))")
    return " AND ".join(parts) or "true"


def scope_parameters(scope: Scope) -> Mapping[str, Any]:
    parameters: dict[str, Any] = {}
    if scope.kind is ScopeKind.VENDOR_PRODUCT:
        parameters["vendor_product"] = scope.key
    services = services_of(scope)
    if services is not None:
        parameters["services"] = list(services)
    return parameters


def services_of(scope: Scope) -> tuple[str, ...] | None:
    """The services that a scope is limited to; None where services do not decide."""
    if scope.services is None and scope.kind is ScopeKind.SERVICE and scope.key is not None:
        return (scope.key,)
    return scope.services

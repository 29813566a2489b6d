"""Financials: cost items, charging, consumption, TCO and unit cost; benchmarks beside them."""

from shared.kit.routing import Router

router = Router(prefix="/v1", tags=["financials"])

"""Vendor products: vendor, contract, cost and end of life."""

from shared.kit.routing import Router

router = Router(prefix="/v1", tags=["vendor products"])

"""Vendor candidates, scored against a strategy's requirements, and the selection."""

from shared.kit.routing import Router

router = Router(prefix="/v1", tags=["vendor candidates"])

"""Offerings: the entries of the customer-facing catalog, with form and fulfilment plan."""

from shared.kit.routing import Router

router = Router(prefix="/v1", tags=["offerings"])

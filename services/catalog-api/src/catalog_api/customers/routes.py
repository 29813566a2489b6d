"""Customers: communities, their representatives, and their engagement with services."""

from shared.kit.routing import Router

router = Router(prefix="/v1", tags=["customers"])

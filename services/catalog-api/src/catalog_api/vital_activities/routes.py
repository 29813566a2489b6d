"""Vital activities: what a customer must be able to do, and which services support it."""

from shared.kit.routing import Router

router = Router(prefix="/v1", tags=["vital activities"])

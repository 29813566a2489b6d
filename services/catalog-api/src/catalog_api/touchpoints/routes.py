"""Touchpoints: where a customer meets a service."""

from shared.kit.routing import Router

router = Router(prefix="/v1", tags=["touchpoints"])

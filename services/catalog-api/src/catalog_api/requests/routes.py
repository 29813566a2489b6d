"""Requests: what customers asked for, and its way through the fulfilment steps."""

from shared.kit.routing import Router

router = Router(prefix="/v1", tags=["requests"])

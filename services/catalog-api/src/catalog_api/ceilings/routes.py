"""Ceilings: the availability and recovery that dependencies allow, and exceptions."""

from shared.kit.routing import Router

router = Router(prefix="/v1", tags=["ceilings"])

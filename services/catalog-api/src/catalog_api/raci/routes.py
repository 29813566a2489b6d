"""RACI: who is responsible, accountable, consulted and informed, per process and service."""

from shared.kit.routing import Router

router = Router(prefix="/v1", tags=["raci"])

"""Continuity plans and their tests, checked along the supply chain."""

from shared.kit.routing import Router

router = Router(prefix="/v1", tags=["continuity"])

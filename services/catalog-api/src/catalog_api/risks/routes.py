"""Risks: likelihood and impact, treatment, owner and review."""

from shared.kit.routing import Router

router = Router(prefix="/v1", tags=["risks"])

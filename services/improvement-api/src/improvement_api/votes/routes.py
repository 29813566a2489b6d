"""HTTP of votes."""

from shared.kit.routing import Router

router = Router(prefix="/v1", tags=["votes"])

"""HTTP of opportunities."""

from shared.kit.routing import Router

router = Router(prefix="/v1", tags=["opportunities"])

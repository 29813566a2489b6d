"""HTTP of business cases."""

from shared.kit.routing import Router

router = Router(prefix="/v1", tags=["business-cases"])

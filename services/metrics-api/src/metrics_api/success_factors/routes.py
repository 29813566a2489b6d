"""HTTP of success factors."""

from shared.kit.routing import Router

router = Router(prefix="/v1", tags=["success-factors"])

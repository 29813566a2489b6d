"""HTTP of service reviews."""

from shared.kit.routing import Router

router = Router(prefix="/v1", tags=["service-reviews"])

"""HTTP of slo alerts."""

from shared.kit.routing import Router

router = Router(prefix="/v1", tags=["slo-alerts"])

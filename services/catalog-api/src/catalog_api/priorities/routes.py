"""Priority schemes: impact × urgency → priority and its targets, versioned."""

from shared.kit.routing import Router

router = Router(prefix="/v1", tags=["priority schemes"])

"""Organisation units and the catalog of roles."""

from shared.kit.routing import Router

router = Router(prefix="/v1", tags=["organisation"])

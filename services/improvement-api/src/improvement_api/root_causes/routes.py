"""HTTP of root causes."""

from shared.kit.routing import Router

router = Router(prefix="/v1", tags=["root-causes"])

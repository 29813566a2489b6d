"""HTTP of inbox."""

from shared.kit.routing import Router

router = Router(prefix="/v1", tags=["inbox"])

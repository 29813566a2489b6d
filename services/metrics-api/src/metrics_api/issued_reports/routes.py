"""HTTP of issued reports."""

from shared.kit.routing import Router

router = Router(prefix="/v1", tags=["issued-reports"])

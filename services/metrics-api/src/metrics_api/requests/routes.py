"""HTTP of request records; those of the catalog come in by its events."""

from shared.kit.routing import Router

router = Router(prefix="/v1/requests", tags=["requests"])

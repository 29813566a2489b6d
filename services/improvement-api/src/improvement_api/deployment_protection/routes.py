"""HTTP of deployment protection."""

from shared.kit.routing import Router

router = Router(prefix="/v1", tags=["deployment-protection"])

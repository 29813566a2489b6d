"""HTTP of delegations."""

from shared.kit.routing import Router

router = Router(prefix="/v1", tags=["delegations"])

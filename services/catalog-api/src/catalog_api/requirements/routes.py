"""Service requirements: what a customer needs, from feedback to the target that answers it."""

from shared.kit.routing import Router

router = Router(prefix="/v1", tags=["requirements"])

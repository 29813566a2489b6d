"""Service plans: strategy and roadmap documents, versioned and approved, with their targets."""

from shared.kit.routing import Router

router = Router(prefix="/v1", tags=["plans"])

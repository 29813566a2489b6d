"""Obligations: standards and regulations a service must meet, with their evidence."""

from shared.kit.routing import Router

router = Router(prefix="/v1", tags=["obligations"])

"""Retirement plans: successor, customers to migrate, dates and readiness."""

from shared.kit.routing import Router

router = Router(prefix="/v1", tags=["retirement"])

"""Objectives: the business planning cascade, who serves it, and the alignment report."""

from shared.kit.routing import Router

router = Router(prefix="/v1", tags=["objectives"])

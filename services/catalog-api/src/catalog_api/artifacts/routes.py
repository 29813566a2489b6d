"""Artifact register: the ten key artifacts of service management and their completeness."""

from shared.kit.routing import Router

router = Router(prefix="/v1", tags=["artifacts"])

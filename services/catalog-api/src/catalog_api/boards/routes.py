"""Boards: governance forums with members, quorum, cadence and decisions."""

from shared.kit.routing import Router

router = Router(prefix="/v1", tags=["boards"])

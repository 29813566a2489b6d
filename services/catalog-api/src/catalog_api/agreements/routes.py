"""Agreements: SLA, OLA and underpinning contract; versions, signatures, guarantees."""

from shared.kit.routing import Router

router = Router(prefix="/v1", tags=["agreements"])

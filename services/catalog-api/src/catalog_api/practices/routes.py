"""Practice library: better and worst practices, linked to opportunities."""

from shared.kit.routing import Router

router = Router(prefix="/v1", tags=["practices"])

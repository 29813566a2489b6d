"""Dependencies: which service needs which service or vendor product; impact and picture."""

from shared.kit.routing import Router

router = Router(prefix="/v1", tags=["dependencies"])

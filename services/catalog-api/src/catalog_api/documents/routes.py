"""The service document: everything the catalog knows of a service, in one call."""

from shared.kit.routing import Router

router = Router(prefix="/v1", tags=["services"])

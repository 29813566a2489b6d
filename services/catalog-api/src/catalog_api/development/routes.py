"""Development records: design package, build, tests and transition readiness."""

from shared.kit.routing import Router

router = Router(prefix="/v1", tags=["development"])

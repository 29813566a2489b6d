"""Recording and removing benchmarks, with their audit entries and events."""

from typing import Any
from uuid import UUID, uuid4

from catalog_api.benchmarks import queries
from catalog_api.benchmarks.schemas import BenchmarkCreate
from catalog_api.changes import ResourceChange, record_resource
from catalog_api.registry.queries import require_service
from shared.errors import Invalid
from shared.kit.auth import Principal
from shared.kit.clock import now
from shared.kit.database import Session

_RESOURCE = "benchmark"


async def create_benchmark(
    session: Session, caller: Principal, key: str, body: BenchmarkCreate
) -> Any:
    """A published figure to set beside the service's own."""
    await require_service(session, key)
    moment = now()
    if body.published_on > moment.date():
        raise Invalid(
            "published_on has not come yet", code="in_the_future", pointer="/published_on"
        )
    identity, fields = uuid4(), body.model_dump()
    row = {**fields, "id": identity, "service_key": key, "created_at": moment}
    await queries.insert_benchmark(session, row)
    change = ResourceChange(_RESOURCE, str(identity), "created", None, fields, service=key)
    await record_resource(session, caller, change)
    return await queries.get_benchmark(session, key, identity)


async def remove_benchmark(session: Session, caller: Principal, key: str, benchmark: UUID) -> None:
    """Take back a benchmark; the audit trail keeps it."""
    present = await queries.get_benchmark(session, key, benchmark)
    await queries.delete_benchmark(session, benchmark)
    before = {name: getattr(present, name) for name in BenchmarkCreate.model_fields}
    change = ResourceChange(_RESOURCE, str(benchmark), "removed", before, None, service=key)
    await record_resource(session, caller, change)

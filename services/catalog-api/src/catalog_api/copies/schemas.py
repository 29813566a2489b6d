"""Items of the lists that are here only; the others are those of their domains."""

from pydantic import Field

from catalog_api.benchmarks.schemas import BenchmarkOut
from shared.schemas.common import Out


class SchemeHolding(Out):
    """Which priority scheme holds for a service."""

    service: str | None = Field(description="null: for every service without one of its own")
    scheme: str


class ServiceBenchmarkOut(BenchmarkOut):
    service: str

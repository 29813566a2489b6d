"""Laying out what sums are made of as it was known at a moment: records and samples."""

from collections.abc import Iterable
from datetime import datetime

from metrics_api.as_of.knowing import lay_out_records
from metrics_api.as_of.rules import NO_RECORDS, Wanted, together
from metrics_api.measures.records import kind_of
from metrics_api.measures.rules import Asked, Stretch
from metrics_api.samples.queries import lay_out_samples
from shared.kit.database import Session
from shared.schemas.metrics import RecordKind


async def lay_out(
    session: Session, as_of: datetime, asked: Iterable[Asked], beside: Wanted = NO_RECORDS
) -> None:
    """Fill the tables of as_of.knowing with what these sums look at; sums then read them.

    They can be filled once only: `beside` are records that others are going to look at.
    """
    services: dict[RecordKind, set[str]] = {}
    stretches: dict[int, Stretch] = {}
    for one in asked:
        look = one.look
        if look.measure is not None:
            services.setdefault(kind_of(look.measure), set()).add(look.service)
        elif look.facet is not None:
            start, end = stretches.get(look.facet, one.stretch)
            whole = Stretch(min(start, one.stretch.start), max(end, one.stretch.end))
            stretches[look.facet] = whole
    await lay_out_samples(session, as_of, stretches)
    await lay_out_records(session, as_of, together(services, beside))

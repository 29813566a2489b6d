"""Refusing schemes that are looser than what is signed, whichever of the two changes."""

from collections.abc import Iterable, Sequence
from typing import Any

from catalog_api.calendars import queries as calendar_queries
from catalog_api.priorities import queries
from catalog_api.priorities.rules import (
    Covers,
    Looser,
    Promise,
    PromisedTarget,
    looser_than,
)
from shared import calendars as calendar_rules
from shared.errors import Conflict
from shared.kit.database import Session
from shared.schemas.agreements import CalendarVersionOut, SchemeVersionOut


async def refuse_looser_scheme(
    session: Session, scheme: SchemeVersionOut, promised: Sequence[Any]
) -> None:
    """409 `looser_than_agreement` when a scheme allows more time than these promises.

    `promised` are rows of agreements.queries.signed_promises; lock_promises was called before.
    """
    promises = await _promises(session, promised)
    covers = await _covers(session, [scheme, *(one.scheme for one in promises if one.scheme)])
    broken = [one for promise in promises for one in looser_than(scheme, promise, covers)]
    if broken:
        raise _looser(scheme, broken)


async def _promises(session: Session, promised: Iterable[Any]) -> list[Promise]:
    """Each agreement version once, with its pinned scheme."""
    distinct = {(row.agreement, row.version): row for row in promised}
    pins = {(row.scheme_key, row.scheme_version) for row in distinct.values() if row.scheme_key}
    schemes = {
        pin: SchemeVersionOut.model_validate(row)
        for pin, row in (await queries.versions_of(session, pins)).items()
    }
    return [
        Promise(
            row.agreement,
            row.version,
            schemes.get((row.scheme_key, row.scheme_version)),
            [
                PromisedTarget(one["id"], one["kpi"], float(one["value"]), one["priority"])
                for one in row.targets
            ],
        )
        for row in distinct.values()
    ]


async def _covers(session: Session, schemes: Iterable[SchemeVersionOut]) -> Covers:
    pins = {(one.calendar, one.calendar_version) for s in schemes for one in s.priorities}
    found = await calendar_queries.versions_of(session, pins)
    calendars = {
        pin: calendar_rules.calendar_of(CalendarVersionOut.model_validate(row))
        for pin, row in found.items()
    }
    return lambda wide, narrow: (
        wide == narrow or calendar_rules.covers(calendars[wide], calendars[narrow])
    )


def _looser(scheme: SchemeVersionOut, broken: Sequence[Looser]) -> Conflict:
    first = broken[0]
    return Conflict(
        f"The priority scheme {scheme.scheme} is looser than the signed agreement"
        f" {first.agreement}: {first.target}: {first.detail}",
        code="looser_than_agreement",
        scheme=scheme.scheme,
        agreement=first.agreement,
        target=first.target,
        broken=[vars(one) for one in broken[:50]],
    )

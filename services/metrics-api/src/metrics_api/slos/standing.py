"""How SLOs stand: what is asked of the sums for them, and what follows from the answers.

Any number of SLOs, moments and lookbacks cost the same few statements.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Any, Final, NamedTuple

from metrics_api.as_of.rules import NO_RECORDS, Wanted
from metrics_api.corrections.queries import corrections_in_effect
from metrics_api.corrections.rules import stretches_of
from metrics_api.measures.bad_queries import worst_records
from metrics_api.measures.queries import NONE, Summed, sums
from metrics_api.measures.rules import Asked, Look, Mode, Stretch
from metrics_api.measures.then import lay_out
from metrics_api.slis.rules import RecordMeasure
from metrics_api.slos import queries
from metrics_api.slos.rules import NOTHING, BudgetingMethod, Sums
from metrics_api.slos.schemas import Unit
from shared.kit.database import Session

COMPOSITE: Final = -1
"""The number of a composite as a whole, beside those of its objectives."""
_MODES: Final = {
    BudgetingMethod.OCCURRENCES: Mode.EVENTS,
    BudgetingMethod.TIMESLICES: Mode.SLICES,
    BudgetingMethod.RATIO_TIMESLICES: Mode.SHARES,
}


class Slot(NamedTuple):
    """What an answer is to: an objective of an SLO over the stretch of a name."""

    slo: str
    objective: int
    stretch: str


class Answer(NamedTuple):
    """Sums of everything, and of what corrections leave."""

    uncorrected: Sums
    corrected: Sums


@dataclass(frozen=True)
class Question:
    """An SLO (its row) and the stretches, by name, over which it is asked about."""

    slo: Any
    stretches: Mapping[str, Stretch]


NO_ANSWER: Final = Answer(NOTHING, NOTHING)
Answers = Mapping[Slot, Answer]


def method_of(slo: Any) -> BudgetingMethod:
    return BudgetingMethod(slo.budgeting_method)


def unit_of(slo: Any, look: Look) -> Unit:
    """What the sums of an objective count."""
    if method_of(slo) is not BudgetingMethod.OCCURRENCES:
        return Unit.SLICES
    return Unit.MINUTES if look.measure is RecordMeasure.AVAILABILITY else Unit.EVENTS


async def answers_to(
    session: Session,
    questions: Sequence[Question],
    now: datetime,
    as_of: datetime | None = None,
    beside: Wanted = NO_RECORDS,
) -> tuple[Answers, Mapping[str, Sequence[Look]]]:
    """Sums for each objective (and composite) and stretch; what each SLO looks at.

    `as_of`: as it was known then, once in a session of as_of.knowing, in which the records
    `beside` can be read afterwards.
    """
    looks, asked, slots = await _asked_of(session, questions, as_of)
    if as_of is not None:
        await lay_out(session, as_of, asked, beside)
    found = await sums(session, asked, now, as_of) if asked else {}
    return {slot: _answer(found.get(n, NONE)) for slot, n in slots.items()}, looks


async def records_against(
    session: Session,
    questions: Sequence[Question],
    now: datetime,
    as_of: datetime | None,
    limit: int,
) -> Sequence[Any]:
    """Up to so many records of each SLO (`owner`) that counted as bad in its stretches, worst
    first; as of a moment of what `answers_to` has laid out in this session."""
    _, asked, slots = await _asked_of(session, questions, as_of)
    owners = {n: slot.slo for slot, n in slots.items()}
    by_slo: dict[str, list[Asked]] = {}
    for one in asked:
        if not one.joint:
            by_slo.setdefault(owners[one.n], []).append(one)
    return await worst_records(session, by_slo, now, as_of, limit)


async def _asked_of(
    session: Session, questions: Sequence[Question], as_of: datetime | None
) -> tuple[Mapping[str, Sequence[Look]], list[Asked], dict[Slot, int]]:
    """What each SLO looks at, what is asked of the sums, and which number answers what."""
    slos = {question.slo.key: question.slo for question in questions}
    looks = await queries.looks_of(session, slos.values(), as_of) if slos else {}
    services = sorted({slo.service for slo in slos.values()})
    corrections = await corrections_in_effect(session, services, as_of) if services else []
    asked: list[Asked] = []
    slots: dict[Slot, int] = {}
    for question in questions:
        corrected = _corrected(question, corrections)
        asked += _asked(question, looks[question.slo.key], corrected, slots)
    return looks, asked, slots


def _corrected(question: Question, corrections: Sequence[Any]) -> tuple[Stretch, ...]:
    """What corrections take out of any of the stretches."""
    slo, stretches = question.slo, question.stretches.values()
    if not stretches:
        return ()
    whole = Stretch(min(one.start for one in stretches), max(one.end for one in stretches))
    return tuple(
        stretch
        for correction in corrections
        if correction.service == slo.service and correction.slo in (None, slo.key)
        for stretch in stretches_of(correction._mapping, whole)
    )


def _asked(
    question: Question,
    looks: Sequence[Look],
    corrected: tuple[Stretch, ...],
    slots: dict[Slot, int],
) -> list[Asked]:
    slo, mode = question.slo, _MODES[method_of(question.slo)]
    together = slo.sli is None and mode is not Mode.EVENTS
    asked = []
    for name, stretch in question.stretches.items():
        for number, look in enumerate(looks):
            n = slots.setdefault(Slot(slo.key, number, name), len(slots))
            asked.append(Asked(n, look, mode, stretch, corrected))
        if together:
            n = slots.setdefault(Slot(slo.key, COMPOSITE, name), len(slots))
            asked += [Asked(n, look, mode, stretch, corrected, joint=True) for look in looks]
    return asked


def _answer(found: Summed) -> Answer:
    whole = Sums(Fraction(found.good), Fraction(found.total))
    return Answer(whole, whole - Sums(Fraction(found.good_out), Fraction(found.total_out)))

"""What is asked of the tree of a key result area, and of critical success factors."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from metrics_api.as_of.relations import LIVE_BOOKS, THEN, THEN_BOOKS, Books
from metrics_api.indicators.periods import Period
from metrics_api.indicators.scopes import LIVE, Relations


class Measured(NamedTuple):
    """What KPIs measure, each of a service: a key result area or a critical success factor."""

    key: str
    name: str
    kpis: Sequence[Mapping[str, str]]


@dataclass(frozen=True)
class PeriodAsked:
    """A period, as things stand (`as_of` None) or as they were known at a moment, which then is
    `now` for all that lasts until now."""

    period: Period
    timezone: str
    now: datetime
    as_of: datetime | None

    @property
    def relations(self) -> Relations:
        return LIVE if self.as_of is None else THEN

    @property
    def books(self) -> Books:
        return LIVE_BOOKS if self.as_of is None else THEN_BOOKS

    @property
    def span(self) -> tuple[datetime, datetime]:
        """[start, end) of the period."""
        return self.period.start, self.period.end


@dataclass(frozen=True)
class Asked(PeriodAsked):
    """The same of a tree, with up to so many records under each node that is red by itself."""

    records: int

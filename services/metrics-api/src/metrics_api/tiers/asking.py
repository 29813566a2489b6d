"""What is asked of the tree of a key result area."""

from dataclasses import dataclass
from datetime import datetime

from metrics_api.as_of.relations import LIVE_BOOKS, THEN, THEN_BOOKS, Books
from metrics_api.indicators.periods import Period
from metrics_api.indicators.scopes import LIVE, Relations


@dataclass(frozen=True)
class Asked:
    """A period, and up to how many `records` under each node that is red by itself.

    `as_of` None: as things stand. Else `now` is that moment, for all that lasts until now.
    """

    period: Period
    timezone: str
    records: int
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

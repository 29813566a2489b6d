"""Satisfaction and comments on the wire."""

from datetime import datetime

from pydantic import Field

from metrics_api.indicators.schemas import NoNumber
from metrics_api.surveys.rules import Facet, SurveyKind
from shared.schemas.common import Out


class ScoreCount(Out):
    score: int
    answers: int


class ConfidenceInterval(Out):
    """95 %; of csat Wilson's score interval, of nps the value ± its margin within ±100."""

    low: float
    high: float


class SatisfactionValue(Out):
    period: str
    start: datetime
    end: datetime = Field(description="exclusive; now, for an unfinished period")
    complete: bool
    value: float | None = Field(
        description="csat: ratings 4 and 5 of all, as a ratio; nps: points from −100 to 100"
    )
    answers: int = Field(description="with a score, answered in the period")
    mean: float | None = Field(description="of the scores")
    scores: list[ScoreCount] = Field(description="how often each score was given")
    sent: int = Field(description="surveys sent in the period")
    responded: int = Field(description="of those, answered by now")
    response_rate: float | None
    margin: float | None = Field(description="95 % margin of error, in the unit of the value")
    interval: ConfidenceInterval | None
    small_sample: bool = Field(description="fewer than five answers")
    reason: NoNumber | None = Field(description="why there is no value")


class SatisfactionRow(Out):
    key: str | None = Field(description="null: surveys that name none")
    name: str | None = Field(description="where the catalog told of one")
    values: list[SatisfactionValue]


class SatisfactionReport(Out):
    """A row for each touchpoint, service or customer with a survey in any asked period."""

    kind: SurveyKind
    unit: str
    timezone: str
    as_of: datetime | None = Field(description="null: as it stands")
    by: Facet
    total: list[SatisfactionValue] = Field(description="of all rows of all pages together")
    rows: list[SatisfactionRow]
    next_cursor: str | None


class SurveyComment(Out):
    """What somebody wrote, with the score given."""

    source: str
    external_id: str
    kind: SurveyKind | None
    service: str | None
    customer: str | None
    touchpoint: str | None
    channel: str | None
    about: str | None = Field(description="the record that was asked about, as its tool calls it")
    score: int | None
    comment: str
    sent_at: datetime | None
    answered_at: datetime
    received_at: datetime = Field(description="of the newest version")

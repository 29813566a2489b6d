"""Root cause analyses on the wire."""

from datetime import datetime
from typing import Annotated, Self

from pydantic import ConfigDict, Field, StringConstraints, model_validator

from improvement_api.root_causes.rules import AnalysisState, Finding, FixOutcome, Method
from shared.kit.patches import absent
from shared.schemas.common import Key, LongText, NonBlank, Out, ShortText, Storable, Timestamp, Wire
from shared.schemas.metrics import Recurrence

MOST_CAUSES = 200
Phrase = Annotated[str, StringConstraints(min_length=3, max_length=200), Storable]


class IncidentIn(Wire):
    """An incident, as metrics-api knows it."""

    source: Key
    external_id: ShortText


class AnalysisCreate(Wire):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "service": "identity-and-access",
                    "title": "Nobody could sign in on Monday morning",
                    "method": "five_whys",
                    "incidents": [{"source": "jira", "external_id": "INC-17"}],
                }
            ]
        }
    )

    service: Key
    title: ShortText
    method: Method
    owner: ShortText | None = Field(None, description="subject; by default who creates it")
    incidents: list[IncidentIn] = Field(default_factory=list, max_length=20)


class AnalysisPatch(Wire):
    """What is absent stays as it is."""

    title: ShortText = absent()
    owner: ShortText = absent()


class CauseIn(Wire):
    """The problem has no parent; every other statement says why its parent is so."""

    id: Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=40)]
    parent: ShortText | None = None
    text: Annotated[NonBlank, Field(max_length=2000)]
    evidence: Annotated[LongText, Field(max_length=2000)] = Field(
        "", description="what shows it; every cause needs some before the cause is called found"
    )
    root_cause: bool = False


class CausesPut(Wire):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "causes": [
                        {"id": "problem", "text": "Nobody could sign in"},
                        {
                            "id": "expired",
                            "parent": "problem",
                            "text": "The certificate had expired",
                            "evidence": "Log of the gateway, 07:58",
                        },
                    ]
                }
            ]
        }
    )

    causes: list[CauseIn] = Field(max_length=MOST_CAUSES)


class FingerprintIn(Wire):
    """How a recurrence is known: an incident of the service that fits all that is given.

    Matching is metrics-api's: `GET /v1/incidents/recurrences`.
    """

    problem: ShortText | None = Field(None, description="the tool's id of the problem behind it")
    caused_by: ShortText | None = Field(None, description="the tool's id of the causing change")
    vendor_product: Key | None = None
    title: Phrase | None = Field(None, description="a phrase of the title, in any case")

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.model_dump(exclude_none=True):
            raise ValueError("give problem, caused_by, vendor_product or title")
        return self


class FixCreate(Wire):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "what": "Certificates are renewed thirty days ahead",
                    "change_reference": "CHG-4711",
                    "implemented_at": "2026-03-02T09:00:00Z",
                    "fingerprint": {"title": "certificate"},
                    "verify_days": 30,
                }
            ]
        }
    )

    what: NonBlank
    change_reference: ShortText | None = None
    implemented_at: Timestamp
    fingerprint: FingerprintIn
    verify_days: int = Field(30, ge=7, le=365)


class AnalysisMove(Wire):
    model_config = ConfigDict(json_schema_extra={"examples": [{"to": "cause_found"}]})

    to: AnalysisState
    comment: LongText = ""


class CauseOut(Out):
    id: str
    parent: str | None
    text: str
    evidence: str
    root_cause: bool


class FixOut(Out):
    id: str
    number: int
    what: str
    change_reference: str | None
    implemented_at: datetime
    fingerprint: dict[str, str]
    verify_days: int
    verify_at: datetime = Field(description="when its days have passed")
    watch_until: datetime = Field(description="recurrences are looked for until then or its close")
    outcome: FixOutcome
    verified_at: datetime | None
    recurred_at: datetime | None
    next_check_at: datetime | None = Field(description="null: it is not watched any more")
    check_failure: str | None = Field(description="why the last question was not answered")
    created_at: datetime
    created_by: str


class AnalysisOut(Out):
    id: str
    service: str
    title: str
    method: Method
    owner: str
    state: AnalysisState
    moves: list[AnalysisState] = Field(description="states that people can move it to")
    causes: list[CauseOut]
    missing: list[str] = Field(description="what keeps the cause from being called found")
    reopened: int = Field(description="how often a recurrence opened it again")
    due_at: datetime | None = Field(description="of one that was opened again: find the cause by")
    version: int
    created_at: datetime
    created_by: str
    updated_at: datetime


class AnalysisDetail(AnalysisOut):
    fix: FixOut | None = Field(description="the last one")


class AnalysedIncidentOut(Out):
    source: str
    external_id: str
    major: bool
    title: str | None = Field(description="this and the stamps: known of major incidents")
    opened_at: datetime | None
    resolved_at: datetime | None
    linked_at: datetime
    linked_by: str


class FixCheckOut(Out):
    id: int
    query: dict[str, str] = Field(description="the question to metrics-api, as it was asked")
    as_of: datetime
    count: int
    incidents: list[Recurrence] = Field(description="the first hundred that recurred")
    finding: Finding
    checked_at: datetime


class MissingOut(Out):
    """A major incident whose root cause is not found."""

    source: str
    external_id: str
    service: str | None
    title: str | None
    priority: int | None
    state: str | None
    opened_at: datetime
    resolved_at: datetime | None
    due_at: datetime
    overdue: bool
    analysis: str | None = Field(description="the newest, whose cause is not found; null: none")


class RateOut(Out):
    """A share with what it was made of; without a denominator there is none, and `reason` why."""

    value: float | None
    numerator: int
    denominator: int
    formula: str
    small_sample: bool = Field(description="fewer than five")
    reason: str | None


class RootCauseReport(Out):
    since: datetime
    until: datetime
    service: str | None
    rca_coverage: RateOut
    permanent_fix_rate: RateOut
    read_at: datetime | None = Field(description="when the major incidents were last read")

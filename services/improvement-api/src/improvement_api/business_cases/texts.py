"""The text of a business case: what its authors assume, and what it costs and brings when."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Final, Self

from pydantic import AfterValidator, ConfigDict, Field, StringConstraints, model_validator

from improvement_api.evidence.schemas import DocumentUrl
from shared.errors import FieldError, Invalid
from shared.schemas.common import EXACT, Day, Key, LongText, ShortText, Wire

MAX_PERIODS: Final = 999
MAX_LINES: Final = 200
MAX_ASSUMPTIONS: Final = 50
MAX_FACTORS: Final = 5

Currency = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Z]{3}$"),
    Field(description="ISO 4217 code", examples=["EUR"]),
]
Amount = Annotated[Decimal, Field(ge=0, le=10**15, decimal_places=4, examples=["85.00"]), EXACT]
Quantity = Annotated[Decimal, Field(ge=0, le=10**15, decimal_places=6, examples=["120"]), EXACT]
Rate = Annotated[
    Decimal, Field(ge=Decimal("-0.99"), le=10, decimal_places=6, examples=["0.08"]), EXACT
]
PeriodNumber = Annotated[int, Field(ge=0, le=MAX_PERIODS)]


def _first_of_month(day: date) -> date:
    if day.day != 1:
        raise ValueError("must be the first day of a month")
    return day


class Periodicity(StrEnum):
    """How long a period is."""

    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"

    @property
    def months(self) -> int:
        return {"month": 1, "quarter": 3, "year": 12}[self]

    @property
    def per_year(self) -> int:
        return 12 // self.months


class Timing(StrEnum):
    """When in its period money moves: all of it at the end, or evenly, as if at the middle."""

    END_OF_PERIOD = "end_of_period"
    MID_PERIOD = "mid_period"


class Direction(StrEnum):
    COST = "cost"
    BENEFIT = "benefit"


class BenefitKind(StrEnum):
    """How a benefit shows: less spent, spending that does not come, income, or not in money."""

    CASH_RELEASING = "cash_releasing"
    AVOIDED_COST = "avoided_cost"
    REVENUE = "revenue"
    NON_FINANCIAL = "non_financial"


class Assumption(Wire):
    """A number that nobody knows for sure: its base value counts, low and high are its range."""

    key: Key
    name: ShortText
    unit: ShortText = Field(examples=["hours/month"])
    low: Quantity
    base: Quantity
    high: Quantity
    source: ShortText = Field(description="where the number comes from")
    evidence: DocumentUrl | None = None

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if not self.low <= self.base <= self.high:
            raise ValueError("low, base and high must be in this order")
        return self


class CashFlowLine(Wire):
    """`amount` × each assumption named in `times`, in one period or in several.

    No assumption stands twice in a line, so the net present value is linear in each of them.
    """

    key: Key
    name: ShortText
    direction: Direction
    benefit_kind: BenefitKind | None = Field(None, description="of benefits, and of these always")
    amount: Amount = Field(description="in the case's currency, alone or per unit of `times`")
    times: list[Key] = Field(default=[], max_length=MAX_FACTORS, description="assumptions")
    first_period: PeriodNumber = Field(description="0 is the start itself, not discounted")
    last_period: PeriodNumber | None = Field(None, description="absent: in `first_period` only")
    every: Annotated[int, Field(ge=1, le=MAX_PERIODS, description="n: every nth period")] = 1
    confidence: Annotated[
        Decimal,
        Field(ge=0, le=1, decimal_places=4, description="share of a benefit to be counted on"),
        EXACT,
    ] = Decimal(1)

    @model_validator(mode="after")
    def _of_its_direction(self) -> Self:
        if self.direction is Direction.BENEFIT and self.benefit_kind is None:
            raise ValueError("a benefit needs its benefit_kind")
        if self.direction is Direction.COST and self.benefit_kind is not None:
            raise ValueError("a cost has no benefit_kind")
        if self.direction is Direction.COST and self.confidence != 1:
            raise ValueError("a cost counts wholly: confidence is for benefits")
        return self

    @property
    def counts(self) -> bool:
        """Money that the figures count; benefits that are none are told only."""
        return self.benefit_kind is not BenefitKind.NON_FINANCIAL

    @property
    def occurrences(self) -> range:
        """The periods in which it falls."""
        last = self.first_period if self.last_period is None else self.last_period
        return range(self.first_period, last + 1, self.every)


class BusinessCaseText(Wire):
    """Everything of a business case that its hash covers, but the costs of the catalog."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "summary": "A knowledge base shortens the handling of common issues.",
                    "currency": "EUR",
                    "discount_rate": "0.08",
                    "starts_on": "2026-04-01",
                    "periodicity": "year",
                    "periods": 3,
                    "timing": "end_of_period",
                    "services": [],
                    "assumptions": [
                        {
                            "key": "hours-saved",
                            "name": "Hours saved",
                            "unit": "hours/year",
                            "low": "800",
                            "base": "1200",
                            "high": "1500",
                            "source": "Pilot of two teams, 2026-01",
                        }
                    ],
                    "lines": [
                        {
                            "key": "licence",
                            "name": "Knowledge base",
                            "direction": "cost",
                            "amount": "90000",
                            "first_period": 0,
                        },
                        {
                            "key": "agents",
                            "name": "Time of agents",
                            "direction": "benefit",
                            "benefit_kind": "cash_releasing",
                            "amount": "45.50",
                            "times": ["hours-saved"],
                            "first_period": 1,
                            "last_period": 3,
                            "confidence": "0.9",
                        },
                    ],
                }
            ]
        }
    )

    summary: LongText
    currency: Currency
    discount_rate: Rate = Field(description="a year, effective: 0.08 is 8 %")
    starts_on: Annotated[Day, AfterValidator(_first_of_month)]
    periodicity: Periodicity
    periods: Annotated[int, Field(ge=1, le=MAX_PERIODS, description="how far the case looks")]
    timing: Timing = Timing.END_OF_PERIOD
    services: list[Key] = Field(
        default=[], max_length=20, description="whose TCO it changes; their costs are asked for"
    )
    assumptions: list[Assumption] = Field(default=[], max_length=MAX_ASSUMPTIONS)
    lines: list[CashFlowLine] = Field(default=[], max_length=MAX_LINES)


def check_text(text: BusinessCaseText) -> None:
    """Refuse a text whose parts do not fit each other, with everything that is wrong (422)."""
    errors = [*_repeated(text), *_bad_periods(text), *_bad_references(text)]
    if errors:
        raise Invalid("; ".join(error.detail for error in errors[:3]), errors=errors)


def gaps_of(text: BusinessCaseText) -> list[str]:
    """What must not be missing in a case that others shall decide on."""
    gaps = [] if text.summary.strip() else ["it has no summary"]
    if not any(line.counts for line in text.lines):
        gaps.append("it has no line of money")
    used = {key for line in text.lines for key in line.times}
    return gaps + [
        f"the assumption {one.key} is used by no line"
        for one in text.assumptions
        if one.key not in used
    ]


def _repeated(text: BusinessCaseText) -> Iterator[FieldError]:
    named = (
        ("services", text.services, ""),
        ("assumptions", [one.key for one in text.assumptions], "/key"),
        ("lines", [one.key for one in text.lines], "/key"),
    )
    for member, keys, tail in named:
        seen: set[str] = set()
        for place, key in enumerate(keys):
            if key in seen:
                yield FieldError(f"/{member}/{place}{tail}", f"{key} is there twice", "repeated")
            seen.add(key)


def _bad_periods(text: BusinessCaseText) -> Iterator[FieldError]:
    for place, line in enumerate(text.lines):
        if line.last_period is not None and line.last_period < line.first_period:
            detail = f"last_period of {line.key} is before its first_period"
            yield FieldError(f"/lines/{place}/last_period", detail, "bad_period")
        last = "first_period" if line.last_period is None else "last_period"
        if (getattr(line, last) or 0) > text.periods:
            detail = f"{line.key} goes beyond the {text.periods} periods of the case"
            yield FieldError(f"/lines/{place}/{last}", detail, "bad_period")


def _bad_references(text: BusinessCaseText) -> Iterator[FieldError]:
    known = {one.key for one in text.assumptions}
    for place, line in enumerate(text.lines):
        for position, key in enumerate(line.times):
            pointer = f"/lines/{place}/times/{position}"
            if key not in known:
                yield FieldError(pointer, f"There is no assumption {key}", "unknown_assumption")
            if key in line.times[:position]:
                yield FieldError(pointer, f"{key} is there twice", "repeated")

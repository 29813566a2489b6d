"""Business cases on the wire: money to the cent, ratios and rates to six decimals."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Final, Literal

from pydantic import ConfigDict, Field, StringConstraints

from improvement_api.business_cases.costs import CostSnapshot
from improvement_api.business_cases.rules import CaseState, Verdict
from improvement_api.business_cases.texts import (
    MAX_PERIODS,
    BenefitKind,
    BusinessCaseText,
    Direction,
    PeriodNumber,
)
from improvement_api.evidence.schemas import DocumentUrl
from shared.schemas.common import EXACT, Key, LongText, Out, ShortText, Wire

TEXT_HASH_PATTERN: Final = "^[0-9a-f]{64}$"


class CaseMove(Wire):
    """`submitted` asks for a decision; `draft` takes a rejected case up again."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"to": "submitted"}]})

    to: Literal[CaseState.SUBMITTED, CaseState.DRAFT]
    comment: LongText = ""


class CaseDecisionCreate(Wire):
    """`text_hash` is that of the version the decider has read."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"verdict": "approved", "text_hash": "0f" * 32, "comment": "Go ahead"}]
        }
    )

    verdict: Verdict
    text_hash: Annotated[str, StringConstraints(pattern=TEXT_HASH_PATTERN)]
    comment: LongText = ""


class CaseDecisionOut(Out):
    verdict: Verdict
    text_hash: str
    role: str
    comment: str
    decided_at: datetime
    decided_by: str


class BusinessCaseOut(Out):
    """A version; `costs` are what the catalog told of its services when the text was written."""

    id: str
    plan: str
    version: int
    state: CaseState
    text: BusinessCaseText
    costs: list[CostSnapshot]
    text_hash: str = Field(description="SHA-256 of text and costs as RFC 8785 JSON, in hex")
    authors: list[str] = Field(description="who wrote or submitted it, and so cannot decide")
    decisions: list[CaseDecisionOut]
    created_at: datetime
    created_by: str
    updated_at: datetime


class FigureOut(Out):
    """A number, or null and why there is none."""

    value: Decimal | None
    reason: str | None


class PaybackOut(Out):
    """`value` in periods, parts included."""

    value: Decimal | None
    lasting: bool | None = Field(description="false: later costs take it below zero again")
    reason: str | None


class InternalRateOut(Out):
    """`value` a year, effective; null where there is none, or not only one."""

    value: Decimal | None
    reason: str | None
    sign_changes: int = Field(description="of the net cash flow: at most so many rates exist")
    rates: list[Decimal] = Field(description="every rate that was found, lowest first")


class OwnershipOut(Out):
    """Total cost of ownership over the horizon: after = before + costs − cash released."""

    before: FigureOut
    after: FigureOut
    delta: Decimal


class PeriodFlow(Out):
    period: int
    starts_on: date
    costs: Decimal
    benefits: Decimal
    net: Decimal
    cumulative: Decimal
    discounted_net: Decimal
    discounted_cumulative: Decimal


class SensitivityOut(Out):
    """An assumption alone at its low and high value, the others at their base."""

    assumption: str
    name: str
    unit: str
    low: Decimal
    base: Decimal
    high: Decimal
    npv_at_low: Decimal
    npv_at_high: Decimal
    swing: Decimal = Field(description="|npv_at_high − npv_at_low|")
    switching_value: FigureOut = Field(description="where the net present value is zero")


class BenefitOut(Out):
    """A benefit that is no money, or how much of what is hoped for is counted on."""

    line: str
    name: str
    kind: BenefitKind
    confidence: Decimal
    hoped: Decimal | None = Field(description="undiscounted, all periods; null: not in money")
    counted: Decimal | None


class ResultsOut(Out):
    """The figures of a version, computed when they are read; all in `currency`."""

    plan: str
    version: int
    state: CaseState
    text_hash: str
    currency: str
    conventions: str
    total_costs: Decimal
    total_benefits: Decimal
    present_value_of_costs: Decimal
    present_value_of_benefits: Decimal
    npv: Decimal
    roi: FigureOut = Field(description="(Σ benefit − Σ cost) / Σ cost, undiscounted: 0.25 is 25 %")
    benefit_cost_ratio: FigureOut
    payback: PaybackOut
    discounted_payback: PaybackOut
    irr: InternalRateOut
    tco: OwnershipOut | None = Field(description="null: the case names no service")
    discounted_tco: OwnershipOut | None
    benefits: list[BenefitOut]
    cash_flow: list[PeriodFlow] = Field(max_length=MAX_PERIODS + 1)
    sensitivity: list[SensitivityOut] = Field(description="the widest swing first")


class ActualCreate(Wire):
    """Money of a line of the case in force; a negative amount books a mistake back."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "line": "licence",
                    "period": 0,
                    "amount": "91250.00",
                    "source": "Invoice 2026-0417",
                    "evidence": "https://finance.example.org/invoices/2026-0417",
                }
            ]
        }
    )

    line: Key
    period: PeriodNumber
    amount: Annotated[Decimal, Field(ge=-(10**15), le=10**15, decimal_places=4), EXACT]
    source: ShortText = Field(description="invoice, booking or report that shows it")
    evidence: DocumentUrl | None = None


class ActualOut(Out):
    id: str
    plan: str
    line: str
    at_start: bool = Field(description="booked in period 0, the start itself")
    starts_on: date = Field(description="first day of its period")
    amount: Decimal
    currency: str
    source: str
    evidence: str | None
    recorded_at: datetime
    recorded_by: str


class LineRealisationOut(Out):
    """A line over the periods that are over."""

    line: str
    name: str
    direction: Direction
    planned: Decimal
    actual: Decimal
    difference: Decimal = Field(description="actual − planned")
    unrecorded_periods: int = Field(description="in which it was due and nothing was booked")


class PeriodRealisation(Out):
    period: int
    starts_on: date
    over: bool
    planned_net: Decimal
    net: Decimal
    cumulative: Decimal


class RealisationOut(Out):
    """Booked beside planned; `npv` has what was booked in place of the plan, where it was."""

    plan: str
    version: int
    currency: str
    periods_over: int
    planned_npv: Decimal
    npv: Decimal
    difference: Decimal = Field(description="npv − planned_npv")
    not_counted: Decimal = Field(description="booked for lines or periods that it does not have")
    lines: list[LineRealisationOut]
    cash_flow: list[PeriodRealisation] = Field(max_length=MAX_PERIODS + 1)

"""What business cases tell tollgates about a service."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from improvement_api.business_cases.analysis import npv_of
from improvement_api.business_cases.queries import FACTS
from improvement_api.business_cases.texts import BusinessCaseText
from improvement_api.fact_sheets import FactSheet
from improvement_api.facts.rules import FactType, Owner
from shared.schemas.common import FactDefinition, FactValue

_APPROVED: Final = "business_case_approved"
_POSITIVE: Final = "business_case_npv_positive"


def _read(row: Sequence[Any], now: datetime) -> Mapping[str, FactValue]:
    (text,) = row
    if text is None:
        positive = FactValue(
            value=None, as_of=now, reason="no plan for the service has an approved business case"
        )
    else:
        worth = npv_of(BusinessCaseText.model_validate(text))
        positive = FactValue(value=worth > 0, as_of=now, reason=None)
    approved = FactValue(value=text is not None, as_of=now, reason=None)
    return {_APPROVED: approved, _POSITIVE: positive}


def _definition(name: str, meaning: str) -> FactDefinition:
    return FactDefinition(
        name=name, type=FactType.BOOLEAN, unit=None, owner=Owner.IMPROVEMENT, meaning=meaning
    )


SHEET: Final = FactSheet(
    [
        _definition(
            _APPROVED,
            "a plan with an initiative or goal for the service, not withdrawn, has an approved"
            " business case",
        ),
        _definition(
            _POSITIVE,
            "the net present value of the business case approved last, of such a plan, is above 0",
        ),
    ],
    FACTS,
    _read,
)

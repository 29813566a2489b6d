"""What a day may be written as."""

from datetime import date

import pytest
from pydantic import TypeAdapter, ValidationError

from shared.schemas.common import Day

days: TypeAdapter[date] = TypeAdapter(Day)


@pytest.mark.parametrize("written", ["2024-02-29", date(2024, 2, 29)])
def test_a_day_is_written_as_rfc_3339_says(written: object) -> None:
    assert days.validate_python(written) == date(2024, 2, 29)


@pytest.mark.parametrize(
    "written", [0, 86_400.0, "86400", "20240229", "2024-02-29T00:00:00Z", " 2024-02-29", True]
)
def test_nothing_else_is_taken_for_a_day(written: object) -> None:
    with pytest.raises(ValidationError, match="must be a date such as 2026-03-01"):
        days.validate_python(written)


def test_a_day_that_is_not_in_the_calendar_is_refused() -> None:
    with pytest.raises(ValidationError):
        days.validate_python("2023-02-29")

"""What days, moments, decimal numbers and texts may be written as."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, Any

import pytest
from pydantic import Field, TypeAdapter, ValidationError

from shared.schemas.common import EXACT, Day, NonBlank, Reason, ShortText, Timestamp

days: TypeAdapter[date] = TypeAdapter(Day)
stamps: TypeAdapter[datetime] = TypeAdapter(Timestamp)
amounts: TypeAdapter[Decimal] = TypeAdapter(
    Annotated[Decimal, Field(ge=0, max_digits=18, decimal_places=4), EXACT]
)


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


@pytest.mark.parametrize(
    "written",
    [
        "2026-03-01T08:30:00Z",
        "2026-03-01t08:30:00z",
        "2026-03-01T09:30:00+01:00",
        "2026-03-01T08:30:00.000-00:00",
        datetime(2026, 3, 1, 8, 30, tzinfo=UTC),
    ],
)
def test_a_stamp_is_written_as_rfc_3339_says_with_offset(written: object) -> None:
    assert stamps.validate_python(written) == datetime(2026, 3, 1, 8, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    "written",
    [
        *(1772354000, 1772354000.5, "1772354000", "1772354000.5", "+5", True),
        *("2026-03-01", "2026-03-01T08:30Z", "2026-03-01T08:30:00", "20260301T083000Z"),
        *("2026-03-01T08:30:00+0100", "2026-03-01T08:30:00+01", "2026-03-01T08:30:00−01:00"),
        *("2026-03-01 08:30:00Z", "2026-03-01_08:30:00Z", "2026-03-01T08:30:00,5Z"),
        *("2026-03-01T08:30:00Z\n", "٢٠٢٦-03-01T08:30:00Z"),
    ],
)
def test_nothing_else_is_taken_for_a_stamp(written: object) -> None:
    with pytest.raises(ValidationError, match="must be a date and time with offset"):
        stamps.validate_python(written)


def test_a_stamp_that_is_not_in_the_calendar_is_refused() -> None:
    with pytest.raises(ValidationError):
        stamps.validate_python("2023-02-29T08:30:00Z")


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        *(("1250.00", "1250.00"), ("0", "0"), ("0.5", "0.5"), (1250, "1250"), (12.5, "12.5")),
        *(("1e3", "1000"), ("1.25E+3", "1250"), (Decimal("1E+3"), "1000")),
        *(("0.00", "0.00"), ("0e5", "0"), ("0e-99999999", "0"), ("-0e99999999", "0")),
    ],
)
def test_an_amount_is_a_number_as_json_writes_it_and_shown_in_plain_digits(
    written: object, meant: str
) -> None:
    assert amounts.dump_python(amounts.validate_python(written), mode="json") == meant


@pytest.mark.parametrize(
    "written",
    [
        *("1_000", "１２", "٣", " 12", "12 ", "12\n", "1,000", "1'000", "0x10", ""),
        *("+5", ".5", "5.", "007", "--5", "1e", "NaN", "Infinity"),
    ],
)
def test_nothing_else_that_python_reads_is_taken_for_an_amount(written: str) -> None:
    with pytest.raises(ValidationError, match="must be a decimal number"):
        amounts.validate_python(written)


def test_limits_of_an_amount_stay_beside_how_it_is_written() -> None:
    for beyond in ("-1", -1, "1.23456", "1e30", "1e999999999"):
        with pytest.raises(ValidationError):
            amounts.validate_python(beyond)


@pytest.mark.parametrize("kind", [ShortText, NonBlank, Reason])
@pytest.mark.parametrize("blank", [" ", "\n\t", "\u00a0\u3000"])
def test_a_text_that_must_be_there_says_something(kind: Any, blank: str) -> None:
    texts: TypeAdapter[str] = TypeAdapter(kind)

    with pytest.raises(ValidationError, match="must not be blank"):
        texts.validate_python(blank)
    assert texts.validate_python(f"{blank}x") == f"{blank}x"
    assert (texts.json_schema()["minLength"], texts.json_schema()["pattern"]) == (1, r"\S")

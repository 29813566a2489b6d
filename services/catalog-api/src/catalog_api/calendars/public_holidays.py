"""Public holidays by country and subdivision, from the `holidays` library.

They are taken once, when a version of a calendar is saved, and kept with it: the next release of
the library may know a country better, and yet a version counts the same for ever. So a version
knows the years around its making only, and refuses to count beyond them.
"""

from datetime import date
from importlib.metadata import version

import holidays

from shared.schemas.agreements import NamedDay

LIBRARY = f"holidays {version('holidays')}"
YEARS_BACK, YEARS_AHEAD = 15, 10
_LONGEST_NAME = 200


def known_years(today: date) -> tuple[int, int]:
    """The first and the last year whose holidays a version made today keeps."""
    return today.year - YEARS_BACK, today.year + YEARS_AHEAD


def is_country(country: str) -> bool:
    """Whether the library knows the holidays of a country (ISO 3166-1 alpha-2)."""
    return country in holidays.list_supported_countries()


def subdivisions_of(country: str) -> list[str]:
    """The subdivisions of a country whose holidays the library tells apart (ISO 3166-2)."""
    return list(holidays.list_supported_countries()[country])


def public_holidays(
    country: str, subdivision: str | None, years: tuple[int, int]
) -> list[NamedDay]:
    """The public holidays of both years and those between, by date."""
    asked = range(years[0], years[1] + 1)
    found = holidays.country_holidays(country, subdiv=subdivision, years=asked)
    return [
        NamedDay(date=day, name=name[:_LONGEST_NAME])
        for day, name in sorted(found.items())
        if day.year in asked
    ]

"""What the service document shows of calendars: those its agreements and priorities run on."""

from typing import Any

from catalog_api.agreements import queries as agreement_queries
from catalog_api.calendars.queries import versions_in_sheet
from catalog_api.calendars.schemas import CalendarInSheet
from catalog_api.priorities import queries as priority_queries
from catalog_api.sheets import Section


def _select(service: Any) -> Any:
    agreed = agreement_queries.pinned_calendars(service)
    return versions_in_sheet(agreed.union(priority_queries.pinned_calendars(service)))


SECTIONS = (
    Section(
        name="calendars",
        meaning="The calendar versions that agreements and priorities of the service run on",
        shape=list[CalendarInSheet],
        select=_select,
    ),
)

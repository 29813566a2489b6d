"""Calendars: weekly hours and holidays in a time zone, versioned."""

from shared.kit.routing import Router

router = Router(prefix="/v1", tags=["calendars"])

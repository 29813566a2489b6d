"""Calendars: weekly hours and holidays in a time zone, versioned."""

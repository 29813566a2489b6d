"""Time zones by their names, as people send them."""

from zoneinfo import ZoneInfo

from shared.errors import Invalid


def zone_named(name: str, pointer: str) -> ZoneInfo:
    """The IANA time zone of that name; 422 at `pointer` when there is none."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise Invalid(
            "timezone must be the name of an IANA time zone, such as Europe/Vienna",
            code="unknown_timezone",
            pointer=pointer,
        ) from None

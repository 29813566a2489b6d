"""Time zones by their names, as people send them."""

from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from shared.errors import Invalid


@cache
def zone_names() -> frozenset[str]:
    """The names of IANA time zones. Not that of this machine: it is another on the next one."""
    return frozenset(available_timezones() - {"localtime"})


def zone_named(name: str, pointer: str) -> ZoneInfo:
    """The IANA time zone of that name; 422 at `pointer` when there is none."""
    if name not in zone_names():
        raise Invalid(
            "timezone must be the name of an IANA time zone, such as Europe/Vienna",
            code="unknown_timezone",
            pointer=pointer,
        )
    return ZoneInfo(name)

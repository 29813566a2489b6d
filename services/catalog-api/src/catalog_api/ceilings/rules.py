"""What dependencies allow a service to promise, and promises that go beyond it."""

from enum import StrEnum


class Dimension(StrEnum):
    AVAILABILITY = "availability"
    RECOVERY = "recovery"

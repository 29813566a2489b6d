"""When a customer's review is due, and which periods of engagement can stand beside each other.

Periods are [from, to) in days: the day `to` is the first one without; `to` null is still running.
"""

from enum import StrEnum


class CustomerKind(StrEnum):
    INTERNAL = "internal"
    EXTERNAL = "external"

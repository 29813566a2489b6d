"""How strongly a service supports what a customer must be able to do."""

from enum import StrEnum


class Strength(StrEnum):
    """Without an essential service the activity stops, without an important one it suffers."""

    ESSENTIAL = "essential"
    IMPORTANT = "important"
    HELPFUL = "helpful"

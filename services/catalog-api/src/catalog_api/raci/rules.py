"""Who answers for a process of a service, and what is missing before that is clear."""

from enum import StrEnum


class Responsibility(StrEnum):
    RESPONSIBLE = "responsible"
    ACCOUNTABLE = "accountable"
    CONSULTED = "consulted"
    INFORMED = "informed"

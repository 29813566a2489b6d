"""The ten key artifacts of a service management system, and how complete each is."""

from enum import StrEnum


class ArtifactKey(StrEnum):
    SERVICE_GOVERNANCE_FRAMEWORK = "service-governance-framework"
    SERVICE_PLANNING_PROCESS = "service-planning-process"
    VOICE_OF_THE_CUSTOMER = "voice-of-the-customer"
    SERVICE_FULFILMENT_PLAN = "service-fulfilment-plan"
    SERVICE_PLAN = "service-plan"
    SERVICE_PORTFOLIO = "service-portfolio"
    SERVICE_CATALOG = "service-catalog"
    SERVICE_PRIORITY_SCHEME = "service-priority-scheme"
    SERVICE_PORTAL = "service-portal"
    SERVICE_QUALITY_LIFECYCLE = "service-quality-lifecycle"


class ResourceKind(StrEnum):
    """`document` and `portal` stand outside and are given by uri, all others by their key."""

    DOCUMENT = "document"
    PORTAL = "portal"
    BOARD = "board"
    PORTFOLIO = "portfolio"
    SERVICE = "service"
    CUSTOMER = "customer"
    TOUCHPOINT = "touchpoint"
    OFFERING = "offering"
    PRIORITY_SCHEME = "priority_scheme"
    PRACTICE = "practice"

"""The ten processes by which services are managed; roles, RACI and practices name them."""

from enum import StrEnum


class Process(StrEnum):
    """In the order in which a service meets them."""

    SERVICE_STRATEGY_DEFINITION = "service_strategy_definition"
    SERVICE_ROADMAP_DEFINITION = "service_roadmap_definition"
    SERVICE_DEVELOPMENT_MANAGEMENT = "service_development_management"
    SERVICE_LIFECYCLE_MANAGEMENT = "service_lifecycle_management"
    SERVICE_FINANCIAL_MANAGEMENT = "service_financial_management"
    SERVICE_CATALOG_MANAGEMENT = "service_catalog_management"
    SERVICE_PERFORMANCE_MANAGEMENT = "service_performance_management"
    VENDOR_PRODUCT_MANAGEMENT = "vendor_product_management"
    CONTINUOUS_SERVICE_IMPROVEMENT = "continuous_service_improvement"
    SERVICE_CONTINUITY_MANAGEMENT = "service_continuity_management"

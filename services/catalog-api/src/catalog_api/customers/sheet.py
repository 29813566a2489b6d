"""What the service document and the facts show of customers."""

from catalog_api.customers.engagement_queries import section
from catalog_api.customers.rules import facts
from catalog_api.customers.schemas import EngagedCustomers
from catalog_api.fact_values import definition
from catalog_api.sheets import Section

_CUSTOMERS = "customers"
_DEFINITIONS = (
    definition(
        "engaged_customer_count", "integer", _CUSTOMERS, "Customers who use the service today"
    ),
    definition(
        "customer_review_overdue_count",
        "integer",
        _CUSTOMERS,
        "Of those, the ones whose relationship review is overdue",
    ),
    definition(
        "unrepresented_customer_count",
        "integer",
        _CUSTOMERS,
        "Of those, the ones for whom nobody speaks today",
    ),
)

SECTIONS = (
    Section(
        name="engaged_customers",
        meaning="The customers who use the service today",
        shape=EngagedCustomers,
        select=section,
        definitions=_DEFINITIONS,
        facts=facts,
    ),
)

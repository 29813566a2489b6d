"""The steps of the demo's catalog, in an order in which each finds what it refers to."""

from tollgate.demo.catalog.agreements import load_agreements
from tollgate.demo.catalog.boards import load_boards
from tollgate.demo.catalog.continuity import load_continuity
from tollgate.demo.catalog.customers import load_customers
from tollgate.demo.catalog.estate import load_estate
from tollgate.demo.catalog.experience import load_experience
from tollgate.demo.catalog.lifecycle import load_lifecycle
from tollgate.demo.catalog.money import load_charges, load_costs
from tollgate.demo.catalog.offerings import load_offerings
from tollgate.demo.catalog.organisation import load_organisation
from tollgate.demo.catalog.planning import load_planning
from tollgate.demo.catalog.plans import load_plans
from tollgate.demo.catalog.register import load_register
from tollgate.demo.catalog.requests import load_requests
from tollgate.demo.catalog.requirements import load_candidates, load_requirements
from tollgate.demo.catalog.responsibilities import load_responsibilities
from tollgate.demo.catalog.risks import load_obligations, load_risks
from tollgate.demo.catalog.support_hours import load_support_hours
from tollgate.demo.making import Step

CATALOG_STEPS: tuple[Step, ...] = (
    ("Planning", load_planning),
    ("Customers", load_customers),
    ("Dependencies", load_estate),
    ("Costs", load_costs),
    ("Charges", load_charges),
    ("Support hours", load_support_hours),
    ("Experience", load_experience),
    ("Organisation", load_organisation),
    ("Responsibilities", load_responsibilities),
    ("Boards", load_boards),
    ("Plans", load_plans),
    ("Vendor candidates", load_candidates),
    ("Requirements", load_requirements),
    ("Agreements", load_agreements),
    ("Continuity", load_continuity),
    ("Lifecycle", load_lifecycle),
    ("Offerings", load_offerings),
    ("Requests", load_requests),
    ("Risks", load_risks),
    ("Obligations", load_obligations),
    ("Artifacts and practices", load_register),
)

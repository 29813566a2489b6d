"""The steps of the demo's improvements, in an order in which each finds what it refers to."""

from tollgate.demo.improvement.capabilities import load_capabilities
from tollgate.demo.improvement.causes import load_causes
from tollgate.demo.improvement.embedding import load_embedding
from tollgate.demo.improvement.feedback import load_feedback
from tollgate.demo.improvement.opportunities import load_opportunities
from tollgate.demo.improvement.permissions import load_delegations, load_pipelines, load_waivers
from tollgate.demo.improvement.reviews import load_held_review, load_reviews
from tollgate.demo.making import Step

IMPROVEMENT_STEPS: tuple[Step, ...] = (
    ("Service reviews", load_reviews),  # first: its pack is made while the others load
    ("Root causes", load_causes),
    ("Feedback", load_feedback),
    ("Opportunities", load_opportunities),
    ("Capabilities", load_capabilities),
    ("Waivers", load_waivers),
    ("Delegations", load_delegations),
    ("Pipelines", load_pipelines),
    ("A review held", load_held_review),
    ("Processes", load_embedding),
)

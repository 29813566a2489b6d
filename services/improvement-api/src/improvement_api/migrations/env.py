"""Alembic's entry: every table of the service is imported, the plumbing does the rest."""

from improvement_api.base import metadata
from improvement_api.benefits import tables as benefits
from improvement_api.business_cases import tables as business_cases
from improvement_api.capabilities import tables as capabilities
from improvement_api.checks import tables as checks
from improvement_api.decisions import tables as decisions
from improvement_api.delegations import tables as delegations
from improvement_api.deployment_protection import tables as deployment_protection
from improvement_api.evaluations import tables as evaluations
from improvement_api.evidence import tables as evidence
from improvement_api.facts import tables as facts
from improvement_api.feedback import tables as feedback
from improvement_api.gates import tables as gates
from improvement_api.goals import tables as goals
from improvement_api.opportunities import tables as opportunities
from improvement_api.plans import tables as plans
from improvement_api.root_causes import tables as root_causes
from improvement_api.service_reviews import tables as service_reviews
from improvement_api.signals import tables as signals
from improvement_api.signatures import tables as signatures
from improvement_api.triggers import tables as triggers
from improvement_api.votes import tables as votes
from improvement_api.waivers import tables as waivers
from shared.kit.migrations import run_env

TABLES = (
    benefits,
    business_cases,
    capabilities,
    checks,
    decisions,
    delegations,
    deployment_protection,
    evaluations,
    evidence,
    facts,
    feedback,
    gates,
    goals,
    opportunities,
    plans,
    root_causes,
    service_reviews,
    signals,
    signatures,
    triggers,
    votes,
    waivers,
)

run_env(metadata)

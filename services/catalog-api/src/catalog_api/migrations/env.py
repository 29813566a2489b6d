"""Alembic's entry: every table of the service is imported, the plumbing does the rest."""

from catalog_api.agreements import tables as agreements
from catalog_api.artifacts import tables as artifacts
from catalog_api.base import metadata
from catalog_api.benchmarks import tables as benchmarks
from catalog_api.boards import tables as boards
from catalog_api.calendars import tables as calendars
from catalog_api.candidates import tables as candidates
from catalog_api.ceilings import tables as ceilings
from catalog_api.charging import tables as charging
from catalog_api.continuity import tables as continuity
from catalog_api.costs import tables as costs
from catalog_api.currencies import tables as currencies
from catalog_api.customers import tables as customers
from catalog_api.dependencies import tables as dependencies
from catalog_api.development import tables as development
from catalog_api.objectives import tables as objectives
from catalog_api.obligations import tables as obligations
from catalog_api.offerings import tables as offerings
from catalog_api.organisation import tables as organisation
from catalog_api.ownership import tables as ownership
from catalog_api.plans import tables as plans
from catalog_api.portfolios import tables as portfolios
from catalog_api.practices import tables as practices
from catalog_api.priorities import tables as priorities
from catalog_api.raci import tables as raci
from catalog_api.references import tables as references
from catalog_api.registry import tables as registry
from catalog_api.requests import tables as requests
from catalog_api.requirements import tables as requirements
from catalog_api.retirement import tables as retirement
from catalog_api.risks import tables as risks
from catalog_api.stages import tables as stages
from catalog_api.touchpoints import tables as touchpoints
from catalog_api.vendors import tables as vendors
from catalog_api.vital_activities import tables as vital_activities
from shared.kit.migrations import run_env

TABLES = (
    agreements,
    artifacts,
    benchmarks,
    boards,
    calendars,
    candidates,
    ceilings,
    charging,
    continuity,
    costs,
    currencies,
    customers,
    dependencies,
    development,
    objectives,
    obligations,
    offerings,
    organisation,
    ownership,
    plans,
    portfolios,
    practices,
    priorities,
    raci,
    references,
    registry,
    requests,
    requirements,
    retirement,
    risks,
    stages,
    touchpoints,
    vendors,
    vital_activities,
)

run_env(metadata)

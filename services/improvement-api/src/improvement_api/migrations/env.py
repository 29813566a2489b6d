"""Alembic's entry: every table of the service is imported, the plumbing does the rest."""

from improvement_api.base import metadata
from improvement_api.decisions import tables as decisions
from improvement_api.evaluations import tables as evaluations
from improvement_api.evidence import tables as evidence
from improvement_api.facts import tables as facts
from improvement_api.gates import tables as gates
from improvement_api.plans import tables as plans
from improvement_api.signals import tables as signals
from improvement_api.signatures import tables as signatures
from shared.kit.migrations import run_env

TABLES = (decisions, evaluations, evidence, facts, gates, plans, signals, signatures)

run_env(metadata)

"""The table of background jobs: name → function, schedule, retry policy."""

from catalog_api.agreements import jobs as agreements
from catalog_api.artifacts import jobs as artifacts
from catalog_api.risks import jobs as risks
from shared.kit.jobs import Job

# Outgoing events and the purge of idempotency keys are the plumbing's own jobs.
JOBS: tuple[Job, ...] = (*agreements.JOBS, *artifacts.JOBS, *risks.JOBS)

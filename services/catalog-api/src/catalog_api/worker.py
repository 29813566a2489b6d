"""The table of background jobs: name → function, schedule, retry policy."""

from shared.kit.jobs import Job

# Outgoing events and the purge of idempotency keys are the plumbing's own jobs.
JOBS: tuple[Job, ...] = ()

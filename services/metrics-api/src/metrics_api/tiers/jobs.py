"""Background work of tiers."""

from shared.kit.jobs import Job

JOBS: tuple[Job, ...] = ()

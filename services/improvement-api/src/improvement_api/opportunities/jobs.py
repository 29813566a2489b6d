"""Background work of opportunities."""

from shared.kit.jobs import Job

JOBS: tuple[Job, ...] = ()

"""Background work of pulls."""

from shared.kit.jobs import Job

JOBS: tuple[Job, ...] = ()

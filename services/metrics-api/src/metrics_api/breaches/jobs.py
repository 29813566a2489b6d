"""Background work of breaches."""

from shared.kit.jobs import Job

JOBS: tuple[Job, ...] = ()

"""Background work of service reviews."""

from shared.kit.jobs import Job

JOBS: tuple[Job, ...] = ()

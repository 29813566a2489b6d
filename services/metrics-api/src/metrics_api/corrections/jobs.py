"""Background work of corrections."""

from shared.kit.jobs import Job

JOBS: tuple[Job, ...] = ()

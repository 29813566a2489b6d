"""Background work of records."""

from shared.kit.jobs import Job

JOBS: tuple[Job, ...] = ()

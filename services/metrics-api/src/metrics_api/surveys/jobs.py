"""Background work of surveys."""

from shared.kit.jobs import Job

JOBS: tuple[Job, ...] = ()

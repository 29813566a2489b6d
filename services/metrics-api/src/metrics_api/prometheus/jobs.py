"""Background work of prometheus."""

from shared.kit.jobs import Job

JOBS: tuple[Job, ...] = ()

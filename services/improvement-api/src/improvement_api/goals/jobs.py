"""Background work of goals."""

from shared.kit.jobs import Job

JOBS: tuple[Job, ...] = ()

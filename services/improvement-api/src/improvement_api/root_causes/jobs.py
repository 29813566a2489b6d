"""Background work of root causes."""

from shared.kit.jobs import Job

JOBS: tuple[Job, ...] = ()

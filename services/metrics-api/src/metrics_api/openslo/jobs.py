"""Background work of openslo."""

from shared.kit.jobs import Job

JOBS: tuple[Job, ...] = ()

"""Background work of inbox."""

from shared.kit.jobs import Job

JOBS: tuple[Job, ...] = ()

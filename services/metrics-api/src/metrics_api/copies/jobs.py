"""Background work of copies."""

from shared.kit.jobs import Job

JOBS: tuple[Job, ...] = ()

"""Background work of triggers."""

from shared.kit.jobs import Job

JOBS: tuple[Job, ...] = ()

"""Background work of slos."""

from shared.kit.jobs import Job

JOBS: tuple[Job, ...] = ()

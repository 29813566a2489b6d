"""Background work of feedback."""

from shared.kit.jobs import Job

JOBS: tuple[Job, ...] = ()

"""Background work of samples."""

from shared.kit.jobs import Job

JOBS: tuple[Job, ...] = ()

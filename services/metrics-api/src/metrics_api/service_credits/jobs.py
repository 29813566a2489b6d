"""Background work of credits."""

from shared.kit.jobs import Job

JOBS: tuple[Job, ...] = ()

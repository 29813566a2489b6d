"""Background work of issued reports."""

from shared.kit.jobs import Job

JOBS: tuple[Job, ...] = ()

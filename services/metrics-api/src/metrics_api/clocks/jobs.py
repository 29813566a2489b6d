"""Background work of clocks."""

from shared.kit.jobs import Job

JOBS: tuple[Job, ...] = ()

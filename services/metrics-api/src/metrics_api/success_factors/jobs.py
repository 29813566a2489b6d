"""Background work of success factors."""

from shared.kit.jobs import Job

JOBS: tuple[Job, ...] = ()

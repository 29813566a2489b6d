"""Background work of trends."""

from shared.kit.jobs import Job

JOBS: tuple[Job, ...] = ()

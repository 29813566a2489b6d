"""Background work of deployment protection."""

from shared.kit.jobs import Job

JOBS: tuple[Job, ...] = ()

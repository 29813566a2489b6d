"""Background work of business cases."""

from shared.kit.jobs import Job

JOBS: tuple[Job, ...] = ()

"""Background work of slo alerts."""

from shared.kit.jobs import Job

JOBS: tuple[Job, ...] = ()

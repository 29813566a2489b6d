"""Background work of benefits."""

from shared.kit.jobs import Job

JOBS: tuple[Job, ...] = ()

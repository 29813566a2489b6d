"""Background jobs of metrics-api: name, function, schedule, retries."""

from shared.kit.jobs import Job

JOBS: tuple[Job, ...] = ()

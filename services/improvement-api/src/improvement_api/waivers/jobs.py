"""Background work of waivers."""

from shared.kit.jobs import Job

JOBS: tuple[Job, ...] = ()

"""Background jobs of metrics-api: name, function, schedule, retries."""

from metrics_api.indicators.jobs import compact_cells
from shared.kit.jobs import Job

JOBS: tuple[Job, ...] = (Job("compact_cells", compact_cells, cron="* * * * * */10", lane="cells"),)

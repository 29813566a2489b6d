"""Background jobs of metrics-api: name, function, schedule, retries."""

from metrics_api.imports.jobs import finish_abandoned_imports
from metrics_api.incidents.jobs import make_partitions_ahead
from metrics_api.indicators.jobs import compact_cells
from shared.kit.jobs import Job

JOBS: tuple[Job, ...] = (
    Job("compact_cells", compact_cells, cron="* * * * * */10", lane="cells"),
    Job("make_partitions_ahead", make_partitions_ahead, cron="7 3 * * *"),
    Job("finish_abandoned_imports", finish_abandoned_imports, cron="*/15 * * * *"),
)

"""Background jobs of metrics-api: name, function, schedule, retries."""

from metrics_api.attribution.actions import ATTRIBUTE_JOB, MOVE_JOB
from metrics_api.attribution.jobs import (
    attribute_records,
    forget_events,
    move_records,
    refresh_from_catalog,
    resolve_references,
)
from metrics_api.attribution.rules import RESOLVE_JOB
from metrics_api.imports.jobs import finish_abandoned_imports
from metrics_api.incidents.jobs import make_partitions_ahead, refold_source
from metrics_api.indicators.jobs import compact_cells
from metrics_api.sources.rules import REFOLD_JOB
from shared.kit.jobs import Job

JOBS: tuple[Job, ...] = (
    Job("compact_cells", compact_cells, cron="* * * * * */10", lane="cells"),
    Job(REFOLD_JOB, refold_source),
    Job("make_partitions_ahead", make_partitions_ahead, cron="7 3 * * *"),
    Job("refresh_from_catalog", refresh_from_catalog, cron="*/10 * * * *"),
    Job(RESOLVE_JOB, resolve_references),
    Job(ATTRIBUTE_JOB, attribute_records),
    Job(MOVE_JOB, move_records),
    Job("forget_events", forget_events, cron="17 3 * * *"),
    Job("finish_abandoned_imports", finish_abandoned_imports, cron="*/15 * * * *"),
)

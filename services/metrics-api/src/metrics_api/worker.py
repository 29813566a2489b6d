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
from metrics_api.breaches import jobs as breaches
from metrics_api.clocks import jobs as clocks
from metrics_api.copies import jobs as copies
from metrics_api.corrections import jobs as corrections
from metrics_api.imports.jobs import finish_abandoned_imports
from metrics_api.inbox import jobs as inbox
from metrics_api.incidents.jobs import make_partitions_ahead, refold_source
from metrics_api.indicators.jobs import compact_cells
from metrics_api.issued_reports import jobs as issued_reports
from metrics_api.judgements import jobs as judgements
from metrics_api.openslo import jobs as openslo
from metrics_api.prometheus import jobs as prometheus
from metrics_api.pulls import jobs as pulls
from metrics_api.records import jobs as records
from metrics_api.samples import jobs as samples
from metrics_api.service_credits import jobs as service_credits
from metrics_api.slo_alerts import jobs as slo_alerts
from metrics_api.slos import jobs as slos
from metrics_api.sources.rules import REFOLD_JOB
from metrics_api.success_factors import jobs as success_factors
from metrics_api.surveys import jobs as surveys
from metrics_api.target_proposals import jobs as target_proposals
from metrics_api.tiers import jobs as tiers
from metrics_api.trends import jobs as trends
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
    *copies.JOBS,
    *records.JOBS,
    *surveys.JOBS,
    *inbox.JOBS,
    *pulls.JOBS,
    *clocks.JOBS,
    *breaches.JOBS,
    *service_credits.JOBS,
    *slos.JOBS,
    *slo_alerts.JOBS,
    *corrections.JOBS,
    *samples.JOBS,
    *openslo.JOBS,
    *prometheus.JOBS,
    *tiers.JOBS,
    *success_factors.JOBS,
    *judgements.JOBS,
    *target_proposals.JOBS,
    *trends.JOBS,
    *issued_reports.JOBS,
)

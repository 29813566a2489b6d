"""Alembic's entry: every table of the service is imported, the plumbing does the rest."""

from metrics_api.attribution import tables as attribution
from metrics_api.base import Base
from metrics_api.breaches import tables as breaches
from metrics_api.clocks import tables as clocks
from metrics_api.copies import tables as copies
from metrics_api.corrections import tables as corrections
from metrics_api.imports import tables as imports
from metrics_api.inbox import tables as inbox
from metrics_api.incidents import tables as incidents
from metrics_api.indicators import tables as indicators
from metrics_api.initiatives import tables as initiatives
from metrics_api.issued_reports import tables as issued_reports
from metrics_api.judgements import tables as judgements
from metrics_api.openslo import tables as openslo
from metrics_api.prometheus import tables as prometheus
from metrics_api.pulls import tables as pulls
from metrics_api.readings import tables as readings
from metrics_api.records import tables as records
from metrics_api.samples import tables as samples
from metrics_api.service_credits import tables as service_credits
from metrics_api.slis import tables as slis
from metrics_api.slo_alerts import tables as slo_alerts
from metrics_api.slos import tables as slos
from metrics_api.source_health import tables as source_health
from metrics_api.sources import tables as sources
from metrics_api.success_factors import tables as success_factors
from metrics_api.surveys import tables as surveys
from metrics_api.target_proposals import tables as target_proposals
from metrics_api.targets import tables as targets
from metrics_api.tiers import tables as tiers
from metrics_api.trends import tables as trends
from shared.kit.migrations import run_env

TABLES = (
    attribution,
    breaches,
    clocks,
    copies,
    corrections,
    imports,
    inbox,
    incidents,
    indicators,
    initiatives,
    issued_reports,
    judgements,
    openslo,
    prometheus,
    pulls,
    readings,
    records,
    samples,
    service_credits,
    slis,
    slo_alerts,
    slos,
    source_health,
    sources,
    success_factors,
    surveys,
    target_proposals,
    targets,
    tiers,
    trends,
)

run_env(Base.metadata)

"""The steps of the demo's metrics, in an order in which each finds what it refers to."""

from tollgate.demo.making import Step
from tollgate.demo.metrics.objectives import load_objectives
from tollgate.demo.metrics.records import load_records
from tollgate.demo.metrics.samples import load_corrections, load_samples
from tollgate.demo.metrics.targets import load_further_targets
from tollgate.demo.metrics.tiers import load_areas, load_links
from tollgate.demo.metrics.webhooks import load_webhooks

RECORD_STEPS: tuple[Step, ...] = (("Records", load_records), ("Webhooks", load_webhooks))

METRICS_STEPS: tuple[Step, ...] = (
    ("Further targets", load_further_targets),
    ("Objectives and alerts", load_objectives),
    ("Samples", load_samples),
    ("Corrections", load_corrections),
    ("Key result areas", load_areas),
    ("Links between tiers", load_links),
)

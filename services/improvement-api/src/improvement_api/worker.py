"""The jobs of improvement-api: name, function, schedule, patience."""

from improvement_api.decisions import jobs as decisions
from improvement_api.plans import jobs as plans
from shared.kit.jobs import Job

JOBS = (
    Job("deliver_decision", decisions.deliver_decision, retry=decisions.FOR_DAYS),
    Job("push_initiative", plans.push_initiative, retry=plans.FOR_DAYS),
)

"""The jobs of improvement-api: name, function, schedule, patience."""

from improvement_api.benefits import jobs as benefits
from improvement_api.decisions import jobs as decisions
from improvement_api.deployment_protection import jobs as deployment_protection
from improvement_api.embedding import jobs as embedding
from improvement_api.feedback import jobs as feedback
from improvement_api.goals import jobs as goals
from improvement_api.opportunities import jobs as opportunities
from improvement_api.plans import jobs as plans
from improvement_api.root_causes import jobs as root_causes
from improvement_api.service_reviews import jobs as service_reviews
from improvement_api.triggers import jobs as triggers
from improvement_api.votes import jobs as votes
from improvement_api.waivers import jobs as waivers
from shared.kit.jobs import Job

JOBS: tuple[Job, ...] = (
    Job("deliver_decision", decisions.deliver_decision, retry=decisions.FOR_DAYS),
    Job("push_initiative", plans.push_initiative, retry=plans.FOR_DAYS),
    *opportunities.JOBS,
    *goals.JOBS,
    *triggers.JOBS,
    *benefits.JOBS,
    *root_causes.JOBS,
    *embedding.JOBS,
    *feedback.JOBS,
    *waivers.JOBS,
    *votes.JOBS,
    *deployment_protection.JOBS,
    *service_reviews.JOBS,
)

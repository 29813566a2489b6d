"""The default gates: loaded at the first start, from then on changed by new versions only.

The facts they use are pinned here, so that they can be loaded while the owners are down; a test
compares them with what the owners publish.
"""

from typing import Any

from improvement_api.facts.rules import FactType, Owner, UsedFact
from improvement_api.gates.rules import CRITERIA
from improvement_api.gates.schemas import GateVersionCreate
from shared.schemas.improvement import CriterionKind, Gate, MissingPolicy

_CATALOG = {
    "service_stage": FactType.STRING,
    "service_description_length": FactType.INTEGER,
    "service_has_description": FactType.BOOLEAN,
    "service_has_service_owner": FactType.BOOLEAN,
    "service_owner_count": FactType.INTEGER,
    "service_criticality": FactType.STRING,
    "service_support_hours_defined": FactType.BOOLEAN,
    "external_reference_count": FactType.INTEGER,
    "portfolio_has_manager": FactType.BOOLEAN,
    "portfolio_has_strategy": FactType.BOOLEAN,
}
_METRICS = {
    "targets_defined_count": FactType.INTEGER,
    "targets_missed_count": FactType.INTEGER,
    "has_incident_records": FactType.BOOLEAN,
    "hours_since_last_record": FactType.NUMBER,
    "incident_count_last_90_days": FactType.INTEGER,
    "backlog_open": FactType.INTEGER,
    "open_major_incidents": FactType.INTEGER,
}
_IMPROVEMENT = {
    "active_improvement_plans": FactType.INTEGER,
    "open_initiatives": FactType.INTEGER,
    "done_initiatives": FactType.INTEGER,
}
FACTS_OF_DEFAULTS = {
    name: UsedFact(name, kind, owner)
    for owner, facts in (
        (Owner.CATALOG, _CATALOG),
        (Owner.METRICS, _METRICS),
        (Owner.IMPROVEMENT, _IMPROVEMENT),
    )
    for name, kind in facts.items()
}


def _asks(criterion_id: str, title: str, expression: str, **more: Any) -> dict[str, Any]:
    kind = CriterionKind.AUTOMATED
    return {"id": criterion_id, "kind": kind, "title": title, "expression": expression, **more}


def _document(criterion_id: str, title: str, document: str, **more: Any) -> dict[str, Any]:
    kind = CriterionKind.EVIDENCE
    how = f"Attach it: POST evidence for the criterion {criterion_id} with title and URL."
    return {
        "id": criterion_id,
        "kind": kind,
        "title": title,
        "document": document,
        "how": how,
        **more,
    }


def _signed(criterion_id: str, title: str, role: str, why: str) -> dict[str, Any]:
    return {
        "id": criterion_id,
        "kind": CriterionKind.SIGN_OFF,
        "title": title,
        "role": role,
        "why": why,
        "how": f"A holder of the role {role}, not who asked for the evaluation, signs it.",
    }


def _in_stage(expression: str, stage: str) -> dict[str, Any]:
    return _asks(
        "in-stage",
        f"The service is {stage}",
        expression,
        why="A gate decides one move of the lifecycle; elsewhere its answer means nothing.",
        how="Pass the gates of the stages before this one, in their order.",
    )


_OWNED = _asks(
    "owned",
    "Somebody owns the service",
    "service_has_service_owner",
    why="Lifecycle management: decisions about a service that nobody answers for are not kept.",
    how="Name exactly one service_owner: PUT /v1/services/{key}/owners in catalog-api.",
)
_CRITICALITY = _asks(
    "criticality",
    "Criticality is set",
    "service_criticality in ['low', 'medium', 'high', 'critical']",
    why="Continuity management: how much failure may cost decides what protection is worth.",
    how="Set `criticality` of the service in catalog-api.",
)
_SUPPORT_HOURS = _asks(
    "support-hours",
    "Support hours are set",
    "service_support_hours_defined",
    why="Catalog management: a promise of support without hours cannot be kept or measured.",
    how="Set `support_hours` of the service in catalog-api.",
)
_KNOWN_TO_TOOLS = _asks(
    "known-to-tools",
    "ITSM tools have a name for it",
    "external_reference_count >= 1.0",
    why="Performance management: incidents that name nothing we know are attributed to nobody.",
    how="Record the tools' names: POST /v1/services/{key}/external-references in catalog-api.",
)
_TARGET = _asks(
    "target",
    "A target is set",
    "targets_defined_count >= 1.0",
    why="Performance management: without a target no figure is good or bad.",
    how="Set a target on a KPI: POST /v1/targets in metrics-api.",
)
_NO_MAJOR_INCIDENT = _asks(
    "no-major-incident",
    "No major incident is open",
    "open_major_incidents == 0.0",
    why="Continuity management: a service is not handed over while it is down.",
    how="Resolve the open major incidents.",
)

_STRATEGY_TO_DESIGN = (
    _in_stage("service_stage == 'strategy'", "in strategy"),
    _asks(
        "described",
        "The service is described",
        "service_description_length >= 80.0",
        warning="service_has_description",
        why="Strategy definition: what cannot be said in two sentences cannot be designed.",
        how="Describe outcome and customers in `description`, in 80 characters or more.",
    ),
    _OWNED,
    _CRITICALITY,
    _asks(
        "portfolio-managed",
        "Its portfolio has a manager",
        "portfolio_has_manager",
        why="Strategy definition: a portfolio manager weighs this service against the others.",
        how="Set `manager` of the portfolio in catalog-api.",
    ),
    _asks(
        "portfolio-strategy",
        "Its portfolio has a strategy",
        "portfolio_has_strategy",
        why="Strategy definition: a service serves a strategy, or it serves none.",
        how="Write the `strategy` of the portfolio in catalog-api.",
    ),
    _document(
        "business-case",
        "A business case exists",
        "Business case: costs, benefits, and who pays",
        why="Financial management: design costs money, and somebody has to want the outcome.",
        required=False,
        weight=0.5,
    ),
    _signed(
        "owner-commits",
        "The service owner commits",
        "service_owner",
        "Lifecycle management: who will answer for the service agrees to its strategy.",
    ),
)

_DESIGN_TO_TRANSITION = (
    _in_stage("service_stage == 'design'", "in design"),
    _OWNED,
    _asks(
        "deputy",
        "More than one person knows it",
        "service_owner_count >= 2.0",
        why="Continuity management: people leave, and knowledge must not leave with them.",
        how="Name a second person in any role of the service.",
        required=False,
        weight=0.5,
    ),
    _CRITICALITY,
    _SUPPORT_HOURS,
    _KNOWN_TO_TOOLS,
    _document(
        "design-package",
        "The design package is complete",
        "Design package: solution, interfaces, vendors, costs, continuity",
        why="Development management: transition builds and tests what the package says.",
    ),
    _signed(
        "owner-accepts-design",
        "The service owner accepts the design",
        "service_owner",
        "Development management: the design is what the owner asked for.",
    ),
)

_TRANSITION_TO_OPERATE = (
    _in_stage("service_stage == 'transition'", "in transition"),
    _OWNED,
    _SUPPORT_HOURS,
    _KNOWN_TO_TOOLS,
    _TARGET,
    _NO_MAJOR_INCIDENT,
    _asks(
        "measured",
        "Its incidents arrive",
        "has_incident_records",
        why="Performance management: a tool that was connected once is seen to work.",
        how="Send a record of the service to metrics-api, a test one will do.",
        required=False,
        weight=0.5,
    ),
    _document(
        "readiness",
        "Transition readiness is checked",
        "Readiness checklist: tests, training, support, rollback",
        why="Development management: customers do not test services.",
        freshness_hours=24 * 90,
    ),
    _signed(
        "owner-accepts",
        "The service owner accepts the service",
        "service_owner",
        "Lifecycle management: from here on the owner answers for it to customers.",
    ),
    _signed(
        "operations-accepts",
        "Operations accepts the service",
        "operations_manager",
        "Lifecycle management: who runs it has what running it takes.",
    ),
)

_OPERATE_TO_IMPROVE = (
    _in_stage("service_stage == 'operate'", "in operation"),
    _OWNED,
    _asks(
        "measured",
        "Its performance is measured",
        "incident_count_last_90_days >= 1.0 && hours_since_last_record <= 720.0",
        warning="has_incident_records",
        missing=MissingPolicy.INCONCLUSIVE,
        why="Continuous improvement: without a baseline no effect can be shown.",
        how="Have the ITSM tools send their incidents; the newest is at most 30 days old.",
    ),
    _TARGET,
    _NO_MAJOR_INCIDENT,
    _asks(
        "plan",
        "An improvement plan is approved",
        "active_improvement_plans >= 1.0",
        why="Continuous improvement: improving is a plan, not a wish.",
        how="Approve a plan with an initiative for the service: POST /v1/plans, then transitions.",
    ),
    _asks(
        "need",
        "A target is missed",
        "targets_missed_count >= 1.0",
        why="Continuous improvement: effort goes where a promise is broken first.",
        how="Nothing to do: without a missed target, the board may still decide to improve.",
        required=False,
        weight=0.5,
    ),
    _signed(
        "owner-commits",
        "The service owner commits",
        "service_owner",
        "Continuous improvement: the owner answers for effort and effect.",
    ),
)

_IMPROVE_TO_OPERATE = (
    _in_stage("service_stage == 'improve'", "in improvement"),
    _OWNED,
    _asks(
        "initiatives-finished",
        "No initiative is open",
        "open_initiatives == 0.0",
        why="Continuous improvement: what was begun is finished or cancelled, not forgotten.",
        how="Set the initiatives of the service to done or cancelled.",
    ),
    _asks(
        "something-done",
        "An initiative is done",
        "done_initiatives >= 1.0",
        why="Continuous improvement: an improvement that nobody made has no effect to keep.",
        how="Finish at least one initiative of the service.",
    ),
    _asks(
        "targets-met",
        "Its targets are met",
        "targets_defined_count >= 1.0 && targets_missed_count == 0.0",
        warning="targets_defined_count >= 1.0 && targets_missed_count <= 1.0",
        why="Performance management: the improvement shows in the figures, or goes on.",
        how="Reach the targets of the service; see its KPIs in metrics-api.",
    ),
    _NO_MAJOR_INCIDENT,
    _signed(
        "owner-confirms",
        "The service owner confirms the effect",
        "service_owner",
        "Continuous improvement: the owner sees the effect that the plan promised.",
    ),
)

_TO_RETIREMENT = (
    _in_stage("service_stage != 'retirement'", "not retired"),
    _OWNED,
    _asks(
        "backlog-empty",
        "No incident is open",
        "backlog_open == 0.0",
        warning="backlog_open <= 3.0",
        why="Lifecycle management: open incidents are customers who still wait for it.",
        how="Resolve or cancel the open incidents of the service.",
    ),
    _asks(
        "initiatives-finished",
        "No initiative is open",
        "open_initiatives == 0.0",
        why="Financial management: nobody pays for improving what ends.",
        how="Set the initiatives of the service to done or cancelled.",
    ),
    _asks(
        "unused",
        "Nobody reports incidents any more",
        "incident_count_last_90_days == 0.0",
        why="Catalog management: silence shows that customers have really moved.",
        how="Migrate the customers who remain; the incidents of 90 days count.",
        required=False,
        weight=0.5,
    ),
    _document(
        "retirement-plan",
        "A retirement plan exists",
        "Retirement plan: successor, customers migrated and remaining, data, contracts, dates",
        why="Vendor product management: contracts and data outlive a service unless ended.",
    ),
    _signed(
        "owner-agrees",
        "The service owner agrees",
        "service_owner",
        "Lifecycle management: retirement is final, and its owner knows who depends on it.",
    ),
)


def _version(criteria: tuple[dict[str, Any], ...]) -> GateVersionCreate:
    return GateVersionCreate(
        criteria=CRITERIA.validate_python(list(criteria)),
        decided_by="portfolio_manager",
        reason="Default set of the first release",
    )


DEFAULTS = {
    Gate.STRATEGY_TO_DESIGN: _version(_STRATEGY_TO_DESIGN),
    Gate.DESIGN_TO_TRANSITION: _version(_DESIGN_TO_TRANSITION),
    Gate.TRANSITION_TO_OPERATE: _version(_TRANSITION_TO_OPERATE),
    Gate.OPERATE_TO_IMPROVE: _version(_OPERATE_TO_IMPROVE),
    Gate.IMPROVE_TO_OPERATE: _version(_IMPROVE_TO_OPERATE),
    Gate.TO_RETIREMENT: _version(_TO_RETIREMENT),
}

"""Defining critical success factors, and judging them for a period."""

from collections.abc import Sequence
from typing import Any

from metrics_api.as_of.knowing import lay_out
from metrics_api.indicators.figures import meets
from metrics_api.indicators.kpis import KPIS
from metrics_api.success_factors import queries
from metrics_api.success_factors.rules import satisfaction
from metrics_api.success_factors.schemas import (
    FactorStatus,
    SatisfyingKpi,
    SuccessFactorCreate,
    SuccessFactorOut,
    SuccessFactorPatch,
)
from metrics_api.targets.queries import targets_on
from metrics_api.targets.rules import HoldingTarget
from metrics_api.tiers.actions import check_objective, check_services, pairs_of
from metrics_api.tiers.asking import Measured, PeriodAsked
from metrics_api.tiers.figures import figures_of
from metrics_api.tiers.queries import get_kra
from metrics_api.tiers.tree import Figure
from metrics_api.versioned.actions import keep_written
from shared.errors import Conflict, Invalid, NotFound
from shared.kit import audit, clock
from shared.kit.auth import Principal
from shared.kit.database import Session
from shared.kit.etag import check_version
from shared.schemas.metrics import KpiId

RESOURCE = "success_factor"


async def create_factor(session: Session, caller: Principal, body: SuccessFactorCreate) -> Any:
    """A new factor; 409 where the key is taken, 422 for ends that are not known."""
    await check_objective(session, body.objective)
    await _check_kra(session, body.kra)
    await check_services(session, body.kpis)
    at = clock.now()
    fields = body.model_dump(mode="json", exclude={"kpis"})
    row = {**fields, "active": True, "version": 1, "created_at": at, "updated_at": at}
    if not await queries.insert_factor(session, row):
        detail = f"There is a critical success factor {body.key}"
        raise Conflict(detail, code="key_taken", pointer="/key")
    await queries.replace_kpis(session, body.key, pairs_of(body.kpis))
    after = body.model_dump(mode="json")
    await audit.record(session, caller, "created", (RESOURCE, body.key), after=after)
    return await _kept(session, caller, body.key)


async def _check_kra(session: Session, kra: str | None) -> None:
    if kra is None:
        return
    try:
        await get_kra(session, kra)
    except NotFound as unknown:
        raise Invalid(unknown.detail, code="unknown_kra", pointer="/kra") from None


async def change_factor(
    session: Session, caller: Principal, key: str, patch: SuccessFactorPatch, expected: int
) -> Any:
    """Change the named fields; nothing happens when nothing differs."""
    present = await queries.get_factor(session, key, lock=True)
    check_version(expected, present.version)
    sent = patch.model_dump(mode="json", exclude_unset=True)
    if "kpis" in sent:
        await check_services(session, patch.kpis)
        sent["kpis"] = [{"kpi": kpi, "service": at} for kpi, at in sorted(pairs_of(patch.kpis))]
    changes = {name: value for name, value in sent.items() if value != present._mapping[name]}
    if not changes:
        return present
    columns = {name: value for name, value in changes.items() if name != "kpis"}
    grown = {"version": present.version + 1, "updated_at": clock.now()}
    await queries.update_factor(session, key, columns | grown)
    if "kpis" in changes:
        await queries.replace_kpis(session, key, pairs_of(patch.kpis))
    before = {name: present._mapping[name] for name in changes}
    await audit.record(session, caller, "changed", (RESOURCE, key), before, changes)
    return await _kept(session, caller, key)


async def _kept(session: Session, caller: Principal, key: str) -> Any:
    """A factor that was just written, which is a version of it."""
    factor = await queries.get_factor(session, key)
    await keep_written(session, caller, queries.FACTORS, factor, SuccessFactorOut)
    return factor


async def judged(
    session: Session, factors: Sequence[Measured], asked: PeriodAsked
) -> list[FactorStatus]:
    """How far each of these factors is satisfied in the period, in their order.

    As of a moment: in a session of as_of.knowing, where this lays out what the KPIs look at.
    """
    pairs = list(
        dict.fromkeys(
            (KpiId(one["kpi"]), one["service"]) for factor in factors for one in factor.kpis
        )
    )
    kpis, services = [kpi for kpi, _ in pairs], list(dict.fromkeys(at for _, at in pairs))
    if asked.as_of is not None:
        await lay_out(session, asked.as_of, kpis, services)
    targets = await targets_on(session, asked.period.last_day, services, kpis, asked.books)
    figures = await figures_of(session, pairs, asked.period, asked.now, asked.relations)
    return [
        _status(
            factor,
            asked,
            [
                _kpi(pair, figures.get(pair), targets.get((pair[1], pair[0])))
                for pair in ((KpiId(one["kpi"]), one["service"]) for one in factor.kpis)
            ],
        )
        for factor in factors
    ]


def _status(factor: Measured, asked: PeriodAsked, kpis: list[SatisfyingKpi]) -> FactorStatus:
    return FactorStatus(
        factor=factor.key,
        name=factor.name,
        period=asked.period.label,
        start=asked.period.start,
        end=asked.period.end,
        complete=asked.period.complete,
        timezone=asked.timezone,
        as_of=asked.as_of,
        status=satisfaction([one.met for one in kpis]),
        kpis=kpis,
    )


def _kpi(
    pair: tuple[KpiId, str], figure: Figure | None, target: HoldingTarget | None
) -> SatisfyingKpi:
    kpi, service = pair
    value = None if figure is None else figure.value
    met, reason = None, None
    if target is None:
        reason = "No target holds on the last day of the period"
    elif value is None:
        reason = "no figure" if figure is None else figure.reason
    else:
        met = meets(value, target.comparator, target.value)
    return SatisfyingKpi(
        kpi=kpi,
        service=service,
        unit=KPIS[kpi].unit,
        value=value,
        count=0 if figure is None else figure.count,
        comparator=None if target is None else target.comparator,
        target=None if target is None else float(target.value),
        met=met,
        reason=reason,
    )

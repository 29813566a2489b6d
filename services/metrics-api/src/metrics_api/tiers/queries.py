"""Every SQL statement over key result areas and links."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Row,
    Subquery,
    Text,
    Uuid,
    delete,
    func,
    insert,
    select,
    text,
    union_all,
    update,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncSession

from metrics_api.tiers.asking import Measured
from metrics_api.tiers.tables import Kra, KraKpi, KraVersion, TierLink, TierLinkBefore
from metrics_api.versioned.queries import Versioned, said_at
from shared.errors import NotFound
from shared.kit.pagination import PageParams, keyset

_KPIS = (
    select(
        func.coalesce(
            func.json_agg(
                postgresql.aggregate_order_by(
                    func.json_build_object("kpi", KraKpi.kpi, "service", KraKpi.service),
                    KraKpi.kpi,
                    KraKpi.service,
                )
            ),
            func.json_build_array(),
        )
    )
    .where(KraKpi.kra == Kra.key)
    .scalar_subquery()
    .label("kpis")
)
_KRA = (*Kra.__table__.c, _KPIS)
_link = TierLink.__table__.c
_before = TierLinkBefore.__table__.c
KRAS = Versioned(Kra, KraVersion)


@dataclass(frozen=True)
class LinkFilter:
    """Which links; None asks for any."""

    kind: str | None
    upper: str | None
    lower: str | None


async def insert_kra(session: AsyncSession, values: Mapping[str, Any]) -> bool:
    """False when the key is taken."""
    statement = postgresql.insert(Kra).values(**values).on_conflict_do_nothing()
    return (await session.execute(statement.returning(Kra.key))).first() is not None


async def update_kra(session: AsyncSession, key: str, values: Mapping[str, Any]) -> None:
    await session.execute(update(Kra).where(Kra.key == key).values(**values))


async def replace_kpis(session: AsyncSession, kra: str, kpis: Sequence[tuple[str, str]]) -> None:
    """Let these (KPI, service) pairs measure a key result area, and no others."""
    await session.execute(delete(KraKpi).where(KraKpi.kra == kra))
    if kpis:
        rows = [{"kra": kra, "kpi": kpi, "service": service} for kpi, service in kpis]
        await session.execute(insert(KraKpi), rows)


async def get_kra(session: AsyncSession, key: str, *, lock: bool = False) -> Row[Any]:
    """One key result area with its KPIs, 404 if there is none; `lock` holds it for a change."""
    if lock:
        await session.execute(select(Kra.key).where(Kra.key == key).with_for_update())
    row = (await session.execute(select(*_KRA).where(Kra.key == key))).first()
    if row is None:
        raise NotFound(f"There is no key result area {key}")
    return row


async def get_kra_then(session: AsyncSession, key: str, as_of: datetime | None) -> Measured:
    """What measures a key result area, or measured it as known then; 404 if it was not."""
    if as_of is None:
        kra = await get_kra(session, key)
        return Measured(key, kra.name, kra.kpis)
    missing = f"There was no key result area {key} yet"
    said = await said_at(session, KRAS, key, as_of, missing)
    return Measured(key, said["name"], said["kpis"])


async def list_kras(
    session: AsyncSession, *, active: bool | None, objective: str | None, page: PageParams
) -> list[Row[Any]]:
    """By key, one more than the page holds."""
    statement = select(*_KRA)
    if active is not None:
        statement = statement.where(Kra.active.is_(active))
    if objective is not None:
        statement = statement.where(Kra.objective == objective)
    order: list[Any] = [Kra.key]
    return list((await session.execute(keyset(statement, order, page))).all())


async def put_link(session: AsyncSession, values: Mapping[str, Any]) -> tuple[Row[Any], bool]:
    """The link between two ends, and whether it is new."""
    statement = postgresql.insert(TierLink).values(**values).on_conflict_do_nothing()
    made = (await session.execute(statement.returning(*TierLink.__table__.c))).first()
    if made is not None:
        return made, True
    same = (getattr(TierLink, name) == values[name] for name in ("kind", "upper", "lower"))
    return (await session.execute(select(*TierLink.__table__.c).where(*same))).one(), False


async def delete_link(session: AsyncSession, link: UUID, at: datetime) -> Row[Any]:
    """The link that was there, which is kept as one of before; 404 if there is none."""
    statement = delete(TierLink).where(TierLink.id == link).returning(*_link)
    row = (await session.execute(statement)).first()
    if row is None:
        raise NotFound("There is no such link")
    await session.execute(insert(TierLinkBefore).values(**row._mapping, unlinked_at=at))
    return row


async def list_links(session: AsyncSession, wanted: LinkFilter, page: PageParams) -> list[Row[Any]]:
    """By kind and ends, one more than the page holds."""
    equal = (
        (TierLink.kind, wanted.kind),
        (TierLink.upper, wanted.upper),
        (TierLink.lower, wanted.lower),
    )
    statement = select(*TierLink.__table__.c).where(
        *(column == value for column, value in equal if value is not None)
    )
    order: list[Any] = [TierLink.kind, TierLink.upper, TierLink.lower]
    return list((await session.execute(keyset(statement, order, page))).all())


async def links_below(
    session: AsyncSession, kind: str, upper: Sequence[str], as_of: datetime | None = None
) -> list[Row[Any]]:
    """Links of a kind from these ends down, in order; `as_of`: as they were drawn then."""
    drawn: Any = _link if as_of is None else _drawn_at(as_of).c
    statement = (
        select(*drawn)
        .where(drawn.kind == kind, drawn.upper.in_(upper))
        .order_by(drawn.upper, drawn.lower)
    )
    return list((await session.execute(statement)).all())


def _drawn_at(as_of: datetime) -> Subquery:
    """The links of a moment. Where the clocks of two processes differ, one that was drawn anew may
    overlap with itself: the newer is taken."""
    before = [_before[column.name] for column in _link]
    still = select(*_link).where(_link.linked_at <= as_of)
    since = select(*before).where(_before.linked_at <= as_of, _before.unlinked_at > as_of)
    both = union_all(still, since).subquery().c
    ends = (both.kind, both.upper, both.lower)
    newest = select(*both).ext(distinct_on(*ends)).order_by(*ends, both.linked_at.desc())
    return newest.subquery()


async def links_above(session: AsyncSession, kind: str, lower: Sequence[str]) -> list[Row[Any]]:
    """Links of a kind from these ends up, in order."""
    statement = (
        select(*TierLink.__table__.c)
        .where(TierLink.kind == kind, TierLink.lower.in_(lower))
        .order_by(TierLink.lower, TierLink.upper)
    )
    return list((await session.execute(statement)).all())


_BROKEN = """
    SELECT 'kra' AS tier, k.key, 'kra_without_kpi' AS code, NULL AS lower, NULL::uuid AS link
    FROM metrics.kra k
    WHERE k.active AND NOT EXISTS (SELECT FROM metrics.kra_kpi m WHERE m.kra = k.key)
    UNION ALL
    SELECT 'kra', k.key, 'unknown_objective', k.objective, NULL FROM metrics.kra k
    WHERE k.active AND k.objective IS NOT NULL AND NOT EXISTS (
        SELECT FROM metrics.catalog_copy c
        WHERE c.kind = 'objective' AND c.key = k.objective AND c.ended_at IS NULL)
    UNION ALL
    SELECT 'kpi', m.kpi, 'kpi_without_target', m.service, NULL FROM metrics.kra_kpi m
    WHERE EXISTS (SELECT FROM metrics.kra k WHERE k.key = m.kra AND k.active) AND NOT EXISTS (
        SELECT FROM metrics.target t
        WHERE t.service = m.service AND t.kpi = m.kpi AND t.valid_from <= :today
          AND (t.valid_to IS NULL OR t.valid_to >= :today))
    UNION ALL
    SELECT 'kpt', l.upper, 'ended_target', NULL, l.id FROM metrics.tier_link l
    WHERE l.kind = 'kpt_vma' AND NOT EXISTS (
        SELECT FROM metrics.target linked
        JOIN metrics.target t ON t.service = linked.service AND t.kpi = linked.kpi
        JOIN metrics.tier_link same
            ON same.kind = 'kpt_vma' AND same.upper = t.id::text AND same.lower = l.lower
        WHERE linked.id::text = l.upper AND (t.valid_to IS NULL OR t.valid_to >= :today))
    UNION ALL
    SELECT 'kpt', t.id::text, 'target_without_vital_activity', NULL, NULL FROM metrics.target t
    WHERE t.valid_from <= :today AND (t.valid_to IS NULL OR t.valid_to >= :today)
      AND EXISTS (SELECT FROM metrics.kra_kpi m WHERE m.service = t.service AND m.kpi = t.kpi)
      AND NOT EXISTS (SELECT FROM metrics.tier_link l
                      WHERE l.kind = 'kpt_vma' AND l.upper = t.id::text)
    UNION ALL
    SELECT CASE l.kind WHEN 'kpt_vma' THEN 'kpt' ELSE 'vma' END, l.upper,
           'unknown_vital_activity', v.activity, l.id
    FROM metrics.tier_link l
    CROSS JOIN LATERAL (
        SELECT CASE l.kind WHEN 'kpt_vma' THEN l.lower ELSE l.upper END) AS v (activity)
    WHERE l.kind IN ('kpt_vma', 'vma_slo') AND NOT EXISTS (
        SELECT FROM metrics.catalog_copy c
        WHERE c.kind = 'vital_activity' AND c.key = v.activity AND c.ended_at IS NULL
          AND (c.data->>'active')::boolean)
    UNION ALL
    SELECT DISTINCT 'vma', l.lower, 'vital_activity_without_slo', NULL, NULL::uuid
    FROM metrics.tier_link l
    WHERE l.kind = 'kpt_vma' AND NOT EXISTS (
        SELECT FROM metrics.tier_link s WHERE s.kind = 'vma_slo' AND s.upper = l.lower)
    UNION ALL
    SELECT 'vma', l.upper, 'unknown_slo', l.lower, l.id FROM metrics.tier_link l
    WHERE l.kind = 'vma_slo' AND NOT EXISTS (
        SELECT FROM metrics.slo s WHERE s.key = l.lower AND s.state = 'active')
    UNION ALL
    SELECT 'sli', l.upper, 'unknown_sli', l.lower, l.id FROM metrics.tier_link l
    WHERE l.kind = 'sli_sie' AND NOT EXISTS (
        SELECT FROM metrics.sli s WHERE s.key = l.upper AND s.state = 'active')"""


async def list_broken(session: AsyncSession, today: date, page: PageParams) -> list[Row[Any]]:
    """What is broken or missing anywhere, by tier and key, one more than the page holds.

    `below` is the lower end or empty: a cursor needs a value.
    """
    rows = (
        text(_BROKEN)
        .bindparams(today=today)
        .columns(tier=Text, key=Text, code=Text, lower=Text, link=Uuid)
        .subquery()
    )
    below = func.coalesce(rows.c.lower, "", type_=Text).label("below")
    statement = select(*rows.c, below)
    order: list[Any] = [rows.c.tier, rows.c.key, rows.c.code, below.element]
    return list((await session.execute(keyset(statement, order, page))).all())

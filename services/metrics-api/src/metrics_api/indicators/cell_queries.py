# ruff: noqa: S608 - every fragment is of our own making, every value a parameter
"""Reading sums over cells, cell deltas and the live rests of days.

A sum over a span is the sum of its whole months (cells), its whole days (cells), what ingest added
since the last compaction (cell deltas), and the rests of UTC days at its edges, which are counted
from the incidents by index. One statement sees all of it in one snapshot, so it is always exact.
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Final

from metrics_api.indicators.live import SERVICES, Reading, sql_type
from metrics_api.indicators.periods import Span, decompose
from metrics_api.indicators.rules import ACTIVITY, DURATION_SUMS, SUMS, Sums, parts_of
from metrics_api.indicators.scopes import Scope, ScopeKind
from metrics_api.indicators.values import Place
from shared.kit.database import Query

FIRST_MOMENT: Final = datetime.fromisoformat("1800-01-01T00:00:00Z")

CELL_PIECES: Final = """unnest(
        CAST(:cell_n AS int[]), CAST(:cell_grain AS text[]),
        CAST(:cell_low AS date[]), CAST(:cell_high AS date[])) AS p (n, grain, low, high)"""
DAY_PIECES: Final = """unnest(
        CAST(:day_n AS int[]), CAST(:day_low AS date[]),
        CAST(:day_high AS date[])) AS p (n, low, high)"""


ROW_ACTIVITY: Final = " + ".join(
    f"coalesce({name}, 0)" for name in SUMS if name not in DURATION_SUMS
)


def sum_of(name: str, alias: str) -> str:
    """SQL of a sum or derived sum of rows of sums."""
    parts = " + ".join(
        f"{times} * coalesce(sum({alias}.{part}), 0)" for part, times in parts_of(name).items()
    )
    return f"({parts})"


def of_services(kind: ScopeKind, column: str, services: str = SERVICES) -> str:
    """The condition that cells are of a scope's services, an array in SQL."""
    if kind is ScopeKind.ALL:
        return "true"
    return f"{column} = ANY({services})"


def rows_of_spans(
    kind: ScopeKind, *, edges: bool, services: str = SERVICES, names: Sequence[str] = SUMS
) -> str:
    """SQL of rows (n, service, activity, sums …) that add up to the sums of a scope's spans.

    Of all the sums only those named, and `activity`, which is 0 where no record is in the span.
    The parameters come from `span_parameters` and `scope_parameters`. OFFSET 0 holds the planner
    to one index scan a piece: a join it may turn round, and then it reads all there ever was.
    """
    sums = ", ".join(names)
    cells = f"""
    SELECT p.n, r.* FROM {CELL_PIECES} CROSS JOIN LATERAL (
        SELECT service, {ROW_ACTIVITY} AS activity, {sums} FROM metrics.cell c
        WHERE {of_services(kind, "c.service", services)} AND c.grain = p.grain
          AND c.start >= p.low AND c.start < p.high
        OFFSET 0) AS r"""
    # Deltas have no index by day alone. They are few, except under a bulk load: read them once.
    added = ", ".join(f"sum({name})::{sql_type(name)} AS {name}" for name in names)
    deltas = f"""
    SELECT p.n, d.service, d.activity, {", ".join(f"d.{name}" for name in names)} FROM (
        SELECT service, day, sum({ROW_ACTIVITY})::bigint AS activity, {added}
        FROM metrics.cell_delta x
        WHERE {of_services(kind, "x.service", services)} AND day >= :first_day AND day < :last_day
        GROUP BY service, day) AS d
    JOIN {DAY_PIECES} ON d.day >= p.low AND d.day < p.high"""
    parts = [cells, deltas]
    if edges:
        live = Reading(kind, services=services).sums_in_spans(SUMS)
        parts.append(
            f"\n    SELECT n, service, {ROW_ACTIVITY} AS activity, {sums} FROM ({live}) AS e"
        )
    return "\n    UNION ALL".join(parts)


def span_parameters(spans: Sequence[Span]) -> dict[str, Any]:
    """The spans cut into months, days and rests of days, as arrays for `rows_of_spans`."""
    cells: list[tuple[int, str, date, date]] = []
    days: list[tuple[int, date, date]] = []
    edges: list[Span] = []
    for n, start, end in spans:
        pieces = decompose(start or FIRST_MOMENT, end)
        cells += [(n, "m", low, high) for low, high in pieces.months]
        cells += [(n, "d", low, high) for low, high in pieces.days]
        days += [(n, low, high) for low, high in (*pieces.months, *pieces.days)]
        edges += [Span(n, low, high) for low, high in pieces.edges]
    return {
        **_arrays(("cell_n", "cell_grain", "cell_low", "cell_high"), cells),
        **_arrays(("day_n", "day_low", "day_high"), days),
        "first_day": min((low for _, low, _ in days), default=date.max),
        "last_day": max((high for _, _, high in days), default=date.min),
        **(live_parameters(edges) if edges else {}),
    }


def live_parameters(spans: Sequence[Span]) -> dict[str, Any]:
    """The spans as arrays for what is read from incidents."""
    rows = [(n, start or FIRST_MOMENT, end) for n, start, end in spans]
    return _arrays(("span_n", "span_low", "span_high"), rows)


def _arrays(names: Sequence[str], rows: Sequence[Sequence[Any]]) -> dict[str, list[Any]]:
    columns = [list(column) for column in zip(*rows, strict=True)] or [[] for _ in names]
    return dict(zip(names, columns, strict=True))


def has_edges(parameters: dict[str, Any]) -> bool:
    return "span_n" in parameters


def scope_parameters(scope: Scope) -> dict[str, Any]:
    if scope.kind is ScopeKind.VENDOR_PRODUCT:
        return {"key": scope.key}
    return {} if scope.services is None else {"services": list(scope.services)}


def sums_of_scope(
    scope: Scope, spans: Sequence[Span], names: Sequence[str] = SUMS
) -> Query[dict[Place, Sums]]:
    """These sums and the activity of services or of all that there is, by span.

    Spans into which no record fell may be left out.
    """
    parameters, read = span_parameters(spans), (*names, ACTIVITY)
    totals = ", ".join(f"coalesce(sum(r.{name}), 0) AS {name}" for name in read)
    rows = rows_of_spans(scope.kind, edges=has_edges(parameters), names=names)
    return Query(
        f"SELECT r.n, {totals} FROM ({rows}) AS r GROUP BY r.n",
        {**scope_parameters(scope), **parameters},
        lambda found: {
            Place(None, None, n): dict(zip(read, map(int, amounts), strict=True))
            for n, *amounts in found
        },
    )

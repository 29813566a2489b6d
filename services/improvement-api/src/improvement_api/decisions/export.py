"""The decision log as one file: NDJSON, a line an entry, and a last line that says it is whole."""

from collections.abc import AsyncIterator
from datetime import datetime

from improvement_api.decisions.keys import DecisionKeys
from improvement_api.decisions.queries import LogSpan, log_between
from improvement_api.decisions.schemas import LogExportEnd
from improvement_api.decisions.statements import entry_out
from shared.kit.database import Engine, reading
from shared.schemas.common import Out

AT_ONCE = 200  # entries in memory, some ten kilobytes each


async def export_log(
    engine: Engine, span: LogSpan, keys: DecisionKeys, now: datetime
) -> AsyncIterator[str]:
    """The lines of a span, read some at a time: no connection waits for a slow reader."""
    count, head, seq = 0, None, span.first - 1
    while seq < span.last:
        async with reading(engine) as session:
            rows = await log_between(session, seq, span.last, AT_ONCE)
        if not rows:
            break
        yield "".join(_line(entry_out(row)) for row in rows)
        count, head, seq = count + len(rows), rows[-1].hash, rows[-1].seq
    yield _line(LogExportEnd(entries=count, head=head, keys=keys.public(), exported_at=now))


def _line(said: Out) -> str:
    return f"{said.model_dump_json()}\n"

"""Loading the year of records through the public API; identity makes sending it again harmless."""

import json
from datetime import date

from shared.schemas.metrics import BatchReply
from tollgate.connection import body_of
from tollgate.demo.content import SOURCE
from tollgate.demo.making import PATIENCE, Providers
from tollgate.demo.metrics.record_year import KINDS, records
from tollgate.exits import CommandFailed
from tollgate.resending import call_until_answered


def load_records(at: Providers, until: date) -> None:
    """All kinds, unless some are there: a later day would draw other records by the same ids."""
    for path in KINDS:
        query = {"source": SOURCE, "limit": 1}
        known = call_until_answered(
            at.metrics, "GET", f"/v1/{path}", patience=PATIENCE, params=query
        )
        if not body_of(known)["items"]:
            _push(at, path, until)


def _push(at: Providers, path: str, until: date) -> None:
    lines = "".join(
        json.dumps({"source": SOURCE, **record}) + "\n" for record in records(path, until)
    )
    answer = call_until_answered(
        at.metrics,
        "POST",
        f"/v1/{path}/batch",
        patience=PATIENCE,
        content=lines.encode(),
        headers={"Content-Type": "application/x-ndjson"},
    )
    reply = BatchReply.model_validate(body_of(answer))
    for refused in reply.rejections:
        raise CommandFailed(
            f"Line {refused.line} of the demo's {path} was rejected ({refused.pointer}"
            f" {refused.reason}): report it, and start with DEMO=0 meanwhile"
        )

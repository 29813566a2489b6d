"""Pushing updates of incidents to metrics-api in gzipped NDJSON requests that may be resent."""

import gzip
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, NamedTuple

import httpx

from shared.schemas.metrics import BatchReply, Rejection
from tollgate.connection import body_of
from tollgate.exits import CommandFailed
from tollgate.pages import items_of
from tollgate.resending import call_until_answered

BATCH = "/v1/incidents/batch"
BATCH_ROWS = 10_000


class Sent(NamedTuple):
    """One update, with the row of the file it came from."""

    line: int
    cells: list[str]
    update: Mapping[str, Any]


class Refused(NamedTuple):
    sent: Sent
    pointer: str
    reason: str


@dataclass(frozen=True)
class Pushed:
    """What became of one request."""

    accepted: list[Sent]
    refused: list[Refused]


def push(metrics: httpx.Client, updates: Iterable[Sent], patience: float) -> Iterator[Pushed]:
    """Send the updates request by request; each is resent for up to `patience` seconds.

    An answer is the acknowledgement: what was stored before a lost one is known as a repeat.
    """
    remaining = iter(updates)
    while batch := list(islice(remaining, BATCH_ROWS)):
        reply = _send(metrics, batch, patience)
        refused = [
            Refused(batch[item.line - 1], item.pointer, item.reason)
            for item in _rejections(metrics, reply, patience)
        ]
        lines = {item.sent.line for item in refused}
        yield Pushed([sent for sent in batch if sent.line not in lines], refused)


def _send(metrics: httpx.Client, batch: list[Sent], patience: float) -> BatchReply:
    lines = "".join(json.dumps(sent.update) + "\n" for sent in batch)
    answer = call_until_answered(
        metrics,
        "POST",
        BATCH,
        patience=patience,
        content=gzip.compress(lines.encode(), compresslevel=1),
        headers={"Content-Type": "application/x-ndjson", "Content-Encoding": "gzip"},
    )
    reply = BatchReply.model_validate(body_of(answer))
    if reply.rows != len(batch) or reply.accepted + reply.rejected != reply.rows:
        raise CommandFailed(
            f"{metrics.base_url} counted {reply.rows} rows of {len(batch)}: look at"
            f" /v1/imports/{reply.id}, then run the same command again"
        )
    return reply


def _rejections(metrics: httpx.Client, reply: BatchReply, patience: float) -> Iterable[Rejection]:
    """All of them: those in the reply, or the list where the reply holds the first only."""
    if reply.rejected == len(reply.rejections):
        return reply.rejections
    listed = items_of(metrics, f"/v1/imports/{reply.id}/rejections", patience)
    return map(Rejection.model_validate, listed)

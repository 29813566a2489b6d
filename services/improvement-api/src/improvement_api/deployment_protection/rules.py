"""Whom GitHub's questions are believed of, and what a verdict answers them."""

import hmac
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from shared.schemas.improvement import CriterionKind, Outcome, Verdict

PATIENCE: Final = timedelta(days=30)  # then GitHub itself ends a deployment that still waits
FIRST_PAUSE: Final = timedelta(seconds=15)
LONGEST_PAUSE: Final = timedelta(minutes=15)
LONGEST_COMMENT: Final = 1024  # characters, GitHub's limit of a status report
MOST_REPORTS: Final = 8  # of the ten that GitHub takes per run, some are left for the answer
_CALLBACK: Final = re.compile(
    r"/repos/(?P<repository>[A-Za-z0-9-]+/[A-Za-z0-9._-]+)/actions/runs/\d{1,20}"
    r"/deployment_protection_rule"
)
_MARKS: Final = re.compile(r"[\\`*_\[\]()<>#|~]")


class RequestState(StrEnum):
    """How far the answer is: `answering` means found but not yet told to GitHub."""

    WAITING = "waiting"
    ANSWERING = "answering"
    ANSWERED = "answered"
    REFUSED = "refused"
    LAPSED = "lapsed"


OPEN: Final = frozenset({RequestState.WAITING, RequestState.ANSWERING})


class Answer(StrEnum):
    """As GitHub spells them."""

    APPROVED = "approved"
    REJECTED = "rejected"


@dataclass(frozen=True)
class Shown:
    """A criterion as a comment tells of it."""

    title: str
    kind: CriterionKind
    required: bool
    outcome: Outcome
    reason: str


def is_signed(body: bytes, signature: str, secrets: Iterable[str]) -> bool:
    """Whether `sha256=<hex>` is the HMAC of the raw bytes by one of the secrets.

    Compared in constant time, and with all secrets: how long it takes tells nothing.
    """
    sent = signature.encode()
    expected = [b"sha256=" + _hex_hmac(secret, body) for secret in secrets]
    matches = [hmac.compare_digest(sent, one) for one in expected]
    return any(matches)


def _hex_hmac(secret: str, body: bytes) -> bytes:
    return hmac.digest(secret.encode(), body, "sha256").hex().encode()


def is_callback(url: str, api_url: str, repository: str) -> bool:
    """Whether GitHub may be answered there: at the API we know, for this repository's runs.

    Nothing of where we call comes from the request but the number of the run.
    """
    found = _CALLBACK.fullmatch(url.removeprefix(api_url)) if url.startswith(api_url) else None
    return found is not None and found["repository"].lower() == repository.lower()


def answer_of(verdict: Verdict, *, allow_warning: bool) -> Answer | None:
    """What the verdict says to a deployment; None: nothing yet, for it is not known."""
    if verdict is Verdict.PASS or (verdict is Verdict.WARNING and allow_warning):
        return Answer.APPROVED
    if verdict in {Verdict.FAIL, Verdict.WARNING}:
        return Answer.REJECTED
    return None


def waits_for_signatures(criteria: Sequence[Shown]) -> bool:
    """Whether people alone can change the verdict: then a new evaluation would only disturb them.

    They sign the evaluation they have read; another one would take its place.
    """
    missing = {Outcome.ERROR, Outcome.INCONCLUSIVE}
    open_kinds = {one.kind for one in criteria if one.required and one.outcome in missing}
    return open_kinds == {CriterionKind.SIGN_OFF}


def pause_after(attempts: int) -> timedelta:
    """How long to wait after that many looks (1 or more): doubling, from 15 s to 15 min."""
    return min(FIRST_PAUSE * (1 << min(attempts - 1, 10)), LONGEST_PAUSE)


def has_lapsed(received_at: datetime, now: datetime) -> bool:
    return now - received_at >= PATIENCE


def comment_of(headline: str, criteria: Iterable[Shown], link: str | None) -> str:
    """Markdown of at most 1024 characters: the headline, what is not met, and where to look.

    Titles and reasons are people's texts: they make no links, mentions or marks of their own.
    """
    unmet = [one for one in criteria if one.outcome not in {Outcome.PASS, Outcome.SKIP}]
    lines = [f"- **{_plain(one.title)}**: {one.outcome}, {_plain(one.reason)}" for one in unmet]
    tail = [f"[The evaluation]({link})"] if link else []
    shown = lines
    while True:
        left_out = len(lines) - len(shown)
        more = [f"- and {left_out} more"] if left_out else []
        text = "\n".join([f"**{_plain(headline)}**", "", *shown, *more, "", *tail]).strip()
        if len(text) <= LONGEST_COMMENT or not shown:
            return text[:LONGEST_COMMENT]
        shown = shown[:-1]


def _plain(text: str) -> str:
    """A text on one line, of which Markdown makes nothing; `@name` tells nobody."""
    line = " ".join(text.split()).replace("@", "@\u200b")
    line = line if len(line) <= 300 else line[:299] + "…"
    return _MARKS.sub(lambda found: "\\" + found[0], line)

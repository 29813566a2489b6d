"""How phrases find comments, when one counts as said, and what a score says. Pure."""

import unicodedata
from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from shared.errors import Invalid

MOST_PHRASES: Final = 50
CLOCKS_DIFFER: Final = timedelta(minutes=5)


class EntryKind(StrEnum):
    DIRECT = "direct"
    SURVEY = "survey"


class ScoreKind(StrEnum):
    CSAT = "csat"
    NPS = "nps"


class Sentiment(StrEnum):
    POSITIVE = "positive"
    NEUTRAL = "neutral"
    NEGATIVE = "negative"


def folded(text: str) -> str:
    """A text as words without case and marks, each between single spaces: ' cafe is slow '.

    So a phrase is in a text as whole words exactly if its folded form is in the text's.
    """
    # Twice: folding case may bring forth characters that come apart in their turn.
    for _ in range(2):
        text = unicodedata.normalize("NFKD", text).casefold()
    kept = (char if _in_word(char) else " " for char in text if not unicodedata.combining(char))
    words = "".join(kept).split()
    return f" {' '.join(words)} " if words else " "


def _in_word(char: str) -> bool:
    return char.isalnum()


def folded_phrases(phrases: Sequence[str]) -> list[str]:
    """The phrases as they are looked for, each once; 422 for one without a word."""
    found = []
    for place, phrase in enumerate(phrases):
        plain = folded(phrase)
        if not plain.strip():
            raise Invalid(
                "a phrase needs a letter or a digit",
                code="empty_phrase",
                pointer=f"/phrases/{place}",
            )
        found.append(plain)
    return list(dict.fromkeys(found))


def check_said(said_at: datetime, at: datetime) -> None:
    """Nobody has said anything in the future (422): it would be a recent mention for ever."""
    if said_at > at + CLOCKS_DIFFER:
        raise Invalid("said_at lies ahead", code="not_said_yet", pointer="/said_at")


def sentiment_of(kind: ScoreKind | None, score: int | None) -> Sentiment | None:
    """What a score says, by the bounds of CSAT (4-5 satisfied) and NPS (promoters, detractors).

    Without a score there is none: a mood is not guessed from words.
    """
    if kind is None or score is None:
        return None
    low, high = (3, 4) if kind is ScoreKind.CSAT else (7, 9)
    if score >= high:
        return Sentiment.POSITIVE
    return Sentiment.NEGATIVE if score < low else Sentiment.NEUTRAL

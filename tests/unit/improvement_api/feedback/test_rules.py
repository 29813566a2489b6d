"""How phrases find comments, and what a score says."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from improvement_api.feedback.rules import ScoreKind, Sentiment, folded, sentiment_of


@given(st.text())
def test_folding_is_done_once_for_all(text: str) -> None:
    assert folded(folded(text)) == folded(text)


@given(st.text(), st.text(), st.text())
def test_a_phrase_is_found_in_whatever_surrounds_it(before: str, phrase: str, after: str) -> None:
    if folded(phrase).strip():
        assert folded(phrase) in folded(f"{before} {phrase} {after}")


@given(st.text())
def test_composed_and_decomposed_texts_are_alike(text: str) -> None:
    assert folded(unicodedata.normalize("NFC", text)) == folded(unicodedata.normalize("NFD", text))


@pytest.mark.parametrize(
    ("text", "phrase", "found"),
    [
        ("Le CAFÉ est fermé", "cafe", True),
        ("Cafeteria", "cafe", False),
        ("sign-in is slow", "sign in", True),
        ("STRASSE", "straße", True),
        ("slow", "slow slow", False),
    ],
)
def test_phrases_are_whole_words_without_case_and_marks(
    text: str, phrase: str, found: bool
) -> None:
    assert (folded(phrase) in folded(text)) is found


@pytest.mark.parametrize(
    ("kind", "score", "mood"),
    [
        (ScoreKind.CSAT, 5, Sentiment.POSITIVE),
        (ScoreKind.CSAT, 4, Sentiment.POSITIVE),
        (ScoreKind.CSAT, 3, Sentiment.NEUTRAL),
        (ScoreKind.CSAT, 2, Sentiment.NEGATIVE),
        (ScoreKind.NPS, 9, Sentiment.POSITIVE),
        (ScoreKind.NPS, 8, Sentiment.NEUTRAL),
        (ScoreKind.NPS, 7, Sentiment.NEUTRAL),
        (ScoreKind.NPS, 6, Sentiment.NEGATIVE),
        (ScoreKind.NPS, None, None),
        (None, 5, None),
    ],
)
def test_a_mood_is_the_scores_and_never_guessed(
    kind: ScoreKind | None, score: int | None, mood: Sentiment | None
) -> None:
    assert sentiment_of(kind, score) is mood

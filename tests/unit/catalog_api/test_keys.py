"""Keys are slugs made from names where none is given."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog_api.keys import MAX_LENGTH, free_variant, key_for, key_taken, slug
from shared.errors import Invalid

KEY = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("Category 26", "category-26"),
        ("  Network / Infrastructure ", "network-infrastructure"),
        ("Zürich Büro-Straße", "zurich-buro-strasse"),
        ("E-Mail & Calendar (EU)", "e-mail-calendar-eu"),
        ("日本", ""),
        ("x" * 150, "x" * 100),
    ],
)
def test_the_key_of_a_name_is_its_slug(name: str, key: str) -> None:
    assert slug(name) == key


@given(st.text(max_size=300))
def test_every_slug_is_empty_or_a_key(name: str) -> None:
    made = slug(name)

    assert made == "" or (KEY.fullmatch(made) and len(made) <= MAX_LENGTH)


@given(st.text(max_size=300))
def test_a_slug_is_the_slug_of_itself(name: str) -> None:
    assert slug(slug(name)) == slug(name)


def test_a_key_that_is_given_wins() -> None:
    assert key_for("mail", "E-Mail") == "mail"


def test_a_name_without_a_letter_or_digit_asks_for_a_key() -> None:
    with pytest.raises(Invalid) as refused:
        key_for(None, "日本")

    assert refused.value.errors[0].pointer == "/key"


keys = st.from_regex(KEY, fullmatch=True).filter(lambda key: len(key) <= MAX_LENGTH)


@given(keys, st.integers(0, 30))
def test_the_suggested_variant_is_a_free_key(base: str, taken_variants: int) -> None:
    taken = {base}
    for _ in range(taken_variants):
        taken.add(free_variant(base, taken))

    suggestion = free_variant(base, taken)

    assert suggestion not in taken
    assert KEY.fullmatch(suggestion)
    assert len(suggestion) <= MAX_LENGTH


def test_a_taken_key_is_refused_with_a_free_one() -> None:
    assert key_taken("mail", {"mail", "mail-2"}).extra == {"suggestion": "mail-3"}

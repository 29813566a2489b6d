"""The decision log is a chain: what was written cannot be changed, dropped or reordered."""

import hashlib
import json
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from improvement_api.decisions.rules import (
    BEFORE_THE_FIRST,
    Break,
    Checkpoint,
    Flaw,
    Link,
    check_checkpoint,
    check_link,
    check_stage,
    next_entry,
)
from improvement_api.gates.rules import stages_of
from shared.errors import Conflict
from shared.schemas.catalog import Stage
from shared.schemas.improvement import Gate


def chain(statements: list[dict[str, Any]]) -> list[Link]:
    entries: list[Link] = []
    for statement in statements:
        last = (entries[-1].seq, entries[-1].hash) if entries else None
        entries.append(next_entry(last, statement))
    return entries


def is_intact(entries: list[Link]) -> bool:
    """The check of a reader who has nothing but the documentation."""
    first_ok = not entries or (entries[0].seq == 1 and entries[0].prev_hash == "0" * 64)
    linked = all(b.seq == a.seq + 1 and b.prev_hash == a.hash for a, b in pairwise(entries))
    hashed = all(
        one.hash == hashlib.sha256((one.prev_hash + one.entry).encode()).hexdigest()
        for one in entries
    )
    return first_ok and linked and hashed


def first_break(entries: list[Link]) -> Break | None:
    """What our own verification finds of the same."""
    place = BEFORE_THE_FIRST
    for link in entries:
        broken = check_link(place, link)
        if broken is not None:
            return broken
        place = (link.seq, link.hash)
    return None


statements = st.lists(
    st.fixed_dictionaries({"decision": st.text(max_size=20), "score": st.floats(0, 1)}),
    min_size=2,
    max_size=6,
)


@given(statements)
def test_a_chain_that_nobody_touched_is_intact(found: list[dict[str, Any]]) -> None:
    entries = chain(found)

    assert is_intact(entries)
    assert first_break(entries) is None
    assert [json.loads(one.entry)["seq"] for one in entries] == [one.seq for one in entries]


@given(statements, st.data())
def test_whatever_is_changed_dropped_or_swapped_is_noticed(
    found: list[dict[str, Any]], data: st.DataObject
) -> None:
    entries = chain(found)
    index = data.draw(st.integers(0, len(entries) - 2))
    forged = entries[index].entry.replace("{", '{"forged":1,', 1)

    changed = [*entries]
    changed[index] = replace(entries[index], entry=forged)
    dropped = entries[:index] + entries[index + 1 :]
    swapped = [*entries]
    swapped[index], swapped[index + 1] = swapped[index + 1], swapped[index]

    for touched, flaw in ((changed, "entry_altered"), (dropped, "entry_missing")):
        assert not is_intact(touched)
        broken = first_break(touched)
        assert broken is not None
        assert (broken.seq, broken.flaw) == (index + 1, flaw)
    assert not is_intact(swapped)
    assert first_break(swapped) is not None


@given(statements, st.data())
def test_an_entry_that_was_hashed_anew_breaks_the_link_of_the_next(
    found: list[dict[str, Any]], data: st.DataObject
) -> None:
    entries = chain(found)
    index = data.draw(st.integers(0, len(entries) - 2))
    before = (index, entries[index].prev_hash)

    entries[index] = next_entry(before, {"decision": "forged"})

    assert first_break(entries) == Break(
        index + 2, Flaw.LINK_BROKEN, "prev_hash is not the hash of the entry before"
    )


@pytest.mark.parametrize(
    ("noted", "count", "hash_there", "flaw"),
    [
        (Checkpoint(), 3, None, None),
        (Checkpoint(3, "a"), 3, "a", None),
        (Checkpoint(3, "a"), 5, "a", None),
        (Checkpoint(head="a"), 5, "a", None),
        (Checkpoint(count=3), 2, None, "entry_missing"),
        (Checkpoint(3, "a"), 2, None, "entry_missing"),
        (Checkpoint(3, "a"), 3, "b", "checkpoint_missed"),
        (Checkpoint(head="a"), 5, None, "checkpoint_missed"),
    ],
)
def test_what_was_noted_of_a_log_earlier_is_still_in_it(
    noted: Checkpoint, count: int, hash_there: str | None, flaw: str | None
) -> None:
    broken = check_checkpoint(noted, count, hash_there)

    assert (None if broken is None else broken.flaw) == flaw


@pytest.mark.parametrize("gate", Gate)
def test_a_gate_is_decided_only_where_it_stands(gate: Gate) -> None:
    allowed, _ = stages_of(gate)
    for stage in Stage:
        if stage in allowed:
            check_stage(gate, stage)
        else:
            with pytest.raises(Conflict, match=f"at {stage.value}"):
                check_stage(gate, stage)

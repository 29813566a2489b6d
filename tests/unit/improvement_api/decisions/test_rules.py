"""The decision log is a chain: what was written cannot be changed, dropped or reordered."""

import hashlib
import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from improvement_api.decisions.rules import check_stage, next_entry
from improvement_api.gates.rules import stages_of
from shared.errors import Conflict
from shared.schemas.catalog import Stage
from shared.schemas.improvement import Gate

Entry = tuple[int, str, str, str]


def chain(statements: list[dict[str, Any]]) -> list[Entry]:
    entries: list[Entry] = []
    for statement in statements:
        last = (entries[-1][0], entries[-1][3]) if entries else None
        entries.append(next_entry(last, statement))
    return entries


def is_intact(entries: list[Entry]) -> bool:
    """The check of a reader who has nothing but the documentation."""
    first_ok = not entries or (entries[0][0] == 1 and entries[0][2] == "0" * 64)
    linked = all(b[0] == a[0] + 1 and b[2] == a[3] for a, b in pairwise(entries))
    hashed = all(
        own == hashlib.sha256((prev + entry).encode()).hexdigest()
        and json.loads(entry)["seq"] == seq
        for seq, entry, prev, own in entries
    )
    return first_ok and linked and hashed


statements = st.lists(
    st.fixed_dictionaries({"decision": st.text(max_size=20), "score": st.floats(0, 1)}),
    min_size=2,
    max_size=6,
)


@given(statements)
def test_a_chain_that_nobody_touched_is_intact(found: list[dict[str, Any]]) -> None:
    assert is_intact(chain(found))


@given(statements, st.data())
def test_whatever_is_changed_dropped_or_swapped_is_noticed(
    found: list[dict[str, Any]], data: st.DataObject
) -> None:
    entries = chain(found)
    index = data.draw(st.integers(0, len(entries) - 2))
    seq, entry, prev, own = entries[index]

    changed = [*entries]
    changed[index] = (seq, entry.replace("{", '{"forged":1,', 1), prev, own)
    dropped = entries[:index] + entries[index + 1 :]
    swapped = [*entries]
    swapped[index], swapped[index + 1] = swapped[index + 1], swapped[index]

    assert not is_intact(changed)
    assert not is_intact(dropped)
    assert not is_intact(swapped)


@pytest.mark.parametrize("gate", Gate)
def test_a_gate_is_decided_only_where_it_stands(gate: Gate) -> None:
    allowed, _ = stages_of(gate)
    for stage in Stage:
        if stage in allowed:
            check_stage(gate, stage)
        else:
            with pytest.raises(Conflict, match=f"at {stage.value}"):
                check_stage(gate, stage)

"""What a receipt says now against what it said before."""

from hypothesis import given
from hypothesis import strategies as st

from metrics_api.readings.rules import Processed, Reading, Version, change_of

versions = st.builds(
    Version,
    st.sampled_from(["incident", "request"]),
    st.just(1),
    st.sampled_from(["A", "B"]),
    st.sampled_from([b"x", b"y"]),
)
some = st.lists(versions, max_size=6)


@given(st.dictionaries(st.integers(1, 3), st.tuples(some, some, st.booleans())))
def test_afterwards_whole_receipts_say_just_what_they_gave(
    told: dict[int, tuple[list[Version], list[Version], bool]],
) -> None:
    before = {Reading(id_, version) for id_, (was, *_) in told.items() for version in was}
    processed = {id_: Processed(now, whole) for id_, (_, now, whole) in told.items()}

    change = change_of(before, processed)

    after = (before - set(change.withdrawn)) | set(change.added)
    for id_, (was, now, whole) in told.items():
        says = {reading.version for reading in after if reading.receipt_id == id_}
        assert says == (set(now) if whole else {*was, *now})
    assert len(set(change.added)) == len(change.added)
    assert not before & set(change.added)


@given(st.dictionaries(st.integers(1, 3), some))
def test_the_same_reading_changes_nothing(told: dict[int, list[Version]]) -> None:
    before = {Reading(id_, version) for id_, was in told.items() for version in was}

    change = change_of(before, {id_: Processed(was, True) for id_, was in told.items()})

    assert change == ([], [])

"""When a signature counts, and that nobody stands behind two of them."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from improvement_api.signatures.rules import check_independence, counts
from shared.errors import ApiError

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
PEOPLE = st.sampled_from(["ada", "bob", "cyd", "dan", "eve"])
hours = st.integers(-3, 3) | st.none()


def at(offset: int | None) -> datetime | None:
    return None if offset is None else NOW + timedelta(hours=offset)


@given(expires=hours, withdrawn=hours)
def test_it_counts_until_it_expires_or_is_withdrawn(
    expires: int | None, withdrawn: int | None
) -> None:
    expired = expires is not None and expires <= 0
    taken_back = withdrawn is not None and withdrawn <= 0

    assert counts(at(expires), at(withdrawn), NOW) is not (expired or taken_back)


@given(
    persons=st.lists(PEOPLE, min_size=1, max_size=2, unique=True),
    requested=st.sets(PEOPLE, max_size=1),
    signed=st.lists(PEOPLE, max_size=3),
    voters=st.sets(PEOPLE, max_size=2),
)
def test_who_signs_and_for_whom_have_done_nothing_else_at_this_evaluation(
    persons: list[str], requested: set[str], signed: list[str], voters: set[str]
) -> None:
    busy = requested | set(signed) | voters
    earlier = [(person, "owner") for person in signed]

    if not busy & set(persons):
        check_independence(persons, requested, earlier, voters)
        return
    with pytest.raises(ApiError) as refused:
        check_independence(persons, requested, earlier, voters)

    assert refused.value.code in {"self_approval", "already_signed", "voted_already"}

"""What a delegation is good for."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from improvement_api.delegations.rules import (
    LONGEST,
    DelegationState,
    Terms,
    Use,
    check_terms,
    check_use,
    state_at,
)
from shared.errors import ApiError, Invalid
from shared.schemas.improvement import Gate

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
TERMS = Terms("owner", "ada", "bob", None, None, NOW - DAY, NOW + DAY, revoked=False)
USE = Use("bob", "owner", "vpn", Gate.OPERATE_TO_IMPROVE)


@given(st.integers(-50, 50), st.booleans())
def test_it_is_valid_from_its_beginning_up_to_its_end_unless_revoked(
    hours: int, revoked: bool
) -> None:
    moment = NOW + timedelta(hours=hours)

    state = state_at(replace(TERMS, revoked=revoked), moment)

    if revoked:
        assert state is DelegationState.REVOKED
    else:
        expected = "ahead" if hours < -24 else "over" if hours >= 24 else "valid"
        assert state == expected


@pytest.mark.parametrize(
    ("fields", "use", "code"),
    [
        ({}, {}, None),
        ({"service": "vpn", "gate": Gate.OPERATE_TO_IMPROVE}, {}, None),
        ({}, {"person": "ada"}, "not_your_delegation"),
        ({}, {"role": "manager"}, "role_missing"),
        ({"service": "mail"}, {}, "delegated_elsewhere"),
        ({"gate": Gate.TO_RETIREMENT}, {}, "delegated_elsewhere"),
        ({"service": "vpn", "gate": Gate.TO_RETIREMENT}, {}, "delegated_elsewhere"),
        ({"revoked": True}, {}, "delegation_not_valid"),
        ({"valid_until": NOW}, {}, "delegation_not_valid"),
        ({"valid_from": NOW + timedelta(hours=1)}, {}, "delegation_not_valid"),
    ],
)
def test_it_is_used_by_whom_it_names_for_its_role_where_and_while_it_is_valid(
    fields: dict[str, Any], use: dict[str, Any], code: str | None
) -> None:
    terms, wanted = replace(TERMS, **fields), replace(USE, **use)
    if code is None:
        check_use(terms, wanted, NOW)
        return

    with pytest.raises(ApiError) as refused:
        check_use(terms, wanted, NOW)

    assert refused.value.code == code


@pytest.mark.parametrize(
    ("fields", "pointers"),
    [
        ({}, []),
        ({"valid_until": NOW - DAY + LONGEST}, []),
        ({"delegate": "ada"}, ["/delegate"]),
        ({"valid_until": NOW}, ["/valid_until"]),
        ({"valid_until": NOW + LONGEST}, ["/valid_until"]),
        ({"delegate": "ada", "valid_until": NOW - 2 * DAY}, ["/delegate", "/valid_until"]),
    ],
)
def test_it_is_given_to_another_for_a_time_of_at_most_a_year(
    fields: dict[str, Any], pointers: list[str]
) -> None:
    terms = replace(TERMS, **fields)
    if not pointers:
        check_terms(terms, NOW)
        return

    with pytest.raises(Invalid) as refused:
        check_terms(terms, NOW)

    assert [error.pointer for error in refused.value.errors] == pointers

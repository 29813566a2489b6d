"""Rows of a ServiceNow event log become updates of incidents."""

from contextlib import suppress
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tollgate.servicenow_log import LogFormat, Unmappable, incident_update

UTC_LOG = LogFormat("category", ZoneInfo("UTC"))
COLUMNS = (
    "number", "incident_state", "sys_mod_count", "sys_updated_at", "opened_at", "resolved_at",
    "closed_at", "contact_type", "category", "impact", "urgency", "priority", "assignment_group",
    "reassignment_count", "reopen_count", "vendor", "caused_by", "made_sla",
)  # fmt: skip


def make_row(**cells: str) -> dict[str, str]:
    row = {
        "number": "INC1", "incident_state": "Active", "sys_mod_count": "2",
        "sys_updated_at": "3/4/2021 10:30", "opened_at": "2/4/2021 09:00", "category": "Mail",
    }  # fmt: skip
    return row | cells


def test_a_row_carries_the_whole_incident() -> None:
    row = make_row(
        incident_state="Closed", resolved_at="4/4/2021 08:05", closed_at="9/4/2021 08:05",
        contact_type="Phone", impact="2 - Medium", urgency="1 - High", priority="3 - Moderate",
        assignment_group="Group 7", reassignment_count="1", reopen_count="0", vendor="?",
        made_sla="true",
    )  # fmt: skip

    assert incident_update(row, UTC_LOG) == {
        "external_id": "INC1",
        "version": 2,
        "state": "closed",
        "priority": "3 - Moderate",
        "impact": "2 - Medium",
        "urgency": "1 - High",
        "channel": "phone",
        "assignment_group": "Group 7",
        "vendor": None,
        "reassignment_count": 1,
        "reopen_count": 0,
        "updated_at": "2021-04-03T10:30:00+00:00",
        "opened_at": "2021-04-02T09:00:00+00:00",
        "resolved_at": "2021-04-04T08:05:00+00:00",
        "closed_at": "2021-04-09T08:05:00+00:00",
        "service": "Mail",
        "extra": {"incident_state": "Closed", "made_sla": "true"},
    }


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("New", "new"),
        ("Active", "in_progress"),
        ("Awaiting User Info", "on_hold"),
        ("Awaiting Vendor", "on_hold"),
        ("Awaiting Problem", "on_hold"),
        ("Awaiting Evidence", "on_hold"),
        ("Resolved", "resolved"),
        ("Closed", "closed"),
        ("Canceled", "cancelled"),
        ("-100", "-100"),
        ("?", None),
    ],
)
def test_states_become_ours_and_an_unknown_one_is_kept(word: str, state: str | None) -> None:
    assert incident_update(make_row(incident_state=word), UTC_LOG)["state"] == state


def test_a_resolution_time_the_tool_left_empty_is_sent_as_null() -> None:
    update = incident_update(make_row(resolved_at="?"), UTC_LOG)

    assert update["resolved_at"] is None


def test_a_column_the_log_does_not_have_is_not_sent() -> None:
    assert "resolved_at" not in incident_update(make_row(), UTC_LOG)


def test_stamps_are_read_in_the_zone_of_the_log() -> None:
    zurich = LogFormat("category", ZoneInfo("Europe/Zurich"))

    update = incident_update(make_row(opened_at="1/7/2021 00:30"), zurich)

    assert update["opened_at"] == "2021-06-30T22:30:00+00:00"


@pytest.mark.parametrize("name", ["?", "", "  "])
def test_a_missing_service_name_is_null(name: str) -> None:
    assert incident_update(make_row(category=name), UTC_LOG)["service"] is None


@pytest.mark.parametrize(
    ("column", "cell"),
    [
        ("number", "?"),
        ("number", "INC\x00"),
        ("opened_at", "31/2/2021 10:00"),
        ("opened_at", "2021-02-03 10:00"),
        ("opened_at", "1/1/0001 00:00"),
        ("resolved_at", "tomorrow"),
        ("sys_updated_at", "٣/٤/2021 10:30"),
        ("sys_mod_count", "many"),
        ("sys_mod_count", "-1"),
        ("sys_mod_count", "9" * 50),
        ("reopen_count", "1.5"),
        ("assignment_group", "x" * 201),
    ],
)
def test_a_row_that_is_no_update_names_its_column(column: str, cell: str) -> None:
    tokyo = LogFormat("category", ZoneInfo("Asia/Tokyo"))

    with pytest.raises(Unmappable) as refused:
        incident_update(make_row(**{column: cell}), tokyo)

    assert refused.value.column == column


CELLS = st.one_of(
    st.text(max_size=20),
    st.sampled_from(["?", "", "-100", "0", "1/1/2020 00:00", "31/12/9999 23:59", "1/1/0001 0:00"]),
    st.builds("{}/{}/{} {}:{}".format, *[st.integers(0, 99)] * 2, st.integers(0, 9999),
              *[st.integers(0, 99)] * 2),
)  # fmt: skip


@given(st.fixed_dictionaries({}, optional=dict.fromkeys(COLUMNS, CELLS)), st.sampled_from(
    ["UTC", "Pacific/Kiritimati", "America/St_Johns"]
))  # fmt: skip
def test_every_row_is_an_update_or_says_why_not(row: dict[str, str], zone: str) -> None:
    with suppress(Unmappable):
        update = incident_update(row, LogFormat("category", ZoneInfo(zone)))
        assert update["external_id"] == row["number"].strip()

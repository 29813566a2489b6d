"""Every tool's module: golden bodies, and no body that makes it fail."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metrics_api.inbox.intakes import INTAKES, update_of
from metrics_api.sources.rules import source_rules
from metrics_api.sources.tools.forms import (
    KINDS,
    Ignored,
    Normalised,
    Read,
    ToolConfig,
    Unreadable,
    stamp,
)
from metrics_api.sources.tools.mapping import BadExpression, compiled, field_mapping
from metrics_api.sources.tools.registry import TOOLS, tool_of

GOLDEN = Path(__file__).parent / "golden"
AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
CASES = sorted(GOLDEN.glob("*.json"))


def read(tool: str, payload: Any, **config: Any) -> Read:
    return TOOLS[tool].normalise(payload, ToolConfig(AT, **config))


def one(tool: str, payload: Any, **config: Any) -> Normalised:
    (found,) = read(tool, payload, **config)
    assert isinstance(found, Normalised), found
    return found


def shown(found: Normalised | Ignored) -> dict[str, Any]:
    """As the golden files have it."""
    if isinstance(found, Ignored):
        return {"ignored": found.code}
    fields = {k: v.isoformat() if isinstance(v, datetime) else v for k, v in found.fields.items()}
    ends = {} if found.ends is None else {"ends": found.ends}
    return {"kind": found.kind, "fields": fields, **ends}


@pytest.mark.parametrize("file", CASES, ids=lambda file: file.stem)
def test_a_golden_body_is_read_as_written_down(file: Path) -> None:
    case = orjson.loads(file.read_bytes())
    settings_ = case.get("settings", {})
    if "timezone" in settings_:
        settings_["timezone"] = ZoneInfo(settings_["timezone"])
    if "mapping" in settings_:
        settings_["mapping"] = field_mapping(settings_["mapping"])

    found = read(case["tool"], case["body"], **settings_)

    assert [shown(each) for each in found] == case["read"]


def test_every_tool_has_golden_bodies() -> None:
    assert {orjson.loads(file.read_bytes())["tool"] for file in CASES} == set(TOOLS)


@pytest.mark.parametrize("file", CASES, ids=lambda file: file.stem)
def test_what_is_read_of_an_incident_is_accepted_by_the_ingest(file: Path) -> None:
    case = orjson.loads(file.read_bytes())
    rules = source_rules(
        id=1,
        key="s",
        active=True,
        delivery="event",
        timezone=None,
        state_mapping={},
        priority_mapping={},
        kind=case["tool"],
    )

    for expected in case["read"]:
        if expected.get("kind") in INTAKES and "ends" not in expected:
            assert update_of(expected["kind"], expected["fields"], rules).digest


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner),
    max_leaves=12,
)
WORDS = st.sampled_from(
    """alerts annotations changelog class code component component_update created_at data date
    detail endsAt event event_type external_id fields fingerprint id incident item issue key labels
    message messages name new_status number objects occurred_at old_status priority result
    specversion startsAt state status sys_class_name sys_id table time type updated
    webhookEvent""".split()  # noqa: SIM905 - a list of fifty words reads worse
)
LIKELY = st.recursive(
    JSON
    | st.sampled_from(
        ["incident", "0", "jira:issue_updated", "zen:event-type:ticket.created", "resolved", "1.0"]
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=8),
    max_leaves=20,
)


@pytest.mark.parametrize("tool", TOOLS)
@settings(max_examples=60)
@given(payload=JSON | LIKELY)
def test_no_json_makes_a_module_fail_but_by_its_own_refusal(tool: str, payload: Any) -> None:
    try:
        found = read(tool, payload)
    except Unreadable:
        return

    assert found
    for each in found:
        assert isinstance(each, Ignored) or each.kind in KINDS
    TOOLS[tool].repeat_key({}, payload)


@given(payload=LIKELY, value=JSON)
def test_no_mapped_value_makes_reading_fail_otherwise(payload: Any, value: Any) -> None:
    names = ("external_id", "opened_at", "reopen_count", "major", "title", "kind", "extra.x")
    mapping = field_mapping(dict.fromkeys(names, "value"))

    try:
        read("zendesk", {"value": value, "more": payload}, mapping=mapping)
    except Unreadable as refused:
        assert refused.pointer.startswith("/field_mapping/")


@pytest.mark.parametrize(
    ("spelling", "moment"),
    [
        ("2017-01-30T18:32:14.716+0100", "2017-01-30T17:32:14.716000+00:00"),
        ("2020-02-06T00:17:58.432911368Z", "2020-02-06T00:17:58.432911+00:00"),
        ("2016-01-22 14:12:37", "2016-01-22T13:12:37+00:00"),
        ("29/2/2016 01:16", "2016-02-29T00:16:00+00:00"),
        ("February 3, 2025", "2025-02-02T23:00:00+00:00"),
        (1550286113023, "2019-02-16T03:01:53.023000+00:00"),
        ("1550286113", "2019-02-16T03:01:53+00:00"),
        (1550286113023000000, "2019-02-16T03:01:53.023000+00:00"),
        ("0001-01-01T00:00:00Z", None),
        ("9999-12-31T23:59:59-14:00", None),
        ("02/03/25", None),
        ("?", None),
        ("", None),
        (True, None),
        (float("nan"), None),
        (float("inf"), None),
        (10**40, None),
        ({}, None),
    ],
)
def test_stamps_are_read_in_the_spellings_of_tools(spelling: Any, moment: str | None) -> None:
    found = stamp(spelling, ZoneInfo("Europe/Berlin"))

    assert (found and found.isoformat()) == moment


@pytest.mark.parametrize(("words", "position"), [("a.b[", 4), ("a $ b", 2), ("foo(", 4)])
def test_a_wrong_expression_says_where(words: str, position: int) -> None:
    with pytest.raises(BadExpression, match=f"position {position}"):
        compiled(words)


def test_a_kind_that_is_not_known_is_read_as_a_home_made_tool() -> None:
    assert tool_of("Remedy").kind == "generic"
    assert tool_of(" PagerDuty ").kind == "pagerduty"


@pytest.mark.parametrize(
    ("words", "state"),
    [
        ("Waiting for customer [indeterminate]", "on_hold"),
        ("Being looked at [indeterminate]", "in_progress"),
        ("Done [done: Won't Do]", "cancelled"),
        ("Shipped [done: Fixed]", "resolved"),
        ("Triage [new]", "new"),
        ("Triage [whatever]", None),
        ("Triage", None),
    ],
)
def test_a_state_of_jira_is_its_name_else_its_category(words: str, state: str | None) -> None:
    rules = source_rules(
        id=1,
        key="s",
        active=True,
        delivery="event",
        timezone=None,
        state_mapping={},
        priority_mapping={},
        kind="jira",
    )

    assert rules.states.get(words.casefold()) == state

"""One update of a record: what is refused, and where."""

import json
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from metrics_api.intake.updates import Refused
from metrics_api.records.kinds import KINDS
from metrics_api.records.updates import accept, decode, kept_update, read_fields
from metrics_api.sources.rules import SourceRules, in_utc
from shared.schemas.metrics import RecordKind
from tests.support.records import EVENTS, OPENINGS, START, source, update

REQUEST, SURVEY = RecordKind.REQUEST, RecordKind.SURVEY
ZONE = ZoneInfo("Europe/Berlin")


def refused(kind: RecordKind, raw: bytes | dict[str, Any], by: SourceRules | None = None) -> str:
    body = raw if isinstance(raw, bytes) else json.dumps(raw).encode()
    with pytest.raises(Refused) as caught:
        accept(KINDS[kind], decode(KINDS[kind], body), by or source())
    return caught.value.pointer


@pytest.mark.parametrize("kind", KINDS)
class TestOfEveryKind:
    def test_a_snapshot_must_say_when_it_began(self, kind: RecordKind) -> None:
        body = {"external_id": "1", "updated_at": START.isoformat()}

        assert refused(kind, body) == f"/{OPENINGS[kind]}"
        accept(KINDS[kind], decode(KINDS[kind], json.dumps(body).encode()), EVENTS)

    def test_a_beginning_that_could_not_be_read_is_named(self, kind: RecordKind) -> None:
        kept = {"extra": {OPENINGS[kind]: "20.11.2026 10:00"}}
        body = json.dumps({"external_id": "1", "updated_at": START.isoformat(), **kept}).encode()

        with pytest.raises(Refused, match=r"'20\.11\.2026 10:00' cannot be read"):
            accept(KINDS[kind], decode(KINDS[kind], body), source())

    def test_an_update_without_any_stamp_is_refused(self, kind: RecordKind) -> None:
        assert refused(kind, {"external_id": "1"}, EVENTS) == "/updated_at"

    def test_an_unknown_field_is_refused(self, kind: RecordKind) -> None:
        assert refused(kind, {"external_id": "1", "x/y": 1}) == "/x~1y"

    def test_a_stamp_out_of_reason_is_refused(self, kind: RecordKind) -> None:
        for stamp in ("0001-01-01T00:00:00+10:00", "9999-12-31T23:59:59-10:00"):
            body = {"external_id": "1", OPENINGS[kind]: stamp}

            assert refused(kind, body) == f"/{OPENINGS[kind]}"

    def test_nul_is_refused(self, kind: RecordKind) -> None:
        body = {"external_id": "1", OPENINGS[kind]: START.isoformat(), "extra": {"a": ["\x00"]}}

        assert refused(kind, body) == "/extra"

    def test_a_kept_update_is_the_one_that_was_sent(self, kind: RecordKind) -> None:
        told = update(kind, 1, version=7, title="x", extra={"n": 10**30})

        assert kept_update(KINDS[kind], told.source, told.digest, told.payload) == told


@pytest.mark.parametrize(
    ("raw", "pointer"),
    [
        (b"{", ""),
        (b'{"external_id": ""}', "/external_id"),
        (b'{"external_id": "1", "version": -1}', "/version"),
        (b'{"external_id": "1", "met": "yes"}', "/met"),
        (b'{"external_id": "1", "steps": [{"id": "a"}, {"id": 5}]}', "/steps/1/id"),
        (b'{"external_id": "1", "reassignment_count": 2147483648}', "/reassignment_count"),
        (b'{"external_id": "1", "title": "\\ud800"}', ""),
    ],
)
def test_a_bad_field_is_named(raw: bytes, pointer: str) -> None:
    assert refused(REQUEST, raw) == pointer


def test_a_bad_stamp_of_a_step_is_named() -> None:
    body = {
        "external_id": "1",
        "opened_at": START.isoformat(),
        "steps": [{"id": "a", "started_at": "2026-03-01T00:00:00"}],
    }

    assert refused(REQUEST, body) == "/steps/0/started_at"


def test_a_naive_stamp_is_in_the_zone_of_its_source() -> None:
    berlin = SourceRules(1, "desk", True, True, ZONE, {}, {})
    told = update(REQUEST, by=berlin, updated_at=..., opened_at="2026-07-01T10:00:00")

    assert told.stamped_at.isoformat() == "2026-07-01T08:00:00+00:00"
    assert in_utc(told.stamped_at, None) == told.stamped_at


def test_a_survey_may_begin_with_its_answer() -> None:
    told = update(SURVEY, 1, sent_at=..., answered_at=START, kind="nps", score=9)

    assert told.fields.external_id == "1"


def test_the_fields_of_an_adapter_are_checked_as_those_of_a_tool() -> None:
    kind = KINDS[REQUEST]

    assert read_fields(kind, {"external_id": "1", "opened_at": START}).external_id == "1"
    for fields, pointer in (({"external_id": 1}, "/external_id"), ({"title": "\ud800"}, "")):
        with pytest.raises(Refused) as caught:
            read_fields(kind, fields)
        assert caught.value.pointer == pointer

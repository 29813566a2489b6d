"""What is promised for the incidents of a service, from the copies of the catalog."""

from datetime import UTC, datetime
from typing import Any

from metrics_api.clocks.counting import micros, open_time
from metrics_api.clocks.promises import Terms, changed_services, terms_from
from shared.calendars import calendar_of
from shared.schemas.agreements import CalendarVersionOut
from tests.support.promises import agreement, calendar, promised, scheme, weekly

OPENED = micros(datetime(2026, 3, 2, tzinfo=UTC))
PINNED = {"scheme": "standard", "scheme_version": 1}


def copies(**more: Any) -> dict[str, Any]:
    """An office calendar, two versions of a scheme and a strict one; the first is the default."""
    return {
        "calendar_version": {"office@1": calendar()},
        "scheme_version": {
            "standard@1": scheme("standard", 1, promised(1, 60, 480)),
            "standard@2": scheme("standard", 2, promised(1, 30, 240)),
            "strict@1": scheme("strict", 1, promised(1, 5, 10)),
        },
        "scheme_choice": {"": {"service": "", "scheme": "standard"}},
    } | more


def chosen(service: str, scheme: str) -> dict[str, Any]:
    return {
        "": {"service": "", "scheme": "standard"},
        service: {"service": service, "scheme": scheme},
    }


def basis(terms: Terms, service: str | None, opened: int = OPENED) -> str | None:
    promise = terms.of(service).promise_at(opened)
    return None if promise is None else promise.basis


def test_the_newest_version_of_the_default_scheme_holds() -> None:
    assert basis(terms_from(copies()), "mail") == "scheme:standard@2"


def test_a_service_with_a_scheme_of_its_own_has_that() -> None:
    terms = terms_from(copies(scheme_choice=chosen("mail", "strict")))

    assert basis(terms, "mail") == "scheme:strict@1"
    assert basis(terms, "files") == "scheme:standard@2"


def test_nothing_is_promised_to_incidents_of_no_service() -> None:
    assert basis(terms_from(copies()), None) is None


def test_an_agreement_pins_a_version_of_its_scheme() -> None:
    sla = agreement(priority_scheme=PINNED)
    terms = terms_from(copies(agreement_version={"mail-sla@1": sla}))

    assert basis(terms, "mail") == "agreement:mail-sla@1"
    target = terms.of("mail").promise_at(OPENED).targets_of(1)[1]  # type: ignore[union-attr]
    assert target is not None
    assert target.minutes == 480


def test_an_agreement_that_pins_no_scheme_leaves_times_to_the_scheme() -> None:
    terms = terms_from(copies(agreement_version={"mail-sla@1": agreement()}))

    assert basis(terms, "mail") == "scheme:standard@2"


def test_a_terminated_agreement_covers_what_was_opened_before_its_end() -> None:
    ended = datetime(2026, 3, 1, tzinfo=UTC)
    sla = agreement(priority_scheme=PINNED, state="terminated", ended_at=ended)
    terms = terms_from(copies(agreement_version={"mail-sla@1": sla}))

    assert basis(terms, "mail", micros(ended) - 1) == "agreement:mail-sla@1"
    assert basis(terms, "mail", micros(ended)) == "scheme:standard@2"


def test_a_draft_promises_nothing() -> None:
    draft = agreement(priority_scheme=PINNED, state="draft")
    terms = terms_from(copies(agreement_version={"mail-sla@1": draft}))

    assert basis(terms, "mail") == "scheme:standard@2"


def test_an_sla_stands_above_an_ola() -> None:
    versions = {
        "ola@1": agreement("ola", kind="ola", priority_scheme=PINNED),
        "sla@1": agreement("sla", priority_scheme=PINNED),
    }

    assert basis(terms_from(copies(agreement_version=versions)), "mail") == "agreement:sla@1"


def test_support_follows_the_active_agreement_then_the_service() -> None:
    own = {
        "service": "mail",
        "support_hours": {"timezone": "UTC", "weekly": weekly("08:00", "09:00")},
    }
    without = terms_from(copies(support_hours={"mail": own}))
    agreed = terms_from(
        copies(support_hours={"mail": own}, agreement_version={"mail-sla@1": agreement()})
    )

    office = open_time(calendar_of(CalendarVersionOut.model_validate(calendar())))
    assert agreed.of("mail").support == office
    assert without.of("mail").support != office


def test_a_target_on_a_calendar_that_is_not_known_yet_has_no_time() -> None:
    terms = terms_from(copies(calendar_version={}))

    target = terms.of("mail").scheme.targets_of(1)[0]  # type: ignore[union-attr]
    assert target is not None
    assert target.time is None


def test_a_changed_choice_concerns_its_service_only() -> None:
    before, after = terms_from(copies()), terms_from(copies(scheme_choice=chosen("mail", "strict")))

    assert changed_services(before, after, ["files", "mail"]) == ["mail"]


def test_a_changed_default_concerns_all_that_have_no_scheme_of_their_own() -> None:
    choice = chosen("mail", "strict")
    before = terms_from(copies(scheme_choice=choice))
    after = terms_from(copies(scheme_choice={**choice, "": {"service": "", "scheme": "strict"}}))

    assert changed_services(before, after, ["files", "mail"]) == ["files"]


def test_a_new_calendar_version_that_nobody_pins_concerns_nobody() -> None:
    more = {
        "office@1": calendar(),
        "office@2": calendar(version=2, weekly=weekly("00:00", "01:00")),
    }
    before, after = terms_from(copies()), terms_from(copies(calendar_version=more))

    assert changed_services(before, after, ["files"]) == []

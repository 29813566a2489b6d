"""Webhooks on the wire: signatures, and where they may be sent."""

import ipaddress
from datetime import UTC, datetime, timedelta

import pytest
from standardwebhooks.webhooks import Webhook

from shared.errors import Forbidden
from shared.kit.clock import now
from shared.kit.deliveries import retry_after
from shared.kit.webhook_targets import (
    RefusedTarget,
    UnresolvedTarget,
    is_public,
    parse_target,
    resolve_target,
)
from shared.kit.webhooks import new_secret, signed_request, verify_events

EVENT = {"id": "e1", "type": "thing.changed", "subject": "a", "data": {"name": "Zoë"}}


def test_a_signed_event_is_verified() -> None:
    secret = new_secret()
    body, headers = signed_request([EVENT], secret, now())
    lower = {name.lower(): value for name, value in headers.items()}

    assert verify_events(lower, body, [secret]) == {"": EVENT}


def test_a_batch_is_signed_as_one() -> None:
    secret, other = new_secret(), {**EVENT, "id": "e2"}
    body, headers = signed_request([EVENT, other], secret, now())

    assert headers["webhook-id"] == "e1"
    assert verify_events(headers, body, [secret]) == {"/0": EVENT, "/1": other}


def test_while_secrets_rotate_either_is_good() -> None:
    old, new = new_secret(), new_secret()
    body, headers = signed_request([EVENT], old, now())

    assert verify_events(headers, body, [new, old]) == {"": EVENT}


def test_a_secret_may_be_any_text() -> None:
    body, headers = signed_request([EVENT], "plain text", now())

    assert verify_events(headers, body, ["plain text"]) == {"": EVENT}


@pytest.mark.parametrize(
    "spoilt",
    [
        {"webhook-id": "e2"},
        {"webhook-timestamp": "1"},
        {"webhook-timestamp": "nan"},
        {"webhook-timestamp": "x"},
        {"webhook-signature": "v1,AAAA"},
        {"webhook-signature": "v1"},
        {"webhook-signature": "v1,é"},
        {"webhook-signature": ""},
    ],
    ids=str,
)
def test_a_spoilt_header_is_forbidden(spoilt: dict[str, str]) -> None:
    secret = new_secret()
    body, headers = signed_request([EVENT], secret, now())

    with pytest.raises(Forbidden):
        verify_events({**headers, **spoilt}, body, [secret])


@pytest.mark.parametrize("body", [b"", b"{}", b"\xff", b"[]"])
def test_another_body_is_forbidden(body: bytes) -> None:
    secret = new_secret()
    _, headers = signed_request([EVENT], secret, now())

    with pytest.raises(Forbidden):
        verify_events(headers, body, [secret])


@pytest.mark.parametrize("body", ["1", '"e1"', "{}", "[{}]", '[{"id": "e1"}, "e2"]', '{"id": 1}'])
def test_what_is_signed_and_no_event_is_forbidden(body: str) -> None:
    secret, at = new_secret(), now()
    headers = {
        "webhook-id": "e1",
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(secret).sign("e1", at, body),
    }

    with pytest.raises(Forbidden):
        verify_events(headers, body.encode(), [secret])


def test_an_old_event_is_forbidden() -> None:
    secret = new_secret()
    body, headers = signed_request([EVENT], secret, now() - timedelta(minutes=6))

    with pytest.raises(Forbidden):
        verify_events(headers, body, [secret])


@pytest.mark.parametrize("keys", [[], ["another"]])
def test_without_the_right_secret_nothing_is_believed(keys: list[str]) -> None:
    body, headers = signed_request([EVENT], new_secret(), now())

    with pytest.raises(Forbidden):
        verify_events(headers, body, keys)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "x",
        "ftp://host/",
        "file:///etc/passwd",
        "http://",
        "http:///path",
        "//host/path",
        "http://user:secret@host/",
        "http://host/#part",
        "http://host:0/",
        "http://host:99999/",
        "http://[::1",
        "http://ho st/",
        "http://xn--/",
        "http://xn--a/",
        "javascript:alert(1)",
    ],
)
def test_only_web_addresses_are_targets(url: str) -> None:
    with pytest.raises(RefusedTarget):
        parse_target(url)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.0.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "fe80::1",
        "fc00::1",
        "ff02::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "64:ff9b::7f00:1",
        "::127.0.0.1",
        "::ffff:0:127.0.0.1",
        "fec0::1",
        "5f00::1",
        "192.0.0.192",
        "2002:7f00:1::",
        "2001:0:7f00:1::",
    ],
)
def test_addresses_of_inner_networks_are_not_public(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", ["9.9.9.9", "2620:fe::fe", "::ffff:9.9.9.9"])
def test_addresses_of_the_internet_are_public(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/",
        "http://localhost:8001/v1",
        "http://2130706433/",
        "http://0x7f.1/",
        "http://127.1/",
        "http://[::1]/",
        "http://[::ffff:127.0.0.1]/",
    ],
)
async def test_every_spelling_of_loopback_is_refused_unless_allowed(url: str) -> None:
    with pytest.raises(RefusedTarget):
        await resolve_target(url, allow_private=False)

    assert await resolve_target(url, allow_private=True)


async def test_a_request_goes_to_the_checked_address_in_the_name_of_the_host() -> None:
    target = await resolve_target("http://localhost:8443/hook?a=1", allow_private=True)

    request = target.request(b"{}", {"webhook-id": "e1"})

    assert request.url.host in {"127.0.0.1", "::1"}
    assert request.url.raw_path == b"/hook?a=1"
    assert request.headers["Host"] == "localhost:8443"
    assert request.extensions["sni_hostname"] == "localhost"


async def test_a_name_without_an_address_is_told_from_a_refused_one() -> None:
    with pytest.raises(UnresolvedTarget):
        await resolve_target("http://nowhere.invalid/", allow_private=False)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, 0),
        ("120", 120),
        ("99999999999999999999", 86_400),
        ("-5", 0),
        ("soon", 0),
        ("Sat, 01 Aug 2026 12:01:00 GMT", 60),
        ("Sat, 01 Aug 2026 11:00:00 GMT", 0),
        ("Fri, 01 Aug 2036 12:00:00 GMT", 86_400),
        ("Sat, 01 Aug 2026 12:01:00", 0),
    ],
)
def test_retry_after_is_seconds_or_a_date(header: str | None, seconds: int) -> None:
    noon = datetime(2026, 8, 1, 12, tzinfo=UTC)

    assert retry_after(header, noon) == timedelta(seconds=seconds)

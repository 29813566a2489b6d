"""Deliveries are their tool's own, or they are not taken in."""

import base64
import hashlib
import hmac
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks.webhooks import Webhook

from metrics_api.sources.signatures import TOKEN_HEADER, BadSignature, Scheme, Signing, verify

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
BODY = b'{"event": "\xc3\xa4"}'
SECRET, OTHER = "whsec_" + base64.b64encode(b"k" * 32).decode(), "the other secret"
Headers = dict[str, str]


def mac(secret: str, *parts: bytes) -> bytes:
    return hmac.new(secret.encode(), b"".join(parts), hashlib.sha256).digest()


def pagerduty(secret: str, body: bytes, at: datetime) -> Headers:
    return {"x-pagerduty-signature": f"v2=aa, v1={'0' * 64} ,v1={mac(secret, body).hex()}"}


def zendesk(secret: str, body: bytes, at: datetime) -> Headers:
    time = at.isoformat().replace("+00:00", "Z")
    signature = base64.b64encode(mac(secret, time.encode(), body)).decode()
    return {
        "x-zendesk-webhook-signature": signature,
        "x-zendesk-webhook-signature-timestamp": time,
    }


def hub(secret: str, body: bytes, at: datetime) -> Headers:
    return {"x-hub-signature": "sha256=" + mac(secret, body).hex()}


def seconds(at: datetime) -> str:
    return str(int(at.timestamp()))


def glpi(secret: str, body: bytes, at: datetime) -> Headers:
    signature = mac(secret, body, seconds(at).encode()).hex()
    return {"x-glpi-signature": signature, "x-glpi-timestamp": seconds(at)}


def grafana(secret: str, body: bytes, at: datetime) -> Headers:
    signature = mac(secret, seconds(at).encode(), b":", body).hex()
    return {"x-grafana-alerting-signature": signature, "x-time": seconds(at)}


def standard(secret: str, body: bytes, at: datetime) -> Headers:
    signer = Webhook(secret if secret.startswith("whsec_") else secret.encode())
    signature = signer.sign("msg_1", at, body.decode())
    return {
        "webhook-id": "msg_1",
        "webhook-timestamp": seconds(at),
        "webhook-signature": f"v1,AAAA {signature}",
    }


def script(secret: str, body: bytes, at: datetime) -> Headers:
    digest = base64.b64encode(mac(secret, seconds(at).encode(), b".", body)).decode()
    return {"x-tollgate-signature": f"sha256={digest}", "x-tollgate-timestamp": seconds(at)}


def bearer(secret: str, body: bytes, at: datetime) -> Headers:
    return {"authorization": f"Bearer {secret}"}


def basic(secret: str, body: bytes, at: datetime) -> Headers:
    return {"authorization": "Basic " + base64.b64encode(f"any:{secret}".encode()).decode()}


def secret_header(secret: str, body: bytes, at: datetime) -> Headers:
    return {"x-webhook-secret": secret}


def url_token(secret: str, body: bytes, at: datetime) -> Headers:
    return {TOKEN_HEADER: secret}


SIGNERS: dict[Scheme, Callable[[str, bytes, datetime], Headers]] = {
    Scheme.PAGERDUTY: pagerduty,
    Scheme.ZENDESK: zendesk,
    Scheme.HUB: hub,
    Scheme.GLPI: glpi,
    Scheme.GRAFANA: grafana,
    Scheme.STANDARD_WEBHOOKS: standard,
    Scheme.HMAC: script,
    Scheme.BEARER: bearer,
    Scheme.BASIC: basic,
    Scheme.SECRET_HEADER: secret_header,
    Scheme.URL_TOKEN: url_token,
}
OVER_THE_BODY = [s for s in SIGNERS if s not in {
    Scheme.BEARER, Scheme.BASIC, Scheme.SECRET_HEADER, Scheme.URL_TOKEN
}]  # fmt: skip
TIMED = [
    Scheme.ZENDESK, Scheme.GLPI, Scheme.GRAFANA, Scheme.STANDARD_WEBHOOKS, Scheme.HMAC
]  # fmt: skip


def signing(scheme: Scheme) -> Signing:
    return Signing(scheme, timestamp_header="x-time" if scheme is Scheme.GRAFANA else None)


def test_every_scheme_is_tested() -> None:
    assert set(SIGNERS) == set(Scheme)


@pytest.mark.parametrize("scheme", Scheme)
def test_what_the_tool_signed_passes_with_either_of_two_secrets(scheme: Scheme) -> None:
    for secret in (SECRET, OTHER):
        headers = SIGNERS[scheme](secret, BODY, NOW)

        verify(signing(scheme), headers, BODY, [OTHER, SECRET], NOW)


@pytest.mark.parametrize("scheme", Scheme)
def test_another_secret_or_none_does_not_pass(scheme: Scheme) -> None:
    headers = SIGNERS[scheme](SECRET, BODY, NOW)

    for secrets in ([OTHER], []):
        with pytest.raises(BadSignature) as refused:
            verify(signing(scheme), headers, BODY, secrets, NOW)
        assert refused.value.code == "bad_signature"


@pytest.mark.parametrize("scheme", OVER_THE_BODY)
@pytest.mark.parametrize("body", [BODY[:-1], BODY + b" ", b"", BODY.replace(b" ", b"")])
def test_another_body_does_not_pass(scheme: Scheme, body: bytes) -> None:
    headers = SIGNERS[scheme](SECRET, BODY, NOW)

    with pytest.raises(BadSignature):
        verify(signing(scheme), headers, body, [SECRET], NOW)


@pytest.mark.parametrize("scheme", TIMED)
@pytest.mark.parametrize("off", [timedelta(minutes=6), -timedelta(minutes=6)])
def test_an_old_or_future_time_does_not_pass(scheme: Scheme, off: timedelta) -> None:
    headers = SIGNERS[scheme](SECRET, BODY, NOW - off)

    with pytest.raises(BadSignature) as refused:
        verify(signing(scheme), headers, BODY, [SECRET], NOW)
    assert refused.value.code == "old_signature"


@pytest.mark.parametrize("scheme", TIMED)
def test_the_time_is_signed_too(scheme: Scheme) -> None:
    old = SIGNERS[scheme](SECRET, BODY, NOW - timedelta(hours=1))
    fresh = SIGNERS[scheme]("not the secret", BODY, NOW)
    _, time_header = signing(scheme).headers
    assert time_header is not None

    with pytest.raises(BadSignature):
        verify(signing(scheme), {**old, time_header: fresh[time_header]}, BODY, [SECRET], NOW)


@pytest.mark.parametrize("scheme", Scheme)
@given(value=st.text(), time=st.text())
def test_no_header_makes_checking_fail_otherwise(scheme: Scheme, value: str, time: str) -> None:
    name, time_name = signing(scheme).headers

    with pytest.raises(BadSignature):
        verify(signing(scheme), {name: value, time_name or "x": time}, BODY, [SECRET], NOW)


@pytest.mark.parametrize("scheme", Scheme)
def test_a_missing_header_is_said(scheme: Scheme) -> None:
    with pytest.raises(BadSignature, match="is missing"):
        verify(signing(scheme), {}, BODY, [SECRET], NOW)

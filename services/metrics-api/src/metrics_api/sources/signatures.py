"""How deliveries of tools are signed: over the raw bytes, compared in constant time. Pure.

A source may have two valid secrets while one is rotated; either will do.
"""

import base64
import binascii
import hmac
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from standardwebhooks.webhooks import Webhook, WebhookVerificationError

TOKEN_HEADER = "x-tollgate-token"  # noqa: S105 - the name of a header
"""Where the URL's `token` parameter is handed on; what a caller sends by this name is dropped."""
FIVE_MINUTES = timedelta(minutes=5)
Headers = Mapping[str, str]


class BadSignature(Exception):
    """The delivery is not proven to come from the tool; `code`: bad_signature or old_signature."""

    def __init__(self, reason: str, code: str = "bad_signature") -> None:
        super().__init__(reason)
        self.reason, self.code = reason, code


class Scheme(StrEnum):
    """How a tool proves that a delivery is its own."""

    PAGERDUTY = "pagerduty"
    ZENDESK = "zendesk"
    HUB = "hub"
    GLPI = "glpi"
    GRAFANA = "grafana"
    STANDARD_WEBHOOKS = "standard_webhooks"
    HMAC = "hmac"
    BEARER = "bearer"
    BASIC = "basic"
    SECRET_HEADER = "secret_header"  # noqa: S105 - the name of a scheme
    URL_TOKEN = "url_token"  # noqa: S105


HEADERS: Mapping[Scheme, tuple[str | None, str | None]] = {
    Scheme.PAGERDUTY: ("x-pagerduty-signature", None),
    Scheme.ZENDESK: ("x-zendesk-webhook-signature", "x-zendesk-webhook-signature-timestamp"),
    Scheme.HUB: ("x-hub-signature", None),
    Scheme.GLPI: ("x-glpi-signature", "x-glpi-timestamp"),
    Scheme.GRAFANA: ("x-grafana-alerting-signature", None),
    Scheme.STANDARD_WEBHOOKS: ("webhook-signature", "webhook-timestamp"),
    Scheme.HMAC: ("x-tollgate-signature", "x-tollgate-timestamp"),
    Scheme.BEARER: ("authorization", None),
    Scheme.BASIC: ("authorization", None),
    Scheme.SECRET_HEADER: ("x-webhook-secret", None),
    Scheme.URL_TOKEN: (TOKEN_HEADER, None),
}
"""Of each scheme: the header of the signature or secret, the header of its time."""
RENAMABLE = frozenset({Scheme.HUB, Scheme.GRAFANA, Scheme.HMAC, Scheme.SECRET_HEADER})


@dataclass(frozen=True, slots=True)
class Signing:
    """A scheme with the names of its headers and how old a signed time may be."""

    scheme: Scheme
    header: str | None = None
    timestamp_header: str | None = None
    tolerance: timedelta = FIVE_MINUTES

    @property
    def headers(self) -> tuple[str, str | None]:
        usual, usual_time = HEADERS[self.scheme]
        return self.header or usual or "", self.timestamp_header or usual_time


def verify(
    signing: Signing, headers: Headers, body: bytes, secrets: Sequence[str], now: datetime
) -> None:
    """Raises BadSignature unless one of the secrets signed these bytes, lately."""
    name, time_name = signing.headers
    sent = headers.get(name)
    if sent is None:
        raise BadSignature(f"the header {name} is missing")
    signed_at = ""
    if time_name is not None:
        signed_at = headers.get(time_name, "")
        _check_time(signed_at, time_name, signing.tolerance, now)
    fits = _CHECKS[signing.scheme]
    presented = Presented(sent.strip(), signed_at, body, headers)
    if not any(fits(presented, secret) for secret in secrets):
        raise BadSignature(
            f"{name} does not fit any valid secret of this source by the scheme {signing.scheme}"
        )


def challenge_answer(token: str, secret: str) -> str:
    """What GLPI's challenge wants to hear: the token's HMAC in hex."""
    return _hex(secret, token.encode())


@dataclass(frozen=True, slots=True)
class Presented:
    signature: str
    signed_at: str
    body: bytes
    headers: Headers


def _check_time(sent: str, name: str, tolerance: timedelta, now: datetime) -> None:
    try:
        seconds = _seconds(sent.strip())
    except (ValueError, OverflowError):
        raise BadSignature(f"{name} is missing or holds no time") from None
    if not math.isfinite(seconds) or abs(now.timestamp() - seconds) > tolerance.total_seconds():
        raise BadSignature(
            f"{name} is more than {int(tolerance.total_seconds())} s off", "old_signature"
        )


def _seconds(sent: str) -> float:
    """Seconds since 1970, or a stamp as Zendesk writes it."""
    if "T" not in sent:
        return float(sent)
    stamp = datetime.fromisoformat(sent)
    return (stamp if stamp.tzinfo else stamp.replace(tzinfo=UTC)).timestamp()


def _mac(secret: str, *parts: bytes) -> bytes:
    return hmac.digest(secret.encode(), b"".join(parts), "sha256")


def _hex(secret: str, *parts: bytes) -> str:
    return _mac(secret, *parts).hex()


def _same(sent: str, expected: str) -> bool:
    return hmac.compare_digest(sent.encode(), expected.encode())


def _any_same(sent: Iterable[str], expected: str) -> bool:
    return any(_same(one, expected) for one in sent)


def _pagerduty(sent: Presented, secret: str) -> bool:
    given = [part.strip() for part in sent.signature.split(",")]
    return _any_same(
        [part[3:] for part in given if part.startswith("v1=")], _hex(secret, sent.body)
    )


def _hub(sent: Presented, secret: str) -> bool:
    return _same(sent.signature.lower(), "sha256=" + _hex(secret, sent.body))


def _zendesk(sent: Presented, secret: str) -> bool:
    mac = _mac(secret, sent.signed_at.encode(), sent.body)
    return _same(sent.signature, base64.b64encode(mac).decode())


def _glpi(sent: Presented, secret: str) -> bool:
    return _same(sent.signature.lower(), _hex(secret, sent.body, sent.signed_at.encode()))


def _grafana(sent: Presented, secret: str) -> bool:
    before = (sent.signed_at.encode(), b":") if sent.signed_at else ()
    return _same(sent.signature.lower(), _hex(secret, *before, sent.body))


def _hmac(sent: Presented, secret: str) -> bool:
    """`sha256=` of hex or base64 over `time.body`: ServiceNow's MAC helper gives base64."""
    mac = _mac(secret, sent.signed_at.encode(), b".", sent.body)
    given = sent.signature.removeprefix("sha256=")
    return _any_same([given], base64.b64encode(mac).decode()) | _same(given.lower(), mac.hex())


def _standard_webhooks(sent: Presented, secret: str) -> bool:
    """The library checks the time by its own clock and window; ours was checked before."""
    try:
        signer = Webhook(secret if secret.startswith("whsec_") else secret.encode())
        expected = signer.sign(
            sent.headers.get("webhook-id", ""),
            datetime.fromtimestamp(int(float(sent.signed_at)), UTC),
            sent.body.decode(),
        )
    except (WebhookVerificationError, ValueError, OverflowError, OSError, binascii.Error):
        return False
    return _any_same(sent.signature.split(" "), expected)


def _bearer(sent: Presented, secret: str) -> bool:
    scheme, _, given = sent.signature.partition(" ")
    return (scheme.lower() == "bearer") & _same(given.strip(), secret)


def _basic(sent: Presented, secret: str) -> bool:
    """The secret is `user:password`, or the password of any user."""
    scheme, _, given = sent.signature.partition(" ")
    try:
        pair = base64.b64decode(given.strip(), validate=True).decode()
    except (ValueError, binascii.Error):
        return False
    wanted = pair if ":" in secret else pair.partition(":")[2]
    return (scheme.lower() == "basic") & _same(wanted, secret)


def _plain(sent: Presented, secret: str) -> bool:
    return _same(sent.signature, secret)


_CHECKS: Mapping[Scheme, Callable[[Presented, str], bool]] = {
    Scheme.PAGERDUTY: _pagerduty,
    Scheme.ZENDESK: _zendesk,
    Scheme.HUB: _hub,
    Scheme.GLPI: _glpi,
    Scheme.GRAFANA: _grafana,
    Scheme.STANDARD_WEBHOOKS: _standard_webhooks,
    Scheme.HMAC: _hmac,
    Scheme.BEARER: _bearer,
    Scheme.BASIC: _basic,
    Scheme.SECRET_HEADER: _plain,
    Scheme.URL_TOKEN: _plain,
}

"""Webhooks on the wire: CloudEvents 1.0 (structured JSON) signed as Standard Webhooks has it."""

import base64
import secrets
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Row
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from shared.errors import Forbidden

MEDIA_TYPE = "application/cloudevents+json"
_PREFIX = "whsec_"
_HEADERS = ("webhook-id", "webhook-timestamp", "webhook-signature")


def new_secret() -> str:
    """A signing secret in the spelling of Standard Webhooks."""
    return _PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def cloud_event(event: Row[Any], source: str) -> dict[str, Any]:
    """An outbox row as a CloudEvent; `sequence` is the extension of that name."""
    return {
        "specversion": "1.0",
        "id": str(event.id),
        "source": source,
        "type": event.type,
        "subject": event.subject,
        "time": event.occurred_at.isoformat(),
        "sequence": str(event.sequence),
        "datacontenttype": "application/json",
        "data": event.data,
    }


def signed_request(
    event: Mapping[str, Any], secret: str, now: datetime
) -> tuple[bytes, dict[str, str]]:
    """Body and headers of one delivery."""
    body = orjson.dumps(event)
    signature = _signer(secret).sign(event["id"], now, body.decode())
    values = (event["id"], str(int(now.timestamp())), signature)
    return body, {"Content-Type": MEDIA_TYPE, **dict(zip(_HEADERS, values, strict=True))}


def verify_event(headers: Mapping[str, str], body: bytes, keys: Iterable[str]) -> dict[str, Any]:
    """The CloudEvent in a received webhook, signed with one of the secrets `keys`.

    Raises Forbidden (403) on a bad or old signature. The receiver drops repeats by `id`.
    """
    found = {name: headers[name] for name in _HEADERS if name in headers}
    for key in keys:
        try:
            _signer(key).verify(body, found, json_parse=False)
            event = orjson.loads(body)
        except (WebhookVerificationError, ValueError, OverflowError):
            continue
        if isinstance(event, dict) and isinstance(event.get("id"), str):
            return event
    raise Forbidden("The webhook's signature is missing, wrong or too old", code="bad_signature")


def _signer(secret: str) -> Webhook:
    if secret.startswith(_PREFIX):
        return Webhook(secret)
    return Webhook(secret.encode())

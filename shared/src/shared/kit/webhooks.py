"""Webhooks on the wire: CloudEvents 1.0 (structured JSON) signed as Standard Webhooks has it."""

import base64
import secrets
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Row
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from shared.errors import Forbidden

MEDIA_TYPE = "application/cloudevents+json"
BATCH_MEDIA_TYPE = "application/cloudevents-batch+json"
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
    events: Sequence[Mapping[str, Any]], secret: str, now: datetime
) -> tuple[bytes, dict[str, str]]:
    """Body and headers of one delivery: an event, or a batch of them under the id of its first."""
    alone = len(events) == 1
    body = orjson.dumps(events[0] if alone else events)
    name = events[0]["id"]
    signature = _signer(secret).sign(name, now, body.decode())
    values = (name, str(int(now.timestamp())), signature)
    media_type = MEDIA_TYPE if alone else BATCH_MEDIA_TYPE
    return body, {"Content-Type": media_type, **dict(zip(_HEADERS, values, strict=True))}


def verify_events(
    headers: Mapping[str, str], body: bytes, keys: Iterable[str]
) -> dict[str, dict[str, Any]]:
    """The CloudEvent in a received webhook or the batch of them, by JSON pointers to them.

    It is signed with one of the secrets `keys`; Forbidden (403) on a bad or old signature. The
    receiver drops repeats by `id`.
    """
    found = {name: headers[name] for name in _HEADERS if name in headers}
    for key in keys:
        try:
            _signer(key).verify(body, found, json_parse=False)
            sent = orjson.loads(body)
        except (WebhookVerificationError, ValueError, OverflowError):
            continue
        batch = isinstance(sent, list)
        events = {f"/{place}": one for place, one in enumerate(sent)} if batch else {"": sent}
        if all(map(_is_event, events.values())):
            return events
    raise Forbidden("The webhook's signature is missing, wrong or too old", code="bad_signature")


def _is_event(sent: Any) -> bool:
    return isinstance(sent, dict) and isinstance(sent.get("id"), str)


def _signer(secret: str) -> Webhook:
    if secret.startswith(_PREFIX):
        return Webhook(secret)
    return Webhook(secret.encode())

"""通用 Webhook: one JSON object by POST, signed; any 2xx means it was taken. Its contract: docs/guide-notify.zh.md."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any

from monitors.clock import utc_now
from monitors.notify.channel_settings import ChannelSettings
from monitors.notify.outgoing import Outgoing, Sent, cut, tidy
from monitors.notify.post import post_bytes

SCHEMA = "wage-alert/1"
BODY_BYTES = 100_000


def body(message: Outgoing) -> dict[str, Any]:
    """The message as the receiver gets it; times are ISO 8601 with their offset."""
    return {
        "schema": SCHEMA,
        "id": message.key,
        "kind": message.kind,
        "level": message.level,
        "step": message.step,
        "title": message.title,
        "body": cut(message.body, BODY_BYTES),
        "alerts": list(message.alerts),
        "recipient": message.recipient,
        "created_at": message.created_at.isoformat(timespec="seconds"),
    }


def signature(secret: str, timestamp: str, raw: bytes) -> str:
    """``sha256=`` and the HMAC-SHA256, hexadecimal, of ``timestamp.body`` under the secret."""
    return "sha256=" + hmac.new(secret.encode(), timestamp.encode() + b"." + raw, hashlib.sha256).hexdigest()


async def send(channel: ChannelSettings, message: Outgoing, limit: float) -> Sent:
    """Send it. A repeated one has the same Idempotency-Key: the receiver drops what it knows."""
    raw = json.dumps(body(message), ensure_ascii=False).encode(errors="replace")
    timestamp = str(int(utc_now().timestamp()))
    headers = {
        "idempotency-key": message.key,
        "x-timestamp": timestamp,
        "x-signature": signature(channel.secret, timestamp, raw),
    }
    answer = await post_bytes(channel, channel.url, raw, headers, limit)
    if isinstance(answer, Sent):
        return answer
    return Sent(True, answer.status, f"HTTP {answer.status} {tidy(answer.text)[:100]}".strip())

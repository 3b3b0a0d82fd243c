"""飞书群机器人: text within 20 kB, signed in the body where the robot has a secret; 100 a minute, 5 a second."""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import Any

from monitors.clock import utc_now
from monitors.notify.channel_settings import ChannelSettings
from monitors.notify.outgoing import Outgoing, Sent, fitted, whole
from monitors.notify.post import Dialect, judged, post

TEXT_BYTES = 18_000  # of 20 kB for the whole request
_DIALECT = Dialect(
    "code",
    "msg",
    busy=frozenset({11232, 11233, 99991400}),
    wait=60,
    wrong=frozenset({9499, 10208, 19001, 19002, 19003, 19007, 19021, 19022, 19024}),
)


def body(message: Outgoing, secret: str, seconds: int) -> dict[str, Any]:
    """The message as the robot takes it; a recipient (open_id) is called by name."""
    ending = f'\n<at user_id="{message.recipient}"></at>' if message.recipient else ""
    said: dict[str, Any] = {
        "msg_type": "text",
        "content": {"text": fitted(whole(message), TEXT_BYTES, ending)},
    }
    return {"timestamp": str(seconds), "sign": signature(secret, seconds)} | said if secret else said


def signature(secret: str, seconds: int) -> str:
    """签名校验: HMAC-SHA256 of nothing under the key of timestamp, line feed and secret; Base64."""
    return base64.b64encode(hmac.new(f"{seconds}\n{secret}".encode(), b"", hashlib.sha256).digest()).decode()


async def send(channel: ChannelSettings, message: Outgoing, limit: float) -> Sent:
    """Send it; ``code`` other than 0 is a failure, whatever the HTTP status."""
    said = body(message, channel.secret, int(utc_now().timestamp()))
    return judged(await post(channel, channel.url, said, {}, limit), _DIALECT)

"""钉钉群机器人: text up to 20,000 bytes, signed (加签) by the robot's secret; beyond 20 a minute it is deaf for ten."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from typing import Any
from urllib.parse import quote_plus

from monitors.clock import utc_now
from monitors.notify.channel_settings import ChannelSettings
from monitors.notify.outgoing import Outgoing, Sent, fitted, whole
from monitors.notify.post import Dialect, judged, post

TEXT_BYTES = 18_000  # of 20,000 for the whole request
_DIALECT = Dialect(
    "errcode",
    "errmsg",
    busy=frozenset({-1, 130101, 410100, 660026}),
    wait=600,
    wrong=frozenset(
        {40035, 43004, 300001, 300005, 310000, 400013, 400101, 400102, 400105, 400106, 430101, 430102, 430103, 430104}
    ),
)


def body(message: Outgoing) -> dict[str, Any]:
    """The message as the robot takes it; a recipient is called by mobile number or member id."""
    said: dict[str, Any] = {"msgtype": "text"}
    ending = ""
    if message.recipient:
        phone = re.fullmatch(r"1\d{10}", message.recipient)
        said["at"] = {"atMobiles" if phone else "atUserIds": [message.recipient], "isAtAll": False}
        ending = f"\n@{message.recipient}"
    return said | {"text": {"content": fitted(whole(message), TEXT_BYTES, ending)}}


def signed(url: str, secret: str, milliseconds: int) -> str:
    """加签: HMAC-SHA256 over timestamp, line feed and secret, under the secret; Base64, percent-encoded."""
    if not secret:
        return url
    digest = hmac.new(secret.encode(), f"{milliseconds}\n{secret}".encode(), hashlib.sha256).digest()
    return f"{url}&timestamp={milliseconds}&sign={quote_plus(base64.b64encode(digest))}"


async def send(channel: ChannelSettings, message: Outgoing, limit: float) -> Sent:
    """Send it; ``errcode`` other than 0 is a failure, whatever the HTTP status."""
    url = signed(channel.url, channel.secret, round(utc_now().timestamp() * 1000))
    return judged(await post(channel, url, body(message), {}, limit), _DIALECT)

"""企业微信群机器人: POST to its address; text up to 2,048 bytes of UTF-8, Markdown up to 4,096; 20 a minute."""

from __future__ import annotations

import re
from typing import Any

from monitors.notify.channel_settings import ChannelSettings
from monitors.notify.outgoing import Outgoing, Sent, fitted, whole
from monitors.notify.post import Dialect, judged, post

TEXT_BYTES, MARKDOWN_BYTES = 2048, 4096
_DIALECT = Dialect(
    "errcode",
    "errmsg",
    busy=frozenset({-1, 45009, 45033}),
    wait=60,
    wrong=frozenset({40001, 40008, 40014, 40035, 40058, 41001, 44004, 45002, 93000, 93004, 93008}),
)
# What Markdown reads as a link, a picture, emphasis or a heading looks the same and means nothing.
_MARKS = str.maketrans("[]*_`#!>", "［］＊＿｀＃！＞")
_LINK = re.compile(r"https?://[^\s　，。；）)]+")


def body(message: Outgoing) -> dict[str, Any]:
    """The message as the robot takes it: plain text, which calls a member by name; Markdown where that is too short."""
    text = whole(message)
    if len(text.encode(errors="replace")) <= TEXT_BYTES:
        said: dict[str, Any] = {"content": fitted(text, TEXT_BYTES)}
        if message.recipient:
            phone = re.fullmatch(r"1\d{10}", message.recipient)
            said["mentioned_mobile_list" if phone else "mentioned_list"] = [message.recipient]
        return {"msgtype": "text", "text": said}
    ending = f"\n<@{message.recipient}>" if message.recipient else ""
    return {"msgtype": "markdown", "markdown": {"content": fitted(_inert(text), MARKDOWN_BYTES, ending)}}


async def send(channel: ChannelSettings, message: Outgoing, limit: float) -> Sent:
    """Send it; ``errcode`` other than 0 is a failure, whatever the HTTP status."""
    return judged(await post(channel, channel.url, body(message), {}, limit), _DIALECT)


def _inert(text: str) -> str:
    """Without Markdown, addresses as they are."""
    parts, last = [], 0
    for found in _LINK.finditer(text):
        parts += [text[last : found.start()].translate(_MARKS), found[0]]
        last = found.end()
    return "".join([*parts, text[last:].translate(_MARKS)])

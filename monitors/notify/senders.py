"""Sending one message by one channel (发送): whatever happens on the way, the answer is a ``Sent``, never an exception.

Nothing here knows the database.
"""

from __future__ import annotations

import logging
from dataclasses import replace

from monitors.notify import dingtalk, feishu, mail, webhook, wecom
from monitors.notify.channel_settings import DAMAGED, ChannelSettings
from monitors.notify.outgoing import Outgoing, Sent, tidy

__all__ = ["Outgoing", "Sent", "send"]

_SENDERS = {
    "wecom": wecom.send,
    "dingtalk": dingtalk.send,
    "feishu": feishu.send,
    "smtp": mail.send,
    "webhook": webhook.send,
}
_log = logging.getLogger(__name__)


async def send(channel: ChannelSettings, message: Outgoing, *, timeout: float) -> Sent:  # noqa: ASYNC109 - it bounds look-up, connection, sending and answer alike
    """Send ``message``; back within ``timeout`` seconds whatever the other side does."""
    if channel.damaged:
        return Sent(False, None, DAMAGED)
    try:
        sent = await _SENDERS[channel.kind](channel, message, timeout)
    except Exception as error:  # noqa: BLE001 - a fault of ours must not stop the others; its trace might hold a secret
        _log.error("a channel of kind %s failed with %s", channel.kind, type(error).__name__)
        sent = Sent(False, None, f"发送时出错（{type(error).__name__}），请联系系统管理员")
    return replace(sent, told=tidy(channel.redacted(sent.told)))

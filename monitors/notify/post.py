"""One POST to a robot or a webhook: bounded in time and size, no redirect followed, no proxy of the environment."""

from __future__ import annotations

import asyncio
import email.utils
import json
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import httpcore2

from monitors.clock import utc_now
from monitors.notify.channel_settings import ChannelSettings
from monitors.notify.outgoing import Sent, tidy
from monitors.notify.reaching import Network, UnreachableError, tls, why

MAX_ANSWER = 65_536  # bytes of an answer that are read; robots answer with a hundred
_RETRY_CAP = 86_400.0
_PATIENT = (408, 425, 429)  # of the 4xx, those that pass


@dataclass(frozen=True, slots=True)
class Answer:
    """A 2xx answer: ``said`` is its JSON object, None where it is none; ``text`` all of it, without secrets."""

    status: int
    said: Mapping[str, Any] | None
    text: str


async def post(
    channel: ChannelSettings, url: str, body: Mapping[str, Any], headers: Mapping[str, str], limit: float
) -> Answer | Sent:
    """POST the JSON ``body`` within ``limit`` seconds; a ``Sent`` where there was no 2xx answer."""
    return await post_bytes(channel, url, json.dumps(body, ensure_ascii=False).encode(errors="replace"), headers, limit)


async def post_bytes(
    channel: ChannelSettings, url: str, body: bytes, headers: Mapping[str, str], limit: float
) -> Answer | Sent:
    """As ``post``, of a body already written."""
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    try:
        async with asyncio.timeout(limit):
            return await _talk(channel, url, body, headers)
    except TimeoutError:
        return Sent(False, None, f"发送超时：{host} 在 {limit:g} 秒内没有应答")
    except UnreachableError as error:
        return Sent(False, None, str(error), permanent=error.permanent)
    except (httpcore2.RemoteProtocolError, httpcore2.LocalProtocolError) as error:
        broken = "disconnected" in str(error) or "closed" in str(error)
        words = f"连接中断：{host} 没有应答完就断开了" if broken else f"应答不合规：{host} 返回的不是正常的网页协议"
        return Sent(False, None, words)
    except (httpcore2.NetworkError, httpcore2.TimeoutException, httpcore2.ProxyError, OSError) as error:
        return Sent(False, None, why(error, host, port))


async def _talk(channel: ChannelSettings, url: str, body: bytes, headers: Mapping[str, str]) -> Answer | Sent:
    sent = {
        "host": urlsplit(url).netloc,
        "user-agent": "monitors",
        "accept": "application/json",
        "accept-encoding": "identity",
        "content-type": "application/json; charset=utf-8",
        "content-length": str(len(body)),
        "connection": "close",
    } | {name.lower(): value for name, value in headers.items()}
    # A connection of its own each time: a kept one that died meanwhile would leave it open whether the message arrived.
    async with httpcore2.AsyncConnectionPool(
        ssl_context=tls(channel.ca), max_keepalive_connections=0, network_backend=Network()
    ) as pool:
        request = httpcore2.Request(
            "POST",
            url,
            headers=[(name.encode("ascii"), value.encode("ascii")) for name, value in sent.items()],
            content=body,
        )
        answer = await pool.handle_async_request(request)
        try:
            return await _read(channel, answer)
        finally:
            await answer.aclose()


async def _read(channel: ChannelSettings, answer: httpcore2.Response) -> Answer | Sent:
    status = answer.status
    if 300 <= status < 400:
        return Sent(False, status, f"HTTP {status}：对方要求跳转到别处，未跟随；请填写最终的地址", permanent=True)
    raw = bytearray()
    async for chunk in answer.aiter_stream():
        raw += chunk
        if len(raw) > MAX_ANSWER:
            break
    # Secrets go before anything is cut: half of one would not be recognised.
    big, text = len(raw) > MAX_ANSWER, channel.redacted(bytes(raw).decode(errors="replace"))
    if not 200 <= status < 300:
        words = f"HTTP {status} {tidy(channel.redacted(_reason(raw)) or text)}".strip()
        # 4xx says the message or the address is wrong (reliability: dead at once); the rest may pass.
        wrong = 400 <= status < 500 and status not in _PATIENT
        return Sent(False, status, words, retry_after(_asked(answer), utc_now()), permanent=wrong)
    if big:
        return Sent(False, status, f"HTTP {status}，但应答超过 {MAX_ANSWER // 1024} KB，不是该渠道应有的应答")
    return Answer(status, _object(raw), text)


def _asked(answer: httpcore2.Response) -> str:
    return next((value.decode("latin-1") for name, value in answer.headers if name.lower() == b"retry-after"), "")


def _object(raw: bytes | bytearray) -> Mapping[str, Any] | None:
    with suppress(ValueError, RecursionError):
        said = json.loads(raw)
        if isinstance(said, dict):
            return said
    return None


def _reason(raw: bytes | bytearray) -> str:
    """What a JSON error body says in one of its usual fields."""
    said = _object(raw) or {}
    return next((str(said[name]) for name in ("errmsg", "msg", "message", "error") if said.get(name)), "")


def retry_after(value: str, now: datetime) -> float | None:
    """Seconds the server asks us to wait: from seconds or an HTTP date, within a day; None where unreadable."""
    value = value.strip()
    if re.fullmatch(r"\d{1,12}", value):
        return min(float(value), _RETRY_CAP)
    try:
        moment = email.utils.parsedate_to_datetime(value)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return min(max(0.0, (moment - now).total_seconds()), _RETRY_CAP)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a robot says how it went: HTTP 200 and a number, 0 for done.

    ``busy``: it was too much or it is not its day; ``wait``: seconds it wants then. ``wrong``: no use in trying again.
    """

    code: str
    words: str
    busy: frozenset[int]
    wait: float
    wrong: frozenset[int]


def judged(answer: Answer | Sent, dialect: Dialect) -> Sent:
    """What a robot's answer means. Anything but its own “done” is no delivery, HTTP 200 or not."""
    if isinstance(answer, Sent):
        return answer
    said = answer.said or {}
    number = said.get(dialect.code)
    if not isinstance(number, int) or isinstance(number, bool):
        words = f"HTTP {answer.status}，但应答中没有 {dialect.code}，不是该渠道应有的应答：{tidy(answer.text)[:100]}"
        return Sent(False, answer.status, words)
    told = f"{dialect.code} {number} {said.get(dialect.words) or ''}".strip()
    if number == 0:
        return Sent(True, answer.status, told)
    busy = number in dialect.busy or "too many" in told.lower()
    return Sent(False, answer.status, told, dialect.wait if busy else None, not busy and number in dialect.wrong)

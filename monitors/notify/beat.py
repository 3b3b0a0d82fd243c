"""The dead man's switch (心跳外报): an outside receiver hears from us, so that our silence alarms somebody.

Every five minutes a plain request, and once a day a POST that says 系统正常 with the counts since yesterday, both to
``MONITORS_BEAT_URL``, and both only while every part of the watch beats: whoever listens learns of a stuck part, too.
The address may hold a token: it is never logged or shown, only its host is.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Mapping
from concurrent.futures import Executor
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import httpx2
from sqlalchemy import Connection, func, select

from monitors.clock import local
from monitors.notify.outbox import DEAD, DONE
from monitors.notify.texts import OVER
from monitors.settings import Settings
from monitors.store import tables as t
from monitors.store.engine import Store
from monitors.store.upsert import insert_into

PING_SECONDS = 300.0
META_KEY = "notify_beat"
_SECONDS = 10.0  # one request
_OWN = ("notify", "sender")
_PARTS = {"loop": "轮询", "parser": "解析", "judge": "研判", "notify": "通知编发", "sender": "通知发送"}
_LATE = 120.0  # a part that proves itself every half minute may miss four of its proofs


@dataclass(frozen=True, slots=True)
class Status:
    """How the outside receiver was last reached. ``told``: Chinese; ``host``: where, ``""`` where none is set up."""

    host: str = ""
    at: datetime | None = None
    ok: bool = False
    told: str = "尚未外报"
    daily_on: str = ""  # the day (Asia/Shanghai) of the last 系统正常


def address(environ: Mapping[str, str] = os.environ) -> str:
    """The receiver's address; ``""`` where none is set up."""
    return environ.get("MONITORS_BEAT_URL", "").strip()


def host_of(url: str) -> str:
    """What may be shown of an address."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def status(connection: Connection, environ: Mapping[str, str] = os.environ) -> Status:
    """What the page says of it."""
    url = address(environ)
    if not url:
        return Status(told="未设置外部接收方（环境变量 MONITORS_BEAT_URL），本机停机将无人知晓")
    held = connection.scalar(select(t.meta.c.value).where(t.meta.c.key == META_KEY))
    try:
        values = json.loads(held or "{}")
        at = datetime.fromisoformat(values["at"]) if values.get("at") else None
        return replace(Status(**values | {"at": at}), host=host_of(url))
    except (ValueError, TypeError, AttributeError):
        return Status(host=host_of(url))


def unwell(connection: Connection, settings: Settings, now: datetime) -> str:
    """The part of the watch that does not beat, in words; ``""`` where all do. What is switched off need not."""
    for part, at in connection.execute(select(t.heartbeat.c.part, t.heartbeat.c.at).order_by(t.heartbeat.c.part)):
        if part in _OWN and not settings.notify.enabled:
            continue
        if abs((now - at).total_seconds()) > settings.watch.heartbeat_red_seconds + _LATE:
            return f"{_PARTS.get(part, part)}环节没有心跳"
    return ""


def report(connection: Connection, now: datetime) -> str:
    """``系统正常`` with what happened in the last 24 hours."""
    since, alert, message = now - timedelta(days=1), t.alert.c, t.message.c
    real = alert.demo.is_(False)

    def count(query: object) -> int:
        return connection.scalar(query) or 0  # type: ignore[call-overload]

    opened = count(select(func.count()).select_from(t.alert).where(real, alert.opened_at > since))
    standing = count(select(func.count()).select_from(t.alert).where(real, alert.state.not_in(OVER)))
    polls = count(select(func.count()).select_from(t.poll).where(t.poll.c.started_at > since))
    sent = count(select(func.count()).select_from(t.message).where(message.state == DONE, message.sent_at > since))
    dead = count(select(func.count()).select_from(t.message).where(message.state == DEAD))
    return (
        f"治欠薪台账与舆情值守：系统正常（{local(now):%Y-%m-%d %H:%M}）。24 小时内抓取 {polls} 次，新警情 {opened} 起，"
        f"未结 {standing} 起；通知已发 {sent} 条，未送达 {dead} 条。"
    )


async def run(
    store: Store,
    settings: Settings,
    now: datetime,
    environ: Mapping[str, str] = os.environ,
    *,
    database: Executor | None = None,
) -> Status:
    """Report once, if a receiver is set up and every part is well; never raises for what the receiver does.

    ``database``: the thread in which the store is used; the loop's own where none is given.

    Raises:
        StoreError: the database cannot be used; nothing was reported, which is what the receiver waits for.
    """
    loop, url = asyncio.get_running_loop(), address(environ)
    last, ill, words = await loop.run_in_executor(database, _state, store, settings, now, environ)
    if not url:
        return last
    if ill:
        done = replace(last, at=now, ok=False, told=f"未外报：{ill}")
    else:
        told = await _request(url, words)
        done = replace(last, at=now, ok=not told, told=told or ("系统正常" if words else "已外报"))
        if words and not told:
            done = replace(done, daily_on=f"{local(now):%Y-%m-%d}")
    await loop.run_in_executor(database, _keep, store, done)
    return done


def _state(store: Store, settings: Settings, now: datetime, environ: Mapping[str, str]) -> tuple[Status, str, str]:
    """How it went last, what is not well, and the words of the day where they are due."""
    with store.read() as connection:
        last = status(connection, environ)
        if not address(environ):
            return last, "", ""
        ill, here = unwell(connection, settings, now), local(now)
        daily = here.hour >= settings.notify.beat_hour and last.daily_on != f"{here:%Y-%m-%d}"
        return last, ill, report(connection, now) if daily and not ill else ""


def _keep(store: Store, done: Status) -> None:
    with store.write() as connection:
        row = {"key": META_KEY, "value": _held(done)}
        connection.execute(
            insert_into(connection, t.meta).values(row).on_conflict_do_update(index_elements=["key"], set_=row)
        )


async def _request(url: str, words: str) -> str:
    """What went wrong, in words without the address; ``""`` where nothing did."""
    kind = {"Content-Type": "text/plain; charset=utf-8"} if words else {}
    try:
        # No proxies from the environment, no redirects: the office's receiver itself, or a failure that is shown.
        async with (
            asyncio.timeout(_SECONDS),
            httpx2.AsyncClient(trust_env=False, follow_redirects=False, timeout=_SECONDS) as client,
            # Its status is all we ask for: what it says at length, or without end, is not read.
            client.stream("POST" if words else "GET", url, content=words.encode() or None, headers=kind) as answer,
        ):
            good, status = answer.is_success, answer.status_code
    except (httpx2.TimeoutException, TimeoutError):
        return f"外部接收方 {host_of(url)} 在 {_SECONDS:g} 秒内没有应答"
    except (httpx2.HTTPError, httpx2.InvalidURL, ValueError, OSError) as error:
        return f"无法连上外部接收方 {host_of(url)}（{type(error).__name__}）"
    return "" if good else f"外部接收方 {host_of(url)} 应答 HTTP {status}"


def _held(done: Status) -> str:
    values = asdict(done) | {"at": done.at.isoformat() if done.at else None}
    values.pop("host")
    return json.dumps(values, ensure_ascii=False)

"""试抓一次: ask one source now and say in plain Chinese what came. Stores nothing but who had whom asked."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from monitors import settings as s
from monitors.access.acting import acting
from monitors.access.actor import Actor
from monitors.clock import stamp
from monitors.errors import FetchError, ParseError
from monitors.opinion import masking, source_audit
from monitors.opinion.model import Entry, Parsed, Rejected, Response, Source
from monitors.opinion.schedule import age
from monitors.opinion.sources import dated_url
from monitors.store.engine import Store

if TYPE_CHECKING:
    # Not at run time: the poller loads the judge, which a look at a source does not need.
    from monitors.opinion.harvest import Fetches, Parses

_REASONS = {
    "temporary": "多为一时的网络或服务器繁忙，系统会自动重试。",
    "soft": "网站内部出错或内容无法识别，可稍后再试；若持续，请核对网址与选择器。",
    "hard": "请核对网址是否已变更；若网站要求境内访问或证书有误，请联系网络管理员。",
    "refused": "为保护内网，系统不访问这类地址；确需监测内网站点，请在 config.toml 的 trusted_networks 中登记网段。",
}


@dataclass(frozen=True, slots=True)
class Trial:
    """What one look at a source gave. ``lines`` are sentences for the screen, the verdict first."""

    ok: bool
    lines: tuple[str, ...]
    entries: tuple[Entry, ...] = ()
    rejected: tuple[Rejected, ...] = ()
    encoding: str = ""
    elapsed_seconds: float = 0.0
    status: int | None = None
    size: int = 0


async def try_source(source: Source, fetcher: Fetches, parser: Parses, now: datetime) -> Trial:
    """Fetch and parse ``source`` once, unconditionally. Never raises for what a website does."""
    started = time.monotonic()
    recipe = source.recipe
    try:
        answer = await fetcher.fetch(
            dated_url(source.url, now), method=recipe.method, headers=recipe.headers, body=recipe.body
        )
    except FetchError as error:
        lines = (f"没有抓到：{error}", _REASONS.get(error.kind, _REASONS["soft"]))
        return Trial(False, lines, elapsed_seconds=time.monotonic() - started, status=error.status)
    try:
        parsed = await parser.parse(
            answer.body, kind=source.kind, url=answer.url, content_type=answer.content_type, recipe=recipe, now=now
        )
    except ParseError as error:
        return Trial(
            False,
            (f"网站有答复（{_size(len(answer.body))}），但读不出条目：{error}", _unreadable(source)),
            elapsed_seconds=time.monotonic() - started,
            status=answer.status,
            size=len(answer.body),
        )
    return Trial(
        bool(parsed.entries),
        _verdict(source, answer, parsed, now),
        # What the screen shows is covered as a stored report would be.
        tuple(masking.mask_entry(entry) for entry in parsed.entries),
        tuple(replace(row, excerpt=masking.mask(row.excerpt).text) for row in parsed.rejected),
        parsed.encoding,
        time.monotonic() - started,
        answer.status,
        len(answer.body),
    )


def run_trial(
    store: Store,
    actor: Actor,
    source: Source,
    settings: s.Settings,
    now: datetime,
    *,
    fetcher: Callable[[], Fetches] | None = None,
    parser: Callable[[], Parses] | None = None,
) -> Trial:
    """``try_source`` for callers without an event loop, with a fetcher and a parser of its own, closed afterwards.

    Written to the trail before anything is sent: no request leaves in nobody's name.

    Raises:
        RefusedError: the actor may not have sources asked; recorded.
    """
    with acting(store, actor) as connection:
        actor.require("source.poll", kind=source_audit.KIND, target=source.id)
        source_audit.record_poll(connection, actor, "试抓", source, at=now)

    async def trial() -> Trial:
        if fetcher is not None and parser is not None:
            return await try_source(source, fetcher(), parser(), now)
        # Imported here: pages that never try a source need not load the network and parsing libraries.
        from monitors.opinion.fetch import Fetcher  # noqa: PLC0415
        from monitors.opinion.parse_pool import ParserPool  # noqa: PLC0415

        pool = ParserPool(settings.parse.model_copy(update={"workers": 1}))
        try:
            async with Fetcher(settings.fetch, retry_after_cap=settings.poll.retry_after_cap_seconds) as own:
                return await try_source(source, own, pool, now)
        finally:
            pool.close()

    return asyncio.run(trial())


def _unreadable(source: Source) -> str:
    if source.kind == "page":
        return "请核对条目选择器，或把选择器留空由系统自动识别列表；若答复是登录页或验证页，需换一个公开的网址。"
    if source.kind == "json":
        return "请核对各项路径；若答复是登录页或验证页，需换一个公开的接口。"
    return "请确认网址是 RSS、Atom 或 JSON Feed；普通网页请把类型改为“网页列表”。"


def _verdict(source: Source, answer: Response, parsed: Parsed, now: datetime) -> tuple[str, ...]:
    lines = []
    if parsed.entries:
        lines.append(
            f"抓到 {len(parsed.entries)} 条" + (f"，另有 {len(parsed.rejected)} 条搁置" if parsed.rejected else "")
        )
        lines.append(_newest(parsed, now))
    elif parsed.rejected:
        lines.append(f"没有可用的条目，{len(parsed.rejected)} 条全部搁置")
    else:
        lines.append("网站有答复，格式正确，但列表是空的")
    encoding = f"，编码 {parsed.encoding}" if parsed.encoding else ""
    lines.append(f"答复 {_size(len(answer.body))}{encoding}，用时 {answer.elapsed_seconds:.1f} 秒")
    if parsed.repaired:
        lines.append(f"有 {parsed.repaired} 个字符无法按编码读出，已用替代符号显示")
    if answer.url != dated_url(source.url, now):
        lines.append(f"网站把请求转到了 {answer.url}")
    return tuple(lines)


def _newest(parsed: Parsed, now: datetime) -> str:
    times = [entry.published for entry in parsed.entries if entry.published]
    if not times:
        return "条目没有可读的发布时间，将按抓取时间记录"
    newest = max(times)
    words = f"最新一条发布于 {stamp(newest)}（{age(now - newest)}前）"
    undated = len(parsed.entries) - len(times)
    return words + (f"，{undated} 条没有可读的发布时间" if undated else "")


def _size(count: int) -> str:
    return (
        f"{count} 字节"
        if count < 1024
        else f"{count / 1024:.0f} KB"
        if count < 1024**2
        else f"{count / 1024**2:.1f} MB"
    )

"""What the audit trail says about a source: the act, the fields it changed, and who changed it last (监测源留痕).

Addresses are written down without their query, request headers and bodies not at all: keys and tokens live there.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import Connection, select

from monitors.access import audit
from monitors.access.actor import Actor
from monitors.opinion.model import Recipe, Source
from monitors.opinion.source_rows import SourceRow
from monitors.regions import divisions
from monitors.store import tables as t

KIND = "source"  # kind of record in the trail
_KIND_WORDS = {"feed": "订阅源", "page": "网页列表", "json": "JSON 接口"}
_FIELDS = {
    "name": "名称",
    "kind": "类型",
    "url": "网址",
    "group": "分组",
    "outlet": "媒体",
    "interval_seconds": "抓取间隔（秒）",
    "max_interval_seconds": "最长间隔（秒）",
    "region": "归属地",
    "tier": "可信等级",
    "national": "中央或全国性",
    "condition": "状况",
    "condition_note": "状况说明",
    "paused": "暂停",
}
_RECIPE = {
    "items": "条目选择器",
    "title": "标题选择器",
    "link": "链接选择器",
    "time": "时间选择器",
    "summary": "摘要选择器",
    "link_template": "链接模板",
    "marker": "起始标记",
    "method": "请求方式",
    "body": "请求正文",
    "headers": "请求头",
    "follow": "打开原文",
}
_ADDRESSES = {"url", "link_template"}
_SECRET = {"body", "headers"}
_CHANGED = "已更改"
_BLANK = Source(id="", name="", kind="feed", url="")


@dataclass(frozen=True, slots=True)
class LastChange:
    """Who changed a source last, as people know them, and when."""

    who: str
    at: datetime


def record(
    connection: Connection, actor: Actor, act: str, *, before: Source | None, after: Source, at: datetime
) -> None:
    """Append one change of a source; ``act`` is the Chinese verb, ``before`` None for a new one."""
    old, new = differences(before or _BLANK, after)
    audit.append(
        connection,
        actor,
        "source.edit",
        at=at,
        kind=KIND,
        target=after.id,
        region=after.region,
        before=old if before else None,
        after={"操作": act, "监测源": after.name, **new},
    )


def record_poll(connection: Connection, actor: Actor, act: str, source: Source, *, at: datetime) -> None:
    """Append that somebody had a source asked; of its address the host alone."""
    after = {"操作": act, "监测源": source.name, "主机": host(source.url)}
    audit.append(
        connection, actor, "source.poll", at=at, kind=KIND, target=source.id, region=source.region, after=after
    )


def differences(before: Source, after: Source) -> tuple[dict[str, Any], dict[str, Any]]:
    """The fields that differ, in words, as they were and as they are; of a secret one only that it changed."""
    old: dict[str, Any] = {}
    new: dict[str, Any] = {}
    pairs = [(name, words, getattr(before, name), getattr(after, name)) for name, words in _FIELDS.items()]
    pairs += [
        (field.name, _RECIPE[field.name], getattr(before.recipe, field.name), getattr(after.recipe, field.name))
        for field in fields(Recipe)
    ]
    for name, words, was, now in pairs:
        if was == now:
            continue
        if name in _SECRET:
            new[words] = _CHANGED
            continue
        old[words], new[words] = _shown(name, was), _shown(name, now)
        if old[words] == new[words]:
            new[words] = f"{new[words]}（参数{_CHANGED}）"
    return old, new


def _shown(name: str, value: Any) -> Any:
    if name in _ADDRESSES:
        return without_query(value)
    if isinstance(value, bool):
        return "是" if value else "否"
    if name == "region":
        return divisions.full_name(value) if value else "无"
    return _KIND_WORDS.get(value, value) if name == "kind" else value


def without_query(url: str) -> str:
    """The address as far as it may be written down."""
    return url.partition("#")[0].partition("?")[0]


def host(url: str) -> str:
    """The host that a person had asked, or ``""`` where the address has none."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def last_change(connection: Connection, row: SourceRow) -> LastChange | None:
    """Who last changed the source and when; None where it was before anything was recorded."""
    query = (
        select(t.audit.c.display, t.audit.c.at)
        .where(t.audit.c.kind == KIND, t.audit.c.target == row.source.id)
        .where(t.audit.c.action == "source.edit", t.audit.c.outcome == "成功")
        .order_by(t.audit.c.seq.desc())
        .limit(1)
    )
    found = connection.execute(query).one_or_none()
    if found is not None and found.at >= row.updated_at:
        return LastChange(found.display, found.at)
    # Followed from the file since: the system's own act names all sources of one start in one row.
    return LastChange("config.toml", row.updated_at) if row.origin == "config" else None

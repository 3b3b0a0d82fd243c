"""Reading the audit trail (审计记录): searched by who, what, when and where, exported whole, its chain verified.

Needs ``audit.view``; a file needs ``audit.export`` and is itself written down before its bytes are given.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, BinaryIO

from sqlalchemy import ColumnElement, Connection, func, or_, select
from sqlalchemy.engine import RowMapping

from monitors import sheets
from monitors.access import acting, audit, chain
from monitors.access.actor import Actor
from monitors.access.scope import within
from monitors.access.trail_words import ACTS, GROUPS, KINDS, Change, Row, act_name, changes, kind_name, sentence
from monitors.clock import local, stamp
from monitors.errors import InputError
from monitors.regions import divisions
from monitors.settings import Settings
from monitors.sheets import Cell, Column, Format, Sheet
from monitors.store import tables as t
from monitors.store.engine import Store

__all__ = [
    "ACTS", "GROUPS", "KINDS", "OUTCOMES", "Change", "Filters", "Found", "Row", "act_name", "audit_file", "changes",
    "file_name", "kind_name", "search", "sentence", "verify",
]  # fmt: skip

OUTCOMES = ("成功", "拒绝", "失败")
TITLE = "审计记录"
_WORDS = 6  # of one search; each is looked for in seven columns
COLUMNS = (
    Column("序号", "integer", 9),
    Column("时间", width=20),
    Column("姓名", width=12),
    Column("账号", width=14),
    Column("角色", width=11),
    Column("来源地址", width=16),
    Column("动作", width=16),
    Column("对象类别", width=10),
    Column("对象", width=20),
    Column("地区", width=16),
    Column("结果", width=7),
    Column("说明", width=60),
    Column("变更前", width=36),
    Column("变更后", width=36),
    Column("登录会话", width=14),
    Column("校验值", width=24),
)


@dataclass(frozen=True, slots=True)
class Filters:
    """Which rows. Empty means "any". ``since`` ≤ time < ``until``.

    ``account``: acts of exactly this account. ``who``: part of the sign-in name or the person's name. ``action``: a
    code, or a name of ``GROUPS``. ``region``: that division and all inside it. ``words``: each in the record, the
    change, the person, the address or the session.
    """

    since: datetime | None = None
    until: datetime | None = None
    account: int | None = None
    who: str = ""
    action: str = ""
    kind: str = ""
    target: str = ""
    outcome: str = ""
    region: str = ""
    words: str = ""

    def in_words(self) -> str:
        """The active filters for a reader, e.g. ``时间：2026-11-01 00:00 至 最新；动作：登录``."""
        parts = []
        if self.since or self.until:
            last = stamp(self.until - timedelta(minutes=1)) if self.until else "最新"
            parts.append(f"时间：{stamp(self.since) if self.since else '最早'} 至 {last}")
        named = (
            ("人员", self.who.strip()),
            ("动作", act_name(self.action)),
            ("对象类别", kind_name(self.kind)),
            ("对象", self.target.strip()),
            ("结果", self.outcome),
            ("地区", divisions.full_name(self.region) or self.region),
            ("包含", self.words.strip()),
        )
        parts += [f"{name}：{value}" for name, value in named if value]
        return "；".join(parts) or "全部"


@dataclass(frozen=True, slots=True)
class Found:
    """One page of rows, newest first, and how many there are in all."""

    rows: tuple[Row, ...]
    total: int
    pages: int


def search(connection: Connection, actor: Actor, filters: Filters, *, page: int, size: int) -> Found:
    """The rows that match, newest first; ``page`` counts from 1, one beyond the end gives the last.

    Raises:
        RefusedError: without ``audit.view``.
    """
    actor.require("audit.view", kind="audit")
    total = _count(connection, filters)
    pages = max(1, -(-total // size))
    wanted = min(max(1, page), pages)
    query = (
        select(t.audit)
        .where(*_conditions(filters))
        .order_by(t.audit.c.seq.desc())
        .limit(size)
        .offset((wanted - 1) * size)
    )
    return Found(tuple(_row(found) for found in connection.execute(query).mappings()), total, pages)


def verify(store: Store, actor: Actor, *, now: datetime) -> chain.Verdict:
    """Look the whole chain through; that somebody did is written down with what was found.

    Raises:
        RefusedError: without ``audit.view``.
    """
    with acting.looking(store, actor) as connection:
        actor.require("audit.view", kind="audit")
        verdict = chain.verify(connection)
    with acting.acting(store, actor) as connection:
        audit.append(
            connection,
            actor,
            "audit.verify",
            at=now,
            kind="audit",
            after={"rows": verdict.rows, "ok": verdict.ok, "words": verdict.words},
            outcome="成功" if verdict.ok else "失败",
        )
    return verdict


def audit_file(
    store: Store, actor: Actor, filters: Filters, fmt: Format, now: datetime, *, settings: Settings
) -> bytes:
    """All rows that match, newest first, as the bytes of a file, with the verdict on the chain above them.

    JSON Lines hold the signed values unchanged and, as ``previous``, the digest each row follows, so that whoever has
    the key can verify every line without the database.

    Raises:
        RefusedError: without ``audit.export``.
        InputError: more rows than ``[export] max_rows``; nothing was written.
    """
    stream = io.BytesIO()
    with acting.looking(store, actor) as connection:
        actor.require("audit.export", kind="audit")
        total, limit = _count(connection, filters), settings.export.max_rows
        if total > limit:
            raise InputError(f"共 {total} 条，超过一次导出的上限 {limit} 条，请缩小时间或其他条件")
        verdict = chain.verify(connection)
        sheet = _sheet(actor, filters, verdict, total=total, now=now, office=settings.site.office)
        if fmt == "jsonl":
            _write_jsonl(connection, filters, stream, sheet)
        else:
            sheets.write(fmt, (_cells(row) for row in _stream(connection, filters)), stream, sheet)
    with acting.acting(store, actor) as connection:
        # The row comes before the bytes: no file leaves that the trail does not know of.
        audit.append(
            connection,
            actor,
            "audit.export",
            at=now,
            kind="audit",
            after={"format": fmt, "filters": filters.in_words(), "rows": total},
        )
    return stream.getvalue()


def file_name(fmt: Format, now: datetime) -> str:
    """``审计记录_20261123-0805.xlsx``."""
    return f"{TITLE}_{local(now):%Y%m%d-%H%M}.{fmt}"


def _conditions(filters: Filters) -> list[ColumnElement[bool]]:
    row = t.audit.c
    equal = {
        row.account_id: filters.account,
        row.kind: filters.kind or None,
        row.target: _plain(filters.target) or None,
        row.outcome: filters.outcome or None,
    }
    found = [column == value for column, value in equal.items() if value is not None]
    if filters.since:
        found.append(row.at >= filters.since)
    if filters.until:
        found.append(row.at < filters.until)
    if filters.action in GROUPS:
        found.append(or_(*(row.action.startswith(f"{part}.", autoescape=True) for part in GROUPS[filters.action])))
    elif filters.action:
        found.append(row.action == filters.action)
    if filters.region:
        found.append(within(row.region, filters.region))
    if who := _plain(filters.who):
        found.append(_in_any(who, row.actor, row.display))
    places = (row.before, row.after, row.target, row.address, row.session, row.actor, row.display)
    found += [_in_any(word, *places) for word in _plain(filters.words).split()[:_WORDS]]
    return found


def _plain(text: str) -> str:
    """What a person typed, without what a database cannot compare (NUL, half characters)."""
    return "".join(character for character in text if character.isprintable()).strip()


def _in_any(word: str, *places: ColumnElement[str]) -> ColumnElement[bool]:
    return or_(*(place.icontains(word, autoescape=True) for place in places))


def _count(connection: Connection, filters: Filters) -> int:
    query = select(func.count()).select_from(t.audit).where(*_conditions(filters))
    return int(connection.execute(query).scalar_one())


def _row(found: RowMapping) -> Row:
    return Row(**{name: found[name] for name in Row.__slots__})


def _stream(connection: Connection, filters: Filters) -> Iterator[Row]:
    query = select(t.audit).where(*_conditions(filters)).order_by(t.audit.c.seq.desc())
    for found in connection.execute(query.execution_options(yield_per=1000)).mappings():
        yield _row(found)


def _cells(row: Row) -> tuple[Cell, ...]:
    return (
        row.seq,
        f"{local(row.at):%Y-%m-%d %H:%M:%S}",  # as words: a cell of a time would lose the seconds
        row.display,
        row.actor,
        row.role,
        row.address,
        act_name(row.action),
        kind_name(row.kind),
        row.target,
        divisions.full_name(row.region) or row.region,
        row.outcome,
        sentence(row),
        "" if row.before == "{}" else row.before,
        "" if row.after == "{}" else row.after,
        row.session,
        row.mac,
    )


def _sheet(actor: Actor, filters: Filters, verdict: chain.Verdict, *, total: int, now: datetime, office: str) -> Sheet:
    lines = (
        f"截至时间：{stamp(now)}（北京时间）　　制表：{office}　　导出人：{actor.display}（{actor.name}）",
        f"筛选条件：{filters.in_words()}　　共 {total} 条",
        f"审计链校验：{verdict.words}",
    )
    return Sheet(TITLE, lines, COLUMNS, author=office)


def _write_jsonl(connection: Connection, filters: Filters, stream: BinaryIO, sheet: Sheet) -> None:
    """A first line about the file, then the rows as they are signed: cleaned, they would not fit their digests."""
    head = connection.execute(select(t.audit_head)).one()
    about = {"title": sheet.title, "lines": list(sheet.lines), "head_seq": head.seq, "head_mac": head.mac}
    stream.write(_line(about))
    earlier = t.audit.alias("earlier")
    query = (
        select(t.audit, earlier.c.mac.label("previous"))
        .outerjoin(earlier, earlier.c.seq == t.audit.c.seq - 1)
        .where(*_conditions(filters))
        .order_by(t.audit.c.seq.desc())
        .execution_options(yield_per=1000)
    )
    for found in connection.execute(query).mappings():
        values = dict(found)
        values["at"] = found["at"].astimezone(UTC).isoformat(timespec="microseconds")
        values["previous"] = found["previous"] or audit.GENESIS
        stream.write(_line(values))


def _line(values: dict[str, Any]) -> bytes:
    return json.dumps(values, ensure_ascii=False).encode() + b"\n"

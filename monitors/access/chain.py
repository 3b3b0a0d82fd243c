"""Whether the audit trail is whole (审计链校验): numbering, every keyed digest, its end, and anchors kept elsewhere.

``verify`` recomputes the trail that ``monitors.access.audit`` writes. A database put back to an older state as a whole,
head included, is consistent in itself; so the newest digest is also written to ``audit-anchors.jsonl`` in the data
folder (锚点) at every start and once a day, and the trail must still hold what it held then. A restored backup cuts
the trail with leave: the restore appends a row of its own and notes that row among the anchors.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import URL, ColumnElement, Connection, LargeBinary, case, cast, func, select
from sqlalchemy import types as sa_types

from monitors import settings as settings_module
from monitors.access import audit
from monitors.clock import stamp
from monitors.errors import StoreError, reason
from monitors.settings import Settings
from monitors.store import tables as t
from monitors.store.engine import Store, address

ANCHORS = "audit-anchors.jsonl"
RESTORED = "backup.restore"  # action of the row a restore appends
_ROWS = 2000


@dataclass(frozen=True, slots=True)
class Verdict:
    """``rows``: how many were found right, from the first on; ``first_bad``: number of the first that is not."""

    rows: int
    ok: bool
    words: str
    first_bad: int | None


@dataclass(frozen=True, slots=True)
class Anchor:
    """What the trail of ``database`` ended with at ``at``; ``restored``: the row a restore appended."""

    database: str
    seq: int
    mac: str
    at: str
    restored: bool = False


@dataclass(frozen=True, slots=True)
class _Head:
    """The row that says which is the newest. ``count``: rows in its table, which must be one."""

    count: int
    seq: int | None
    mac: str | None


def verify(connection: Connection, anchors: Path | None = None) -> Verdict:
    """Recompute the whole trail from the first row; reads only, in one snapshot.

    ``anchors``: the file to compare with, that of the present data folder where none is given.

    Raises:
        StoreError: the key is missing or malformed, or the anchors cannot be read.
    """
    path = anchors or settings_module.current().data_dir / ANCHORS
    kept, unreadable = _read_anchors(path, database_name(connection.engine.url))
    watched = {anchor.seq for anchor in kept}
    seen: dict[int, str] = {}
    last, previous = 0, audit.GENESIS
    head = _Head(0, None, None)
    for row, head in _rows(connection):  # noqa: B007 - the head is wanted after the last row
        if row["seq"] != last + 1:
            return _gap(last, row["seq"])
        mac = row.pop("mac")
        if row["at"] is None or audit.digest(row, previous) != mac:
            return _bad(last, last + 1, f"第 {last + 1:,} 条记录被改动，或其前一条已被替换")
        last, previous = last + 1, mac
        if last in watched:
            seen[last] = mac
    if not last:
        head, now_there = _lone_head(connection)
        if now_there:  # the first row was appended while we looked
            return verify(connection, path)
    fault = _at_the_end(head, last, previous) or _against(kept, seen, last)
    if fault:
        return fault
    return Verdict(last, True, _whole(last, kept, seen, unreadable), None)


def anchor(store: Store, settings: Settings, now: datetime) -> bool:
    """Write the newest digest down outside the database, where it has changed since the last time.

    Raises:
        StoreError: the data folder cannot be written.
    """
    with store.read() as connection:
        newest = connection.execute(
            select(t.audit.c.seq, t.audit.c.mac).order_by(t.audit.c.seq.desc()).limit(1)
        ).first()
    if newest is None:
        return False
    name = database_name(store.url)
    kept, _ = _read_anchors(settings.data_dir / ANCHORS, name)
    if kept and (kept[-1].seq, kept[-1].mac, kept[-1].restored) == (newest.seq, newest.mac, False):
        return False
    _append(settings.data_dir / ANCHORS, Anchor(name, newest.seq, newest.mac, now.astimezone(UTC).isoformat()))
    return True


def note_restore(settings: Settings, seq: int, mac: str, now: datetime) -> None:
    """Note the row a restore appended. Earlier anchors of the database then bind no more, if the trail holds that row.

    It may be noted before the restore is done: a row the trail does not come to hold releases nothing.

    Raises:
        StoreError: the data folder cannot be written.
    """
    name = database_name(address(settings.database_url))
    at = now.astimezone(UTC).isoformat()
    _append(settings.data_dir / ANCHORS, Anchor(name, seq, mac, at, restored=True))


def newest_anchor(settings: Settings) -> Anchor | None:
    """The last anchor of the present database, None where there is none.

    Raises:
        StoreError: the file cannot be read.
    """
    kept, _ = _read_anchors(settings.data_dir / ANCHORS, database_name(address(settings.database_url)))
    return kept[-1] if kept else None


def database_name(url: URL) -> str:
    """Which database an anchor speaks of, so that one data folder may serve several; never a password.

    A SQLite file goes by its name alone where it lies in the data folder: the folder may be moved with it.
    """
    if url.get_backend_name() != "sqlite":
        return f"{url.host or url.query.get('host', '')}:{url.port or 5432}/{url.database}"
    path = Path(url.database or "").resolve()
    home = settings_module.current().data_dir
    return path.name if path.parent == home else str(path)


def _head_columns() -> list[ColumnElement[Any]]:
    whose = t.audit_head.c.id == 1
    return [
        select(func.count()).select_from(t.audit_head).scalar_subquery(),
        select(t.audit_head.c.seq).where(whose).scalar_subquery(),
        select(t.audit_head.c.mac).where(whose).scalar_subquery(),
    ]


def _rows(connection: Connection) -> Iterator[tuple[dict[str, Any], _Head]]:
    """Every row in order, with the head as of the same snapshot: a row appended meanwhile is no fault."""
    columns = [_raw(column, connection.dialect.name) for column in t.audit.c]
    statement = select(*columns, *_head_columns()).order_by(t.audit.c.seq)
    names = [column.name for column in t.audit.c]
    for found in connection.execute(statement, execution_options={"yield_per": _ROWS}):
        *values, count, seq, mac = found
        row = {
            name: _text(value) if isinstance(value, bytes) else value for name, value in zip(names, values, strict=True)
        }
        row["at"] = _moment(row["at"])
        yield row, _Head(count, seq, mac)


def _raw(column: ColumnElement[Any], dialect: str) -> ColumnElement[Any]:
    """The column as it lies there: a value the driver cannot read is a changed row, not a failure to look."""
    moment = column is t.audit.c.at
    if dialect == "postgresql":
        return func.to_char(func.timezone("UTC", column), "YYYY-MM-DD HH24:MI:SS.US AD") if moment else column
    kind = func.typeof(column)
    if moment or isinstance(column.type, sa_types.String):
        return case((kind == "text", cast(column, LargeBinary)))
    return case((kind.in_(["integer", "null"]), column), else_=-1)


def _text(value: bytes) -> str | None:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return None


def _moment(written: str | None) -> datetime | None:
    """The time, if it stands there exactly as it was written; None else."""
    plain = (written or "").removesuffix(" AD")
    try:
        found = datetime.fromisoformat(plain)
    except ValueError:
        return None
    return found.replace(tzinfo=UTC) if found.isoformat(" ", "microseconds") == plain else None


def _lone_head(connection: Connection) -> tuple[_Head, int]:
    """The head where no row was found, and how many there are by now."""
    rows = select(func.count()).select_from(t.audit).scalar_subquery()
    *head, now_there = connection.execute(select(*_head_columns(), rows)).one()
    return _Head(*head), now_there


def _gap(last: int, found: int) -> Verdict:
    if found <= last:
        return _bad(last, found, f"编号 {found:,} 的记录不属于审计链")
    missing = f"第 {last + 1:,} 条" if found == last + 2 else f"第 {last + 1:,} 至 {found - 1:,} 条"
    return _bad(last, last + 1, f"{missing}记录缺失（其后是第 {found:,} 条）")


def _at_the_end(head: _Head, last: int, mac: str) -> Verdict | None:
    if head.count != 1 or head.seq is None:
        return _bad(last, last, f"链头缺失或多于一行（应为一行，记到第 {last:,} 条）")
    if head.seq > last:
        return _bad(last, last + 1, f"末尾被截去：链头记到第 {head.seq:,} 条，实有 {last:,} 条")
    if head.seq < last:
        return _bad(last, head.seq + 1, f"链头不符：链头记到第 {head.seq:,} 条，实有 {last:,} 条")
    expected = audit.head_digest(last, mac) if last else ""
    if head.mac != expected:
        return _bad(last, last, f"链头不符：第 {last:,} 条之后的链头不是本系统所写")
    return None


def _against(kept: list[Anchor], seen: dict[int, str], last: int) -> Verdict | None:
    for held in _binding(kept, seen):
        if held.restored or seen.get(held.seq) == held.mac:
            continue  # a restore broken off before the backup was in place binds nothing
        when = _when(held)
        if held.seq > last:
            return _bad(last, last + 1, f"末尾被截去：库外锚点（{when}）记到第 {held.seq:,} 条，实有 {last:,} 条")
        return _bad(last, held.seq, f"第 {held.seq:,} 条记录与库外锚点（{when}）不符：审计链曾被换回较早的一份")
    return None


def _binding(kept: list[Anchor], seen: dict[int, str]) -> list[Anchor]:
    """Anchors that bind: those after the last restore the trail holds. What came before it that row binds by itself."""
    restores = [n for n, held in enumerate(kept) if held.restored and seen.get(held.seq) == held.mac]
    return kept[restores[-1] + 1 :] if restores else kept


def _whole(last: int, kept: list[Anchor], seen: dict[int, str], unreadable: int) -> str:
    words = f"审计链完整：共 {last:,} 条记录，编号连续，逐条校验无误"
    binding = _binding(kept, seen)
    checked = sum(not held.restored for held in binding)
    words += f"，与库外 {checked} 个锚点相符" if checked else "；库外尚无锚点"
    if len(binding) < len(kept):
        restore = kept[len(kept) - len(binding) - 1]
        words += f"；{_when(restore)} 恢复过备份（第 {restore.seq:,} 条），此前的锚点不再比对"
    if unreadable:
        words += f"；锚点文件有 {unreadable} 行无法读取"
    return words


def _bad(rows: int, number: int, words: str) -> Verdict:
    return Verdict(rows, False, f"审计链不完整：{words}。请保留现场，并用备份比对", number)


def _when(held: Anchor) -> str:
    return stamp(datetime.fromisoformat(held.at))


def _read_anchors(path: Path, database: str) -> tuple[list[Anchor], int]:
    """The anchors of one database in the order written, and how many lines could not be read."""
    try:
        lines = path.read_bytes().splitlines()
    except FileNotFoundError:
        return [], 0
    except OSError as error:
        raise StoreError(f"无法读取审计锚点文件 {path}：{reason(error)}") from error
    found, unreadable = [], 0
    for line in lines:
        try:
            held = json.loads(line)
            one = Anchor(
                str(held["database"]), int(held["seq"]), str(held["mac"]), str(held["at"]), bool(held["restored"])
            )
            datetime.fromisoformat(one.at)
        except (ValueError, TypeError, KeyError):
            unreadable += bool(line.strip())
            continue
        if one.database == database:
            found.append(one)
    return found, unreadable


def _append(path: Path, held: Anchor) -> None:
    line = json.dumps(
        {"database": held.database, "seq": held.seq, "mac": held.mac, "at": held.at, "restored": held.restored},
        ensure_ascii=False,
    )
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # One write in append mode: two processes never mix. The leading newline ends a line a power cut tore.
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            os.write(descriptor, f"\n{line}\n".encode())
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise StoreError(f"无法写入审计锚点文件 {path}：{reason(error)}") from error

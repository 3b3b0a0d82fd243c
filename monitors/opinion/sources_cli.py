"""``python -m monitors sources …``: list, try, import and export sources. JSON Lines out, sentences on stderr."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from monitors.access.acting import acting
from monitors.access.actor import console
from monitors.clock import utc_now
from monitors.errors import InputError
from monitors.opinion import opml, sources
from monitors.opinion.model import SOURCE_GROUPS
from monitors.opinion.trial import Trial, run_trial
from monitors.settings import Settings
from monitors.store.engine import Store

Action = Callable[[argparse.Namespace, Settings, Store], int]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the actions and their arguments."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="动作")
    listing = actions.add_parser("list", help="列出监测源，每行一个 JSON")
    _add_filters(listing)
    listing.set_defaults(action=_list)
    test = actions.add_parser("test", help="试抓一次，不收录报道，只留审计记录")
    test.add_argument("id", help="监测源编号，见 sources list")
    test.set_defaults(action=_test)
    importing = actions.add_parser("import-opml", help="从 OPML 文件导入（- 为标准输入）")
    importing.add_argument("file")
    importing.add_argument("--dry-run", action="store_true", help="只核对，不写入")
    importing.set_defaults(action=_import)
    exporting = actions.add_parser("export-opml", help="导出为 OPML 文件（缺省或 - 为标准输出）")
    exporting.add_argument("file", nargs="?", default="-")
    _add_filters(exporting)
    exporting.set_defaults(action=_export)


def _add_filters(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--group", choices=SOURCE_GROUPS, default="", help="只要这一组")
    parser.add_argument("--text", default="", help="名称、媒体、网址中含有的文字")


def run(arguments: argparse.Namespace, settings: Settings, store: Store) -> int:
    """Do the chosen action; 0 on success. Raises MonitorsError with the sentence to show."""
    action: Action = arguments.action
    return action(arguments, settings, store)


def _emit(row: dict[str, Any]) -> None:
    print(json.dumps(row, ensure_ascii=False))


def _rows(arguments: argparse.Namespace, settings: Settings, store: Store) -> list[sources.SourceRow]:
    """The chosen sources."""
    _bring_in(settings, store)
    with store.read() as connection:
        return sources.list_sources(connection, group=arguments.group, text=arguments.text)


def _bring_in(settings: Settings, store: Store) -> None:
    """Before the watch ever ran, the catalogue of config.toml is brought in first."""
    with store.read() as connection:
        empty = not sources.count_sources(connection)
    if empty:
        with store.write() as connection:
            sources.sync_catalogue(connection, [entry.source() for entry in settings.sources], utc_now())


def _list(arguments: argparse.Namespace, settings: Settings, store: Store) -> int:
    now = utc_now()
    for row in _rows(arguments, settings, store):
        health = row.health(settings.watch, now)
        _emit(
            {
                "id": row.source.id,
                "name": row.source.name,
                "kind": row.source.kind,
                "group": row.source.group,
                "outlet": row.source.outlet,
                "url": row.source.url,
                "interval_seconds": row.source.interval_seconds,
                "region": row.source.region,
                "tier": row.source.tier,
                "national": row.source.national,
                "condition": row.source.condition,
                "condition_note": row.source.condition_note,
                "paused": row.source.paused,
                "origin": row.origin,
                "health": health.level,
                "health_words": health.words,
                "last_poll_at": row.last_poll_at.isoformat() if row.last_poll_at else None,
                "newest_item_at": row.newest_item_at.isoformat() if row.newest_item_at else None,
                "next_at": row.next_at.isoformat(),
                "last_note": row.last_note,
            }
        )
    return 0


def _test(arguments: argparse.Namespace, settings: Settings, store: Store) -> int:
    configured = {entry.id: entry.source() for entry in settings.sources}
    with store.read() as connection:
        try:
            source = sources.get(connection, arguments.id).source
        except InputError:
            if arguments.id not in configured:
                raise
            source = configured[arguments.id]
    trial = run_trial(store, console(), source, settings, utc_now())
    _emit(trial_row(source.id, trial))
    for line in trial.lines:
        print(line, file=sys.stderr)
    return 0 if trial.ok else 1


def trial_row(source_id: str, trial: Trial) -> dict[str, Any]:
    """A trial as one JSON object."""
    return {
        "id": source_id,
        "ok": trial.ok,
        "lines": list(trial.lines),
        "status": trial.status,
        "bytes": trial.size,
        "encoding": trial.encoding,
        "elapsed_seconds": round(trial.elapsed_seconds, 2),
        "entries": [
            {
                "title": entry.title,
                "url": entry.url,
                "published": entry.published.isoformat() if entry.published else None,
                "published_note": entry.published_note,
            }
            for entry in trial.entries
        ],
        "rejected": [{"reason": row.reason, "excerpt": row.excerpt} for row in trial.rejected],
    }


def _import(arguments: argparse.Namespace, _settings: Settings, store: Store) -> int:
    try:
        data = sys.stdin.buffer.read(opml.MAX_BYTES + 1) if arguments.file == "-" else _read(Path(arguments.file))
    except OSError as error:
        raise InputError(f"无法读取 {arguments.file}：{_reason(error)}") from error
    reading = opml.read_opml(data)
    if arguments.dry_run:
        with store.read() as connection:
            plan = opml.plan_import(connection, reading)
        added: tuple[str, ...] = ()
    else:
        actor = console()
        with acting(store, actor) as connection:
            plan = opml.plan_import(connection, reading)
            added = opml.import_sources(connection, actor, plan.fresh, now=utc_now())
    ids = dict(zip(plan.fresh, added, strict=False))
    for candidate in plan.fresh:
        verdict = "已添加" if candidate in ids else "可添加"
        found = {"line": candidate.line, "result": verdict, "name": candidate.source.name, "url": candidate.source.url}
        _emit(found | ({"id": ids[candidate]} if candidate in ids else {}))
    for verdict, rows in (("已有", plan.known), ("有误", plan.refused)):
        for row in rows:
            _emit({"line": row.line, "result": verdict, "name": row.name, "reason": row.reason})
    if plan.note:
        print(plan.note, file=sys.stderr)
    counts = f"新 {len(plan.fresh)} 个，已有 {len(plan.known)} 个，有误 {len(plan.refused)} 个"
    print(("核对完毕：" if arguments.dry_run else "导入完毕：") + counts, file=sys.stderr)
    return 0


def _reason(error: OSError) -> str:
    known = {FileNotFoundError: "文件或文件夹不存在", PermissionError: "没有权限", IsADirectoryError: "这是文件夹"}
    return known.get(type(error), f"系统错误 {error.errno}")


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(opml.MAX_BYTES + 1)


def _export(arguments: argparse.Namespace, settings: Settings, store: Store) -> int:
    _bring_in(settings, store)
    data, count = opml.export_file(store, console(), group=arguments.group, text=arguments.text, now=utc_now())
    if arguments.file == "-":
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
        return 0
    target = Path(arguments.file)
    # Beside the target, then renamed: a reader never sees half a file.
    temporary = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        temporary.write_bytes(data)
        temporary.replace(target)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise InputError(f"无法写入 {target}：{_reason(error)}") from error
    print(f"已导出 {count} 个监测源到 {target}", file=sys.stderr)
    return 0

"""``ledger template|import|export FILE``: the ledger as a workbook from the command line.

Whoever runs commands on the server sees the whole province; what they do is recorded under their system account.
"""

from __future__ import annotations

import argparse
import io
import json
import sys
from pathlib import Path
from typing import BinaryIO, cast

from monitors import sheets
from monitors.access.actor import console
from monitors.clock import utc_now
from monitors.errors import InputError, reason
from monitors.ledger import workbook_cells, workbook_export, workbook_import, workbook_plan, workbook_template
from monitors.ledger.query import Query
from monitors.ledger.workbook_plan import Plan, Verdict
from monitors.regions import divisions
from monitors.settings import Settings
from monitors.sheets import Format
from monitors.store.engine import Store


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The three actions and their arguments."""
    actions = parser.add_subparsers(required=True, metavar="动作", dest="action")
    template = actions.add_parser("template", help="写出空白模板")
    template.add_argument("file", type=Path)
    importing = actions.add_parser("import", help="导入工作簿：逐行说明结果，合格的行一次写入")
    importing.add_argument("file", type=Path)
    importing.add_argument("--preview", action="store_true", help="只预览，不写入")
    importing.add_argument("--whole", action="store_true", help="有一行不合格就整表不写入")
    exporting = actions.add_parser("export", help="导出案件")
    exporting.add_argument("file", type=Path)
    exporting.add_argument("--format", choices=sheets.FORMATS, help="文件格式；不写时按文件扩展名，再不行用 xlsx")
    exporting.add_argument("--region", default="", metavar="CODE", help="六位区划代码，含下辖")
    exporting.add_argument("--keyword", default="", help="企业、项目、编号中的文字")


def run(args: argparse.Namespace, settings: Settings, store: Store) -> int:
    """Do the action; returns the exit code."""
    actions = {"template": _template, "import": _import, "export": _export}
    return actions[args.action](args, settings, store)


def _template(args: argparse.Namespace, _settings: Settings, _store: Store) -> int:
    def produce(stream: BinaryIO) -> int:
        workbook_template.template(stream)
        return 0

    sheets.write_file(args.file, produce)
    print(f"已写出模板 {args.file}", file=sys.stderr)
    return 0


def _import(args: argparse.Namespace, settings: Settings, store: Store) -> int:
    """One JSON line a row; exit code 1 where a row was left out."""
    try:
        body = args.file.read_bytes()
    except OSError as error:
        raise InputError(f"无法读取 {args.file}：{reason(error)}") from error
    operator, now = console(), utc_now()
    book = workbook_cells.read(body, args.file.name, settings.ledger)
    with store.read() as connection:
        plan = workbook_plan.plan(connection, operator.scope, book, settings=settings, now=now)
    _tell(plan)
    counts = plan.counts
    left_out = counts[Verdict.REFUSED] + counts[Verdict.DUPLICATE]
    print("预览：" + "，".join(f"{name} {counts[name]} 行" for name in Verdict), file=sys.stderr)
    if plan.faults or (args.whole and left_out):
        raise InputError("；".join(plan.faults) or f"有 {left_out} 行不合格，整表未导入")
    if not args.preview:
        result = workbook_import.apply(store, operator, plan, settings=settings, now=now)
        print(result.words, file=sys.stderr)
    return 1 if left_out else 0


def _tell(plan: Plan) -> None:
    for row in plan.rows:
        line = {
            "row": row.key,
            "verdict": str(row.verdict),
            "number": row.case.number if row.case else None,
            "faults": [str(one) for one in row.faults],
            "changes": [f"{one.address} {one.heading}：{one.before} → {one.after}" for one in row.changes],
            "duplicates": [f"{one.number} {one.why}" for one in row.duplicates],
            "remarks": list(row.remarks),
        }
        print(json.dumps({key: value for key, value in line.items() if value}, ensure_ascii=False))
    for one in plan.skipped:
        print(f"{one.address}：{one.why}", file=sys.stderr)
    for words in plan.notes:
        print(words, file=sys.stderr)


def _export(args: argparse.Namespace, settings: Settings, store: Store) -> int:
    if args.region and divisions.by_code(args.region) is None:
        raise InputError(f"没有区划代码 {args.region}，应为六位代码，例如昭通市 530600")
    suffix = args.file.suffix.removeprefix(".").lower()
    fmt = cast("Format", args.format or (suffix if suffix in sheets.FORMATS else "xlsx"))
    query = Query(text=args.keyword.strip(), region=args.region)
    whole = io.BytesIO()
    count = workbook_export.export(store, console(), query, whole, settings=settings, now=utc_now(), fmt=fmt)

    def produce(stream: BinaryIO) -> int:
        stream.write(whole.getvalue())
        return count

    sheets.write_file(args.file, produce)
    print(f"已导出 {count} 件案件", file=sys.stderr)
    return 0

"""``alerts export``: the alert list from the command line. FILE ``-`` is standard output (csv, jsonl).

Whoever runs commands on the server sees the whole province; the export is recorded under their system account.
"""

from __future__ import annotations

import argparse
import io
import sys
from datetime import timedelta
from pathlib import Path
from typing import BinaryIO, cast

from monitors import sheets
from monitors.access.actor import console
from monitors.clock import utc_now
from monitors.errors import InputError
from monitors.opinion import export
from monitors.opinion.export import AlertFilters
from monitors.opinion.model import ALERT_LEVELS, ALERT_STATES
from monitors.regions import divisions
from monitors.settings import Settings
from monitors.sheets import Format
from monitors.store.engine import Store


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of ``alerts export``."""
    parser.add_argument("--format", choices=sheets.FORMATS, help="文件格式；不写时按文件扩展名，再不行用 xlsx")
    parser.add_argument(
        "-o", "--output", required=True, metavar="FILE", help="写到哪个文件；- 为标准输出（csv、jsonl）"
    )
    parser.add_argument("--since", metavar="YYYY-MM-DD", help="预警日期不早于（北京时间）")
    parser.add_argument("--until", metavar="YYYY-MM-DD", help="预警日期不晚于（北京时间，含当日）")
    parser.add_argument("--level", action="append", default=[], choices=ALERT_LEVELS, help="级别，可重复")
    parser.add_argument("--state", action="append", default=[], choices=ALERT_STATES, help="状态，可重复")
    parser.add_argument("--region", default="", metavar="CODE", help="六位区划代码，含下辖")
    parser.add_argument("--open", action="store_true", help="仅未办结")
    parser.add_argument("--keyword", default="", help="标题、用人单位或编号中的文字")


def filters_of(args: argparse.Namespace) -> AlertFilters:
    """The filters the arguments name.

    Raises:
        InputError: a date or a division code that does not exist.
    """
    region: str = args.region
    if region and divisions.by_code(region) is None:
        raise InputError(f"没有区划代码 {region}，应为六位代码，例如昭通市 530600")
    return AlertFilters(
        since=export.day_start(args.since) if args.since else None,
        until=export.day_start(args.until) + timedelta(days=1) if args.until else None,
        levels=tuple(args.level),
        states=tuple(args.state),
        region=region,
        open_only=args.open,
        keyword=args.keyword.strip(),
    )


def run(args: argparse.Namespace, settings: Settings, store: Store) -> int:
    """Write the list and say how many alerts it holds; returns the exit code."""
    filters = filters_of(args)
    suffix = Path(args.output).suffix.removeprefix(".").lower()
    fmt = cast("Format", args.format or (suffix if suffix in sheets.FORMATS else "xlsx"))
    now, operator = utc_now(), console()

    def produce(stream: BinaryIO) -> int:
        with store.read() as connection:
            count = export.write_alerts(
                connection, operator.scope, filters, fmt, stream, by=operator.display, now=now, settings=settings
            )
        export.record(store, operator, "alert", fmt=fmt, words=filters.words(), rows=count, now=now)
        return count

    if args.output == "-":
        if fmt == "xlsx":
            raise InputError("xlsx 不能写到标准输出，请用 -o 指定文件，或用 --format csv")
        whole = io.BytesIO()  # held until the trail has its line
        count = produce(whole)
        sys.stdout.buffer.write(whole.getvalue())
        sys.stdout.buffer.flush()
    else:
        count = sheets.write_file(Path(args.output), produce)
    print(f"已导出 {count} 条警情", file=sys.stderr)
    return 0

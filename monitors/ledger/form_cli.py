"""``form``: 附件2 from the command line, as a file (.xlsx, .pdf) or as one JSON object (``form_paper.as_json``).

Findings of the checks go to stderr. Whoever runs commands on the server sees the whole province; each export is
recorded under their system account.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from datetime import date
from pathlib import Path

from sqlalchemy import Connection

from monitors import sheets
from monitors.access.actor import console
from monitors.clock import local, utc_now
from monitors.errors import InputError
from monitors.ledger import form, form_files, form_snapshots, form_sum
from monitors.ledger.form_checks import check
from monitors.ledger.form_files import FORMATS, FileFormat
from monitors.ledger.form_paper import Kind, Paper, as_json
from monitors.regions import divisions
from monitors.settings import Campaign, Settings
from monitors.store.engine import Store


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of ``form``."""
    parser.add_argument("--campaign", default="", metavar="CODE", help="专项行动代码，例如 2021；不写为本期")
    parser.add_argument("--cutoff", required=True, metavar="YYYY-MM-DD", help="数据截止日期（含当日）")
    parser.add_argument("--region", default=divisions.YUNNAN, metavar="CODE", help="六位区划代码；不写为全省")
    parser.add_argument("--sum", action="store_true", help="汇总下级单位已报送的报表，而不是直接从台账统计")
    parser.add_argument("--unit", default="", help="制表单位名称")
    parser.add_argument("-o", "--output", metavar="FILE", help="写到哪个文件，扩展名为 .xlsx 或 .pdf")
    parser.add_argument("--json", action="store_true", help="向标准输出写一个 JSON 对象，供程序读取")


def run(args: argparse.Namespace, settings: Settings, store: Store) -> int:
    """Make the form and say what the checks found; returns the exit code.

    Raises:
        InputError: an argument names nothing that exists.
    """
    if not args.output and not args.json:
        raise InputError("请用 -o 指定 .xlsx 或 .pdf 文件，或用 --json 输出到屏幕")
    fmt = _format(args.output) if args.output else None
    campaign = campaign_of(settings, args.campaign)
    cutoff = _day(args.cutoff)
    now, operator = utc_now(), console()
    with store.read() as connection:
        paper = _paper(
            connection,
            campaign=campaign,
            cutoff=cutoff,
            region=args.region,
            summed=args.sum,
            unit=args.unit.strip() or form_files.unit_name(settings, args.region),
            made_on=local(now).date(),
        )
    if args.output and fmt:
        held = form_files.file(store, operator, paper, fmt, now=now)
        sheets.write_file(Path(args.output), lambda stream: stream.write(held))
    if args.json:
        if not args.output:
            form_files.record(store, operator, paper, "json", now=now)
        print(json.dumps(as_json(paper), ensure_ascii=False))
    for finding in paper.findings:
        print(f"{'须更正' if finding.level == 'E' else '须说明'} {finding}", file=sys.stderr)
    return 0


def campaign_of(settings: Settings, code: str) -> Campaign:
    """The campaign of this code; the present one where it is empty.

    Raises:
        InputError: there is none of that code.
    """
    if not code:
        return settings.campaign
    known = {campaign.key: campaign for campaign in settings.campaigns}
    if code not in known:
        raise InputError(f"config.toml 中没有代码为 {code} 的专项行动，可用：{'、'.join(known)}")
    return known[code]


def _paper(
    connection: Connection,
    *,
    campaign: Campaign,
    cutoff: date,
    region: str,
    summed: bool,
    unit: str,
    made_on: date,
) -> Paper:
    parts: Mapping[str, int] = {}
    missing: tuple[str, ...] = ()
    kind: Kind = "汇总" if summed else "本级"
    if summed:
        found = form_sum.summed(connection, campaign=campaign, cutoff=cutoff, region=region)
        cells, missing = found.cells, found.missing
        parts = {code: part.id for code, part in found.parts.items()}
    else:
        cells = form.cells(connection, campaign=campaign, cutoff=cutoff, region=region)
    findings = check(cells, form_snapshots.previous(connection, cells, kind), missing=missing)
    return Paper(cells, unit, made_on, kind, findings=findings, parts=parts, missing=missing)


def _format(name: str) -> FileFormat:
    suffix = Path(name).suffix.removeprefix(".").lower()
    for fmt in FORMATS:
        if suffix == fmt:
            return fmt
    raise InputError(f"文件 {name} 的扩展名应为 .xlsx 或 .pdf")


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise InputError(f"日期 {text!r} 无法识别，应为 2026-11-30 这样的写法") from error

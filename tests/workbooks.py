"""Workbooks for the tests of import: tidy ones, and those that offices really send."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Sequence
from datetime import date, timedelta
from typing import Any

import openpyxl

from monitors.ledger import workbook_cells, workbook_rows
from monitors.ledger.workbook_cells import Workbook
from monitors.ledger.workbook_columns import BY_KEY
from monitors.settings import load

LEDGER = load(environ={}).ledger

ROW: dict[str, Any] = {
    "employer": "滇示甲建设有限公司", "class_": "建筑企业", "project": "示例安置房一标段", "prefecture": "昆明市",
    "county": "五华区", "industry": "住建", "gov": "是", "channel": "来访", "accepted_on": "2026-11-03",
    "claimed_workers": 36, "claimed_migrants": 30, "claimed_fen": 540000, "period_from": "2026年3月",
    "period_to": "2026年9月", "summary": "工人来访反映",
}  # fmt: skip
FOUND: dict[str, Any] = ROW | {
    "verified_workers": 32, "verified_migrants": 30, "verified_fen": 480000, "verified_migrant_fen": 450000,
    "verified_on": "2026-11-10", "plan": "约谈总包单位", "unit": "示例县人社局", "person": "示例人员",
    "due": "2026-12-20",
}  # fmt: skip


def tidy(rows: Iterable[dict[str, Any]], keys: Sequence[str] = ()) -> bytes:
    """One sheet 欠薪台账 with our own headings on top; ``rows`` by column key."""
    rows = list(rows)
    keys = keys or list(dict.fromkeys(key for row in rows for key in row))

    def fill(book: Any) -> None:
        page = book.active
        page.title = "欠薪台账"
        page.append([BY_KEY[key].heading for key in keys])
        for row in rows:
            page.append([row.get(key) for key in keys])

    return made(fill)


def made(fill: Callable[[Any], None]) -> bytes:
    """The bytes of a workbook that ``fill`` has written."""
    book = openpyxl.Workbook()
    fill(book)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def opened(body: bytes, name: str = "台账.xlsx") -> Workbook:
    """The workbook as the child reads it."""
    return workbook_cells.read(body, name, LEDGER)


def readings(body: bytes) -> workbook_rows.Readings:
    """Its rows."""
    return workbook_rows.read(opened(body), LEDGER.import_rows)


def sixty(today: date) -> bytes:
    """Sixty rows as an office of 五华 keeps them: titles, 台帐, two levels of headings, 元 and 万元, days in four ways.

    The first repeats ``sixty_known`` in other words (E12), the second has more migrants than workers (E01), the third
    12,000 of them (E13); the other 57 are good. Between them stand sub-headings, sums, an empty row and signatures.
    """
    back = [today - timedelta(days=days) for days in (30, 200, 60)]

    def fill(book: Any) -> None:
        page = book.active
        page.title = "欠薪台帐"
        page.append(["某区根治欠薪工作台帐"])
        page.append(["填报单位：示例区", *[None] * 8, "单位：万元"])
        heads = ["序号", "欠薪企业", "企业类型", "工程项目名称", "州市", "县（市、区）", "行业", "来源", "受理时间"]
        page.append([*heads, "诉求情况", None, None, "欠薪起始", "欠薪截止", "备　注"])
        page.append([*[None] * 9, "人数", "其中：农民工", "金额"])
        page.merge_cells("A1:O1")
        page.merge_cells("J3:L3")
        page.append(["一、建筑企业"])
        for number in range(60):
            page.append(_office_row(number, back))
            if number == 29:
                page.append([None, "小计", *[None] * 7, 900])
                page.append([])
        page.append(["合计", *[None] * 8, 1800])
        page.append(["制表人：", "示例人员", None, "审核人：示例人员"])
        page["AD90"].number_format = "0.00"
        side = book.create_sheet("去年")
        side.sheet_state = "hidden"
        side.append(["欠薪企业"])

    return made(fill)


def sixty_known(today: date) -> dict[str, Any]:
    """The case that the first row of ``sixty`` repeats."""
    back = [(today - timedelta(days=days)).isoformat() for days in (45, 210, 90)]
    return ROW | {
        "employer": "滇示第0建设有限公司", "project": "示例工程0标段", "accepted_on": back[0],
        "claimed_workers": 10, "claimed_migrants": 9, "claimed_fen": 60000,
        "period_from": back[1], "period_to": back[2],
    }  # fmt: skip


def _office_row(number: int, back: Sequence[date]) -> list[Any]:
    ways = (back[0], f"{back[0]:%Y.%m.%d}", f"{back[0].year}年{back[0].month}月{back[0].day}日", f"{back[0]:%Y/%m/%d}")
    money = (6, "６", "60000元", "6万元")
    workers = (12, "１２", "12人", 12)
    counted = {1: (12, 30, 6), 2: (12_000, 9_000, 90_000)}
    figures = counted.get(number, (workers[number % 4], 10, money[number % 4]))
    return [
        number + 1, f"滇示第{number}建设有限公司", "建筑企业", f"示例工程{number}标段", "昆明", "五华区", "住建",
        "来访", ways[number % 4], *figures, back[1], f"{back[2]:%Y-%m-%d}", f"第{number}件",
    ]  # fmt: skip

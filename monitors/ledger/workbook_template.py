"""The empty ledger for clerks (模板): headings with notes, drop-downs, an example, the divisions on a hidden sheet."""

from __future__ import annotations

from typing import Any, BinaryIO

import xlsxwriter
from xlsxwriter.utility import xl_col_to_name

from monitors.ledger.workbook_columns import BY_KEY, COLUMNS, IMPORT_STATES, Column
from monitors.regions import divisions

TITLE = "欠薪台账"
GUIDE, EXAMPLE, PLACES = "填写说明", "填写示例", "区划"
_ROWS = 2_000  # rows that carry drop-downs; those below are read all the same
_HEAD = 1  # row of the headings

_RULES = (
    "一、在“欠薪台账”表中每行填写一件；带＊的列必填。可以增加、删除、调换非必填列，也可以使用本单位原有表格，系统按表头识别。",
    "二、案件编号由系统生成，新案件留空。从系统导出后修改的，请保留案件编号；空白单元格不会清除台账已有内容。",
    "三、诉求数是反映的人数和金额，查实数是核查后的人数和金额，两者不要混填。",
    "四、填写查实数的，须同时填写化解方案、责任单位、责任人、完成时限。",
    "五、金额默认单位为元；以万元填写的，请在表头写明（万元）或在单元格写明，如3.5万元。人数只填整数。",
    "六、日期写成2026-11-03或2026年11月3日；欠薪起止可只写到月。",
    "七、已支付人数、金额填累计数；导入时与台账比较，多出的部分记为一笔支付。",
    "八、导入前会逐行显示将新增、修改、不变、拒绝的内容和原因，确认后才写入；同一文件重复导入不会产生重复记录。",
)
_EXAMPLE: dict[str, Any] = {
    "employer": "滇示建设有限公司", "class_": "建筑企业", "project": "示例县中学教学楼工程（一标段）",
    "prefecture": "昭通市", "county": "镇雄县", "industry": "住建", "gov": "是", "ppp": "否", "soe": "否",
    "developer": "示例县教育体育局", "contractor": "滇示建设集团有限公司", "channel": "来访",
    "accepted_on": "2026-11-03", "claimed_workers": 36, "claimed_migrants": 36, "claimed_fen": 540000,
    "verified_workers": 32, "verified_migrants": 32, "verified_fen": 480000, "verified_migrant_fen": 480000,
    "verified_on": "2026-11-10", "period_from": "2026年3月", "period_to": "2026年9月",
    "plan": "约谈总包单位，由总包单位先行清偿", "unit": "示例县人力资源和社会保障局", "person": "示例人员",
    "due": "2026-12-20", "paid_workers": 20, "paid_migrants": 20, "paid_fen": 300000, "paid_migrant_fen": 300000,
    "paid_on": "2026-11-18", "state": "查实", "summary": "",
}  # fmt: skip


def template(out: BinaryIO) -> None:
    """Write the workbook to ``out``."""
    book = xlsxwriter.Workbook(out, {"strings_to_formulas": False, "strings_to_urls": False, "in_memory": True})
    book.set_properties({"title": "欠薪工作台账模板"})
    look = _formats(book)
    page = book.add_worksheet(TITLE)
    _heading(page, look, "欠薪工作台账")
    for place, column in enumerate(COLUMNS):
        page.write_comment(_HEAD, place, _note(column), {"x_scale": 1.6, "font_size": 9})
        page.set_column(place, place, column.width, look["cells"][column.kind])
        if rule := _rule(column, place):
            page.data_validation(_HEAD + 1, place, _HEAD + _ROWS, place, rule)
    example = book.add_worksheet(EXAMPLE)
    _heading(example, look, "欠薪工作台账（填写示例，本表不导入）")
    for place, column in enumerate(COLUMNS):
        example.set_column(place, place, column.width)
        value = _EXAMPLE.get(column.key)
        if isinstance(value, int):
            example.write_number(_HEAD + 1, place, value, look["cells"][column.kind])
        elif value:
            example.write_string(_HEAD + 1, place, value, look["cells"][column.kind])
    _guide(book.add_worksheet(GUIDE), look)
    _places(book, book.add_worksheet(PLACES))
    page.activate()
    book.close()


def _formats(book: Any) -> dict[str, Any]:
    base = {"border": 1, "border_color": "#BFBFBF", "valign": "vcenter", "text_wrap": True}
    numbers = {"count": "0", "money": "#,##0.00"}
    kinds = {column.kind for column in COLUMNS}
    return {
        "title": book.add_format({"bold": True, "font_size": 16}),
        "must": book.add_format({**base, "bold": True, "bg_color": "#FCE4D6", "align": "center"}),
        "may": book.add_format({**base, "bold": True, "bg_color": "#F2F2F2", "align": "center"}),
        "words": book.add_format({"text_wrap": True, "valign": "top"}),
        # Text for days and codes: a spreadsheet must not turn 2026-11 into a day or a code into 9.1E+17.
        "cells": {kind: book.add_format({"num_format": numbers.get(kind, "@")}) for kind in kinds},
    }


def _heading(page: Any, look: dict[str, Any], title: str) -> None:
    page.set_row(0, 26)
    page.write_string(0, 0, title, look["title"])
    page.set_row(_HEAD, 36)
    for place, column in enumerate(COLUMNS):
        star = "＊" if column.required else ""
        page.write_string(_HEAD, place, f"{star}{column.heading}", look["must" if column.required else "may"])
    page.freeze_panes(_HEAD + 1, 2)


def _note(column: Column) -> str:
    how = {
        "count": "整数。", "money": "数字，单位元。", "day": "日期，如2026-11-03。", "first": "日期或月份。",
        "last": "日期或月份。", "yes": "填是或否。",
    }.get(column.kind, "")  # fmt: skip
    choices = f"可选：{'、'.join(_choices(column))}。" if column.kind == "choice" else ""
    return ("必填。" if column.required else "") + column.note + how + choices or "选填。"


def _choices(column: Column) -> tuple[str, ...]:
    return tuple(str(one) for one in IMPORT_STATES) if column.key == "state" else column.choices


def _rule(column: Column, place: int) -> dict[str, Any]:
    """The cell's drop-down or bound. A pasted column passes it: the import asks again."""
    if column.kind in ("choice", "yes"):
        return {"validate": "list", "source": list(_choices(column)), "error_message": "请从下拉列表中选择"}
    if column.key == "prefecture":
        last = len(divisions.prefectures())
        return {"validate": "list", "source": f"={PLACES}!$A$1:$A${last}", "error_message": "请从下拉列表中选择"}
    if column.key == "county":
        above = xl_col_to_name(place - 1)
        return {"validate": "list", "source": f"=INDIRECT(${above}{_HEAD + 2})", "error_message": "请先选择州市"}
    if column.kind == "count":
        bounds = {"criteria": "between", "minimum": 0, "maximum": 10_000_000}
        return {"validate": "integer", **bounds, "error_message": "请填整数"}
    return {}


def _guide(page: Any, look: dict[str, Any]) -> None:
    page.set_column(0, 0, 110)
    page.write_string(0, 0, "填写说明", look["title"])
    for row, words in enumerate(_RULES, start=1):
        page.set_row(row, 32)
        page.write_string(row, 0, words, look["words"])
    named = "、".join(column.heading for column in COLUMNS if column.required)
    page.write_string(len(_RULES) + 1, 0, f"必填列：{named}；案件地区（州市、县）也须填写。", look["words"])
    notes = [f"{column.heading}：{column.note}" for column in COLUMNS if column.note and column is not BY_KEY["number"]]
    for row, words in enumerate(notes, start=len(_RULES) + 3):
        page.write_string(row, 0, words, look["words"])


def _places(book: Any, page: Any) -> None:
    """Column A the prefectures; the counties of each in a column of its own that bears its name (for INDIRECT)."""
    for row, prefecture in enumerate(divisions.prefectures()):
        page.write_string(row, 0, prefecture.name)
        counties = [one.name for one in divisions.counties() if one.parent == prefecture.code]
        for place, name in enumerate(counties):
            page.write_string(place, row + 1, name)
        letter = xl_col_to_name(row + 1)
        book.define_name(prefecture.name, f"={PLACES}!${letter}$1:${letter}${len(counties)}")
    page.hide()

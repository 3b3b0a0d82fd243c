"""A hostile workbook costs a child its life, never the server; an odd one is told apart from an empty one."""

from __future__ import annotations

import io
import os
import zipfile
from datetime import UTC, date, datetime

import psutil
import pytest
import xlsxwriter
from workbooks import LEDGER, made, opened

from monitors.errors import InputError
from monitors.ledger import workbook_cells


def children() -> list[psutil.Process]:
    return [
        one
        for one in psutil.Process(os.getpid()).children()
        if "monitors.ledger.workbook_child" in " ".join(one.cmdline())
    ]


def test_one_cell_at_the_far_end_kills_the_child_and_nothing_else():
    stream = io.BytesIO()
    book = xlsxwriter.Workbook(stream)
    book.add_worksheet().write_string(1_048_575, 16_383, "x")
    book.close()
    with pytest.raises(InputError, match="占用内存超过上限"):
        opened(stream.getvalue())
    assert not children()
    assert opened(made(lambda book: book.active.append(["好"]))).sheets[0].rows == (("好",),)


def packed(parts):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in parts.items():
            archive.writestr(name, body)
    return stream.getvalue()


def test_a_container_that_swells_is_not_opened():
    bomb = packed({"xl/workbook.xml": b"<x/>", "xl/worksheets/sheet1.xml": b" " * 120_000_000})
    assert len(bomb) < 200_000
    with pytest.raises(InputError, match="100 MB"):
        opened(bomb)


def test_too_many_parts_are_not_opened():
    with pytest.raises(InputError, match="100 MB"):
        opened(packed({f"p{number}": b"" for number in range(2_100)}))


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "不是 Excel 工作簿"),
        (b"<html><table><tr><td>1</td></tr></table></html>", "网页格式的假 Excel"),
        (b"PK\x03\x04" + b"\x00" * 40, "已损坏"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 600, "已损坏"),
        (b"\xd0\xcf\x11\xe0" + b"\x00" * 600 + "EncryptedPackage".encode("utf-16-le"), "打开密码"),
        (packed({"[Content_Types].xml": b"<Types/>", "xl/workbook.xml": b"<workbook><sheets>"}), "已损坏"),
    ],
)
def test_what_is_no_workbook_is_refused_in_words(body, words):
    with pytest.raises(InputError, match=words):
        opened(body)


def test_a_file_over_the_limit_is_not_read():
    with pytest.raises(InputError, match="20 MB"):
        opened(b"PK" + b"\x00" * (20 * 1_048_576))


def test_too_many_rows_are_refused():
    body = made(lambda book: [book.active.append([number]) for number in range(700)])
    with pytest.raises(InputError, match="拆成几个文件"):
        workbook_cells.read(body, "a.xlsx", LEDGER.model_copy(update={"import_rows": 100}))


def test_a_child_that_takes_too_long_is_ended():
    with pytest.raises(InputError, match="没有读完"):
        workbook_cells.read(made(lambda book: None), "a.xlsx", LEDGER, seconds=0.001)
    assert not children()


def test_cells_keep_their_types_and_places():
    def fill(book):
        page = book.active
        page.title = "一"
        page["B2"], page["C2"], page["D2"] = "甲", 12.5, date(2021, 11, 1)
        page["B4"], page["C4"] = True, datetime(2021, 11, 1, 8, 30, tzinfo=UTC).replace(tzinfo=None)
        page.merge_cells("B2:B3")
        hidden = book.create_sheet("藏")
        hidden.sheet_state = "hidden"
        hidden["A1"] = "不读"

    book = opened(made(fill))
    assert book.hidden == ("藏",)
    (sheet,) = book.sheets
    assert sheet.rows == ((), (None, "甲", 12.5, date(2021, 11, 1)), (), (None, True, date(2021, 11, 1)))
    assert sheet.merges == (workbook_cells.Merge(1, 1, 2, 1),)
    assert workbook_cells.address(sheet.name, 1, 27) == "一!AB2"


def test_formulas_without_a_value_and_errors_are_told_from_empty_cells():
    def fill(book):
        page = book.active
        page["A1"], page["B1"], page["C1"] = "=1+1", None, "x"

    (sheet,) = opened(made(fill)).sheets
    assert sheet.broken == {(0, 0): "formula"}
    stream = io.BytesIO()
    with xlsxwriter.Workbook(stream) as book:
        page = book.add_worksheet()
        page.write_formula(0, 0, "=1/0", None, "#DIV/0!")
        page.write_blank(0, 1, None, book.add_format({"bold": True}))
        page.write_formula(1, 0, "=1+1", None, 2)
    (sheet,) = opened(stream.getvalue()).sheets
    assert sheet.broken == {(0, 0): "error"}
    assert sheet.at(1, 0) == 2


def test_the_epoch_of_1904_is_noticed():
    for epoch in (True, False):
        stream = io.BytesIO()
        with xlsxwriter.Workbook(stream, {"date_1904": epoch}) as book:
            book.add_worksheet().write_datetime(0, 0, date(2021, 11, 1), book.add_format({"num_format": "yyyy-m-d"}))
        book = opened(stream.getvalue())
        assert book.date1904 is epoch
        assert book.sheets[0].rows == ((date(2021, 11, 1),),)

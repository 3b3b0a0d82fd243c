"""附件2 on paper: the workbook's layout, the PDF's page, the command line, and the trail of every export."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from datetime import date

import openpyxl
import pytest

from monitors import settings as settings_module
from monitors import typeset
from monitors.__main__ import main
from monitors.access.actor import Actor
from monitors.access.roles import Role
from monitors.errors import MonitorsError, RefusedError
from monitors.ledger import form, form_files, form_pdf, form_sheet
from monitors.ledger.form_checks import check
from monitors.ledger.form_layout import BLANKS, COLUMNS, NOTES, ROWS
from monitors.ledger.form_paper import Paper, Signed, as_json, cells_from, cells_json
from monitors.store import tables as t
from monitors.store.engine import Store
from monitors.store.schema import upgrade
from tests.access_house import NOW, trail
from tests.form_ledger import CAMPAIGN, golden, write

NOVEMBER = date(2021, 11, 30)


@pytest.fixture
def made(tmp_path):
    store = Store(f"sqlite:///{tmp_path / 'monitors.db'}")
    upgrade(store)
    with store.write() as connection:
        write(connection, golden())
    yield store
    store.close()


def paper(store, **changes):
    with store.read() as connection:
        cells = form.cells(connection, campaign=CAMPAIGN, cutoff=NOVEMBER, region="530100")
    made = Paper(cells, "示例市制表单位", date(2021, 12, 3), signed=Signed("甲同志", "", "丙同志", "0871-00000000"))
    return replace(made, findings=check(cells), **changes)


def sheet(paper):
    stream = io.BytesIO()
    form_sheet.write(paper, stream)
    return openpyxl.load_workbook(stream)


def test_the_workbook_has_the_merges_of_the_form(made):
    page = sheet(paper(made)).worksheets[0]
    top = 4  # the table's first line, below 附件2, title, 制表单位
    letters = [page.cell(1, number).column_letter for number in range(1, 23)]

    def place(number):
        return letters[number + 1]

    expected = {f"{place(a)}{top}:{place(b)}{top}" for a, b in ((1, 4), (5, 9), (10, 15), (16, 18), (19, 20))}
    expected |= {f"{place(a)}{top + 1}:{place(b)}{top + 1}" for a, b in ((6, 7), (8, 9), (12, 13), (14, 15))}
    single = (1, 2, 3, 4, 5, 10, 11, 16, 17, 18, 19, 20)
    expected |= {f"{place(number)}{top + 1}:{place(number)}{top + 2}" for number in single}
    expected |= {f"{letter}{top}:{letter}{top + 2}" for letter in "AB"}
    inside = {str(one) for one in page.merged_cells.ranges if one.min_row >= top and one.max_row <= top + 3}
    assert inside == expected
    assert [page.cell(top + 3, column).value for column in range(1, 23)] == ["甲", "序号", *map(str, range(1, 21))]
    assert [page.cell(top + 4 + index, 1).value for index in range(5)] == list(ROWS)
    assert [page.cell(top + 4 + index, 2).value for index in range(5)] == [1, 2, 3, 4, 5]


def test_the_workbook_prints_on_one_landscape_page(made):
    page = sheet(paper(made)).worksheets[0]
    assert page.page_setup.orientation == "landscape"
    assert page.page_setup.paperSize == 9
    assert page.sheet_properties.pageSetUpPr.fitToPage
    assert (page.page_setup.fitToWidth or 1, page.page_setup.fitToHeight or 1) == (1, 1)
    assert page.print_area.endswith("$A$1:$V$20")


def test_the_workbook_holds_the_figures_as_numbers_with_their_decimals(made):
    form_paper = paper(made)
    page = sheet(form_paper).worksheets[0]
    for row in range(1, 6):
        for column in COLUMNS:
            cell = page.cell(7 + row, column.number + 2)
            assert cell.data_type == "n"
            assert f"{cell.value:.{len(cell.number_format.partition('.')[2])}f}" == form_paper.cells.printed(
                row, column.number
            )
    formats = {page.cell(8, number + 2).number_format for number in (2, 6, 13)}
    assert formats == {"0.0000"}
    assert page["J8"].number_format == "0.00"


def test_the_workbook_says_who_when_and_every_note(made):
    words = [cell.value for row in sheet(paper(made)).worksheets[0].iter_rows() for cell in row if cell.value]
    text = "\n".join(map(str, words))
    for wanted in (
        *("附件2", "根治欠薪冬季专项行动情况", "制表单位名称（盖章）：示例市制表单位", "制表时间：2021年12月3日"),
        *("数据截至：2021年11月30日", "单位负责人：甲同志", "处（队）负责人：", "制表人：丙同志"),
        *("联系电话：0871-00000000", *NOTES, "检查 1 个，查实存在欠薪 1 个（拖欠工资 3.00 万元，涉及 0.0030 万人）"),
        "④公布欠薪严重违法单位 2 户，列入欠薪“黑名单” 2 件。",
    ):
        assert wanted in text


def test_no_cell_becomes_a_formula_or_a_link(made):
    book = sheet(paper(made, unit="=HYPERLINK(1)", signed=Signed("=1+1", "@x", "http://x.invalid", "+1")))
    for page in book.worksheets:
        for row in page.iter_rows():
            assert all(cell.data_type != "f" and cell.hyperlink is None for cell in row)


def test_checks_explanations_and_rounding_stand_on_a_second_sheet(made):
    book = sheet(paper(made, explanations={"F21": "投诉案件尚未检查"}))
    assert book.sheetnames == ["附件2", "审核说明"]
    text = "\n".join(str(row[0].value) for row in book["审核说明"].iter_rows())
    assert "相差 +100.01 元" in text
    assert "F21" in text
    assert "投诉案件尚未检查" in text
    blank = replace(paper(made), findings=())
    empty = (tuple((0,) * 20 for _ in range(5)), (0,) * 14)
    nought = replace(blank.cells, rows=empty[0], shown=empty[0], others=empty[1], shown_others=empty[1])
    assert sheet(replace(blank, cells=nought)).sheetnames == ["附件2"]


def test_invented_records_are_marked_on_the_form(made):
    form_paper = paper(made)
    marked = replace(form_paper, cells=replace(form_paper.cells, demo=True))
    assert sheet(marked).worksheets[0]["A2"].value.endswith("（含演示数据）")


def fonts_or_skip():
    try:
        typeset.chinese_font()
    except MonitorsError:
        pytest.skip("no Chinese font on this machine")


def test_the_pdf_is_one_landscape_page(made):
    fonts_or_skip()
    pdf = form_pdf.render(paper(made))
    assert pdf.startswith(b"%PDF-")
    picture = form_pdf.render(paper(made), "png")
    width, height = (int.from_bytes(picture[at : at + 4], "big") for at in (16, 20))
    assert 1.40 < width / height < 1.43  # A4 on its side


def test_what_people_type_is_not_read_as_markup(made):
    fonts_or_skip()
    hostile = '#panic("x") $ ] */ #read("/etc/passwd") \u202e'
    assert form_pdf.render(paper(made, unit=hostile, signed=Signed(hostile, hostile, hostile, "0"))).startswith(b"%PDF")


def test_a_form_beyond_one_page_is_refused(made):
    fonts_or_skip()
    with pytest.raises(MonitorsError, match="超出一页"):
        form_pdf.render(paper(made, unit="很长的单位名称" * 700))


def test_without_a_chinese_font_the_pdf_is_refused_in_words():
    with pytest.raises(MonitorsError, match="没有中文字体"):
        typeset.chinese_font(("DejaVu Sans", "Libertinus Serif"))
    assert typeset.chinese_font(("DejaVu Sans", "Noto Sans CJK SC")) == "Noto Sans CJK SC"
    assert typeset.chinese_font(("DejaVu Sans", "某某宋体 SC")) == "某某宋体 SC"


def clerk(region="530100", role=Role.PREFECTURE_REVIEWER):
    return Actor(1, "li", "李同志", role, region, "10.20.0.7")


@pytest.mark.parametrize("fmt", ["xlsx", "pdf"])
def test_every_export_leaves_its_line(made, fmt):
    if fmt == "pdf":
        fonts_or_skip()
    held = form_files.file(made, clerk(), paper(made), fmt, now=NOW)
    assert held[:2] in (b"PK", b"%P")
    (line,) = trail(made)
    assert (line["action"], line["kind"], line["region"]) == ("form.export", "form", "530100")
    assert json.loads(line["after"]) == {"cutoff": "2021-11-30", "format": fmt, "kind": "本级"}


@pytest.mark.parametrize("actor", [clerk("530300"), clerk("530000", Role.AUDITOR)])
def test_another_division_or_role_exports_nothing(made, actor):
    with pytest.raises(RefusedError):
        form_files.file(made, actor, paper(made), "xlsx", now=NOW)


def test_the_json_says_exact_and_printed_and_comes_back_from_a_snapshot(made):
    form_paper = paper(made)
    held = as_json(form_paper)
    assert held["rows"][0]["exact"] == golden()["forms"][0]["rows"][0]
    assert held["rows"][0]["printed"][7] == "6.03"
    assert held["other"]["ppp"]["arrears_fen"] == 1_005_000
    assert held["other"]["blacklisted"] == 2
    assert [one["name"] for one in held["other_printed"]] == list(BLANKS)
    assert [(one["code"], one["row"]) for one in held["checks"]] == [
        tuple(pair) for pair in golden()["forms"][0]["checks"]
    ]
    assert cells_from(json.loads(json.dumps(cells_json(form_paper.cells)))) == form_paper.cells


@pytest.fixture
def house(tmp_path, monkeypatch):
    """The command line in a house of its own, with the golden ledger in it."""
    monkeypatch.setenv("MONITORS_DATA", str(tmp_path))
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.delenv("MONITORS_CONFIG", raising=False)
    settings_module.current.cache_clear()
    store = Store(settings_module.current().database_url)
    upgrade(store)
    with store.write() as connection:
        write(connection, golden())
    yield store
    store.close()
    settings_module.current.cache_clear()


ASKED = ("form", "--campaign", "2021", "--cutoff", "2021-11-30", "--region", "530100")


def test_the_command_prints_the_cells_for_machines(house, capsys):
    assert main([*ASKED, "--json"]) == 0
    said = capsys.readouterr()
    assert json.loads(said.out)["rows"][0]["exact"] == golden()["forms"][0]["rows"][0]
    assert "须说明 F21" in said.err
    assert [line["action"] for line in trail(house)] == ["form.export"]


def test_the_command_writes_a_workbook_and_a_pdf(house, tmp_path, capsys):
    fonts_or_skip()
    for name, start in (("form.xlsx", b"PK"), ("form.pdf", b"%PDF")):
        assert main([*ASKED, "-o", str(tmp_path / name)]) == 0
        assert (tmp_path / name).read_bytes().startswith(start)
    assert len(trail(house)) == 2
    assert capsys.readouterr().out == ""


def test_the_command_sums_what_was_submitted(house, capsys):
    assert main([*ASKED, "--sum", "--json"]) == 0
    held = json.loads(capsys.readouterr().out)
    assert held["kind"] == "汇总"
    assert len(held["missing"]) == 14
    assert held["rows"][0]["exact"] == [0] * 20


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("form", "--cutoff", "2026-11-30"), "-o"),
        (("form", "--cutoff", "2026-11-30", "-o", "x.doc"), ".xlsx"),
        (("form", "--cutoff", "30.11.2026", "--json"), "日期"),
        (("form", "--cutoff", "2021-11-30", "--json"), "截止日期"),  # not in the present campaign
        (("form", "--campaign", "1999", "--cutoff", "2021-11-30", "--json"), "1999"),
        ((*ASKED[:-1], "440100", "--json"), "区划代码"),
        ((*ASKED[:-1], "530102", "--sum", "--json"), "没有下级"),
    ],
)
def test_the_command_says_in_chinese_what_is_wrong(house, capsys, arguments, words):
    assert main(list(arguments)) == 1
    said = capsys.readouterr()
    assert words in said.err
    assert said.out == ""
    assert trail(house) == []


def test_the_form_reads_no_other_tables(made):
    """Clues, hazards and claims (诉求) never reach the form."""
    before = paper(made).cells
    with made.write() as connection:
        connection.execute(t.wage_case.update().values(claimed_fen=10**12, claimed_workers=5000))
    assert paper(made).cells == before

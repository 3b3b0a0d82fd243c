"""The ugly workbooks of real offices: where the table begins, what its columns are, which rows are no cases."""

from __future__ import annotations

from datetime import date

import pytest
from workbooks import ROW, made, readings, tidy

from monitors.errors import InputError
from monitors.ledger.workbook_columns import COLUMNS, named, plain, unit_of


def test_no_two_columns_share_a_heading():
    found = {}
    for column in COLUMNS:
        assert found.setdefault(plain(column.heading), column.key) == column.key
        assert named()[plain(column.heading)] == column.key


@pytest.mark.parametrize(
    ("heading", "unit"),
    [
        ("诉求金额（万元）", "万元"),
        ("诉求金额(元)", "元"),
        ("诉求金额\n【单位：万元】", "万元"),
        ("人数（人）", ""),
        ("金额", ""),
    ],
)
def test_the_unit_in_a_heading(heading, unit):
    assert unit_of(heading) == unit


def office(book):
    """台帐 with titles, a line with the unit, two levels of headings, merged names, sums, notes, signatures."""
    page = book.active
    page.title = "欠薪台帐"
    rows = [
        ["某县根治欠薪工作台帐"],
        ["填报单位：示例县", None, None, None, None, None, None, "单位：万元"],
        [
            "序号",
            "用人单位",
            "工程项目名称",
            "县（市、区）",
            "诉求情况",
            None,
            None,
            "查实情况",
            None,
            None,
            None,
            "受理时间",
            "备　注",
        ],
        [
            None,
            None,
            None,
            None,
            "人数",
            "其中：农民工",
            "金额（元）",
            "人数",
            "其中：农民工",
            "金额",
            "其中农民工金额",
        ],
        ["一、建筑企业"],
        [1, "滇示甲建设有限公司", "一标段", "镇雄县", 20, 18, "３００，０００", None, None, None, None, 44501, "甲一"],
        [2, None, "二标段", "镇雄", 10, 10, "12万元", None, None, None, None, "2021.11.3", "甲二"],
        [None, None, None, "小计", 30, 28, 420000],
        ["序号", "用人单位", "工程项目名称", "县（市、区）"],
        [3, "滇示乙物业有限公司", "—", "昭通市彝良县", "5人", 0, 8000, 5, 0, 0.8, 0, date(2021, 11, 5), None],
        [4, None, None, None],
        ["合计", None, None, None, 35, 28, 428000, 5, 0, 0.8],
        ["备注：本表截至11月底"],
        ["制表人：", "示例人员", None, "审核人：示例人员"],
    ]
    for row in rows:
        page.append(row)
    page.merge_cells("A1:M1")
    for merged in ("A3:A4", "B3:B4", "C3:C4", "D3:D4", "E3:G3", "H3:K3", "L3:L4", "M3:M4", "B6:B7"):
        page.merge_cells(merged)
    page["Z60"].number_format = "0.00"
    side = book.create_sheet("去年")
    side.sheet_state = "hidden"
    side.append(["企业名称"])
    book.create_sheet("填写示例").append(["企业名称", "诉求人数", "诉求金额", "受理日期"])
    book.create_sheet("通讯录").append(["姓名", "办公室"])


def test_an_offices_own_sheet_is_read_as_it_stands():
    found = readings(made(office))
    assert not found.faults
    assert [[str(fault) for fault in row.faults] for row in found.rows] == [[], [], []]
    first, second, third = (row.entry for row in found.rows)
    assert (first.employer, first.project, first.region) == ("滇示甲建设有限公司", "一标段", "530627")
    assert second.employer == "滇示甲建设有限公司", "the merged name holds for both rows"
    assert (first.claimed_fen, second.claimed_fen, third.claimed_fen) == (30_000_000, 12_000_000, 800_000)
    assert (first.accepted_on, second.accepted_on) == (date(2021, 11, 1), date(2021, 11, 3))
    assert (third.project, third.claimed_workers, third.claimed_migrants, third.region) == ("", 5, 0, "530628")
    assert (third.verified_workers, third.verified_fen, third.verified_migrant_fen) == (5, 800_000, 0)
    assert first.summary == "甲一"
    assert [row.key for row in found.rows] == ["欠薪台帐!6", "欠薪台帐!7", "欠薪台帐!10"]
    told = {one.address: one.why for one in found.skipped}
    assert told["欠薪台帐!A5"] == "小标题或说明文字"
    assert told["欠薪台帐!A8"] == "合计行"
    assert told["欠薪台帐!A9"] == "重复的表头"
    assert told["欠薪台帐!A12"] == "合计行"
    assert told["欠薪台帐!A13"] == told["欠薪台帐!A14"] == "备注或签名行"
    assert told["去年"] == "隐藏的工作表，未读取"
    assert "没有找到台账表头" in told["通讯录"]


def test_a_merged_figure_cannot_be_shared_out():
    def fill(book):
        page = book.active
        page.append(["企业名称", "州市", "县", "受理日期", "诉求人数", "诉求金额"])
        page.append(["滇示甲公司", "昆明市", "五华区", "2026-11-03", 3, 60000])
        page.append(["滇示乙公司", "昆明市", "五华区", "2026-11-03", 4, None])
        page.merge_cells("F2:F3")

    found = readings(made(fill))
    assert [[one.address for one in row.faults] for row in found.rows] == [["Sheet!F2"], ["Sheet!F3"]]
    assert "拆分" in found.rows[1].faults[0].words


def test_wrong_and_doubled_columns_stop_the_whole_sheet():
    def fill(book):
        page = book.active
        page.append(["企业名称", "诉求人数", "诉求人数", "州市", "县"])
        page.append(["滇示甲公司", 1, 2, "昆明市", "五华区"])

    found = readings(made(fill))
    assert not found.rows
    assert "“诉求人数”出现了不止一次（B1、C1）" in found.faults[0]
    assert "缺少列：受理日期、诉求金额（元）" in found.faults[1]


def test_a_workbook_without_a_ledger_is_refused():
    with pytest.raises(InputError, match="没有找到台账表头"):
        readings(made(lambda book: book.active.append(["姓名", "电话"])))


def test_every_fault_of_a_row_is_told_at_its_cell():
    bad = ROW | {
        "employer": None, "uscc": "91530000123456789X", "county": "五华县", "claimed_workers": "约30人",
        "claimed_fen": -5, "accepted_on": "2026-13-01", "channel": "托梦",
    }  # fmt: skip
    (row,) = readings(tidy([bad | {"summary": "x"}])).rows
    told = {one.heading: one for one in row.faults}
    assert set(told) == {
        "企业名称", "统一社会信用代码", "项目所在县", "诉求人数", "诉求金额（元）", "受理日期", "线索渠道",
    }  # fmt: skip
    assert told["统一社会信用代码"].code == "E04"
    assert told["项目所在县"].code == "E08"
    assert told["企业名称"].address == "欠薪台账!A2"


def test_a_formula_never_calculated_is_a_fault_of_its_cell():
    (row,) = readings(tidy([ROW | {"claimed_fen": "=1+1"}])).rows
    assert [(one.heading, one.words[:10]) for one in row.faults] == [("诉求金额（元）", "公式没有计算结果，请")]


def test_region_code_and_names_must_agree():
    rows = [ROW | {"region_code": "530102"}, ROW | {"region_code": "530627"}]
    good, bad = readings(tidy(rows)).rows
    assert (good.entry.region, good.faults) == ("530102", ())
    assert [one.code for one in bad.faults] == ["E08"]


def test_the_seat_of_a_prefecture_is_the_prefecture():
    (row,) = readings(tidy([ROW | {"prefecture": "大理", "county": "州本级", "project": None}])).rows
    assert row.entry.region == "532900"


def test_ditto_marks_mean_the_row_above():
    first, second = readings(tidy([ROW, ROW | {"employer": "同上", "project": "二标段"}])).rows
    assert second.entry.employer == first.entry.employer


def test_a_period_in_one_column():
    def fill(book):
        page = book.active
        page.append(["企业名称", "州市", "县", "受理日期", "诉求人数", "诉求金额", "欠薪时段"])
        page.append(["滇示甲公司", "昆明市", "五华区", "2026-11-03", 3, 60000, "2026年3月至9月"])

    (row,) = readings(made(fill)).rows
    assert (row.entry.period_from, row.entry.period_to) == (date(2026, 3, 1), date(2026, 9, 30))
    assert row.entry.state == ""

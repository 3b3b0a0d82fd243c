"""Exported lists: the office's fields in order, safe in a spreadsheet, whole or not at all."""

from __future__ import annotations

import argparse
import csv
import io
import json
import zipfile
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import openpyxl
import pytest

from monitors import sheets
from monitors.access.actor import SYSTEM
from monitors.access.scope import EVERYWHERE
from monitors.errors import InputError, StoreError
from monitors.opinion import export, export_cli, search
from monitors.opinion.export import AlertFilters
from monitors.settings import load
from monitors.sheets import Column, Sheet
from monitors.store import tables as t

NOW = datetime(2026, 11, 23, 2, 30, tzinfo=UTC)
FIELDS = [
    *("编号", "级别", "标题", "首发媒体", "首发时间", "州市", "县", "人数", "金额", "关键词", "情感", "状态"),
    *("签收人", "时限", "关联案件"),
]
SETTINGS = load()


def add_alert(connection, number, **changed):
    """One alert with its story; ``changed`` goes to whichever of the two has the column."""
    story = {
        "title": "工地讨薪", "region": "530627", "scope": "本省", "stance": "unresolved", "sentiment": -0.6, "items": 1,
        "outlets": 1, "first_outlet": "示例晚报", "first_published_at": NOW - timedelta(hours=3), "first_seen_at": NOW,
        "last_seen_at": NOW, "level": "III", "score": 45, "severity": {}, "matched": ["讨薪", "塔吊"], "workers": 60,
        "amount_fen": 123_456_700, "demo": False,
    }  # fmt: skip
    alert = {
        "number": number, "level": "III", "score": 45, "state": "新警情", "opened_at": NOW, "raised_at": NOW,
        "sign_due_at": NOW + timedelta(hours=1), "public_due_at": NOW + timedelta(days=1), "case_ids": [],
        "demo": False,
    }  # fmt: skip
    story |= {key: value for key, value in changed.items() if key in story}
    story_id = connection.execute(t.story.insert().values(story).returning(t.story.c.id)).scalar_one()
    alert |= {key: value for key, value in changed.items() if key in t.alert.c} | {"story_id": story_id}
    connection.execute(t.alert.insert().values(alert))


@pytest.fixture
def few(store):
    with store.write() as connection:
        add_alert(connection, "YJ20261123-0001")
        add_alert(connection, "YJ20261122-0001", state="已签收", signed_by="张三", level="II", region="530602",
                  opened_at=NOW - timedelta(days=1), public_due_at=NOW - timedelta(minutes=1), title="塔吊上的工人",
                  case_ids=[7, "A-8"], workers=None, amount_fen=None, sentiment=0.0)  # fmt: skip
        add_alert(connection, "YJ20261121-0001", state="已办结", level="I", region="532504", sentiment=0.5,
                  opened_at=NOW - timedelta(days=2), title="已拿到工资")  # fmt: skip
    return store


def numbers(store, **filters):
    with store.read() as connection:
        return [row.number[2:10] for row in export.alert_rows(connection, EVERYWHERE, AlertFilters(**filters), NOW)]


def test_filters_each_alone(few):
    cases = [
        ({}, ["20261123", "20261122", "20261121"]),
        ({"since": NOW - timedelta(days=1)}, ["20261123", "20261122"]),
        ({"until": NOW}, ["20261122", "20261121"]),
        ({"levels": ("I", "II")}, ["20261122", "20261121"]),
        ({"states": ("新警情",)}, ["20261123"]),
        ({"region": "530600"}, ["20261123", "20261122"]),
        ({"region": "530602"}, ["20261122"]),
        ({"open_only": True}, ["20261123", "20261122"]),
        ({"keyword": "塔吊"}, ["20261122"]),
        ({"keyword": "yj20261121"}, ["20261121"]),
        ({"keyword": "%"}, []),
        ({"open_only": True, "levels": ("I",)}, []),
    ]
    for filters, expected in cases:
        assert numbers(few, **filters) == expected, filters


def test_csv_has_bom_crlf_header_lines_and_the_fields_in_order(few):
    raw = export.alerts_file(few, SYSTEM, AlertFilters(open_only=True, region="530600"), "csv", NOW, settings=SETTINGS)
    assert raw.startswith(b"\xef\xbb\xbf")
    assert raw.count(b"\n") == raw.count(b"\r\n")
    lines = list(csv.reader(io.StringIO(raw.decode("utf-8-sig"))))
    assert lines[0] == ["欠薪舆情警情清单"]
    assert "截至时间：2026-11-23 10:30" in lines[1][0]
    assert "地区：昭通市；仅未办结" in lines[2][0]
    assert "共 2 条" in lines[2][0]
    assert [heading.removesuffix("(万元)") for heading in lines[3]] == FIELDS
    assert lines[4] == [
        "YJ20261123-0001", "III级 黄", "工地讨薪", "示例晚报", "2026-11-23 07:30", "昭通市", "镇雄县", "60", "123.46",
        "讨薪、塔吊", "负面", "新警情", "", "签收 2026-11-23 11:30", "",
    ]  # fmt: skip
    assert lines[5][7:] == [
        "",
        "",
        "讨薪、塔吊",
        "中性",
        "已签收",
        "张三",
        "首次回应 2026-11-23 10:29（已超时）",
        "7、A-8",
    ]
    assert len(lines) == 6


def test_xlsx_holds_numbers_and_times_as_such_and_is_ready_to_print(few):
    raw = export.alerts_file(few, SYSTEM, AlertFilters(), "xlsx", NOW, settings=SETTINGS)
    page = openpyxl.load_workbook(io.BytesIO(raw)).active
    heading = [cell.value for cell in page[4]]
    assert [text.removesuffix("(万元)") for text in heading] == FIELDS
    row = [cell.value for cell in page[5]]
    assert row[4] == datetime(2026, 11, 23, 7, 30)  # noqa: DTZ001 - a spreadsheet has no zone; the office's clock
    assert row[7:9] == [60, 123.46]
    assert page["G6"].value == "昭阳区"
    assert page["H6"].value is None
    assert page["G7"].value == "弥勒市"
    assert page.freeze_panes == "B5"
    assert page.auto_filter.ref == "A4:O7"
    assert (page.page_setup.orientation, page.page_setup.paperSize) == ("landscape", 9)
    assert "截至时间" in page["A2"].value


def test_jsonl_is_one_object_an_alert(few):
    raw = export.alerts_file(few, SYSTEM, AlertFilters(), "jsonl", NOW, settings=SETTINGS)
    rows = [json.loads(line) for line in raw.decode().splitlines()]
    assert [list(row) for row in rows] == [[c.heading for c in export.ALERT_COLUMNS]] * 3
    assert rows[0]["首发时间"] == "2026-11-23T07:30:00+08:00"
    assert (rows[0]["人数"], rows[0]["金额(万元)"], rows[1]["人数"]) == (60, 123.46, None)


def test_demonstration_data_is_marked_in_title_note_and_row(few):
    with few.write() as connection:
        add_alert(connection, "YJ20261123-0002", demo=True, title="虚构的事")
    text = export.alerts_file(few, SYSTEM, AlertFilters(), "csv", NOW, settings=SETTINGS).decode("utf-8-sig")
    assert text.splitlines()[0] == "欠薪舆情警情清单（含演示数据）"
    assert "其中 1 条为演示数据" in text
    assert "【演示】虚构的事" in text
    only = export.alerts_file(few, SYSTEM, AlertFilters(keyword="虚构"), "csv", NOW, settings=SETTINGS).decode(
        "utf-8-sig"
    )
    assert only.splitlines()[0] == "欠薪舆情警情清单（演示数据）"


def test_an_empty_list_is_a_valid_file(store):
    for fmt in sheets.FORMATS:
        raw = export.alerts_file(store, SYSTEM, AlertFilters(), fmt, NOW, settings=SETTINGS)
        if fmt == "xlsx":
            assert openpyxl.load_workbook(io.BytesIO(raw)).active["A4"].value == "编号"
        elif fmt == "csv":
            assert "共 0 条" in raw.decode("utf-8-sig")
        else:
            assert raw == b""


def test_too_many_rows_are_refused_not_cut(few):
    small = SETTINGS.model_copy(update={"export": SETTINGS.export.model_copy(update={"max_rows": 2})})
    with pytest.raises(InputError, match="共 3 条"):
        export.alerts_file(few, SYSTEM, AlertFilters(), "csv", NOW, settings=small)


HOSTILE = [
    ("=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0"),
    ("=1+1", "'=1+1"),
    ("+86 138", "'+86 138"),
    ("-1+2", "'-1+2"),
    ("-5", "-5"),
    ("+3.50", "+3.50"),
    ("@SUM(A1)", "'@SUM(A1)"),
    ("\t=1", "'=1"),
    ("\r\n=1", "'=1"),
    ("\x00=1", "'=1"),
    ("\u202e=1", "'=1"),
    ("　=1", "'=1"),
    ("＝1+1", "'＝1+1"),
    ("两\n行\t字", "两 行 字"),
    ("a\x00b\x1b[31mc", "ab[31mc"),
    ("\ud800半个字", "半个字"),
    ('引"号,逗号', '引"号,逗号'),
]
PLAIN = Sheet("标题", ("=筛选",), (Column("甲"), Column("乙", "integer"), Column("丙", "decimal")))


@pytest.mark.parametrize(("value", "expected"), HOSTILE)
def test_no_cell_is_a_formula(value, expected):
    stream = io.BytesIO()
    sheets.write_csv([(value, -5, Decimal("-1.50"))], stream, PLAIN)
    lines = list(csv.reader(io.StringIO(stream.getvalue().decode("utf-8-sig"))))
    assert lines[1] == ["'=筛选"]
    assert lines[3] == [expected, "-5", "-1.50"]

    stream = io.BytesIO()
    sheets.write_xlsx([(value, -5, Decimal("-1.50"))], stream, PLAIN)
    cell = openpyxl.load_workbook(io.BytesIO(stream.getvalue())).active["A4"]
    assert (cell.data_type, cell.hyperlink) == ("s", None)
    assert cell.value == expected.removeprefix("'")
    inside = zipfile.ZipFile(io.BytesIO(stream.getvalue())).read("xl/worksheets/sheet1.xml")
    assert b"<f>" not in inside


def test_a_text_longer_than_a_cell_is_cut_so_that_the_file_opens():
    stream = io.BytesIO()
    sheets.write_xlsx([("长" * 40_000, 1, None)], stream, PLAIN)
    assert len(openpyxl.load_workbook(io.BytesIO(stream.getvalue())).active["A4"].value) == 32_767


SLUGS = [
    ("../../x\r\n", "x"),
    ("警情清单", "警情清单"),
    ("a/b\\c:d*?", "a_b_c_d"),
    ("..", "导出"),
    ("", "导出"),
    ("CON", "导出_CON"),
    ("nul.txt", "导出_nul.txt"),
    ("\x00\u202e", "导出"),
    ("名" * 200, "名" * 80),
    ("a" * 79 + ". b", "a" * 79),
]


@pytest.mark.parametrize(("name", "expected"), SLUGS)
def test_file_names_cannot_hide_a_path(name, expected):
    assert sheets.slug(name) == expected


def test_file_name_carries_the_office_s_time():
    assert export.file_name("警情/清单", "xlsx", NOW) == "警情_清单_20261123-1030.xlsx"


def test_a_file_is_written_whole_or_not_at_all(tmp_path):
    path = tmp_path / "list.csv"
    path.write_text("before")

    def broken(stream):
        stream.write(b"half")
        raise RuntimeError

    with pytest.raises(RuntimeError):
        sheets.write_file(path, broken)
    assert path.read_text() == "before"
    assert [p.name for p in tmp_path.iterdir()] == ["list.csv"]
    assert sheets.write_file(path, lambda stream: stream.write(b"after")) == 5
    assert path.read_text() == "after"
    with pytest.raises(StoreError, match="文件夹不存在"):
        sheets.write_file(tmp_path / "no" / "list.csv", lambda stream: 0)


def parsed(*words):
    parser = argparse.ArgumentParser()
    export_cli.add_arguments(parser)
    return parser.parse_args(words)


def test_command_line_writes_the_filtered_list(few, tmp_path, capfdbinary):
    target = tmp_path / "out.csv"
    words = ("-o", str(target), "--since", "2026-11-22", "--until", "2026-11-22", "--level", "II", "--state", "已签收")
    assert export_cli.run(parsed(*words), SETTINGS, few) == 0
    text = target.read_text(encoding="utf-8-sig")
    assert "预警时间：2026-11-22 00:00 至 2026-11-22 23:59；级别：II级 橙；状态：已签收" in text
    assert "塔吊上的工人" in text
    capfdbinary.readouterr()
    assert export_cli.run(parsed("-o", "-", "--format", "jsonl", "--open"), SETTINGS, few) == 0
    out, err = capfdbinary.readouterr()
    assert [json.loads(line)["状态"] for line in out.decode().splitlines()] == ["新警情", "已签收"]
    assert "已导出 2 条警情" in err.decode()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("-o", "-"), "标准输出"),
        (("-o", "x.csv", "--since", "昨天"), "无法识别"),
        (("-o", "x.csv", "--region", "539999"), "没有区划代码"),
    ],
)
def test_command_line_says_what_is_wrong(store, words, message):
    with pytest.raises(InputError, match=message):
        export_cli.run(parsed(*words), SETTINGS, store)


def test_search_results_export_in_their_order(store):
    with store.write() as connection:
        connection.execute(
            t.source.insert().values(
                id="a", name="甲源", kind="feed", url="http://127.0.0.1/", group_name="州市", outlet="甲报", tier=3,
                interval_seconds=60, max_interval_seconds=60, national=False, condition="正常", paused=False, recipe={},
                origin="page", created_at=NOW, updated_at=NOW,
            )
        )  # fmt: skip
        for n in range(3):
            values = {
                "source_id": "a", "guid": str(n), "url": "https://example.org/", "title": f"讨薪{n}", "text": "=正文",
                "text_hash": "", "outlet": "甲报", "published_at": NOW - timedelta(hours=n), "fetched_at": NOW,
                "relevant": True, "relevance": 1.0, "sentiment": -1.0, "stance": "unresolved", "scope": "本省",
                "level": "IV", "region": "530100", "judgement": {"matched": ["讨薪"]}, "demo": n == 2,
            }  # fmt: skip
            item_id = connection.execute(t.item.insert().values(values).returning(t.item.c.id)).scalar_one()
            search.index_items(connection, [(item_id, values["title"], values["text"])])
    raw = export.items_file(
        store, SYSTEM, search.Filters(query="讨薪", relevance="相关"), "csv", NOW, settings=SETTINGS
    )
    lines = list(csv.reader(io.StringIO(raw.decode("utf-8-sig"))))
    assert lines[0] == ["舆情检索结果（含演示数据）"]
    assert "检索词：讨薪；相关性：相关" in lines[2][0]
    assert [line[0] for line in lines[5:]] == ["讨薪0", "讨薪1", "【演示】讨薪2"]
    assert lines[5][14] == "'=正文"
    small = SETTINGS.model_copy(update={"export": SETTINGS.export.model_copy(update={"max_rows": 2})})
    with pytest.raises(InputError, match="上限 2 条"):
        export.items_file(store, SYSTEM, search.Filters(), "xlsx", NOW, settings=small)

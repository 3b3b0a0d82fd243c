"""``python -m monitors ledger``: template, import and export without a page."""

from __future__ import annotations

import json

import pytest
from workbooks import ROW, tidy

from monitors.__main__ import main


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.setenv("MONITORS_DATA", str(tmp_path / "data"))
    monkeypatch.delenv("DATABASE_URL", raising=False)
    from monitors import settings

    settings.current.cache_clear()
    yield tmp_path
    settings.current.cache_clear()


def test_template_import_export(here, capsys):
    old = {"accepted_on": "2025-11-03", "period_from": None, "period_to": None}
    sheet = here / "台账.xlsx"
    sheet.write_bytes(tidy([ROW | old, ROW | old | {"project": "二标段", "claimed_migrants": 99}]))
    assert main(["ledger", "template", str(here / "模板.xlsx")]) == 0
    assert (here / "模板.xlsx").stat().st_size > 5_000
    assert main(["ledger", "import", "--preview", str(sheet)]) == 1
    said = capsys.readouterr()
    rows = [json.loads(line) for line in said.out.splitlines()]
    assert [(row["row"], row["verdict"]) for row in rows] == [("欠薪台账!2", "新增"), ("欠薪台账!3", "拒绝")]
    assert "E01" in rows[1]["faults"][0]
    assert main(["ledger", "import", "--whole", str(sheet)]) == 1
    assert "整表未导入" in capsys.readouterr().err
    assert main(["ledger", "import", str(sheet)]) == 1
    assert "新增 1 件" in capsys.readouterr().err
    assert main(["ledger", "export", str(here / "导出.csv")]) == 0
    assert "已导出 1 件案件" in capsys.readouterr().err
    assert "滇示甲建设有限公司" in (here / "导出.csv").read_text(encoding="utf-8-sig")


def test_a_file_that_is_not_there_is_said(here, capsys):
    assert main(["ledger", "import", str(here / "没有.xlsx")]) == 1
    assert "文件或文件夹不存在" in capsys.readouterr().err

"""config.toml: what is shipped loads; what is wrong is named with its line and what was expected."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest

from monitors.errors import SettingsError
from monitors.settings import ROOT, load

SHIPPED = (ROOT / "config.toml").read_text(encoding="utf-8")


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "config.toml"
    path.write_text(text, encoding="utf-8")
    return path


def line_number(text: str, needle: str) -> int:
    return next(n for n, line in enumerate(text.splitlines(), 1) if needle in line)


def test_the_shipped_file_loads_and_is_frozen():
    settings = load(environ={})
    assert settings.is_sqlite
    assert settings.clocks["I"].sign_minutes == 15
    with pytest.raises(Exception, match="frozen"):
        settings.watch.concurrency = 1  # type: ignore[misc]


def test_every_number_has_its_reason_beside_it():
    head = SHIPPED.split("[[source]]")[0]
    # A repeated table may explain a number once: collect the keys that carry a comment anywhere.
    assigned = re.findall(r"^(\w+) = -?[\d.]+(?![\d-])\s*(#?)", head, flags=re.MULTILINE)
    explained = {key for key, mark in assigned if mark}
    assert {key for key, _ in assigned} <= explained


def test_environment_overrides_only_the_deployment(tmp_path):
    environ = {"DATABASE_URL": "postgresql+psycopg://u@h/d", "MONITORS_DATA": str(tmp_path), "MONITORS_PORT": "9000"}
    settings = load(environ=environ)
    assert (settings.database_url, settings.data_dir, settings.port) == (environ["DATABASE_URL"], tmp_path, 9000)
    assert load(environ={"MONITORS_DATA": str(tmp_path)}).database_url == f"sqlite:///{tmp_path / 'monitors.db'}"
    with pytest.raises(SettingsError, match="MONITORS_PORT"):
        load(environ={"MONITORS_PORT": "http"})


SOURCE = """
[[source]]
id = "first"
name = "甲"
kind = "feed"
url = "https://example.org/a.xml"
group = "自建"
[[source]]
id = "second"
name = "乙"
kind = "feed"
url = "https://example.org/b.xml"
group = "自建"
"""
BARE = SHIPPED.split("[[source]]")[0]

WRONG = [
    ("concurrency = 100", 'concurrency = "many"', "concurrency", "应为整数"),
    ("concurrency = 100", "concurrency = 0", "concurrency", "应不小于 1"),
    ("embedded = true", "embedded = 1", "embedded", "应为 true 或 false"),
    ("deadline_seconds = 15.0", "deadline_second = 15.0", "deadline_second", "没有这个设置项"),
    ("jitter = 0.1", "jitter = 0.9", "jitter", "应不大于 0.5"),
    ("trusted_networks = []", 'trusted_networks = ["10.1.2.3/8"]', "trusted_networks", "不是网段"),
    ("spring_festival = 2027-02-06", 'spring_festival = "2027-02-06"', '"2027-02-06"', "应为日期"),
    ('id = "second"', 'id = "Second One"', 'id = "Second One"', "只能用小写字母"),
    ('url = "https://example.org/b.xml"', 'url = "ftp://example.org/b.xml"', "ftp://", "应以 http:// 或 https:// 开头"),
    (
        'kind = "feed"\nurl = "https://example.org/b.xml"',
        'kind = "rss"\nurl = "https://example.org/b.xml"',
        '"rss"',
        "应为 feed、page、json 之一",
    ),
    ('id = "second"', 'id = "first"  # again', "# again", "id 重复：first"),
]


@pytest.mark.parametrize(("right", "wrong", "needle", "expected"), WRONG)
def test_a_wrong_key_is_named_with_file_line_and_expectation(tmp_path, right, wrong, needle, expected):
    text = (BARE + SOURCE).replace(right, wrong)
    path = write(tmp_path, text)
    with pytest.raises(SettingsError) as caught:
        load(path, {})
    message = str(caught.value)
    assert f"{path} 第 {line_number(text, needle)} 行" in message
    assert expected in message


def test_a_missing_key_names_its_table(tmp_path):
    text = BARE.replace("tick_seconds = ", "# tick_seconds = ")
    with pytest.raises(SettingsError, match=r"第 \d+ 行：watch.tick_seconds 缺少这一项") as caught:
        load(write(tmp_path, text), {})
    assert f"第 {line_number(text, '[watch]')} 行" in str(caught.value)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda t: t.replace("level_3 = 40", "level_3 = 70"), "依次减小"),
        (lambda t: t.replace('level = "IV"', 'level = "I"'), "各写一段"),
        (lambda t: t + SOURCE.replace('"second"', '"first"'), "id 重复"),
        (lambda t: t + SOURCE + 'condition = "已停更"\n', "note"),
        (lambda t: t + SOURCE.replace('group = "自建"', 'group = "别处"'), "云南省级"),
        (lambda t: t + "\n[colour]\nred = 1\n", "colour 没有这个设置项"),
        (lambda t: t + "\n[watch\n", r"第 \d+ 行第 7 列：写法不合 TOML 格式"),
    ],
)
def test_rules_across_keys(tmp_path, change, expected):
    with pytest.raises(SettingsError, match=expected):
        load(write(tmp_path, change(BARE)), {})


def test_a_missing_file_is_said(tmp_path):
    with pytest.raises(SettingsError, match="无法读取"):
        load(tmp_path / "none.toml", {})


def test_files_as_notepad_saves_them(tmp_path):
    path = tmp_path / "config.toml"
    path.write_text(BARE, encoding="utf-8-sig")
    assert load(path, {}).sources == ()
    path.write_text(BARE, encoding="gb18030")
    with pytest.raises(SettingsError, match="另存为 UTF-8"):
        load(path, {})


def test_next_spring_festival():
    settings = load(environ={})
    assert settings.spring_festival_after(date(2026, 11, 23)) == date(2027, 2, 6)
    assert settings.spring_festival_after(date(2027, 2, 6)) == date(2027, 2, 6)
    assert settings.spring_festival_after(date(2099, 1, 1)) is None

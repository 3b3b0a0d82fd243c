"""The command line as operators and checks use it: JSON Lines in and out, errors on stderr, honest exit codes."""

from __future__ import annotations

import io
import json
import subprocess
import sys

import pytest

from monitors import settings as settings_module
from monitors.__main__ import main
from monitors.settings import ROOT
from tests.test_watch import MODELS, write_config

SAMPLES = ROOT / "data" / "samples"


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """``run("judge", file)`` → (exit code, rows of JSON on stdout, text on stderr), in a house of its own."""
    environ = write_config(tmp_path, "")
    for name in ("MONITORS_CONFIG", "MONITORS_DATA", "MONITORS_MODELS", "DATABASE_URL"):
        monkeypatch.setenv(name, environ[name])
    settings_module.current.cache_clear()

    def command(*arguments: str, stdin: str = ""):
        monkeypatch.setattr("sys.stdin", io.StringIO(stdin))
        code = main(list(arguments))
        said = capsys.readouterr()
        return code, [json.loads(line) for line in said.out.splitlines() if line.startswith("{")], said.err

    yield command
    settings_module.current.cache_clear()


def test_models_are_kept_where_the_other_tests_find_them(run):
    assert settings_module.current().model_dir == MODELS


JUDGED = {
    "id", "relevant", "relevance", "sentiment", "stance", "kind", "level", "score", "region", "region_name", "workers",
    "amount_fen", "employer", "matched", "evidence",
}  # fmt: skip


def test_judge_gives_one_explained_line_per_report(run):
    report = {
        "id": "a7",
        "title": "镇雄县某工地40余名农民工被拖欠工资",
        "text": "昭通市镇雄县某工地40余名农民工被拖欠工资86万元，多次讨要未果。",
        "published": "2026-11-20 08:00",
    }
    other = {"title": "今日天气晴朗"}
    lines = "\n".join(json.dumps(row, ensure_ascii=False) for row in (report, other)) + "\n\n"
    code, rows, err = run("judge", stdin=lines)
    assert (code, err) == (0, "")
    first, second = rows
    assert set(first) >= JUDGED
    assert (first["id"], first["relevant"], first["stance"]) == ("a7", True, "unresolved")
    assert (first["region"], first["region_name"]) == ("530627", "昭通市镇雄县")
    assert (first["workers"], first["amount_fen"]) == (40, 86_000_000)
    assert -1 <= first["sentiment"] < 0
    for evidence in first["evidence"]:
        assert report[evidence["field"]][evidence["start"] : evidence["end"]] == evidence["text"]
        assert evidence["why"]
    assert (second["id"], second["relevant"], second["level"]) == (2, False, None)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("{not json", "第 1 行不是有效的 JSON"),
        ("[1]", "第 1 行应为 JSON 对象"),
        ('{"title": 3}', "title 和 text 应为文字"),
    ],
)
def test_a_bad_line_is_named(run, line, says):
    code, rows, err = run("judge", stdin=line)
    assert (code, rows) == (1, [])
    assert says in err


@pytest.mark.parametrize(
    ("file", "kind"), [("feed.xml", "feed"), ("atom.xml", "feed"), ("gbk.xml", "feed"), ("list.html", "page")]
)
def test_parse_reads_the_samples(run, file, kind):
    code, rows, err = run("parse", str(SAMPLES / file), "--kind", kind, "--url", "http://sample.example/list/")
    assert code == 0, err
    assert rows
    assert all(set(row) == {"guid", "title", "url", "text", "published"} for row in rows)
    assert all("\u4e00" <= character <= "\u9fff" for row in rows for character in row["title"][:1])


def test_parse_of_something_else_fails_in_words(run, tmp_path):
    page = tmp_path / "login.xml"
    page.write_text("<html><title>登录</title><form></form></html>", encoding="utf-8")
    code, rows, err = run("parse", str(page), "--kind", "feed")
    assert (code, rows) == (1, [])
    assert err.strip()
    assert "Traceback" not in err
    code, _, err = run("parse", str(tmp_path / "none.xml"), "--kind", "feed")
    assert code == 1
    assert "Errno" not in err
    assert (
        run("parse", str(page), "--kind", "feed", "--source", "nobody")[2].strip() == "config.toml 中没有监测源 nobody"
    )


def test_cluster_groups_the_same_event(run):
    text = "昭通市镇雄县一处安置房项目，46名农民工被拖欠工资210万元，两名工人爬上塔吊讨薪，消防赶到现场救援。"
    rows = [
        {"id": "a", "title": "镇雄46名农民工爬塔吊讨薪", "text": text, "published": "2026-11-20"},
        {
            "id": "b",
            "title": "【转发】镇雄46名农民工爬塔吊讨薪",
            "text": text + "（来源：某网）",
            "published": "2026-11-21",
        },
        {"id": "c", "title": "红河县举办长街宴", "text": "数千名游客参加，现场热闹。", "published": "2026-11-20"},
    ]
    code, found, _ = run("cluster", stdin="\n".join(json.dumps(row, ensure_ascii=False) for row in rows))
    story = {row["id"]: row["story"] for row in found}
    assert code == 0
    assert story["a"] == story["b"] != story["c"]


def test_demo_export_backup_restore_and_check(run, tmp_path):
    code, _, err = run("demo", "load")
    assert code == 0, err
    assert "虚构" in err
    assert run("demo", "load")[0] == 1  # twice is refused, in words
    for form in ("xlsx", "csv", "jsonl"):
        assert run("alerts", "export", "--format", form, "-o", str(tmp_path / f"alerts.{form}"))[0] == 0
    head = (tmp_path / "alerts.csv").read_bytes()
    assert head.startswith(b"\xef\xbb\xbf")
    assert "截至时间" in head.decode("utf-8-sig")
    assert run("backup", str(tmp_path / "copy.zip"))[0] == 0
    code, _, err = run("demo", "clear")
    assert code == 0
    assert "已清除" in err
    assert run("restore", str(tmp_path / "copy.zip"))[0] == 0
    code, _, err = run("demo", "clear")
    assert code == 0
    assert "报道 0 篇" not in err, "the copy held the demonstration"
    assert "台账案件 0 件" not in err
    code, findings, _ = run("check", "--json")
    assert {finding["part"] for finding in findings} >= {"设置", "数据库"}
    assert code in (0, 1)


def test_sources_can_be_listed_and_taken_elsewhere(run, tmp_path):
    file = tmp_path / "sources.opml"
    run("watch", "--once")  # brings the (empty) catalogue in
    code, rows, _ = run("sources", "list")
    assert (code, rows) == (0, [])
    opml = '<opml version="2.0"><body><outline text="甲" type="rss" xmlUrl="https://example.org/a.xml"/></body></opml>'
    file.write_text(opml, encoding="utf-8")
    assert run("sources", "import-opml", str(file))[0] == 0
    code, rows, _ = run("sources", "list")
    assert [row["url"] for row in rows] == ["https://example.org/a.xml"]
    assert run("sources", "export-opml", str(tmp_path / "out.opml"))[0] == 0
    assert "https://example.org/a.xml" in (tmp_path / "out.opml").read_text(encoding="utf-8")


def test_a_wrong_setting_stops_with_file_and_line_and_no_trace(tmp_path):
    environ = write_config(tmp_path, "\n[colour]\nred = 1\n")
    done = subprocess.run(
        [sys.executable, "-m", "monitors", "check"], cwd=ROOT, env=environ, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "colour" in done.stdout + done.stderr
    assert "Traceback" not in done.stderr

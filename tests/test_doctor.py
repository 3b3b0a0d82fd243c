"""The doctor names what is wrong, says what to do, and changes nothing."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from monitors import __main__ as command_line
from monitors import doctor, doctor_access, doctor_ledger, typeset
from monitors.access import audit, chain, keys, restricted
from monitors.access.actor import SYSTEM
from monitors.errors import MonitorsError
from monitors.opinion import heartbeat
from monitors.opinion.sources import sync_catalogue
from monitors.settings import ROOT, load
from monitors.store import tables as t
from monitors.store.engine import Store
from monitors.store.schema import upgrade
from monitors.store.search_index import ensure

NOW = datetime(2026, 11, 23, 2, 30, tzinfo=UTC)


def states(folder, *, now=NOW, **environ):
    folder.chmod(0o700)
    found = doctor.examine(now=now, environ={"MONITORS_DATA": str(folder), **environ})
    return {finding.part: finding for finding in found if finding.state != "正常"} | {
        finding.part: finding for finding in found if finding.state == "故障"
    }


def house(folder, *, beat=NOW, poll=NOW):
    """A house at work: schema, catalogue, sources polled lately, a beating heart."""
    store = Store(f"sqlite:///{folder / 'monitors.db'}")
    upgrade(store)
    with store.write() as connection:
        sync_catalogue(connection, [entry.source() for entry in load().sources], NOW)
        connection.execute(
            t.source_state.update().values(
                last_poll_at=poll, last_ok_at=poll, newest_item_at=poll, next_at=NOW + timedelta(hours=1)
            )
        )
        if beat:
            heartbeat.beat(connection, heartbeat.LOOP, now=beat)
    ensure(store)
    return store


def test_a_house_at_work_has_nothing_wrong(tmp_path):
    house(tmp_path).close()
    found = doctor.examine(now=NOW, environ={"MONITORS_DATA": str(tmp_path)})
    assert {f.part for f in found} == {
        "程序", "时钟", "字体", "放假日历", "设置", "数据目录", "研判模型", "数据库", "检索", "值守", "研判规则",
        "监测源", "密钥", "审计", "受限信息", "账号", "登录", "留存", "专项行动", "报表字体",
    }  # fmt: skip
    assert [f for f in found if f.state == "故障"] == []


def test_a_first_start_is_no_fault_and_nothing_is_created(tmp_path):
    folder = tmp_path / "var"
    found = doctor.examine(now=NOW, environ={"MONITORS_DATA": str(folder)})
    assert [f.part for f in found if f.state == "注意" and "自动建立" in f.advice] == ["数据目录", "数据库"]
    assert not folder.exists()


def words_of_the_campaign(now):
    (found,) = [one for one in doctor_ledger.examine(load(environ={}), now) if one.part == "专项行动"]
    return found


def test_the_campaign_is_named_and_a_missing_one_is_asked_for():
    campaign = load(environ={}).campaign
    running = words_of_the_campaign(NOW)
    assert running.state == "正常"
    assert campaign.name in running.words
    assert "2026-12-03" in running.words, "the next report"
    assert words_of_the_campaign(NOW + timedelta(days=120)).state == "正常", "spring: the last one has ended"
    gone = words_of_the_campaign(NOW + timedelta(days=330))
    assert gone.state == "注意"
    assert "[[campaign]]" in gone.advice
    assert words_of_the_campaign(NOW + timedelta(days=450)).state == "注意"


def test_without_a_chinese_font_the_form_cannot_be_printed(monkeypatch):
    def none():
        raise MonitorsError("服务器上没有中文字体")

    monkeypatch.setattr(typeset, "chinese_font", none)
    found = doctor_ledger.examine(load(environ={}), NOW)[-1]
    assert (found.part, found.state) == ("报表字体", "注意")
    assert "fonts-noto-cjk" in found.advice


def test_wrong_settings_are_named_with_their_line(tmp_path):
    text, changed = re.subn(r"tick_seconds = \S+", 'tick_seconds = "soon"', (ROOT / "config.toml").read_text("utf-8"))
    assert changed == 1
    path = tmp_path / "config.toml"
    path.write_text(text, "utf-8")
    assert "tick_seconds 应为数字" in states(tmp_path, MONITORS_CONFIG=str(path))["设置"].words


@pytest.mark.parametrize(("content", "words"), [(b"", "空文件"), (b"garbage" * 100, "不是 SQLite"), (None, "损坏")])
def test_a_damaged_database_is_a_fault(tmp_path, content, words):
    path = tmp_path / "monitors.db"
    if content is None:
        store = house(tmp_path)
        store.checkpoint()
        store.close()
        whole = path.read_bytes()
        content = whole[:40_960] + b"\xa5" * 40_960 + whole[81_920:]
    path.write_bytes(content)
    finding = states(tmp_path)["数据库"]
    assert (finding.state, words in finding.words) == ("故障", True), finding
    assert path.read_bytes()[:16] == content[:16]


def test_a_file_in_the_place_of_one_that_was_open_is_told_by_sqlite_itself(tmp_path):
    """A known inode is not opened again to look at its head: whatever it holds by now, the words say what is wrong."""
    path = tmp_path / "monitors.db"
    house(tmp_path).close()
    with path.open("r+b") as file:
        file.write(b"garbage" * 1000)
        file.truncate()
    for log in tmp_path.glob("monitors.db-*"):
        log.unlink()
    finding = states(tmp_path)["数据库"]
    assert (finding.state, "不是 SQLite" in finding.words) == ("故障", True), finding


@pytest.mark.parametrize(
    ("beat", "state", "words"),
    [
        (NOW - timedelta(minutes=7), "故障", "已停 7 分钟"),
        (None, "注意", "尚未运行"),
    ],
)
def test_a_watch_that_stands_still_is_said(tmp_path, beat, state, words):
    house(tmp_path, beat=beat).close()
    finding = states(tmp_path)["值守"]
    assert (finding.state, words in finding.words) == (state, True), finding


def test_sources_failing_are_named_and_all_failing_is_a_fault(tmp_path):
    store = house(tmp_path)
    with store.write() as connection:
        first = connection.execute(t.source.select().where(t.source.c.paused.is_(False)).limit(1)).one()
        failing = t.source_state.update().values(failures=3.0)
        connection.execute(failing.where(t.source_state.c.source_id == first.id))
    finding = states(tmp_path)["监测源"]
    assert (finding.state, first.name in finding.words) == ("注意", True), finding
    with store.write() as connection:
        connection.execute(failing)
    assert "全部失败" in states(tmp_path)["监测源"].words
    with store.write() as connection:
        connection.execute(t.source.update().values(paused=True))
    assert "没有启用" in states(tmp_path)["监测源"].words
    store.close()


def test_other_faults_one_by_one(tmp_path, monkeypatch):
    store = house(tmp_path)
    with store.write() as connection:
        connection.execute(t.meta.insert().values(key="x", value="y"))
    assert "早于本程序" in states(tmp_path, now=datetime(1970, 1, 1, tzinfo=UTC))["时钟"].words
    with monkeypatch.context() as patch:
        patch.setattr(doctor.shutil, "disk_usage", lambda _: type("Usage", (), {"free": 5_000_000})())
        assert "5.0 MB" in states(tmp_path)["数据目录"].words
    with monkeypatch.context() as patch:
        patch.setattr(doctor, "_disk_kind", lambda _: "nfs4")
        assert "网络磁盘" in states(tmp_path)["数据目录"].words
    with monkeypatch.context() as patch:
        patch.setattr(doctor, "WAL_WARN", 100)
        assert "写前日志" in states(tmp_path)["数据库"].words
    with monkeypatch.context() as patch:
        patch.setattr(doctor.shutil, "which", lambda _: None)
        assert "fontconfig" in states(tmp_path)["字体"].words
    with monkeypatch.context() as patch:
        patch.setattr(doctor.schema, "head", lambda: "0000")
        assert "比程序" in states(tmp_path)["数据库"].words
    with monkeypatch.context() as patch:
        patch.setattr(doctor.heartbeat, "pulse", lambda *_: 1 / 0)
        assert "ZeroDivisionError" in states(tmp_path)["值守"].words
    store.close()


def test_readable_by_others_is_said(tmp_path):
    house(tmp_path).close()
    tmp_path.chmod(0o755)
    found = doctor.examine(now=NOW, environ={"MONITORS_DATA": str(tmp_path)})
    assert any("chmod 750" in f.advice for f in found)


def test_missing_and_other_components_are_told_apart(tmp_path):
    pins = tmp_path / "requirements.txt"
    pins.write_text("no-such-package==1.0\nsqlalchemy[asyncio]==0.1 \\\n    --hash=sha256:00\n")
    found = doctor.examine(now=NOW, environ={"MONITORS_DATA": str(tmp_path)}, requirements=pins)
    program = [f for f in found if f.part == "程序"]
    assert [(f.state, "no-such-package" in f.words, "sqlalchemy" in f.words) for f in program] == [
        ("故障", True, False),
        ("注意", False, True),
    ]


def test_postgresql_is_examined_too(postgres_server, tmp_path):
    from tests.conftest import fresh_database

    url = fresh_database(postgres_server, "doctor")
    assert "空库" in states(tmp_path, DATABASE_URL=url)["数据库"].words
    store = Store(url)
    upgrade(store)
    store.close()
    found = doctor.examine(now=NOW, environ={"MONITORS_DATA": str(tmp_path), "DATABASE_URL": url})
    assert any(f.part == "数据库" and f.state == "正常" and "PostgreSQL" in f.words for f in found)
    gone = url.replace("doctor", "nowhere")
    assert states(tmp_path, DATABASE_URL=gone)["数据库"].state == "故障"


def test_command_line_speaks_words_or_json_and_exits_by_the_worst(tmp_path, monkeypatch, capsys):
    folder = tmp_path / "var"
    monkeypatch.setenv("MONITORS_DATA", str(folder))
    assert command_line.main(["check"]) == 0
    assert "[注意] 数据库：尚未建立" in capsys.readouterr().out
    folder.mkdir()
    (folder / "monitors.db").write_bytes(b"")
    assert command_line.main(["check", "--json"]) == 1
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {"part", "state", "words", "advice"} == set(lines[0])
    assert [line["part"] for line in lines if line["state"] == "故障"] == ["数据库"]


# ── People and trail ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_key_lost_exchanged_or_open_to_others(tmp_path, monkeypatch):
    store = house(tmp_path)
    with store.write() as connection:
        audit.append(connection, SYSTEM, "source.edit", at=NOW)
    assert "密钥" not in states(tmp_path)
    path = tmp_path / "elsewhere" / "secret.key"
    monkeypatch.delenv("MONITORS_KEY")
    monkeypatch.setenv("MONITORS_KEY_FILE", str(path))
    keys._derived.cache_clear()
    assert "尚未建立" in states(tmp_path)["密钥"].words
    assert not path.exists()
    keys.make()
    with store.write() as connection:
        connection.execute(t.meta.insert().values(key="key_mark", value=keys._mark()))
    path.chmod(0o640)
    assert f"chmod 600 {path}" in states(tmp_path)["密钥"].advice
    held = path.read_text()
    path.unlink()
    found = states(tmp_path)
    assert (found["密钥"].state, "不见了" in found["密钥"].words) == ("故障", True)
    assert "无法校验" in found["审计"].words
    keys.make()
    keys._derived.cache_clear()
    found = states(tmp_path)["密钥"]
    assert (found.state, "与数据库不符" in found.words) == ("故障", True)
    path.write_text("not a key")
    keys._derived.cache_clear()
    assert "不是 32 字节" in states(tmp_path)["密钥"].words
    path.write_text(held)
    keys._derived.cache_clear()
    assert "密钥" not in states(tmp_path)
    store.close()


def test_a_trail_that_was_changed_or_cut_is_a_fault(tmp_path):
    store = house(tmp_path)
    with store.write() as connection:
        before = connection.scalar(select(func.count()).select_from(t.audit))
        for n in range(3):
            audit.append(connection, SYSTEM, "source.edit", at=NOW, target=str(n))
    found = doctor.examine(now=NOW, environ={"MONITORS_DATA": str(tmp_path)})
    (line,) = [f for f in found if f.part == "审计"]
    assert re.fullmatch(rf"审计链完整：共 {before + 3} 条记录.*（用时 \d+\.\d 秒）", line.words)
    chain.anchor(store, load(environ={"MONITORS_DATA": str(tmp_path)}), NOW)
    with store.write() as connection:
        connection.exec_driver_sql("DROP TRIGGER audit_no_update")
        connection.exec_driver_sql("DROP TRIGGER audit_no_delete")
        connection.exec_driver_sql("UPDATE audit SET actor = 'x' WHERE seq = 2")
    assert "第 2 条记录被改动" in states(tmp_path)["审计"].words
    with store.write() as connection:
        connection.exec_driver_sql("DELETE FROM audit")
        connection.exec_driver_sql("UPDATE audit_head SET seq = 0, mac = ''")
    finding = states(tmp_path)["审计"]
    assert (finding.state, "库外锚点" in finding.words) == ("故障", True)
    store.close()


def test_restricted_fields_that_do_not_open_are_a_fault(tmp_path):
    store = house(tmp_path)
    with store.write() as connection:
        fields = restricted.Fields(reporter="赵某某")
        restricted.write(connection, SYSTEM, "story", "1", "530102", fields, revision=None, now=NOW)
    assert "受限信息" not in states(tmp_path)
    with store.write() as connection:
        connection.execute(t.restricted.update().values(target="2"))
    finding = states(tmp_path)["受限信息"]
    assert (finding.state, "无法解密" in finding.words, "赵" in finding.words) == ("故障", True, False)
    store.close()


def test_a_house_without_an_administrator_is_a_fault(tmp_path):
    store = house(tmp_path)
    assert (states(tmp_path)["账号"].state, "一次性链接" in states(tmp_path)["账号"].advice) == ("注意", True)
    with store.write() as connection:
        for n, role in enumerate(("县级经办", "省级管理员")):
            connection.execute(
                t.account.insert().values(
                    name=f"a{n}", display="甲", role=role, region="530000", must_change=False, origin="local",
                    disabled=False, created_at=NOW, updated_at=NOW,
                )
            )  # fmt: skip
    assert "账号" not in states(tmp_path)
    with store.write() as connection:
        connection.execute(t.account.update().where(t.account.c.role == "省级管理员").values(disabled=True))
    finding = states(tmp_path)["账号"]
    assert (finding.state, "共 2 个，启用 1 个；没有启用的省级管理员" in finding.words) == ("故障", True)
    store.close()


def written(folder, **changes):
    """config.toml with single lines changed."""
    content = (ROOT / "config.toml").read_text("utf-8")
    for line, other in changes.items():
        content, changed = re.subn(rf"^{line} = \S+", f"{line} = {other}", content, count=1, flags=re.MULTILINE)
        assert changed == 1
    path = folder / "config.toml"
    path.write_text(content, "utf-8")
    return str(path)


def test_how_people_sign_in_is_looked_at(tmp_path):
    house(tmp_path).close()
    assert "登录" not in states(tmp_path)
    finding = states(tmp_path, MONITORS_ADDRESS="0.0.0.0")["登录"]
    assert (finding.state, "明文" in finding.words) == ("注意", True)
    config = written(tmp_path, https_only="true")
    assert "登录" not in states(tmp_path, MONITORS_ADDRESS="0.0.0.0", MONITORS_CONFIG=config)
    content = (ROOT / "config.toml").read_text("utf-8")
    sso = "enabled = true\nissuer = 'http://sso.example.cn'\nclient_id = 'x'\n[[sso.role]]\nclaim='a'\nrole='审计'\n"
    path = tmp_path / "sso.toml"
    path.write_text(re.sub(r"^\[sso\]\n(?:.+\n)+", f"[sso]\n{sso}\n", content, flags=re.MULTILINE), "utf-8")
    finding = states(tmp_path, MONITORS_CONFIG=str(path))["登录"]
    assert (finding.state, "未设置 MONITORS_SSO_SECRET" in finding.words) == ("故障", True)
    finding = states(tmp_path, MONITORS_CONFIG=str(path), MONITORS_SSO_SECRET="hidden")["登录"]
    assert (finding.state, "issuer" in finding.words, "hidden" in finding.line) == ("注意", True, False)
    for issuer in ("https://sso.example.cn", "http://127.0.0.1:9000", "http://[::1]:9000", "http://localhost/x"):
        path.write_text(re.sub(r"issuer = '\S+'", f"issuer = '{issuer}'", path.read_text("utf-8")), "utf-8")
        assert "登录" not in states(tmp_path, MONITORS_CONFIG=str(path), MONITORS_SSO_SECRET="hidden")


@pytest.mark.parametrize(
    ("held", "state", "words"),
    [
        (None, "注意", "还没有运行过"),
        ("junk", "注意", "还没有运行过"),
        ((NOW - timedelta(days=3)).isoformat(), "注意", "自 2026-11-20 10:30 起没有运行"),
        ((NOW - timedelta(hours=30)).isoformat() + " 12", "正常", "最近一次"),
    ],
)
def test_the_daily_job_is_looked_at(tmp_path, held, state, words):
    store = house(tmp_path)
    with store.write() as connection:
        if held:
            connection.execute(t.meta.insert().values(key=doctor_access.RETENTION, value=held))
    (finding,) = doctor_access._retention(store, load(), NOW)
    assert (finding.state, words in finding.words) == (state, True), finding
    store.close()

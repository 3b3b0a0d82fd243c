"""The audit trail is searched, put in words, exported and verified; what may not be read stays unread."""

from __future__ import annotations

import csv
import hashlib
import hmac
import io
import json
from datetime import UTC, datetime, timedelta

import openpyxl
import pytest
from sqlalchemy import func, select, text

from monitors.access import accounts, acting, audit, keys, restricted, trail
from monitors.access.actor import SYSTEM, Actor
from monitors.access.roles import MATRIX, Role, may
from monitors.access.trail import Filters
from monitors.errors import InputError, RefusedError
from monitors.opinion.dossier import MISSING
from monitors.settings import load
from monitors.store import tables as t

NOW = datetime(2026, 11, 23, 5, 6, 7, 890, tzinfo=UTC)
CLERK = Actor(7, "li", "李经办", Role.COUNTY_CLERK, "530102", "10.0.0.9", "abcdef")
ADMIN = Actor(41, "wang", "王管理员", Role.ADMINISTRATOR, "530000", "10.0.0.1", "123456")
AUDITOR = Actor(2, "shen", "申审计", Role.AUDITOR, "530000", "10.0.0.2", "654321")
SETTINGS = load()
WAY = {"way": "密码"}
HOSTILE = '=HYPERLINK("http://beacon.invalid","x")'


@pytest.fixture(autouse=True)
def own_data(tmp_path, monkeypatch):
    """The anchors of the chain belong to the test."""
    from monitors import settings as settings_module

    monkeypatch.setenv("MONITORS_DATA", str(tmp_path))
    settings_module.current.cache_clear()
    yield
    settings_module.current.cache_clear()


@pytest.fixture
def told(store):
    """A trail with one row of several kinds, an hour apart."""
    with store.write() as connection:
        rows = [
            (CLERK, "session.sign_in", {"kind": "account", "target": "li", "region": CLERK.region, "after": WAY}),
            (CLERK, "story.export", {"kind": "alert", "region": "530102", "after": {"format": "xlsx", "rows": 3}}),
            (
                Actor(None, "zhang_100%", "zhang_100%", None, "530000", "10.9.9.9"),
                "session.sign_in",
                {"kind": "account", "after": {"why": "密码不正确", "failures": 2}, "outcome": "失败"},
            ),
            (CLERK, "source.edit", {"kind": "source", "target": "yn-1", "after": {"why": "不能"}, "outcome": "拒绝"}),
            (
                ADMIN,
                "account.manage",
                {
                    "kind": "account", "target": "zhao", "region": "530326",
                    "before": {"role": "县级经办", "region": "530326"},
                    "after": {"act": "修改", "role": "州市审核", "region": "530300"},
                },
            ),
            (ADMIN, "source.edit", {"kind": "source", "target": "yn-1", "after": {"操作": "暂停", "监测源": HOSTILE}}),
            (SYSTEM, "later.unknown", {}),
        ]  # fmt: skip
        for hour, (actor, action, more) in enumerate(rows):
            audit.append(connection, actor, action, at=NOW + timedelta(hours=hour), **more)
    return store


def found(store, **asked):
    with store.read() as connection:
        return [row.seq for row in trail.search(connection, ADMIN, Filters(**asked), page=1, size=50).rows]


# ── search ───────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("asked", "numbers"),
    [
        ({}, [7, 6, 5, 4, 3, 2, 1]),
        ({"since": NOW + timedelta(hours=2), "until": NOW + timedelta(hours=4)}, [4, 3]),
        ({"who": "经办"}, [4, 2, 1]),
        ({"who": "LI"}, [4, 2, 1]),
        ({"who": "_"}, [3]),
        ({"who": "0%"}, [3]),
        ({"who": "\x00"}, [7, 6, 5, 4, 3, 2, 1]),
        ({"account": 7}, [4, 2, 1]),
        ({"action": "session.sign_in"}, [3, 1]),
        ({"action": "登录与密码"}, [3, 1]),
        ({"action": "监测源", "outcome": "成功"}, [6]),
        ({"kind": "source", "target": "yn-1"}, [6, 4]),
        ({"target": "yn"}, []),
        ({"outcome": "拒绝"}, [4]),
        ({"region": "530300"}, [5]),
        ({"region": "530102"}, [2, 1]),
        ({"region": "530000"}, [5, 2, 1]),
        ({"words": "州市审核"}, [5]),
        ({"words": "县级经办 530326"}, [5]),
        ({"words": "县级经办 暂停"}, []),
        ({"words": "10.9.9"}, [3]),
        ({"words": "654321"}, []),
    ],
)
def test_each_filter_finds_its_rows_newest_first(told, asked, numbers):
    assert found(told, **asked) == numbers


def test_pages_are_cut_in_the_database_and_one_beyond_the_end_is_the_last(told):
    with told.read() as connection:
        pages = [trail.search(connection, AUDITOR, Filters(), page=page, size=3) for page in (0, 1, 2, 3, 99)]
    assert [[row.seq for row in one.rows] for one in pages] == [[7, 6, 5], [7, 6, 5], [4, 3, 2], [1], [1]]
    assert {(one.total, one.pages) for one in pages} == {(7, 3)}


def test_an_empty_trail_has_one_empty_page(store):
    with store.read() as connection:
        nothing = trail.search(connection, ADMIN, Filters(), page=1, size=20)
    assert (nothing.rows, nothing.total, nothing.pages) == ((), 0, 1)


# ── words ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def sentences(store):
    with store.read() as connection:
        rows = trail.search(connection, ADMIN, Filters(), page=1, size=50).rows
    return {row.seq: trail.sentence(row) for row in rows}


def test_every_row_is_one_chinese_sentence(told):
    assert sentences(told) == {
        1: "李经办 登录（登录方式：密码）",
        2: "李经办 导出警情清单（格式：xlsx；条数：3）",
        3: "zhang_100% 登录未成功（连续输错次数：2；原因：密码不正确）",
        4: "李经办 未获准 修改监测源 yn-1（不能）",
        5: "王管理员 修改账号 zhao（辖区：曲靖市会泽县 → 曲靖市；角色：县级经办 → 州市审核）",
        6: f"王管理员 暂停监测源 {HOSTILE}",
        7: "系统 later.unknown",
    }


def test_every_permission_and_every_group_has_its_name():
    assert set(MATRIX) <= set(trail.ACTS)
    parts = {part for group in trail.GROUPS.values() for part in group}
    assert {code.split(".")[0] for code in trail.ACTS} == parts
    assert [name for name in (*trail.ACTS.values(), *trail.GROUPS) if name.isascii()] == []


def test_the_real_acts_on_an_account_read_well(store):
    with store.write() as connection:
        number, _ = accounts.add(
            connection, ADMIN, name="zhao", display="赵一", role=Role.COUNTY_CLERK, region="530102", now=NOW,
            settings=SETTINGS,
        )  # fmt: skip
        accounts.disable(connection, ADMIN, number, now=NOW)
        accounts.enable(connection, ADMIN, number, now=NOW)
        accounts.reset_password(connection, ADMIN, number, now=NOW, settings=SETTINGS)
    assert list(sentences(store).values())[::-1] == [
        "王管理员 添加账号 zhao（姓名：赵一；辖区：昆明市五华区；角色：县级经办）",
        "王管理员 停用账号 zhao（昆明市五华区）",
        "王管理员 启用账号 zhao（昆明市五华区）",
        "王管理员 重置密码 zhao（昆明市五华区）",
    ]


def test_a_refusal_is_told_to_the_reader_of_the_trail_not_to_the_refused(store):
    outside = RefusedError(MISSING, action="story.view", kind="story", target="12")
    with pytest.raises(RefusedError) as forbidden:
        CLERK.require("audit.view", kind="page", target="people")
    with pytest.raises(RefusedError) as elsewhere:
        CLERK.require("restricted.read", "530103", kind="story", target="13")
    for refusal in (outside, forbidden.value, elsewhere.value):
        acting.record(store, CLERK, refusal)
    assert list(sentences(store).values())[::-1] == [
        "李经办 未获准 查看事件 事件 12（不在其辖区内）",
        "李经办 未获准 查看审计记录 页面“用户与审计”（其角色“县级经办”不能查看审计记录，校验审计链）",
        "李经办 未获准 查看受限信息 事件 13（该记录不在其辖区（昆明市五华区）内）",
    ]


def test_a_row_of_foreign_making_is_shown_not_fatal(store):
    with store.write() as connection:
        audit.append(connection, SYSTEM, "x", at=NOW)
        values = connection.execute(select(t.audit)).mappings().one()
        broken = dict(values) | {"seq": 2, "before": "not json", "after": '["a"]'}
        connection.execute(t.audit.insert().values(broken))
    with store.read() as connection:
        row = trail.search(connection, ADMIN, Filters(), page=1, size=1).rows[0]
    assert [(change.before, change.after) for change in trail.changes(row)] == [("not json", "a")]


def test_moments_and_truths_are_said_in_the_offices_words(store):
    with store.write() as connection:
        audit.append(
            connection, ADMIN, "account.manage", at=NOW, kind="account", target="zhao",
            before={"must_change": True, "locked_until": NOW}, after={"must_change": False, "locked_until": None},
        )  # fmt: skip
    (words,) = sentences(store).values()
    assert words == "王管理员 修改账号 zhao（锁定至：2026-11-23 13:06:07 → 无；须改密码：是 → 否）"


# ── files ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_csv_and_workbook_hold_the_header_and_every_row_inertly(told):
    later = NOW + timedelta(days=1)
    body = trail.audit_file(told, AUDITOR, Filters(kind="source"), "csv", later, settings=SETTINGS)
    lines = list(csv.reader(io.StringIO(body.decode("utf-8-sig"))))
    assert lines[0] == ["审计记录"]
    assert "截至时间：2026-11-24 13:06" in lines[1][0]
    assert "导出人：申审计（shen）" in lines[1][0]
    assert lines[2] == ["筛选条件：对象类别：监测源　　共 2 条"]
    assert lines[3][0].startswith("审计链校验：")
    assert [line[0] for line in lines[5:]] == ["6", "4"]
    body = trail.audit_file(told, AUDITOR, Filters(), "xlsx", later, settings=SETTINGS)
    page = openpyxl.load_workbook(io.BytesIO(body)).active
    cells = [cell for row in page.iter_rows() for cell in row]
    assert [cell.value for cell in page[5]] == [column.heading for column in trail.COLUMNS]
    assert page.max_row == 5 + 8  # the export before is in the trail, too
    assert [cell for cell in cells if cell.data_type == "f" or cell.hyperlink] == []
    assert any(HOSTILE in str(cell.value) for cell in cells)


def test_a_cell_that_looks_like_a_formula_is_quoted_in_csv(store):
    with store.write() as connection:
        audit.append(connection, Actor(None, HOSTILE, HOSTILE, None, "530000", "x"), "session.sign_in", at=NOW)
    body = trail.audit_file(store, AUDITOR, Filters(), "csv", NOW, settings=SETTINGS).decode("utf-8-sig")
    cells = [cell for line in csv.reader(io.StringIO(body)) for cell in line]
    assert f"'{HOSTILE}" in cells
    assert [cell for cell in cells if cell.startswith("=")] == []


def test_json_lines_can_be_verified_without_the_database(told):
    with told.write() as connection:
        audit.append(connection, SYSTEM, "x", at=NOW, after={"t": "行\u2028\ttab \u202e"})
    body = trail.audit_file(told, AUDITOR, Filters(outcome="成功"), "jsonl", NOW, settings=SETTINGS)
    about, *rows = [json.loads(line) for line in body.splitlines()]
    assert about["head_seq"] == 8
    assert [row["seq"] for row in rows] == [8, 7, 6, 5, 2, 1]
    key = keys.derived("audit")
    for row in rows:
        mac, previous = row.pop("mac"), row.pop("previous")
        signed = json.dumps(row, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        assert hmac.new(key, f"{previous}\n{signed}".encode(), hashlib.sha256).hexdigest() == mac


def test_an_export_stands_in_the_trail_with_what_was_asked(told):
    trail.audit_file(told, AUDITOR, Filters(who="李", outcome="拒绝"), "csv", NOW, settings=SETTINGS)
    with told.read() as connection:
        row = trail.search(connection, ADMIN, Filters(action="audit.export"), page=1, size=1).rows[0]
    assert json.loads(row.after) == {"format": "csv", "filters": "人员：李；结果：拒绝", "rows": 1}
    assert (row.actor, row.outcome) == ("shen", "成功")


def test_more_rows_than_one_file_may_hold_are_refused_whole(told):
    small = SETTINGS.model_copy(update={"export": SETTINGS.export.model_copy(update={"max_rows": 6})})
    with pytest.raises(InputError, match="共 7 条"):
        trail.audit_file(told, AUDITOR, Filters(), "csv", NOW, settings=small)
    assert found(told, action="audit.export") == []


def test_the_filters_are_said_in_words():
    asked = Filters(since=NOW, action="监测源", kind="source", target="yn-1", region="530102", words="暂停")
    assert asked.in_words() == (
        "时间：2026-11-23 13:06 至 最新；动作：监测源；对象类别：监测源；对象：yn-1；地区：昆明市五华区；包含：暂停"
    )
    assert Filters().in_words() == "全部"


# ── who may ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def person(role):
    return Actor(9, "ren", "某人", role, "530000", "10.0.0.3")


def attempts(store, actor):
    """Every door of the trail by its permission."""
    from monitors.access.acting import looking

    def look():
        with looking(store, actor) as connection:
            trail.search(connection, actor, Filters(), page=1, size=5)

    return {
        "audit.view": (look, lambda: trail.verify(store, actor, now=NOW)),
        "audit.export": (lambda: trail.audit_file(store, actor, Filters(), "csv", NOW, settings=SETTINGS),),
    }


@pytest.mark.parametrize("role", Role)
def test_each_role_does_what_the_table_says_and_a_refusal_is_recorded(told, role):
    for action, doors in attempts(told, person(role)).items():
        for door in doors:
            with told.read() as connection:
                before = connection.scalar(select(func.count()).select_from(t.audit))
            if may(role, action):
                door()
                continue
            with pytest.raises(RefusedError):
                door()
            with told.read() as connection:
                row = trail.search(connection, ADMIN, Filters(), page=1, size=1).rows[0]
            assert (row.seq, row.action, row.outcome, row.actor) == (before + 1, action, "拒绝", "ren")


# ── the chain ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_verifying_is_an_act_of_its_own(told):
    verdict = trail.verify(told, AUDITOR, now=NOW)
    assert verdict.ok
    with told.read() as connection:
        row = trail.search(connection, ADMIN, Filters(), page=1, size=1).rows[0]
    assert (row.action, row.actor, row.outcome) == ("audit.verify", "shen", "成功")
    assert json.loads(row.after)["rows"] == 7
    assert trail.sentence(row).startswith("申审计 校验审计链（")


def test_a_broken_chain_is_said_and_recorded_as_failed(told):
    with told.write() as connection:
        if connection.dialect.name == "sqlite":
            connection.execute(text("DROP TRIGGER audit_no_update"))
        else:
            connection.execute(text("DROP TRIGGER audit_no_change ON audit"))
        connection.execute(text("UPDATE audit SET display = '别人' WHERE seq = 3"))
    verdict = trail.verify(told, AUDITOR, now=NOW)
    assert (verdict.ok, verdict.first_bad) == (False, 3)
    assert found(told, action="audit.verify", outcome="失败") == [8]
    body = trail.audit_file(told, AUDITOR, Filters(), "csv", NOW, settings=SETTINGS).decode("utf-8-sig")
    assert verdict.words in body.splitlines()[3]


# ── what must never be there ─────────────────────────────────────────────────────────────────────────────────────────


def test_restricted_values_and_passwords_are_nowhere_in_the_trail_or_its_files(store):
    secrets = ("罗某某", "13987654321", "530102199001011230", "只找王主任")
    held = restricted.Fields(secrets[0], secrets[1], "", secrets[3])
    with store.write() as connection:
        restricted.write(connection, CLERK, "story", "5", "530102", held, revision=None, now=NOW)
        _, first = accounts.add(
            connection, ADMIN, name="zhao", display="赵一", role=Role.COUNTY_CLERK, region="530102", now=NOW,
            settings=SETTINGS,
        )  # fmt: skip
    assert restricted.read(store, CLERK, "story", "5", "530102", why="核实情况", now=NOW).phone == secrets[1]
    files = [trail.audit_file(store, AUDITOR, Filters(), fmt, NOW, settings=SETTINGS) for fmt in ("csv", "jsonl")]
    shown = "\n".join([*(body.decode() for body in files), *sentences(store).values()])
    assert "核实情况" in shown
    assert [word for word in (*secrets, first) if word in shown] == []

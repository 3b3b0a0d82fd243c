"""The page 用户与审计: who sees which tab and button, every act through it, refusals, and no English left."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select, update
from streamlit.testing.v1 import AppTest

from monitors import settings as settings_module
from monitors.access import accounts, audit, restricted, sessions, trail
from monitors.access.acting import acting
from monitors.access.actor import SYSTEM, Actor
from monitors.access.roles import MATRIX, REGION_LEVEL, Role, may
from monitors.clock import utc_now
from monitors.errors import RefusedError
from monitors.regions import divisions
from monitors.store import tables as t
from pages import context, people_accounts, people_drawer, people_roles, people_sessions, people_table, people_trail

ROOT = Path(__file__).resolve().parent.parent
NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
HOSTILE = "<img src=x onerror=y()> ![b](http://beacon.invalid/b.png)"
ALL_TABS = ["账号", "登录会话", "权限表", "审计记录"]


@pytest.fixture
def other(house):
    """Another person's account, signed in; returns its number."""
    with house.write() as connection:
        number, _ = accounts.add(
            connection, SYSTEM, name="zhao", display=f"赵一{HOSTILE}"[:60], unit="某局", role=Role.COUNTY_CLERK,
            region="530102", password="一次性口令 Aa1 长长长长长长", now=utc_now(), settings=settings_module.load(),
        )  # fmt: skip
        held = accounts.get(connection, number)
        sessions.mint(
            connection, held, settings=settings_module.load(), now=utc_now(), address="10.7.7.7",
            agent="Mozilla/5.0 (Windows NT 10.0) Chrome/120.0 Safari/537.36 Edg/120.0",
        )  # fmt: skip
    return number


def page(**address):
    app = AppTest.from_file(str(ROOT / "pages" / "people.py"), default_timeout=60)
    for name, value in address.items():
        app.query_params[name] = str(value)
    return app.run()


def html_of(app):
    assert not app.exception
    return "\n".join(block.proto.body for block in app.get("html"))


def keys_of(app):
    return {button.key for button in app.button}


def newest(house):
    with house.read() as connection:
        return connection.execute(select(t.audit).order_by(t.audit.c.seq.desc()).limit(1)).one()


def account(house, number):
    with house.read() as connection:
        return accounts.get(connection, number)


# ── who sees what ────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("role", Role)
def test_each_role_sees_its_tabs_and_buttons_and_nothing_else(signed, other, role):
    signed(role)
    app = page(account=other)
    assert not app.exception
    sees = may(role, "account.view")
    assert [tab.label for tab in app.tabs if tab.label in ALL_TABS] == (ALL_TABS if sees else [])
    manages = {"people-new", "people-disable", "people-reset"}
    assert keys_of(app) & manages == (manages if may(role, "account.manage") else set())
    assert ("赵一" in html_of(app)) is sees
    app = page(tab="audit")
    assert ("people-verify" in keys_of(app)) is may(role, "audit.view")
    exports = {button.proto.label for button in app.get("download_button")}
    assert exports == (set(people_trail.FORMAT_NAMES.values()) if may(role, "audit.export") else set())


@pytest.mark.parametrize("role", [role for role in Role if not may(role, "account.view")])
def test_who_may_not_look_is_told_so_and_recorded(house, signed, role):
    signed(role)
    app = page(tab="audit")
    assert "不能查看账号" in app.warning[0].value
    row = newest(house)
    assert (row.action, row.kind, row.target, row.outcome) == ("account.view", "page", "people", "拒绝")


def test_a_sign_in_that_ended_sees_nothing(house, signed, other):
    token = signed()
    with house.write() as connection:
        ended = update(t.session).where(t.session.c.token_hash == sessions.token_hash(token))
        connection.execute(ended.values(ended_at=utc_now(), ended_why="退出"))
    with pytest.raises(RefusedError, match="登录已结束"):
        people_trail.file_bytes(context.Held(token, ""), trail.Filters(), "csv")
    assert context.find() is None


# ── accounts ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_an_account_is_added_with_a_password_shown_once(house, signed):
    signed()
    app = page(account="new")
    app.text_input(key="people-add-display").set_value("钱二")
    app.text_input(key="people-add-name").set_value("Qian.Er")
    app.selectbox(key="people-add-role").select(Role.PREFECTURE_REVIEWER).run()
    app.selectbox(key="people-add-region-PREFECTURE_REVIEWER").select("530600").run()
    app.button(key="people-add-save").click().run()
    assert not app.exception
    number = int(app.query_params["account"][0])
    made = account(house, number)
    assert (made.name, made.display, made.role, made.region) == ("qian.er", "钱二", Role.PREFECTURE_REVIEWER, "530600")
    assert made.must_change
    (secret,) = re.findall(r"<code[^>]*>([^<]+)</code>", html_of(app))
    assert len(secret) >= 10
    app.query_params.clear()
    app = page(account=number)
    assert secret not in html_of(app)
    assert secret not in str(newest(house))


def test_what_is_missing_is_said_and_nothing_written(house, signed):
    signed()
    app = page(account="new")
    app.text_input(key="people-add-display").set_value("钱二")
    app.text_input(key="people-add-name").set_value("qian")
    app.button(key="people-add-save").click().run()
    assert "县级经办须选择一个县" in app.error[0].value
    with house.read() as connection:
        assert accounts.by_name(connection, "qian") is None


def test_regions_fit_the_role():
    assert list(people_drawer.regions_for(Role.ADMINISTRATOR)) == [divisions.YUNNAN]
    assert len(people_drawer.regions_for(Role.PREFECTURE_REVIEWER)) == 16
    assert len(people_drawer.regions_for(Role.COUNTY_CLERK)) == 129
    assert len(people_drawer.regions_for(Role.DUTY_OFFICER)) == 146


def test_an_account_is_changed_and_a_stale_form_is_refused(house, signed, other):
    signed()
    key = f"people-edit-{other}-{account(house, other).revision}"
    app = page(account=other)
    app.text_input(key=f"{key}-unit").set_value("新单位")
    app.button(key=f"{key}-save").click().run()
    assert account(house, other).unit == "新单位"
    app = page(account=other)
    revision = account(house, other).revision
    with house.write() as connection:
        connection.execute(update(t.account).where(t.account.c.id == other).values(revision=revision + 1))
    # AppTest would draw the form anew with the new number; the function is what a stale browser meets.
    with pytest.raises(Exception, match="刚被他人修改"), acting(house, SYSTEM) as connection:
        accounts.edit(
            connection, SYSTEM, other, revision, display="x", unit="", role=Role.COUNTY_CLERK, region="530102", now=NOW
        )
    assert account(house, other).unit == "新单位"


def test_an_account_is_disabled_and_enabled_again(house, signed, other):
    signed()
    app = page(account=other)
    app.button(key="people-disable").click().run()
    assert account(house, other).disabled
    app = page(account=other)
    assert "people-disable" not in keys_of(app)
    app.button(key="people-enable").click().run()
    assert not account(house, other).disabled


def test_a_lock_is_taken_off(house, signed, other):
    signed()
    with house.write() as connection:
        locked = update(t.account).where(t.account.c.id == other)
        connection.execute(locked.values(locked_until=utc_now() + timedelta(minutes=5), failures=5))
    app = page(account=other)
    assert "锁定至" in html_of(app)
    app.button(key="people-unlock").click().run()
    assert account(house, other).locked_until is None


def test_a_password_is_reset_and_shown_once(house, signed, other):
    signed()
    app = page(account=other)
    app.button(key="people-reset").click().run()
    assert not app.exception
    assert len(re.findall(r"<code[^>]*>", html_of(app))) == 1
    with house.read() as connection:
        open_now = select(func.count()).where(t.session.c.account_id == other, t.session.c.ended_at.is_(None))
        assert connection.scalar(open_now) == 0


def test_one_cannot_disable_oneself_and_the_last_administrator_stays(house, signed):
    signed()
    own = context.actor().account_id
    app = page(account=own)
    assert "people-disable" not in keys_of(app)
    key = f"people-edit-{own}-1"
    app.selectbox(key=f"{key}-role").select(Role.AUDITOR).run()
    app.button(key=f"{key}-save").click().run()
    assert "不能修改自己的角色" in app.error[0].value
    assert account(house, own).role is Role.ADMINISTRATOR


@pytest.mark.parametrize("asked", ["99999", "abc", "-1", "9" * 30, "' or 1=1"])
def test_an_account_that_does_not_exist_is_said_so(signed, asked):
    signed()
    app = page(account=asked)
    assert not app.exception
    assert "没有编号为" in app.warning[0].value


def test_what_a_person_is_called_cannot_act(signed, other):
    signed()
    shown = html_of(page(account=other, tab="accounts"))
    assert "&lt;img src=x" in shown
    assert "<img" not in shown
    assert people_drawer.plain("![b](http://x) *a* :material/home: $x$") == (
        r"\!\[b\]\(http\://x\) \*a\* \:material/home\: \$x\$"
    )


def test_the_list_is_searched_by_every_word_and_cut_into_pages(house, other):
    made = account(house, other)
    rows = (made,)
    for text in ("赵一", "ZHAO", "某局 五华", ""):
        assert people_accounts.matching(rows, text, people_accounts.ALL_ROLES) == [made]
    assert people_accounts.matching(rows, "五华 别人", people_accounts.ALL_ROLES) == []
    assert people_accounts.matching(rows, "", str(Role.AUDITOR)) == []
    line = people_accounts.line(made, NOW)
    listing = people_table.cut(people_accounts.HEADS, [line] * 7, page=99, size=3, nothing="无")
    assert (listing.page, listing.pages, listing.total, len(listing.rows)) == (3, 3, 7, 1)
    assert len(line.cells) == len(people_accounts.HEADS)
    assert "note" not in people_table.payload(listing)["rows"][0]


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"must_change": False}, "正常"),
        ({"must_change": True}, "须改密码"),
        ({"must_change": True, "locked_until": NOW + timedelta(minutes=5)}, "锁定至 12:05"),
        ({"must_change": False, "locked_until": NOW}, "正常"),
        ({"disabled": True, "locked_until": NOW + timedelta(minutes=5)}, "已停用"),
    ],
)
def test_the_state_of_an_account_in_words(house, other, values, words):
    with house.write() as connection:
        connection.execute(update(t.account).where(t.account.c.id == other).values(**values))
    assert people_accounts.state_words(account(house, other), NOW) == words


# ── every act of account.manage, as every role ───────────────────────────────────────────────────────────────────────


def managing(number, token_hash):
    """Each write of account.manage as a call of connection and actor."""
    known = settings_module.load()
    return {
        "add": lambda c, a: accounts.add(
            c, a, name="neu", display="新", role=Role.AUDITOR, region="530000", now=NOW, settings=known
        ),
        "edit": lambda c, a: accounts.edit(
            c, a, number, 1, display="改", unit="", role=Role.COUNTY_CLERK, region="530103", now=NOW
        ),
        "disable": lambda c, a: accounts.disable(c, a, number, now=NOW),
        "enable": lambda c, a: accounts.enable(c, a, number, now=NOW),
        "unlock": lambda c, a: accounts.unlock(c, a, number, now=NOW),
        "reset": lambda c, a: accounts.reset_password(c, a, number, now=NOW, settings=known),
        "end": lambda c, a: sessions.end(c, a, token_hash, why="管理员结束", now=NOW),
        "end all": lambda c, a: sessions.end_account(c, a, number, why="管理员结束", now=NOW),
    }


@pytest.mark.parametrize("act", managing(0, ""))
@pytest.mark.parametrize("role", Role)
def test_every_write_asks_the_table_and_a_refusal_changes_nothing(house, other, role, act):
    person = Actor(999, "ren", "某人", role, "530000", "10.0.0.3")
    with house.read() as connection:
        token_hash = connection.scalar(select(t.session.c.token_hash))
        before = [connection.execute(select(table)).all() for table in (t.account, t.session)]
    call = managing(other, token_hash)[act]
    if may(role, "account.manage"):
        with acting(house, person) as connection:
            call(connection, person)
        return
    with pytest.raises(RefusedError), acting(house, person) as connection:
        call(connection, person)
    with house.read() as connection:
        assert [connection.execute(select(table)).all() for table in (t.account, t.session)] == before
    row = newest(house)
    assert (row.action, row.outcome, row.actor) == ("account.manage", "拒绝", "ren")


# ── sign-ins ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def short_of(house, number):
    with house.read() as connection:
        return connection.scalar(select(t.session.c.token_hash).where(t.session.c.account_id == number))[:12]


def asked_to_end(short):
    app = AppTest.from_file(str(ROOT / "pages" / "people.py"), default_timeout=60)
    app.query_params["tab"] = "sessions"
    app.session_state["people-ending"] = short
    return app.run()


def test_an_administrator_ends_anothers_sign_in(house, signed, other):
    signed()
    app = asked_to_end(short_of(house, other))
    assert "10.7.7.7" in html_of(app)
    app.button(key="people-end").click().run()
    with house.read() as connection:
        row = connection.execute(select(t.session).where(t.session.c.account_id == other)).one()
    assert row.ended_why == "管理员结束"
    assert newest(house).action == "session.end"


def test_an_auditor_who_asks_all_the_same_is_refused_by_the_function_and_recorded(house, signed, other):
    signed(Role.AUDITOR)
    app = asked_to_end(short_of(house, other))
    app.button(key="people-end").click().run()
    assert "不能" in app.error[0].value
    with house.read() as connection:
        assert connection.scalar(select(t.session.c.ended_at).where(t.session.c.account_id == other)) is None
    assert (newest(house).action, newest(house).outcome) == ("account.manage", "拒绝")


def test_rows_of_sign_ins(house, signed, other):
    token = signed()
    own = sessions.token_hash(token)[:12]
    with house.read() as connection:
        rows = sessions.list_open(connection, context.actor(), settings=settings_module.load(), now=utc_now())
    lines = {row.name: people_sessions.line(row, utc_now(), own=own, ends=True) for row in rows}
    assert (lines["zhao"].action, lines["zhao"].note) == ("结束登录", "")
    assert lines["zhao"].cells[2].main == "Edge · Windows"
    mine = next(line for name, line in lines.items() if name != "zhao")
    assert (mine.action, mine.note) == ("", "本次登录")
    assert len(mine.cells) + 1 == len(people_sessions.HEADS)


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/120.0 Safari/537.36", "Chrome · Windows"),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:120.0) Gecko/20100101 Firefox/120.0", "Firefox · Linux"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) Version/17.0 Safari/604.1", "Safari · 苹果移动设备"),
        ("Mozilla/5.0 (Linux; Android 13) Chrome/116.0 MicroMessenger/8.0", "微信 · 安卓"),
        ("curl/8.0", "curl/8.0"),
        ("", "未知"),
    ],
)
def test_a_browser_in_short_words(agent, words):
    assert people_sessions.browser_words(agent) == words


# ── the table of permissions ─────────────────────────────────────────────────────────────────────────────────────────


def test_the_matrix_is_shown_cell_by_cell():
    shown = str(people_roles.matrix_html())
    for action, permission in MATRIX.items():
        (row,) = re.findall(rf"<tr><td>{re.escape(permission.words)}</td>(.*?)</tr>", shown)
        marks = ["●" in cell for cell in re.findall(r"<td[^>]*>(.*?)</td>", row)]
        assert marks == [may(role, action) for role in Role], action
    heads = re.findall(r'<th class="dot">([^<]+)<small>([^<]+)', shown)
    assert heads == [(str(role), people_roles.LEVEL_WORDS[REGION_LEVEL[role]]) for role in Role]
    assert sorted(action for group in people_roles.grouped().values() for action in group) == sorted(MATRIX)
    assert "其他" not in people_roles.grouped()


# ── the trail ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_trail_is_listed_and_narrowed_by_the_address(house, signed):
    signed(Role.AUDITOR)
    with house.write() as connection:
        audit.append(connection, SYSTEM, "demo.manage", at=utc_now(), after={"操作": f"载入{HOSTILE}"})
        audit.append(connection, SYSTEM, "retention.run", at=utc_now(), after={"rows": 8})
    shown = html_of(page(tab="audit"))
    assert "系统 按期限清理数据（条数：8）" in shown
    assert "&lt;img src=x" in shown
    assert "<img" not in shown
    assert re.findall(r"<time>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d</time>", shown)
    app = page(tab="audit", act="demo.manage")
    app.text_input(key="words").set_value("没有这样的词").run()
    assert "没有符合条件" in app.info[0].value


def test_pages_of_the_trail(house, signed):
    signed(Role.AUDITOR)
    with house.write() as connection:
        for number in range(120):
            audit.append(connection, SYSTEM, "retention.run", at=utc_now(), after={"rows": number})
    assert html_of(page(tab="audit")).count("<details") == 50
    last = html_of(page(tab="audit", no=3))
    assert last.count("<details") == 20
    assert "条数：0" in last


def test_the_chain_is_verified_from_the_page(house, signed):
    signed(Role.AUDITOR)
    with house.write() as connection:
        audit.append(connection, SYSTEM, "retention.run", at=utc_now())
    app = page(tab="audit")
    app.button(key="people-verify").click().run()
    assert "1 条" in app.success[0].value
    assert newest(house).action == "audit.verify"


def test_an_exported_file_comes_for_the_one_who_holds_the_sign_in(house, signed):
    token = signed(Role.AUDITOR)
    body = people_trail.file_bytes(context.Held(token, ""), trail.Filters(), "csv").decode("utf-8-sig")
    assert "导出人：示例人员" in body
    assert newest(house).action == "audit.export"
    with pytest.raises(RefusedError, match="省级管理员"):
        people_trail.file_bytes(context.Held(signed(Role.ADMINISTRATOR), ""), trail.Filters(), "csv")
    assert newest(house).outcome == "拒绝"


def test_restricted_values_never_reach_the_page(house, signed):
    signed(Role.AUDITOR)
    clerk = Actor(7, "li", "李经办", Role.COUNTY_CLERK, "530102", "10.0.0.9")
    held = restricted.Fields("罗某某", "13987654321", "", "只找王主任")
    with house.write() as connection:
        restricted.write(connection, clerk, "story", "5", "530102", held, revision=None, now=utc_now())
    restricted.read(house, clerk, "story", "5", "530102", why="核实情况", now=utc_now())
    shown = html_of(page(tab="audit"))
    assert "核实情况" in shown
    assert [word for word in ("罗某某", "13987654321", "只找王主任") if word in shown] == []
    app = page(tab="audit", words="13987654321")
    assert "共 0 条" in app.markdown[0].value


# ── words ────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("address", [{}, {"account": "new"}, {"tab": "sessions"}, {"tab": "roles"}, {"tab": "audit"}])
def test_no_english_is_left_in_labels(signed, address):
    signed()
    app = page(**address)
    assert not app.exception
    widgets = [one for kind in ("button", "selectbox", "text_input", "tabs") for one in getattr(app, kind)]
    words = [one.label for one in widgets]
    words += [one.proto.placeholder for one in (*app.selectbox, *app.text_input)]
    words += [option for one in app.selectbox for option in one.options]
    assert words
    assert [word for word in words if re.search(r"[A-Za-z]{2,}", word)] == []

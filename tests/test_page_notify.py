"""The page 通知渠道: who sees which tab and button, a channel made, tried, changed and removed, dead letters, lists."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, insert, select, update
from streamlit.testing.v1 import AppTest

from monitors.access.actor import SYSTEM
from monitors.access.roles import Role, may
from monitors.clock import utc_now
from monitors.notify import beat, channels, contacts, messages, silences
from monitors.notify.channel_settings import ChannelSettings
from monitors.notify.channels import Plan
from monitors.store import tables as t
from pages import notify_channels, notify_contacts, notify_outbox, notify_silences
from tests.notify_server import receiver

ROOT = Path(__file__).resolve().parent.parent
NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
TOKEN = "tok-3f9a77c0d1e2b3"
HOSTILE = "<img src=x onerror=y()> ![b](http://beacon.invalid/b.png)"
PLAN = Plan("值班群", "530000", ("I", "II"))


def page(**address):
    app = AppTest.from_file(str(ROOT / "pages" / "notify.py"), default_timeout=60)
    for name, value in address.items():
        app.query_params[name] = str(value)
    return app.run()


def html_of(app):
    assert not app.exception
    return "\n".join(block.proto.body for block in app.get("html"))


def keys_of(app):
    assert not app.exception
    return {button.key for button in app.button}


def press(app, label):
    return next(button for button in app.button if button.label == label).click().run()


def channel(house, url="https://qyapi.example/send?key=" + TOKEN, plan=PLAN):
    with house.write() as connection:
        return channels.add(connection, SYSTEM, plan, ChannelSettings("wecom", url=url, plain=True), now=NOW)


def message(house, number, **values):
    given = {
        "key": f"{values}"[:64], "channel_id": number, "kind": "alert", "alert_ids": [], "title": f"讨薪{HOSTILE}",
        "body": f"正文{HOSTILE}", "state": "死信", "attempts": 3, "created_at": NOW, "next_at": NOW, "expires_at": NOW,
        "error": "HTTP 500",
    } | values  # fmt: skip
    with house.write() as connection:
        made = connection.execute(insert(t.message).values(given).returning(t.message.c.id)).scalar_one()
        connection.execute(insert(t.attempt).values(message_id=made, at=NOW, ok=False, status=500, told=HOSTILE))
    return made


# ── who sees what ────────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("role", Role)
def test_each_role_sees_its_buttons_and_nothing_else(house, signed, role):
    number = channel(house)
    signed(role)
    app = page(channel=number)
    sees, manages = may(role, "notify.view"), may(role, "notify.manage")
    assert [tab.label for tab in app.tabs] == (["渠道", "发送记录", "静默", "升级名单"] if sees else [])
    buttons = {"notify-new", "notify-test", "notify-switch", "notify-remove"}
    assert keys_of(app) & buttons == (buttons if manages else set())
    assert ("qyapi.example" in html_of(app)) is sees
    assert TOKEN not in str(app)
    assert ("设置静默" in {one.label for one in page(tab="silences").get("expander")}) is (
        sees and may(role, "alert.silence")
    )
    assert ("添加人员" in {one.label for one in page(tab="contacts").get("expander")}) is manages


def test_nobody_sees_a_channel_that_is_not_there(house, signed):
    signed()
    for wanted in ("99", "x", "²", "1 or 1", "9" * 20):
        assert "没有这个通知渠道" in page(channel=wanted).warning[0].value
    assert "没有这条消息" in page(tab="outbox", message="7").warning[0].value


# ── a channel's life ─────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_channel_is_made_tried_changed_and_removed(house, signed):
    signed()
    app = page(channel="new")
    press(app, "添加渠道")
    assert "请填写 Webhook 地址" in html_of(app)
    assert "请填写渠道名称" in html_of(app)
    with receiver() as server:
        good = f"{server.url}/said/%7B%22errcode%22:0,%22errmsg%22:%22ok%22%7D?key={TOKEN}"
        app.text_input(key="notify-add-wecom-name").set_value(HOSTILE[:40])
        app.text_input(key="notify-add-wecom-url").set_value(good)
        app.checkbox(key="notify-add-wecom-plain").set_value(True)
        press(app, "添加渠道")
        with house.read() as connection:
            (made,) = channels.list_channels(connection, SYSTEM)
        assert (made.plan.region, made.plan.levels) == ("530000", ("I", "II", "III", "IV"))
        assert app.query_params["channel"] == str(made.id)
        press(app, "发送测试")
        assert "errcode 0 ok" in app.success[0].value
        assert server.got
        bad = good.replace("errcode%22:0", "errcode%22:93000")
        app.text_input(key=f"notify-edit-{made.id}-1-url").set_value(bad)
        press(app, "保存修改")
        press(app, "发送测试")
        assert "errcode 93000" in app.error[0].value
    assert TOKEN not in html_of(app) + str(app)
    press(app, "停用")
    with house.read() as connection:
        held = channels.get(connection, SYSTEM, made.id)
    assert (held.plan.enabled, held.revision) == (False, 3)
    press(app, "确认移除")
    with house.read() as connection:
        assert channels.list_channels(connection, SYSTEM) == ()
    assert "channel" not in app.query_params


def test_somebody_who_was_slower_keeps_what_was_typed(house, signed):
    number = channel(house)
    signed()
    app = page(channel=number)
    with house.write() as connection:
        channels.switch(connection, SYSTEM, number, 1, enabled=True, now=NOW)
    app.text_input(key=f"notify-edit-{number}-1-name").set_value("另一个名字")
    press(app, "保存修改")
    assert "已被他人更改" in html_of(app)
    assert app.text_input(key=f"notify-edit-{number}-1-name").value == "另一个名字"
    press(app, "停用")
    assert "已被他人更改" in app.error[0].value
    with house.read() as connection:
        held = channels.get(connection, SYSTEM, number)
    assert (held.plan, held.revision) == (PLAN, 2)
    app = page(channel=number)
    assert app.text_input(key=f"notify-edit-{number}-2-name").value == "值班群"


@pytest.mark.parametrize(("kind", "field"), [("smtp", "host"), ("dingtalk", "secret"), ("webhook", "secret")])
def test_each_kind_asks_for_its_own(house, signed, kind, field):
    signed()
    app = page(channel="new")
    app.selectbox(key="notify-kind").set_value(kind).run()
    assert app.text_input(key=f"notify-add-{kind}-{field}").value == ""
    press(app, "添加渠道")
    assert "尚未保存" in html_of(app)


# ── dead letters ─────────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_dead_letter_is_shown_with_its_attempts_and_sent_again(house, signed):
    number = channel(house)
    made = message(house, number)
    signed()
    app = page(tab="outbox", message=made)
    shown = html_of(app)
    assert "<img" not in shown
    assert "正文&lt;img" in shown
    assert "发送 1 次" in shown
    press(app, "重新发送")
    with house.read() as connection:
        assert connection.scalar(select(t.message.c.state)) == "待发"
    assert "notify-resend" not in keys_of(app)
    signed(Role.DUTY_OFFICER)
    with house.write() as connection:
        connection.execute(update(t.message).values(state="死信"))
    assert "notify-resend" not in keys_of(page(tab="outbox", message=made))


# ── each reader's own part ───────────────────────────────────────────────────────────────────────────────────────────
def test_messages_are_of_the_readers_division_and_say_nothing_to_auditors(store):
    from monitors.access.actor import Actor
    from monitors.errors import InputError, RefusedError
    from tests import seed

    for region in ("530102", "530302"):
        seed.plant(store, seed.Planted(f"讨薪 {region}", level="II", region=region), NOW)
    number = channel(store)
    with store.read() as connection:
        alerts = connection.execute(
            select(t.alert.c.id, t.story.c.region).join(t.story, t.story.c.id == t.alert.c.story_id)
        ).all()
    for alert_id, region in alerts:
        message(store, number, key=region, alert_id=alert_id, title=f"讨薪 {region}")
    message(store, number, key="digest", kind="digest", title="汇总")
    message(store, number, key="test", kind="test", title="测试", state="已发")

    def seen(role, region, **asked):
        with store.read() as connection:
            return messages.search(connection, Actor(1, "u", "某", role, region, ""), **asked)

    whole = seen(Role.ADMINISTRATOR, "530000")
    assert [one.title for one in whole.rows] == ["测试", "汇总", *[f"讨薪 {r}" for _, r in reversed(alerts)]]
    assert (whole.total, dict(whole.counts)) == (4, {"死信": 3, "已发": 1})
    assert seen(Role.ADMINISTRATOR, "530000", state="死信", size=2, page=2).rows[0].title == whole.rows[3].title
    county = seen(Role.DUTY_OFFICER, "530102")
    assert [one.title for one in county.rows] == ["讨薪 530102"]
    assert dict(county.counts) == {"死信": 1}
    assert [one.title for one in seen(Role.DUTY_OFFICER, "530300").rows] == ["讨薪 530302"]
    audited = seen(Role.AUDITOR, "530000")
    assert {one.title for one in audited.rows} == {"测试", messages.HIDDEN}
    clerk = Actor(1, "u", "某", Role.DUTY_OFFICER, "530102", "")
    with store.read() as connection:
        with pytest.raises(InputError, match="没有这条消息"):
            messages.get(connection, clerk, whole.rows[1].id)
        _, body, tried = messages.get(connection, replace(clerk, role=Role.AUDITOR, region="530000"), whole.rows[1].id)
        assert (body, len(tried)) == (messages.HIDDEN, 1)
        with pytest.raises(RefusedError):
            messages.search(connection, replace(clerk, role=Role.COUNTY_CLERK))


def test_the_list_of_people_shows_a_county_its_own_and_those_above():
    one = contacts.Contact(1, "530000", 1, "张处", None, 1, "值班群", "")
    near = notify_contacts._near
    for region in ("530000", "530100", "530102"):
        assert near(one, region)
        assert near(replace(one, region=region), "530102")
        assert near(replace(one, region="530102"), region)
    assert not near(replace(one, region="530103"), "530102")
    assert not near(replace(one, region="530300"), "530102")


# ── lines of the lists ───────────────────────────────────────────────────────────────────────────────────────────────
def cells(line):
    return [(cell.main, cell.tone) for cell in line.cells]


def test_a_line_says_how_a_channel_is():
    fresh = channels.Channel(1, "wecom", "qyapi.example", PLAN, None, None, "", 1)
    state = lambda one: cells(notify_channels.line(one))[3]  # noqa: E731
    assert state(fresh) == ("未发过", "warn")
    assert state(replace(fresh, last_ok_at=NOW)) == ("正常", "ok")
    broken = replace(fresh, last_ok_at=NOW, last_error_at=NOW + timedelta(seconds=1), last_error="HTTP 500")
    assert state(broken) == ("发送失败", "bad")
    assert state(replace(broken, last_ok_at=NOW + timedelta(seconds=2))) == ("正常", "ok")
    assert state(replace(broken, plan=replace(PLAN, enabled=False))) == ("已停用", "off")
    quiet = replace(fresh, plan=replace(PLAN, quiet_from=1320, quiet_to=420, region="530102"))
    assert notify_channels.line(quiet).cells[2].small == "免打扰 22:00–07:00"


def test_a_stuck_sender_is_said_and_a_live_one_too():
    state = notify_channels._state
    fresh = channels.Channel(1, "wecom", "x", PLAN, None, None, "", 1, waiting=3)
    assert "没有运行记录" not in state((), {"sender": NOW}, NOW)
    assert "还没有运行记录，待发 3 条" in state((fresh,), {}, NOW)
    assert "没有动静，待发 3 条" in state((fresh,), {"sender": NOW - timedelta(minutes=3)}, NOW)
    assert "1 个渠道最近一次发送失败" in state((replace(fresh, last_error_at=NOW),), {"sender": NOW}, NOW)


def test_whether_somebody_outside_listens_is_said():
    words = notify_channels.outside_words
    assert "尚未外报" in words(beat.Status(host="x.example"))
    told = words(beat.Status(host="x.example", at=NOW, ok=True, told="<b>已收到</b>"))
    assert "&lt;b&gt;已收到&lt;/b&gt;（x.example，2026-11-23 12:00）" in told
    assert "warn" not in told


def test_a_line_of_a_message_and_of_a_silence():
    one = messages.Message(1, 1, "值班群", "", "alert", "II", "标题", "待发", 2, NOW, NOW, None, 500, "HTTP 500")
    assert cells(notify_outbox.line(one))[3] == ("待发", "warn")
    assert notify_outbox.line(one).cells[3].small == "12:00 再试"
    assert notify_outbox.line(replace(one, state="已发", sent_at=NOW)).cells[3].small == "11-23 12:00 送达"
    quiet = silences.Silence(
        1, "530100", ("III", "IV"), "某公司 某工地", None, "旧闻", NOW, NOW + timedelta(hours=8), "张三", NOW, None, ""
    )
    assert notify_silences.state(quiet, NOW)[0] == "静默中"
    assert notify_silences.state(quiet, NOW - timedelta(hours=1))[0] == "未开始"
    assert notify_silences.state(quiet, NOW + timedelta(hours=8))[0] == "已到期"
    assert notify_silences.state(replace(quiet, ended_at=NOW), NOW)[0] == "已解除"
    line = notify_silences.line(quiet, NOW, manages=True)
    assert (line.cells[0].small, line.action) == ("含“某公司”或“某工地”", "解除")
    assert notify_silences.line(quiet, NOW, manages=False).action == ""
    above = notify_silences.line(quiet, NOW, manages=True, ours=False)
    assert (above.action, above.note) == ("", "")  # of a division above: the column stands, its button does not


def test_lists_are_added_to_on_the_page(house, signed):
    number = channel(house)
    signed()
    app = page(tab="contacts")
    app.text_input(key="notify-contact-name").set_value("张处")
    app.selectbox(key="notify-contact-channel_id").set_value(str(number))
    press(app, "添加")
    app = page(tab="silences")
    press(app, "设置静默")
    assert "请填写静默的理由" in html_of(app)
    app.text_input(key="notify-silence-reason").set_value("演练")
    press(app, "设置静默")
    with house.read() as connection:
        assert connection.execute(select(t.contact.c["name", "step"])).all() == [("张处", 1)]
        (quiet,) = silences.listed(connection, SYSTEM, utc_now())
        assert connection.scalar(select(func.count()).select_from(t.audit)) == 3
    assert (quiet.reason, quiet.levels, quiet.region) == ("演练", ("III", "IV"), "530000")

"""Channels and the escalation list in the store: who may, what is checked, what is sealed, what the trail says."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, insert, select, update

from monitors.access import trail
from monitors.access.acting import acting
from monitors.access.actor import SYSTEM, Actor
from monitors.access.roles import Role, may
from monitors.errors import ConflictError, InputError, RefusedError
from monitors.notify import channels, contacts
from monitors.notify.channel_settings import ChannelError, ChannelSettings, check, kept, seal, unseal
from monitors.notify.channels import Plan
from monitors.store import tables as t
from tests.notify_server import receiver

NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
TOKEN = "tok-3f9a77c0d1e2b3"
SECRET = "SEC-very-secret-000111222"
PASSWORD = "auth-code-9x8y7z"
ADMIN = Actor(1, "boss", "省管理员", Role.ADMINISTRATOR, "530000", "10.0.0.1")
PLAN = Plan("值班群", "530000", ("I", "II"))
ROBOT = ChannelSettings("dingtalk", url=f"https://oapi.example/robot/send?access_token={TOKEN}", secret=SECRET)
MAIL = ChannelSettings(
    "smtp", host="smtp.example.gov.cn", port=587, username="alert", password=PASSWORD, sender="alert@example.gov.cn",
    recipients=("zhiban@example.gov.cn",),
)  # fmt: skip


def add(store, plan=PLAN, settings=ROBOT, actor=ADMIN, now=NOW):
    with acting(store, actor) as connection:
        return channels.add(connection, actor, plan, settings, now=now)


def edit(store, number, revision, plan=PLAN, settings=ROBOT):
    with acting(store, ADMIN) as connection:
        channels.edit(connection, ADMIN, number, revision, plan, settings, now=NOW)


def opened(store, number):
    with store.read() as connection:
        return channels.open_settings(connection, number)


def get(store, number, actor=ADMIN):
    with store.read() as connection:
        return channels.get(connection, actor, number)


def faults(plan=PLAN, settings=ROBOT, *, store):
    with pytest.raises(ChannelError) as told:
        add(store, plan, settings)
    return {one.field: one.words for one in told.value.faults}


def everything(store):
    """All text the database holds outside the sealed column, and the trail in words."""
    with store.read() as connection:
        rows = [
            str(row)
            for table in (t.audit, t.message, t.attempt, t.contact)
            for row in connection.execute(select(table))
        ]
        plain = [c for c in t.channel.c if c.name != "sealed"]
        rows += [str(row) for row in connection.execute(select(*plain))]
        sealed = b"".join(bytes(one) for one in connection.scalars(select(t.channel.c.sealed)))
        found = trail.search(connection, SYSTEM, trail.Filters(), page=1, size=200)
    return "\n".join([*rows, *map(trail.sentence, found.rows), sealed.decode("latin-1")])


# ── adding, changing, removing ───────────────────────────────────────────────────────────────────────────────────────
def test_a_channel_comes_back_whole_and_its_secrets_lie_nowhere_in_the_open(store):
    number = add(store)
    mail = add(store, replace(PLAN, name="邮件", quiet_from=1320, quiet_to=420), MAIL)
    assert opened(store, number) == ROBOT
    assert opened(store, mail) == MAIL
    held = get(store, mail)
    assert (held.shown, held.plan.levels) == ("zhiban@example.gov.cn（经 smtp.example.gov.cn:587）", ("I", "II"))
    assert channels.quiet_words(held.plan) == "22:00–07:00"
    text = everything(store) + repr(held) + repr(opened(store, number)) + repr(opened(store, mail))
    for secret in (TOKEN, SECRET, PASSWORD):
        assert secret not in text
    with store.read() as connection:
        both = channels.open_all(connection)
        form = channels.editable(connection, ADMIN, mail)
    assert [one.settings for one in both] == [ROBOT, MAIL]
    assert (form.host, form.username, form.password) == ("smtp.example.gov.cn", "alert", "")
    assert TOKEN not in repr(both)


def test_the_trail_says_what_changed_and_never_a_secret(store):
    number = add(store)
    other = ChannelSettings("dingtalk", url="https://oapi.example/robot/send?access_token=other-token-1", secret="SEC2")
    edit(store, number, 1, replace(PLAN, name="新值班群", levels=("I",), region="530100"), other)
    assert opened(store, number) == other
    with acting(store, ADMIN) as connection:
        channels.switch(connection, ADMIN, number, 2, enabled=False, now=NOW)
        channels.remove(connection, ADMIN, number, 3, now=NOW)
    with store.read() as connection:
        found = trail.search(connection, SYSTEM, trail.Filters(), page=1, size=20)
    told = [trail.sentence(row) for row in found.rows]
    assert [("移除" in told[0]), ("停用" in told[1]), ("修改" in told[2]), ("添加" in told[3])] == [True] * 4
    assert "已更改" in told[2]
    for secret in (TOKEN, SECRET, "other-token-1"):
        assert secret not in everything(store)


def test_an_empty_secret_stays_and_goes_to_no_other_receiver(store):
    number = add(store)
    edit(store, number, 1, settings=ChannelSettings("dingtalk"))
    assert opened(store, number) == ROBOT
    moved = "https://elsewhere.example/robot/send?access_token=abcdefg"
    edit(store, number, 2, settings=ChannelSettings("dingtalk", url=moved))
    assert opened(store, number).secret == ""
    mail = add(store, replace(PLAN, name="邮件"), MAIL)
    edit(store, mail, 1, replace(PLAN, name="邮件"), replace(MAIL, password="", recipients=("b@example.gov.cn",)))
    assert opened(store, mail).password == PASSWORD
    for change in ({"host": "evil.example"}, {"port": 25}, {"security": "none", "plain": True}, {"username": "other"}):
        assert kept(replace(MAIL, password="", **change), MAIL).password == "", change
    with pytest.raises(ChannelError, match="重新填写密码"):
        edit(store, mail, 2, replace(PLAN, name="邮件"), replace(MAIL, password="", host="evil.example"))


def test_the_second_of_two_is_told(store):
    number = add(store)
    edit(store, number, 1)
    with pytest.raises(ConflictError, match="值班群"):
        edit(store, number, 1)
    with pytest.raises(ConflictError), acting(store, ADMIN) as connection:
        channels.switch(connection, ADMIN, number, 1, enabled=False, now=NOW)
    with pytest.raises(ConflictError), acting(store, ADMIN) as connection:
        channels.remove(connection, ADMIN, number, 1, now=NOW)
    with pytest.raises(InputError, match="没有这个通知渠道"):
        edit(store, 999, 1)
    with pytest.raises(InputError, match="类型"):
        edit(store, number, 2, settings=MAIL)
    assert get(store, number).plan.enabled


def test_a_channel_goes_with_its_messages_and_says_how_many_were_waiting(store):
    number, stays = add(store), add(store, replace(PLAN, name="另一个"))
    with store.write() as connection:
        for key, channel, state in (("a", number, "待发"), ("b", number, "已发"), ("c", stays, "待发")):
            connection.execute(
                insert(t.message).values(
                    key=key, channel_id=channel, kind="alert", alert_ids=[], title="x", body="x", state=state,
                    created_at=NOW, next_at=NOW, expires_at=NOW,
                )
            )  # fmt: skip
    assert (get(store, number).waiting, get(store, stays).waiting) == (1, 1)
    with acting(store, ADMIN) as connection:
        contacts.add(connection, ADMIN, region="530100", step=1, name="张处", channel_id=number, now=NOW)
        assert channels.remove(connection, ADMIN, number, 1, now=NOW) == 1
    with store.read() as connection:
        assert connection.scalars(select(t.message.c.key)).all() == ["c"]
        assert connection.scalar(select(func.count()).select_from(t.contact)) == 0


# ── who may ──────────────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("role", Role)
def test_roles(store, role):
    number = add(store)
    who = Actor(2, "u", "某", role, "530000", "")
    acts = [
        lambda c: channels.add(c, who, replace(PLAN, name="二"), ROBOT, now=NOW),
        lambda c: channels.edit(c, who, number, 1, PLAN, ROBOT, now=NOW),
        lambda c: channels.switch(c, who, number, 2, enabled=False, now=NOW),
        lambda c: channels.editable(c, who, number),
        lambda c: contacts.add(c, who, region="530100", step=1, name="张处", channel_id=number, now=NOW),
        lambda c: contacts.remove(c, who, 1, now=NOW),
        lambda c: channels.remove(c, who, number, 3, now=NOW),
    ]
    for act in acts:
        if may(role, "notify.manage"):
            with acting(store, who) as connection:
                act(connection)
        else:
            with pytest.raises(RefusedError), acting(store, who) as connection:
                act(connection)
    if not may(role, "notify.manage"):
        with pytest.raises(RefusedError):
            channels.test(store, who, number, timeout=1, now=NOW)
        assert get(store, number).revision == 1
    with store.read() as connection:
        for look in (channels.list_channels, contacts.list_contacts):
            if may(role, "notify.view"):
                look(connection, who)
            else:
                with pytest.raises(RefusedError):
                    look(connection, who)


# ── what is wrong, field by field ────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": "  "}, "name"), ({"name": "名" * 41}, "name"), ({"name": "a\x00b"}, "name"),
        ({"region": ""}, "region"),
        ({"region": "110000"}, "region"), ({"levels": ()}, "levels"), ({"levels": ("V",)}, "levels"),
        ({"quiet_from": 60}, "quiet"), ({"quiet_to": 60}, "quiet"), ({"quiet_from": 60, "quiet_to": 60}, "quiet"),
        ({"quiet_from": 0, "quiet_to": 1440}, "quiet"), ({"per_minute": 0}, "per_minute"),
    ],
)  # fmt: skip
def test_a_plan_that_will_not_do(store, change, field):
    assert set(faults(replace(PLAN, **change), store=store)) == {field}


def test_a_name_is_used_once(store):
    add(store)
    assert "已有" in faults(replace(PLAN, name=" 值班群 "), store=store)["name"]


U = "https://x.example/cgi-bin/webhook/send?key=abcdef"


@pytest.mark.parametrize(
    ("settings", "field"),
    [
        (ChannelSettings("wecom"), "url"),
        (ChannelSettings("wecom", url="ftp://x.example/?key=a"), "url"),
        (ChannelSettings("wecom", url="https://u:p@x.example/?key=abcdef"), "url"),
        (ChannelSettings("wecom", url="https://u@x.example/?key=abcdef"), "url"),
        (ChannelSettings("wecom", url="https://x.example\\@y/?key=abcdef"), "url"),
        (ChannelSettings("wecom", url="https:///?key=abcdef"), "url"),
        (ChannelSettings("wecom", url="https://x.example:99999/?key=abcdef"), "url"),
        (ChannelSettings("wecom", url="https://x.example/send"), "url"),
        (ChannelSettings("wecom", url=U + "\r\nX: y"), "url"),
        (ChannelSettings("wecom", url=U + "薪"), "url"),
        (ChannelSettings("wecom", url=U + "x" * 1000), "url"),
        (ChannelSettings("wecom", url=U.replace("https", "http")), "plain"),
        (ChannelSettings("dingtalk", url=U), "url"),
        (ChannelSettings("dingtalk", url=ROBOT.url, secret="abc"), "secret"),
        (ChannelSettings("dingtalk", url=ROBOT.url, secret="SEC 薪"), "secret"),
        (ChannelSettings("feishu", url=U), "url"),
        (ChannelSettings("webhook", url=U), "secret"),
        (ChannelSettings("webhook", url=U, secret="short"), "secret"),
        (ChannelSettings("wecom", url=U, ca="not a certificate"), "ca"),
        (ChannelSettings("wecom", url=U, ca="-----BEGIN PRIVATE KEY-----\nx\n-----END PRIVATE KEY-----"), "ca"),
        (ChannelSettings("pigeon", url=U), "kind"),
        (replace(MAIL, host=""), "host"),
        (replace(MAIL, host="a b"), "host"),
        (replace(MAIL, host="x\r\ny"), "host"),
        (replace(MAIL, port=0), "port"),
        (replace(MAIL, port=70000), "port"),
        (replace(MAIL, security="none"), "plain"),
        (replace(MAIL, sender="alert"), "sender"),
        (replace(MAIL, sender="a@b.cn\r\nBcc: c@d.cn"), "sender"),
        (replace(MAIL, sender_name="x\r\nBcc: c@d.cn"), "sender_name"),
        (replace(MAIL, recipients=()), "recipients"),
        (replace(MAIL, recipients=("a@b.cn", "c")), "recipients"),
        (replace(MAIL, recipients=tuple(f"a{n}@b.cn" for n in range(51))), "recipients"),
        (replace(MAIL, username=""), "username"),
        (replace(MAIL, password=""), "password"),
        (replace(MAIL, password="a\nb"), "password"),
    ],
)
def test_settings_that_will_not_do(settings, field):
    told = check(settings)
    assert {one.field for one in told} == {field}
    words = "".join(map(str, told))
    assert "abcdef" not in words
    assert PASSWORD not in words


def test_settings_that_will():
    for good in (
        ROBOT, MAIL, replace(MAIL, security="none", plain=True, username="", password=""), replace(ROBOT, secret=""),
        ChannelSettings("wecom", url="http://10.20.0.5:8080/send?key=abcdef", plain=True),
        ChannelSettings("feishu", url="https://open.example/open-apis/bot/v2/hook/aaaa-bbbb"),
        ChannelSettings("webhook", url="https://[fd12::5]/in", secret="x" * 16),
    ):  # fmt: skip
        assert check(good) == ()


# ── sealed ───────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_seal_opens_at_its_own_channel_only_and_shows_any_change():
    sealed = seal(ROBOT, 7)
    assert unseal(sealed, 7, "dingtalk") == ROBOT
    for other in (
        unseal(sealed, 8, "dingtalk"), unseal(sealed, 7, "wecom"), unseal(sealed[:-1] + b"x", 7, "dingtalk"),
        unseal(b"\x02" + sealed[1:], 7, "dingtalk"), unseal(b"", 7, "dingtalk"),
    ):  # fmt: skip
        assert other.damaged
    assert seal(ROBOT, 7) != sealed, "a nonce is used once"


def test_one_damaged_channel_leaves_the_others_and_is_filled_in_anew(store):
    number, other = add(store), add(store, replace(PLAN, name="另一个"))
    with store.write() as connection:
        connection.execute(update(t.channel).where(t.channel.c.id == number).values(sealed=b"\x01broken"))
    with store.read() as connection:
        both = channels.open_all(connection)
    assert [(one.id, one.settings.damaged) for one in both] == [(number, True), (other, False)]
    answer = channels.test(store, ADMIN, number, timeout=1, now=NOW)
    assert "无法解密" in answer.told
    with pytest.raises(ChannelError):
        edit(store, number, 1, settings=ChannelSettings("dingtalk"))
    edit(store, number, 1)
    assert opened(store, number) == ROBOT


# ── the test message ─────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_test_shows_the_channels_own_words_and_leaves_its_traces(store):
    with receiver() as server:
        settings = ChannelSettings("wecom", url=f"{server.url}/said/%7B%22errcode%22:0%7D?key={TOKEN}", plain=True)
        number = add(store, settings=settings)
        assert channels.test(store, ADMIN, number, timeout=5, now=NOW).ok
        assert "渠道“值班群”可以收到警情通知" in server.got[0].json["text"]["content"]
        bad = f"{server.url}/said/%7B%22errcode%22:93000,%22errmsg%22:%22invalid {TOKEN}%22%7D?key={TOKEN}"
        edit(store, number, 1, settings=replace(settings, url=bad.replace(" ", "%20")))
        later = NOW + timedelta(minutes=1)
        answer = channels.test(store, ADMIN, number, timeout=5, now=later)
    assert answer.told == "errcode 93000 invalid ***"
    held = get(store, number)
    assert (held.last_ok_at, held.last_error_at, held.last_error) == (NOW, later, "errcode 93000 invalid ***")
    assert held.failing
    with store.read() as connection:
        rows = connection.execute(select(t.message.c["kind", "state", "attempts"]).order_by(t.message.c.id)).all()
        assert [tuple(row) for row in rows] == [("test", "已发", 1), ("test", "作废", 1)]
        trails = connection.execute(select(t.audit).where(t.audit.c.action == "notify.test")).all()
    assert [(row.outcome, json.loads(row.after)["ok"]) for row in trails] == [("成功", True), ("失败", False)]
    assert TOKEN not in everything(store)


# ── the escalation list ──────────────────────────────────────────────────────────────────────────────────────────────
def test_the_escalation_list(store):
    number, mail = add(store), add(store, replace(PLAN, name="邮件"), MAIL)
    with acting(store, ADMIN) as connection:
        first = contacts.add(
            connection, ADMIN, region="530100", step=1, name="张处", channel_id=number, recipient="13800000000", now=NOW
        )
        contacts.add(
            connection, ADMIN, region="530000", step=3, name="值守台", channel_id=mail, recipient="a@b.cn", now=NOW
        )
    with store.read() as connection:
        found = contacts.list_contacts(connection, ADMIN)
    assert [(one.region, one.step, one.name, one.channel) for one in found] == [
        ("530000", 3, "值守台", "邮件"),
        ("530100", 1, "张处", "值班群"),
    ]
    assert "13800000000" not in trail_text(store)
    with acting(store, ADMIN) as connection:
        contacts.remove(connection, ADMIN, first, now=NOW)
    with pytest.raises(InputError), acting(store, ADMIN) as connection:
        contacts.remove(connection, ADMIN, first, now=NOW)


def trail_text(store):
    with store.read() as connection:
        return "\n".join(str(row) for row in connection.execute(select(t.audit)))


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"region": "990000"}, "region"), ({"step": 4}, "step"), ({"name": " "}, "name"),
        ({"channel_id": 99}, "channel_id"),
        ({"recipient": "a b"}, "recipient"), ({"recipient": '"><at user_id="all">'}, "recipient"),
        ({"kind": "smtp", "recipient": ""}, "recipient"),
        ({"kind": "smtp", "recipient": "a@b.cn\nBcc: x@y.cn"}, "recipient"),
    ],
)  # fmt: skip
def test_a_contact_that_will_not_do(store, change, field):
    robot, mail = add(store), add(store, replace(PLAN, name="邮件"), MAIL)
    given = {"region": "530100", "step": 1, "name": "张处", "channel_id": robot, "recipient": ""} | change
    if given.pop("kind", ""):
        given["channel_id"] = mail
    with pytest.raises(ChannelError) as told, acting(store, ADMIN) as connection:
        contacts.add(connection, ADMIN, **given, now=NOW)
    assert {one.field for one in told.value.faults} == {field}


def test_a_contact_stands_once_on_each_step(store):
    number = add(store)
    given = {"region": "530100", "name": "张处", "channel_id": number, "now": NOW}
    with acting(store, ADMIN) as connection:
        contacts.add(connection, ADMIN, step=1, **given)
        contacts.add(connection, ADMIN, step=2, **given)
        with pytest.raises(ChannelError, match="已有"):
            contacts.add(connection, ADMIN, step=1, **given)

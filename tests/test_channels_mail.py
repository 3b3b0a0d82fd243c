"""Mail by a real SMTP server on loopback: taken, refused for now, refused for good, unreachable, and never forged."""

from __future__ import annotations

import asyncio
import logging
import threading
from datetime import UTC, datetime
from email.message import EmailMessage

import pytest

from monitors.notify import mail as mail_module
from monitors.notify import reaching, senders
from monitors.notify.channel_settings import ChannelSettings
from monitors.notify.outgoing import Outgoing
from tests.notify_server import Post, certified, free_port, mail_server, silent_port

pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH:UserWarning")
NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
KEY = "7" * 64
PASSWORD = "auth-code-9x8y7z"


def message(title="【II级】某县工地讨薪", body="首发：某网 11-23 10:00", **more):
    return Outgoing(KEY, "alert", title, body, NOW, **more)


def mailbox(port, **more):
    given = {"security": "none", "plain": True, "recipients": ("zhiban@example.gov.cn",)} | more
    return ChannelSettings("smtp", host="127.0.0.1", port=port, sender="alert@example.gov.cn", **given)


def sent(channel, outgoing=None, limit=10.0):
    return asyncio.run(senders.send(channel, outgoing or message(), timeout=limit))


# ── taken ────────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_mail_arrives_as_it_was_written():
    post = Post()
    with mail_server(post) as port:
        channel = mailbox(port, sender_name="值守平台", recipients=("a@example.gov.cn", "b@example.gov.cn"))
        answer = sent(channel, message(body="第一行\n.\n第三行 𠮷\n" + "长" * 3000))
    assert (answer.ok, answer.status, answer.told) == (True, 250, "250 邮件服务器已接收")
    (mail,) = post.got
    assert mail["Subject"] == "【II级】某县工地讨薪"
    assert mail["From"] == "值守平台 <alert@example.gov.cn>"
    assert mail["To"] == "a@example.gov.cn, b@example.gov.cn"
    assert mail["Message-ID"] == f"<{KEY}@example.gov.cn>"
    assert mail["Idempotency-Key"] == KEY
    assert mail["Date"] == "Mon, 23 Nov 2026 12:00:00 +0800"
    text = mail.get_content().replace("\r\n", "\n")
    assert text.startswith("第一行\n.\n第三行 𠮷\n" + "长" * 3000)
    assert KEY[:16] in text
    assert post.to == [["a@example.gov.cn", "b@example.gov.cn"]]


def test_a_recipient_of_its_own_is_the_only_one():
    post = Post()
    with mail_server(post) as port:
        assert sent(mailbox(port), message(recipient="daiban@example.gov.cn")).ok
    assert post.to == [["daiban@example.gov.cn"]]
    assert post.got[0]["To"] == "daiban@example.gov.cn"


def test_a_repeated_mail_has_the_same_message_id():
    post = Post()
    with mail_server(post) as port:
        for _ in range(2):
            assert sent(mailbox(port)).ok
    assert len({mail["Message-ID"] for mail in post.got}) == 1


@pytest.mark.parametrize("break_", ["\r\n", "\n", "\r", "\u2028", "\x0b", "\0"])
def test_a_headline_begins_no_header(break_):
    post = Post()
    with mail_server(post) as port:
        assert sent(mailbox(port), message(title=f"标题{break_}Bcc: victim@example.com{break_}{break_}<b>x</b>")).ok
    (mail,) = post.got
    assert mail["Bcc"] is None
    assert post.to == [["zhiban@example.gov.cn"]]
    assert mail["Subject"].startswith("标题")
    assert "\n" not in mail["Subject"]


@pytest.mark.parametrize("to", ["a@b.cn\r\nBcc: x@y.cn", "a@b.cn, x@y.cn", "a@b.cn>\r\nDATA", "薪@例.cn", "@"])
def test_a_recipient_is_one_mailbox_or_nothing_goes_out(to):
    post = Post()
    with mail_server(post) as port:
        answer = sent(mailbox(port), message(recipient=to))
    assert (answer.ok, answer.permanent, post.got) == (False, True, [])


def test_a_lone_surrogate_is_sent_all_the_same():
    post = Post()
    with mail_server(post) as port:
        assert sent(mailbox(port), message(title="坏\ud800字", body="坏\ud800字\0")).ok
    assert len(post.got) == 1


# ── refused for now, for good, in part ───────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("reply", "permanent"),
    [("451 4.7.1 greylisted, come back", False), ("452 too many", False), ("554 5.7.1 spam", True), ("552 full", True)],
)
def test_the_servers_own_no(reply, permanent):
    post = Post(reply)
    with mail_server(post) as port:
        answer = sent(mailbox(port))
        assert (answer.ok, answer.status, answer.permanent) == (False, int(reply[:3]), permanent)
        assert answer.told == reply
        assert sent(mailbox(port)).ok, "greylisting lets the second through"


def test_some_recipients_refused_is_sent_and_said():
    post = Post(refuse={"gone@example.gov.cn": "550 no such user"})
    with mail_server(post) as port:
        answer = sent(mailbox(port, recipients=("gone@example.gov.cn", "here@example.gov.cn")))
    assert answer.ok
    assert answer.told == "250 邮件服务器已接收，但 2 个收件人中 1 个被拒绝：gone@example.gov.cn 550 no such user"
    assert post.to == [["here@example.gov.cn"]]


@pytest.mark.parametrize(("second", "permanent"), [("550 gone", True), ("450 busy", False)])
def test_all_recipients_refused_is_final_only_where_all_are(second, permanent):
    post = Post(refuse={"a@example.gov.cn": "550 gone", "b@example.gov.cn": second})
    with mail_server(post) as port:
        answer = sent(mailbox(port, recipients=("a@example.gov.cn", "b@example.gov.cn")))
    assert (answer.ok, answer.permanent, post.got) == (False, permanent, [])
    assert "收件人均被拒绝" in answer.told


# ── signing in, encryption ───────────────────────────────────────────────────────────────────────────────────────────
def test_signing_in(caplog):
    caplog.set_level(logging.DEBUG)
    post = Post()
    with mail_server(post, password=PASSWORD) as port:
        assert sent(mailbox(port, username="alert", password=PASSWORD)).ok
        wrong = sent(mailbox(port, username="alert", password="not-that-one"))
        assert (wrong.ok, wrong.status, wrong.permanent) == (False, 535, True)
        anonymous = sent(mailbox(port))
        assert (anonymous.ok, anonymous.status) == (False, 530)
    for told in (wrong.told, anonymous.told, repr(mailbox(1, username="alert", password=PASSWORD)), caplog.text):
        assert PASSWORD not in told
        assert "not-that-one" not in told
    with mail_server(Post()) as port:
        answer = sent(mailbox(port, username="值守", password="口令口令"))
    assert (answer.ok, answer.permanent) == (False, True)


def test_starttls_comes_before_the_password_and_is_checked(tmp_path):
    server, root = certified(tmp_path, "127.0.0.1")
    post = Post()
    secure = {"security": "starttls", "plain": False, "username": "alert", "password": PASSWORD}
    with mail_server(post, tls_context=server, require_starttls=True, password=PASSWORD) as port:
        assert sent(mailbox(port, ca=root, **secure)).ok
        stranger = sent(mailbox(port, **secure))
        assert (stranger.ok, "证书不受信任" in stranger.told) == (False, True)
        assert sent(mailbox(port)).status == 530, "without STARTTLS the server says no, and its words are ours"
    other, root = certified(tmp_path, "elsewhere.example")
    with mail_server(Post(), tls_context=other) as port:
        assert "证书与主机名不符" in sent(mailbox(port, ca=root, **secure)).told


def test_a_server_without_starttls_gets_no_password():
    post = Post()
    with mail_server(post, password=PASSWORD) as port:
        answer = sent(mailbox(port, security="starttls", username="alert", password=PASSWORD))
    assert (answer.ok, answer.permanent, post.got) == (False, True, [])
    assert "不支持STARTTLS 加密" in answer.told


def test_tls_from_the_first_byte(tmp_path):
    server, root = certified(tmp_path, "127.0.0.1")
    post = Post()
    with mail_server(post, ssl_context=server) as port:
        assert sent(mailbox(port, security="ssl", ca=root)).ok
        assert not sent(mailbox(port, security="ssl")).ok
        plain = sent(mailbox(port), limit=0.5)  # an open greeting never comes
        assert not plain.ok
    assert len(post.got) == 1
    with mail_server(Post()) as port:
        assert "加密握手不成功" in sent(mailbox(port, security="ssl")).told


# ── the line fails ───────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("drip", "greeting"), [(b"", b""), (b"2", b""), (b"", b"220 hello\r\n"), (b"250-x\r\n", b"220 hello\r\n")]
)
def test_a_server_that_never_finishes_is_left_and_its_thread_ends(drip, greeting):
    with silent_port(drip, greeting) as port:
        answer = sent(mailbox(port), limit=0.4)
        assert "发送超时" in answer.told
        for thread in threading.enumerate():
            if thread.name == "notify mail":
                thread.join(10)
                assert not thread.is_alive(), "it was woken, though the server still drips"


def test_a_wait_that_ends_within_smtplib_is_told_as_a_timeout():
    """The thread's own wait may end a moment before the loop's: smtplib then speaks of a line that was cut."""
    with silent_port(b"", b"220 hello\r\n") as port:
        channel = mailbox(port)
        told = mail_module._Talk(channel, 0.2).sent(EmailMessage(), list(channel.recipients)).told
    assert told == "发送超时：邮件服务器 127.0.0.1 在 0.2 秒内没有应答"


@pytest.mark.parametrize(
    ("greeting", "status", "permanent"), [(b"421 busy\r\n", 421, False), (b"554 not for you\r\n", 554, True)]
)
def test_a_greeting_that_is_a_no(greeting, status, permanent):
    with silent_port(greeting=greeting) as port:
        answer = sent(mailbox(port))
    assert (answer.ok, answer.status, answer.permanent) == (False, status, permanent)


def test_garbage_for_a_greeting():
    with silent_port(greeting=b"\xff\xfe\x00 what\r\n") as port:
        assert not sent(mailbox(port)).ok
    with silent_port(greeting=b"x" * 20_000 + b"\r\n") as port:
        assert not sent(mailbox(port)).ok


def test_nobody_there_and_nowhere_to_go(monkeypatch):
    assert "没有服务" in sent(mailbox(free_port())).told
    refused = sent(ChannelSettings("smtp", host="169.254.169.254", port=25, sender="a@b.cn", recipients=("c@d.cn",)))
    assert (refused.ok, refused.permanent) == (False, True)
    monkeypatch.setattr("monitors.notify.mail.look_up", lambda _host: ())
    unknown = ChannelSettings("smtp", host="mail.invalid", port=25, sender="a@b.cn", recipients=("c@d.cn",))
    assert (sent(unknown).told, sent(unknown).permanent) == ("域名不存在：查不到 mail.invalid", False)
    assert reaching.look_up("127.0.0.1")

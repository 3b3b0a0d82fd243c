"""Robots and webhooks against real receivers on loopback that check what they get, and fail in every way."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import ipaddress
import json
import logging
from datetime import UTC, datetime
from urllib.parse import quote

import pytest

from monitors.notify import dingtalk, feishu, reaching, senders, webhook, wecom
from monitors.notify.channel_settings import ChannelSettings
from monitors.notify.outgoing import CUT, Outgoing, cut, fitted
from monitors.notify.post import retry_after
from tests.notify_server import certified, free_port, receiver

NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
KEY = "5" * 64
TOKEN = "tok-3f9a77c0d1e2b3"
SECRET = "SEC-very-secret-000111222"
LIMIT = 5.0
ROBOTS = ("wecom", "dingtalk", "feishu")
CODE = {"wecom": "errcode", "dingtalk": "errcode", "feishu": "code"}
WORDS = {"wecom": "errmsg", "dingtalk": "errmsg", "feishu": "msg"}
LONG_BODY = "某县一工地拖欠百余名农民工工资\n" * 2000 + "http://10.20.0.5:8501/alerts?alert=YJ20261123-0001"


def message(title="【II级】某县工地讨薪", body="首发：某网 11-23 10:00", **more):
    return Outgoing(KEY, "alert", title, body, NOW, **more)


def sent(channel, outgoing=None, limit=LIMIT):
    return asyncio.run(senders.send(channel, outgoing or message(), timeout=limit))


def channel(kind, server, way, **more):
    url = f"{server.url}/{quote(way)}?key={TOKEN}&access_token={TOKEN}"
    return ChannelSettings(kind, url=url, **{"secret": SECRET, "plain": True} | more)


def said(number, words="ok", kind="wecom"):
    return "said/" + json.dumps({CODE[kind]: number, WORDS[kind]: words})


@pytest.fixture(scope="module")
def server():
    with receiver() as opened:
        yield opened


@pytest.fixture(autouse=True)
def _fresh(server):
    server.got.clear()


# ── what the receiver gets ───────────────────────────────────────────────────────────────────────────────────────────
def test_wecom_gets_a_text_and_its_own_done_counts(server):
    answer = sent(channel("wecom", server, said(0)), message(recipient="13800000000"))
    assert (answer.ok, answer.status, answer.told) == (True, 200, "errcode 0 ok")
    (got,) = server.got
    assert got.query["key"] == TOKEN
    assert got.json["msgtype"] == "text"
    assert got.json["text"]["content"].startswith("【II级】某县工地讨薪\n首发")
    assert got.json["text"]["mentioned_mobile_list"] == ["13800000000"]


def test_dingtalk_gets_a_signature_it_can_check(server):
    assert sent(channel("dingtalk", server, said(0))).ok
    (got,) = server.got
    stamp = got.query["timestamp"]
    wanted = hmac.new(SECRET.encode(), f"{stamp}\n{SECRET}".encode(), hashlib.sha256).digest()
    assert base64.b64decode(got.query["sign"]) == wanted
    assert got.query["access_token"] == TOKEN
    assert got.json["text"]["content"].startswith("【II级】")
    assert SECRET not in str(got)


def test_dingtalk_signature_by_the_published_example_is_fixed():
    signed = dingtalk.signed("https://o.example/robot/send?access_token=x", "this is secret", 1577262236757)
    digest = hmac.digest(b"this is secret", b"1577262236757\nthis is secret", "sha256")
    assert signed.endswith(f"&timestamp=1577262236757&sign={quote(base64.b64encode(digest), safe='')}")
    assert dingtalk.signed("https://o.example/?access_token=x", "", 1) == "https://o.example/?access_token=x"


def test_feishu_gets_a_signature_it_can_check(server):
    assert sent(channel("feishu", server, said(0, kind="feishu"))).ok
    (got,) = server.got
    wanted = hmac.new(f"{got.json['timestamp']}\n{SECRET}".encode(), b"", hashlib.sha256).digest()
    assert base64.b64decode(got.json["sign"]) == wanted
    assert sent(channel("feishu", server, said(0, kind="feishu"), secret="")).ok
    assert "sign" not in server.got[1].json


def test_a_webhook_gets_the_documented_object_signed_over_time_and_body(server):
    outgoing = message(level="II", step=2, recipient="zhangsan", alerts=("YJ20261123-0001",))
    answer = sent(channel("webhook", server, "said/taken"), outgoing)
    assert (answer.ok, answer.told) == (True, "HTTP 200 taken")
    (got,) = server.got
    stamp = got.headers["x-timestamp"]
    wanted = hmac.new(SECRET.encode(), stamp.encode() + b"." + got.body, hashlib.sha256).hexdigest()
    assert got.headers["x-signature"] == f"sha256={wanted}"
    assert got.headers["idempotency-key"] == KEY
    assert got.json == {
        "schema": "wage-alert/1", "id": KEY, "kind": "alert", "level": "II", "step": 2,
        "title": outgoing.title, "body": outgoing.body, "alerts": ["YJ20261123-0001"],
        "recipient": "zhangsan", "created_at": "2026-11-23T04:00:00+00:00",
    }  # fmt: skip


def test_a_repeated_webhook_has_the_same_key(server):
    for _ in range(2):
        sent(channel("webhook", server, "status/500"))
    assert len({got.headers["idempotency-key"] for got in server.got}) == 1


# ── limits in bytes, and text that means nothing to the robot ────────────────────────────────────────────────────────
@pytest.mark.parametrize("extra", range(5))
@pytest.mark.parametrize("letter", ["薪", "a", "𠮷", "é"])
def test_a_cut_ends_on_a_character_and_keeps_to_bytes(letter, extra):
    text = "x" * extra + letter * 3000
    short = cut(text, 2048)
    assert short.endswith(CUT)
    assert len(short.encode()) <= 2048
    assert text.startswith(short.removesuffix(CUT))
    assert len(short.encode()) > 2048 - 5
    assert cut(short, 2048) == short


@pytest.mark.parametrize("letter", ["薪", "𠮷", "[", "<", "a"])
def test_robots_keep_to_their_limits(letter):
    for count in (500, 700, 1400, 5000, 30_000):
        outgoing = message(title="题" * 60, body=letter * count, recipient="zhang.san")
        body = wecom.body(outgoing)
        content = body[body["msgtype"]]["content"]
        assert len(content.encode()) <= (2048 if body["msgtype"] == "text" else 4096)
        assert len(json.dumps(dingtalk.body(outgoing), ensure_ascii=False).encode()) < 20_000
        assert len(json.dumps(feishu.body(outgoing, SECRET, 1), ensure_ascii=False).encode()) < 20_000
        assert "zhang.san" in str(body)


def test_a_cut_message_keeps_the_way_to_the_alert():
    body = wecom.body(message(body=LONG_BODY))
    content = body["markdown"]["content"]
    assert content.endswith("\nhttp://10.20.0.5:8501/alerts?alert=YJ20261123-0001")
    assert CUT in content
    assert len(content.encode()) <= 4096
    assert fitted("短\nhttp://x", 100) == "短\nhttp://x"


def test_headlines_call_nobody_and_draw_nothing():
    hostile = '<@all><at user_id="all">所有人</at> ![图](http://x.example/b.png) [点我](http://x.example) **急**'
    for text in (
        wecom.body(message(title=hostile))["text"]["content"],
        dingtalk.body(message(title=hostile))["text"]["content"],
        feishu.body(message(title=hostile), "", 1)["content"]["text"],
    ):
        assert "<" not in text
    marked = wecom.body(message(title=hostile, body="薪" * 2000))["markdown"]["content"]
    assert not set(marked) & set("<>[]*`!#")
    assert "at" not in dingtalk.body(message(title=hostile))


def test_a_lone_surrogate_or_nul_is_sent_all_the_same(server):
    for kind in ROBOTS:
        assert sent(channel(kind, server, said(0, kind=kind)), message(title="坏\ud800字\0")).ok
    assert sent(channel("webhook", server, "said/ok"), message(title="坏\ud800字\0")).ok


# ── what robots say about failures, HTTP 200 or not ──────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("kind", "number", "words", "wait", "permanent"),
    [
        ("wecom", 93000, "invalid webhook url", None, True),
        ("wecom", 45009, "api freq out of limit", 60, False),
        ("wecom", -1, "system busy", 60, False),
        ("wecom", 70001, "nobody knows", None, False),
        ("dingtalk", 310000, "sign not match", None, True),
        ("dingtalk", 130101, "send too fast", 600, False),
        ("dingtalk", 660026, "send too fast", 600, False),
        ("feishu", 19021, "sign match fail", None, True),
        ("feishu", 11232, "frequency limited", 60, False),
        ("feishu", 9499, "too many request", 60, False),
        ("feishu", 9499, "Bad Request", None, True),
    ],
)
def test_a_number_other_than_0_is_no_delivery(server, kind, number, words, wait, permanent):
    answer = sent(channel(kind, server, said(number, words, kind)))
    assert (answer.ok, answer.status) == (False, 200)
    assert answer.told == f"{CODE[kind]} {number} {words}"
    assert (answer.retry_after, answer.permanent) == (wait, permanent)


@pytest.mark.parametrize(
    "way", ["text", "said/", "said/[]", "said/null", 'said/{"errcode":"0"}', 'said/{"errcode":true}', "said/{}"]
)
@pytest.mark.parametrize("kind", ROBOTS)
def test_what_is_not_the_robots_own_answer_is_no_delivery(server, kind, way):
    answer = sent(channel(kind, server, way))
    assert not answer.ok
    assert not answer.permanent
    assert "不是该渠道应有的应答" in answer.told


def test_deep_json_is_an_answer_like_any_other(server):
    assert not sent(channel("wecom", server, "said/" + "[" * 30_000)).ok


# ── the network fails in every way, for every kind ───────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("way", "status", "words", "wait", "permanent"),
    [
        ("status/500", 500, "HTTP 500 so it is", None, False),
        ("status/503/30", 503, "HTTP 503 so it is", 30, False),
        ("status/429/7", 429, "HTTP 429 so it is", 7, False),
        ("status/429/999999999", 429, "HTTP 429 so it is", 86_400, False),
        ("status/429/soon", 429, "HTTP 429 so it is", None, False),
        ("status/408", 408, "HTTP 408", None, False),
        ("status/400", 400, "HTTP 400 so it is", None, True),
        ("status/404", 404, "HTTP 404 so it is", None, True),
        ("redirect", 302, "未跟随", None, True),
        ("huge", 200, "超过 64 KB", None, False),
        ("reset", None, "连接中断", None, False),
        ("close", None, "连接中断", None, False),
        ("garbage", None, "应答不合规", None, False),
    ],
)
@pytest.mark.parametrize("kind", [*ROBOTS, "webhook"])
def test_every_fault_has_its_answer(server, kind, way, status, words, wait, permanent):
    answer = sent(channel(kind, server, way))
    assert (answer.ok, answer.status, answer.retry_after, answer.permanent) == (False, status, wait, permanent)
    assert words in answer.told
    assert len(server.got) == 1, "sent once, no redirect followed, nothing retried"


@pytest.mark.parametrize("way", ["hang", "drip"])
def test_a_deadline_bounds_the_whole(server, way):
    answer = sent(channel("wecom", server, way), limit=0.4)
    assert answer == senders.Sent(False, None, "发送超时：127.0.0.1 在 0.4 秒内没有应答")


def test_nobody_at_the_port():
    settings = ChannelSettings("wecom", url=f"http://127.0.0.1:{free_port()}/?key=x", plain=True)
    assert "没有服务" in sent(settings).told


def test_an_unknown_host_may_be_known_tomorrow(monkeypatch):
    monkeypatch.setattr(reaching, "look_up", lambda _host: ())
    answer = sent(ChannelSettings("wecom", url="https://robot.invalid/?key=x"))
    assert (answer.told, answer.permanent) == ("域名不存在：查不到 robot.invalid", False)


def test_no_proxy_of_the_environment(server, monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY", "https_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{free_port()}")
    assert sent(channel("wecom", server, said(0))).ok


# ── certificates ─────────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_certificate_is_believed_by_its_root_for_its_host_in_its_time(tmp_path):
    good, root = certified(tmp_path, "127.0.0.1")
    with receiver(good) as secure:
        assert sent(channel("wecom", secure, said(0), ca=root, plain=False)).ok
        stranger = sent(channel("wecom", secure, said(0), plain=False))
        assert "证书不受信任" in stranger.told
        assert [got.json["msgtype"] for got in secure.got] == ["text"], "nothing was said to whoever was not believed"
    other, root = certified(tmp_path, "elsewhere.example")
    with receiver(other) as secure:
        answer = sent(channel("wecom", secure, said(0), ca=root, plain=False))
        assert ("证书与主机名不符" in answer.told, answer.ok, secure.got) == (True, False, [])
    old, root = certified(tmp_path, "127.0.0.1", days=-1)
    with receiver(old) as secure:
        assert "证书已过期" in sent(channel("wecom", secure, said(0), ca=root, plain=False)).told


def test_an_open_port_spoken_to_with_tls(server):
    settings = ChannelSettings("wecom", url=f"{server.url.replace('http', 'https')}/said/x?key={TOKEN}")
    assert "加密握手不成功" in sent(settings).told


# ── where nothing is ever sent ───────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("ip", "no"),
    [
        ("169.254.169.254", True), ("::ffff:169.254.169.254", True), ("2002:a9fe:a9fe::1", True), ("fe80::1", True),
        ("100.100.100.200", True), ("fd00:ec2::254", True), ("224.0.0.1", True), ("255.255.255.255", True),
        ("10.20.0.5", False), ("127.0.0.1", False), ("192.168.1.2", False), ("fd12::1", False), ("8.8.8.8", False),
    ],
)  # fmt: skip
def test_metadata_and_link_local_are_refused_the_intranet_is_not(ip, no):
    assert reaching.refused(ipaddress.ip_address(ip)) is no


def test_a_name_that_leads_there_is_refused_even_mixed(monkeypatch):
    found = (ipaddress.ip_address("127.0.0.1"), ipaddress.ip_address("169.254.169.254"))
    monkeypatch.setattr(reaching, "look_up", lambda _host: found)
    answer = sent(ChannelSettings("webhook", url="https://robot.example/x", secret=SECRET))
    assert (answer.ok, answer.permanent) == (False, True)
    assert "链路本地" in answer.told


# ── secrets ──────────────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("kind", ["wecom", "dingtalk", "webhook"])
def test_a_receiver_that_says_the_secret_back_is_not_quoted(server, kind, caplog):
    caplog.set_level(logging.DEBUG)
    echo = f"bad {TOKEN} and {SECRET} and {quote(SECRET)}"
    answer = sent(channel(kind, server, said(93000, echo)))
    page = sent(ChannelSettings(kind, url=f"{server.url}/text/{TOKEN}?key={TOKEN}", secret=SECRET, plain=True))
    for told in (answer.told, page.told, caplog.text, repr(channel(kind, server, "x"))):
        assert TOKEN not in told
        assert SECRET not in told


@pytest.mark.parametrize("kind", ["wecom", "webhook"])
def test_a_secret_at_the_place_of_a_cut_is_not_half_told(server, kind):
    """Wherever the answer is cut, not even the beginning of a secret is left."""
    for before in (*range(70, 100, 3), *range(280, 300, 3)):
        for way in ("said", "no"):
            url = f"{server.url}/{way}/{quote(('x ' * before)[:before] + '-' + TOKEN)}?key={TOKEN}"
            told = sent(ChannelSettings(kind, url=url, secret=SECRET, plain=True)).told
            assert "x x" in told
            assert TOKEN[:5] not in told


def test_a_token_in_the_path_is_blotted_out_too():
    settings = ChannelSettings("feishu", url=f"https://open.example/open-apis/bot/v2/hook/{TOKEN}", secret=SECRET)
    assert settings.redacted(f"no such hook {TOKEN}") == "no such hook ***"
    assert settings.redacted(f"at {settings.url}!") == "at ***!"
    assert settings.shown == "open.example"


def test_a_fault_of_ours_is_an_answer_without_its_trace(monkeypatch, caplog):
    async def broken(*_):
        raise ValueError(SECRET)

    monkeypatch.setitem(senders._SENDERS, "wecom", broken)
    answer = sent(ChannelSettings("wecom", url=f"https://x.example/?key={TOKEN}"))
    assert (answer.ok, answer.permanent) == (False, False)
    assert SECRET not in caplog.text + answer.told
    assert "ValueError" in answer.told


def test_a_damaged_channel_says_so():
    answer = sent(ChannelSettings("wecom", damaged=True))
    assert "无法解密" in answer.told


def test_retry_after_by_date_and_nonsense():
    assert retry_after("Mon, 23 Nov 2026 04:01:30 GMT", NOW) == 90
    assert retry_after("Mon, 23 Nov 2026 03:00:00 GMT", NOW) == 0
    for nonsense in ("", "-5", "1e9", "tomorrow", "²"):
        assert retry_after(nonsense, NOW) is None


def test_webhook_bodies_are_bounded():
    assert len(json.dumps(webhook.body(message(body="薪" * 200_000)), ensure_ascii=False).encode()) < 110_000

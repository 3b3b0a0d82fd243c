"""Every recipe of the catalogue reads a body of the shape it was written for; the bodies are invented."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from monitors import settings as settings_module
from monitors.opinion.parse import parse

NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
AT = datetime(2026, 11, 23, 1, 30, tzinfo=UTC)
MS = int(AT.timestamp() * 1000)
TITLE = "示例县一工地拖欠工资"

TIEBA = {"topic_name": TITLE, "topic_url": "https://t.example/1?a=1&amp;b=2", "create_time": MS // 1000}
ZHIHU = {"title_area": {"text": TITLE}, "link": {"url": "https://z.example/q/1"}, "excerpt_area": {"text": "摘要"}}
PEOPLE = {
    "title": f"<em>{TITLE[:3]}</em>{TITLE[3:]}",
    "url": "http://p.example/1",
    "displayTime": MS,
    "content": "正文",
}
XINHUA = {"title": TITLE, "url": "http://x.example/1", "pubtime": "2026-11-23 09:30:00", "des": "摘要"}
POLICY = {"title": TITLE, "url": "https://g.example/3", "pubtimeStr": "2026.11.23", "summary": "摘要"}
QQ = {"title": TITLE, "id": "20261123A0", "timestamp": MS // 1000, "abstract": "摘要"}
GOV = {"TITLE": TITLE, "URL": "https://g.example/1.htm", "DOCRELPUBTIME": "2026-11-23", "SUB_TITLE": ""}
BODIES = {
    "rb-toutiao": {"data": [{"Title": TITLE, "ClusterIdStr": "7123", "HotValue": "9"}]},
    "rb-tieba": {"data": {"bang_topic": {"topic_list": [TIEBA]}}},
    "rb-zhihu": {"data": [{"target": ZHIHU}]},
    "rb-douyin": {"data": {"word_list": [{"word": TITLE, "sentence_id": "55", "event_time": MS // 1000}]}},
    "rb-qq": {"idlist": [{"newslist": [QQ]}]},
    "rb-163": {"data": {"list": [{"title": TITLE, "docid": "ABC", "ptime": "2026-11-23 09:30:00", "digest": "摘要"}]}},
    "rb-thepaper": {"data": {"hotNews": [{"name": TITLE, "contId": "31", "pubTimeLong": MS}]}},
    "rb-weibo": {"data": {"realtime": [{"word": TITLE, "num": 3}]}},
    "rb-newsnow": {"status": "cache", "items": [{"id": "1", "title": TITLE, "url": "https://n.example/1"}]},
    "bw-gov-yaowen": [GOV],
    "bw-gov-zhengce": [GOV | {"SUB_TITLE": "副题"}],
    "ss-people-qianxin": {
        "code": "0",
        "data": {"records": [PEOPLE]},
    },
    "ss-gov-policy": {"searchVO": {"listVO": [POLICY]}},
    "ss-xinhua": {"content": {"results": [XINHUA]}},
    "ss-liuyan": {"resultData": [{"subject": TITLE, "tid": 9, "threadsCheckTime": MS // 1000, "content": "正文"}]},
}
UNDATED = {"rb-toutiao", "rb-zhihu", "rb-weibo", "rb-newsnow"}
PAGES = {
    "yn-hrss-966": (
        '<div class="listBox mt5"><ul class="ul13 pd20">'
        f'<li><a href="NewsView.aspx?NewsID=1">{TITLE}</a><span>2026-11-23</span></li></ul></div>'
    ),
    "zz-dali-pdtt": f'<div><span class="fs1"><a href="//dali.example/a/1.shtml">{TITLE}</a></span></div>',
    "zz-kunming-cn": (
        f'<div><a href="https://www.kunming.cn/news/c/2026-11-23/1.shtml">{TITLE}</a><a href="/about">关于</a></div>'
    ),
    "ym-workercn": f'<div><a href="https://www.workercn.cn/c/2026-11-23/1.shtml">{TITLE}</a></div>',
    "bw-mohrss-dfdt": (
        '<div class="serviceMainListTabCon"><div class="serviceMainListTxt"><span class="serviceMainListTxtLink">'
        f'<a href="./202611/t1.html" title="{TITLE}">{TITLE}</a></span></div>'
        '<div><span class="organMenuTxtLink">2026-11-23</span></div></div>'
    ),
}


@pytest.fixture(scope="module")
def shipped():
    return settings_module.load()


def read(shipped, source_id, body):
    source = {entry.id: entry.source() for entry in shipped.sources}[source_id]
    return parse(
        body,
        kind=source.kind,
        url=source.url,
        content_type="application/json" if source.kind == "json" else "text/html; charset=utf-8",
        recipe=source.recipe,
        now=NOW,
        limits=shipped.parse,
    )


@pytest.mark.parametrize("source_id", sorted(BODIES))
def test_json_recipes(shipped, source_id):
    found = read(shipped, source_id, json.dumps(BODIES[source_id], ensure_ascii=False).encode())
    (entry,) = found.entries
    assert entry.title == TITLE
    assert entry.url.startswith("http")
    assert "{" not in entry.url
    if source_id not in UNDATED:
        assert entry.published is not None, entry.published_note
        assert entry.published.date() in (AT.date(), datetime(2026, 11, 22, tzinfo=UTC).date())


def test_a_board_hidden_in_a_comment(shipped):
    data = {"data": {"cards": [{"content": [{"word": TITLE, "rawUrl": "https://b.example/s?wd=x", "desc": "摘要"}]}]}}
    body = f"<!doctype html><html><body><!--s-data:{json.dumps(data)}--><div>热搜</div></body></html>"
    (entry,) = read(shipped, "rb-baidu", body.encode()).entries
    assert (entry.title, entry.url) == (TITLE, "https://b.example/s?wd=x")


@pytest.mark.parametrize("source_id", sorted(PAGES))
def test_page_recipes(shipped, source_id):
    body = f"<html><head><meta charset='utf-8'></head><body>{PAGES[source_id]}</body></html>"
    entries = read(shipped, source_id, body.encode()).entries
    assert [entry.title for entry in entries] == [TITLE]
    assert entries[0].url.startswith("http")


def test_every_active_json_source_is_covered(shipped):
    """People search asks six questions in one shape; every other active endpoint has a body here."""
    covered = set(BODIES) | {"rb-baidu"}
    asked = {e.id for e in shipped.sources if e.kind == "json" and not e.paused and not e.id.startswith("ss-people-")}
    assert asked <= covered

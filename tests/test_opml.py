"""Source lists as OPML: lossless round trip, files of other readers, hostile files, nothing written unconfirmed."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from monitors import settings as settings_module
from monitors.access.actor import SYSTEM
from monitors.errors import InputError
from monitors.opinion import opml, sources
from monitors.opinion.model import Recipe, Source
from monitors.opinion.opml import import_sources, plan_import, read_opml, write_opml

NOW = datetime(2026, 11, 23, 0, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def catalogue():
    return [entry.source() for entry in settings_module.load().sources]


def document(body: str, head: str = "<title>订阅</title>") -> bytes:
    start = f'<?xml version="1.0" encoding="UTF-8"?><opml version="1.0"><head>{head}</head><body>'
    return f"{start}\n{body}</body></opml>".encode()


def test_round_trip_is_lossless(catalogue):
    reading = read_opml(write_opml(catalogue, now=NOW))
    assert reading.refused == ()
    assert sorted((c.source for c in reading.candidates), key=lambda s: s.id) == sorted(catalogue, key=lambda s: s.id)


TEXT = st.text(
    st.characters(min_codepoint=32, max_codepoint=0x2FFF, exclude_categories=("Cs", "Cn", "Cc", "Zl", "Zp")),
    max_size=20,
)


@given(name=TEXT, note=TEXT, body=TEXT, header=st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=20))
def test_any_text_survives(name, note, body, header):
    recipe = Recipe(method="POST", body=body, headers=(("X-Q", header.strip()),), items='a[href*="<&>"]', follow=True)
    source = Source(
        id="some-id",
        name=("名" + name.strip())[:60],
        kind="page",
        url="https://a.example/?a=1&b=<2>",
        group="州市",
        outlet="报",
        condition="受阻",
        condition_note="因" + note.strip(),
        paused=True,
        recipe=recipe,
    )
    assert [c.source for c in read_opml(write_opml([source], now=NOW)).candidates] == [source]


def test_other_readers_see_plain_feeds_in_folders(catalogue):
    root = etree.fromstring(write_opml(catalogue, now=NOW))
    feeds = root.findall(".//outline[@type='rss']")
    assert len(feeds) == sum(s.kind == "feed" for s in catalogue)
    assert all(f.get("xmlUrl", "").startswith("http") and f.get("text") for f in feeds)
    assert {f.get("text") for f in root.findall("body/outline")} == {s.group for s in catalogue}
    assert not root.findall(".//outline[@type='link'][@xmlUrl]"), "a page is no feed: readers would subscribe to it"


def test_a_file_of_another_reader():
    reading = read_opml(
        document(
            """<outline text="新闻"><outline text="州市">
            <outline type="rss" text="甲" title="甲报" xmlUrl="https://a.example/rss" htmlUrl="https://a.example/"/>
            </outline></outline>
            <outline title="乙" xmlurl="https://b.example/atom"/>
            <outline type="rss" XMLURL="https://c.example/"/>"""
        )
    )
    assert reading.title == "订阅"
    assert reading.refused == ()
    found = [(c.source.name, c.source.url, c.source.group, c.source.kind) for c in reading.candidates]
    assert found == [
        ("甲", "https://a.example/rss", "州市", "feed"),
        ("乙", "https://b.example/atom", "自建", "feed"),
        ("c.example", "https://c.example/", "自建", "feed"),
    ]
    assert all(c.source.interval_seconds == 600 and not c.source.paused for c in reading.candidates)


def test_bad_rows_are_named_by_line_and_the_rest_is_offered():
    reading = read_opml(
        document(
            '<outline text="好" xmlUrl="https://a.example/"/>\n<outline text="坏" xmlUrl="javascript:alert(1)"/>\n'
            '<outline text="空"/>\n<outline xmlUrl="https://u:p@b.example/"/>\n'
            '<outline text="好二" xmlUrl="https://c.example/"/>'
        )
    )
    assert [c.source.name for c in reading.candidates] == ["好", "好二"]
    assert [(r.line, r.name) for r in reading.refused] == [(3, "坏"), (4, "空"), (5, "（无名称）")]
    assert ["http" in reading.refused[0].reason, "没有网址" in reading.refused[1].reason] == [True, True]


@pytest.mark.parametrize(
    ("attributes", "words"),
    [
        ('w:recipe="{"', "recipe"),
        ('w:recipe="[]"', "recipe"),
        ('w:recipe="null"', "recipe"),
        ("w:recipe='{\"evil\": 1}'", "没有这个读取设置"),
        ('w:recipe=\'{"follow": "yes"}\'', "类型不对"),
        ('w:interval="soon"', "扩展属性有误"),
        ('w:kind="exe"', "类型应为"),
        ('w:tier="9"', "可信等级"),
        ('w:condition="很好"', "状况应为"),
        ('w:recipe=\'{"headers": [["Host", "x"]]}\'', "系统填写"),
        ("w:recipe='" + "[" * 5000 + "'", "recipe"),
    ],
)
def test_our_own_attributes_are_not_believed_blindly(attributes, words):
    body = f'<outline xmlns:w="{opml.NAMESPACE}" text="甲" xmlUrl="https://a.example/" {attributes}/>'
    reading = read_opml(document(body))
    assert reading.candidates == ()
    assert words in reading.refused[0].reason


def test_an_imported_interval_is_raised_to_the_floor():
    body = (
        f'<outline xmlns:w="{opml.NAMESPACE}" text="甲" xmlUrl="https://a.example/" w:interval="1" w:maxInterval="2"/>'
    )
    (candidate,) = read_opml(document(body)).candidates
    assert (candidate.source.interval_seconds, candidate.source.max_interval_seconds) == (60, 60)


BOMB = b"""<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>
<opml><body><outline text="&b;"/></body></opml>"""


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "不是有效的 OPML"),
        (b"   ", "不是有效的 OPML"),
        (b"hello", "OPML"),
        (b"\x00\xff\xfe\x01" * 50, "OPML"),
        (b"<html><body>login</body></html>", "不是 OPML"),
        (b"<rss version='2.0'><channel/></rss>", "不是 OPML"),
        (BOMB, "实体声明"),
        (BOMB.replace(b"utf-8", b"").decode().encode("utf-16"), "实体声明"),
        (BOMB.replace(b"ENTITY", b"EnTiTy"), "OPML|实体声明"),
        (b"<opml>" + b" " * opml.MAX_BYTES + b"</opml>", "2 MB"),
        (document("<outline text='x' xmlUrl='https://a.example/'/>" * 2001), "2000"),
    ],
)
def test_hostile_and_wrong_files_are_refused_whole(data, words):
    with pytest.raises(InputError, match=words):
        read_opml(data)


def test_external_entities_and_dtds_are_not_read(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("<outline text='secret' xmlUrl='https://s.example/'/>")
    data = f'<!DOCTYPE opml SYSTEM "file://{secret}"><opml><body><outline text="甲" xmlUrl="https://a.example/"/></body></opml>'
    assert [c.source.name for c in read_opml(data.encode()).candidates] == ["甲"]


def test_a_damaged_file_is_read_as_far_as_it_goes_and_says_so():
    whole = document(
        '<outline text="甲" xmlUrl="https://a.example/?a=1&b=2"/>\n<outline text="乙" xmlUrl="https://b.example/"/>'
    )
    reading = read_opml(whole)
    assert [c.source.name for c in reading.candidates] == ["甲", "乙"]
    assert "第 2 行起格式有误" in reading.note


def test_gbk_files_are_read():
    body = '<outline text="云南日报" xmlUrl="https://a.example/"/>'
    data = f'<?xml version="1.0" encoding="GBK"?><opml version="1.0"><body>{body}</body></opml>'.encode("gbk")
    assert read_opml(data).candidates[0].source.name == "云南日报"


def test_nothing_is_written_until_confirmed_and_known_addresses_are_passed_over(store):
    known = Source(id="known", name="已有", kind="feed", url="https://k.example/", group="州市")
    with store.write() as connection:
        sources.sync_catalogue(connection, [known], NOW)
    reading = read_opml(
        document(
            '<outline text="又一个" xmlUrl="https://k.example/"/>\n<outline text="新" xmlUrl="https://n.example/"/>\n'
            '<outline text="新又来" xmlUrl="https://n.example/"/>\n<outline text="坏" xmlUrl="ftp://x.example/"/>'
        )
    )
    before = store.versions("source")
    with store.read() as connection:
        plan = plan_import(connection, reading)
    assert store.versions("source") == before
    assert [c.source.name for c in plan.fresh] == ["新"]
    assert [(r.line, r.reason) for r in plan.known] == [(2, "已在监测（known）"), (4, "与第 3 行相同")]
    assert [r.line for r in plan.refused] == [5]
    with store.write() as connection:
        (added,) = import_sources(connection, SYSTEM, plan.fresh, now=NOW)
    with store.write() as connection:
        assert import_sources(connection, SYSTEM, plan.fresh, now=NOW) == (), "confirming twice adds nothing"
    with store.read() as connection:
        row = sources.get(connection, added)
    assert (row.origin, row.source.name, row.next_at) == ("opml", "新", NOW)


def test_a_whole_catalogue_moves_to_another_machine(store, catalogue):
    reading = read_opml(write_opml(catalogue, now=NOW))
    with store.write() as connection:
        plan = plan_import(connection, reading)
        import_sources(connection, SYSTEM, plan.fresh, now=NOW)
    with store.read() as connection:
        moved = [row.source for row in sources.list_sources(connection)]
        assert plan_import(connection, reading).fresh == ()
    assert {s.id: s for s in moved} == {s.id: dataclasses.replace(s) for s in catalogue}

"""Bodies of every kind → entries: real feeds where the measuring data is present, faults 13–27 made here."""

# ruff: noqa: E501, ISC004 - bodies stand as a server sends them
from __future__ import annotations

import contextlib
import csv
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from monitors import settings
from monitors.errors import ParseError
from monitors.opinion import feeds_fast
from monitors.opinion.articles import read_article
from monitors.opinion.decode import decode
from monitors.opinion.entries import Frame
from monitors.opinion.feeds import _checked, read_feed
from monitors.opinion.lists import squeeze
from monitors.opinion.model import Parsed, Recipe, SourceKind
from monitors.opinion.parse import parse
from monitors.opinion.plain import plain_line, plain_text

NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
LIMITS = settings.Parse(
    seconds=10.0, memory_mb=1024, workers=2, max_entries=2000, max_text_chars=20000, future_tolerance_hours=2
)

NO_RECIPE = Recipe()


def read(body: str | bytes, kind: SourceKind = "feed", recipe: Recipe = NO_RECIPE, **more: Any) -> Parsed:
    body = body.encode() if isinstance(body, str) else body
    more = {"url": "https://h.example/list/", "now": NOW, "limits": LIMITS} | more
    return parse(body, kind=kind, recipe=recipe, **more)


def rss(*items: str) -> str:
    inner = "".join(f"<item>{item}</item>" for item in items)
    return f'<rss version="2.0"><channel><title>测试</title>{inner}</channel></rss>'


# ── Real feeds ───────────────────────────────────────────────────────────────────────────────────────────────────────


def _manifest(shared_dir: Path) -> list[dict[str, str]]:
    with (shared_dir / "feeds" / "manifest.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_every_real_feed_gives_its_entries_and_title(shared_dir: Path) -> None:
    wrong = []
    for row in _manifest(shared_dir):
        body = (shared_dir / "feeds" / row["file"]).read_bytes()
        try:
            parsed = read(body)
        except ParseError as error:
            if row["format"] != "html":
                wrong.append(f"{row['file']}: {error}")
            continue
        if len(parsed.entries) != int(row["entries"]):
            wrong.append(f"{row['file']}: {len(parsed.entries)} entries, not {row['entries']}")
        # One file's title is garbled in the manifest itself (072); whitespace is squeezed by design.
        stated = squeeze(row["title"])
        if stated and not parsed.title.startswith(stated[:30]) and not row["file"].startswith("072"):
            wrong.append(f"{row['file']}: title {parsed.title!r}, not {stated!r}")
        if any("\ufffd" in entry.title for entry in parsed.entries):
            wrong.append(f"{row['file']}: a title holds replacement characters")
    assert not wrong


def test_transcoded_feeds_read_like_the_original(shared_dir: Path) -> None:
    folder = shared_dir / "feeds"
    original = read((folder / "025_rmw_people_liuyan.xml").read_bytes()).entries[:10]
    for path in sorted(folder.glob("19[0-3]_derived_*.xml")):
        if "gbk_chars" in path.name:
            continue  # its text was changed on purpose
        assert [(e.title, e.text) for e in read(path.read_bytes()).entries] == [(e.title, e.text) for e in original]


def test_the_quick_reader_agrees_with_feedparser_on_every_real_feed(shared_dir: Path) -> None:
    quick = 0
    frame = Frame(NOW, LIMITS, "https://h.example/feed")
    for path in sorted((shared_dir / "feeds").glob("[0-9]*")):
        decoded = decode(path.read_bytes())
        try:
            record = read_feed(decoded, frame, fast=False)
        except ParseError:
            continue
        assert read_feed(decoded, frame) == record, path.name
        text = decoded.text.lstrip("\ufeff \t\r\n")
        quick += text[0] == "<" and feeds_fast.read(_checked(text)[0]) is not None
    assert quick >= 75  # 81 when written; fewer means that it has become useless


DIALECTS = [
    rss("<title>a &amp;amp; b</title><link>/x?a=1&amp;amp;b=2</link><guid isPermaLink='false'>g</guid>"),
    rss("<title><![CDATA[<b>粗</b>]]></title><guid>https://h.example/1</guid><description>短</description>"
        "<content:encoded xmlns:content='http://purl.org/rss/1.0/modules/content/'>&lt;p&gt;长得多&lt;/p&gt;</content:encoded>"),
    rss("<dc:title xmlns:dc='http://purl.org/dc/elements/1.1/'>dc</dc:title><title>t</title>"),
    rss("<title>t</title><dc:date xmlns:dc='http://purl.org/dc/elements/1.1/'>2026-11-20</dc:date><pubDate>昨天</pubDate>"),
    rss("<title>t</title><media:content xmlns:media='http://search.yahoo.com/mrss/'><media:title>m</media:title>"
        "<media:description>d</media:description></media:content>"),
    rss("<title>t</title><description><p>真<b>标签</b></p>文</description>"),
    rss("<title>t</title><source url='u'><title>s</title><link>l</link></source><link>https://h.example/2</link>"),
    rss("<title>a</title><title>b</title>", "<item><title>inner</title></item>", ""),
    rss("<title>t &#150; &#x4e91;</title><description>æ¬\xa0è–ª</description>"),
    rss("<Title>T</Title><pubdate>2026-11-20 08:00</pubdate><LINK>https://h.example/3</LINK>"),
    rss("<title>t</title><enclosure url='e.mp3'/><atom:link xmlns:atom='http://www.w3.org/2005/Atom' href='https://o.example/'/>"),
    "<feed xmlns='http://www.w3.org/2005/Atom' xml:base='https://b.example/x/'><title>f</title><entry><id>i</id><title type='xhtml'>"
    "<div xmlns='http://www.w3.org/1999/xhtml'>甲<b>乙</b>&lt;</div></title><link rel='self' href='s'/><link href='y'/>"
    "<updated>2026-11-20T00:00:00Z</updated><summary>一</summary><content type='html'>&lt;p&gt;一二&lt;/p&gt;</content></entry></feed>",
    "<feed xmlns='http://www.w3.org/2005/Atom'><title>f</title><entry><title>t</title><content mode='base64'>YQ==</content></entry></feed>",
    "<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#' xmlns='http://purl.org/rss/1.0/'><channel rdf:about='c'>"
    "<title>r</title></channel><item rdf:about='https://h.example/r1'><title>一</title><link>https://h.example/r1</link></item></rdf:RDF>",
]  # fmt: skip


@pytest.mark.parametrize("text", DIALECTS)
def test_the_quick_reader_agrees_on_dialects(text: str) -> None:
    frame = Frame(NOW, LIMITS, "https://h.example/feed")
    decoded = decode(text.encode())
    assert read_feed(decoded, frame) == read_feed(decoded, frame, fast=False)


# ── Faults ───────────────────────────────────────────────────────────────────────────────────────────────────────────

BILLION = (
    '<!DOCTYPE r [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    "<rss><channel><item><title>&b;</title></item></channel></rss>"
)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("<html><head><title>用户登录</title></head><form><input type=password></form></html>", "登录页面"),  # fault 14
        ("<!DOCTYPE html><html><body>请完成安全验证</body></html>", "验证页面"),
        ("<!-- x --><div>维护中</div>", "普通网页"),
        ("<html><rss></rss></html>", "普通网页"),
        ('{"error":"login"}', "不是 JSON Feed"),
        ("{not json", "JSON 不完整"),
        ("<note><a/></note>", "首个标签是 note"),
        ("", "空的"),
        (" \n\t", "空的"),
        ("\0" * 5000, "空的"),
        ("/etc/passwd", "不是订阅源"),  # fault 18
        ("https://h.example/feed.xml", "不是订阅源"),
        ("<rss>" + "<!--" * 300_000, "未结束的注释"),  # fault 16
        (BILLION, "ENTITY"),  # fault 17
        ('<!DOCTYPE r SYSTEM "x" [ <!ENTITY x SYSTEM "file:///etc/passwd"> ]><rss></rss>', "ENTITY"),
        ("<b>" * 2_700_000, "普通网页|首个标签是 b"),
    ],
)
def test_what_is_no_feed_is_told_not_counted_as_empty(body: str, words: str) -> None:
    with pytest.raises(ParseError, match=words):
        read(body)


def test_no_file_is_read_and_no_address_fetched(tmp_path: Path) -> None:
    file = tmp_path / "feed.xml"
    file.write_text(rss("<title>secret</title>"))
    for body in (str(file), f"file://{file}", "<rss>" + str(file)):
        found = ""
        with contextlib.suppress(ParseError):
            found = str(read(body))
        assert "secret" not in found


def test_an_empty_feed_is_no_fault() -> None:
    assert read(rss()).entries == ()
    assert read('{"version":"https://jsonfeed.org/version/1","items":[]}').entries == ()


def test_a_warning_before_the_feed_is_passed_over() -> None:
    assert len(read("Warning: something in /x.php on line 3\n" + rss("<title>t</title>")).entries) == 1
    assert len(read('\n\n<!-- c --><?xml version="1.0" encoding="utf-16"?>' + rss("<title>t</title>")).entries) == 1


def test_a_gbk_feed_under_a_wrong_header() -> None:  # fault 19
    parsed = read(rss("<title>农民工讨薪</title>").encode("gbk"), content_type="text/xml; charset=iso-8859-1")
    assert [entry.title for entry in parsed.entries] == ["农民工讨薪"]
    assert parsed.encoding == "gb18030"


def test_control_characters_and_surrogates_are_stripped() -> None:  # fault 20
    parsed = read(rss("<title>讨\x00薪\x08</title><description>a\x0bb&#xD800;</description>"))
    assert parsed.entries[0].title == "讨薪"
    entry = read('{"items":[{"title":"\\ud800讨薪\\u0000","content_text":"x"}]}').entries[0]
    assert entry.title == "讨薪"
    json.dumps([entry.title, entry.text]).encode()


def test_identities() -> None:  # fault 21
    link = "<link>https://h.example/{0}</link><title>{0}</title>"
    one, two = read(rss(link.format("a"), link.format("b"))).entries
    assert one.guid != two.guid
    swallowed = read(
        rss("<guid>0</guid>" + link.format("a"), "<guid>0</guid>" + link.format("b"), "<guid>1</guid><title>c</title>")
    )
    guids = [entry.guid for entry in swallowed.entries]
    assert len(set(guids)) == 3
    assert guids[2] == "1"
    turned = read(rss("<guid>0</guid>" + link.format("b"), "<guid>0</guid>" + link.format("a")))
    assert {entry.guid for entry in turned.entries} == set(guids[:2])
    same = read(rss("<guid>0</guid>" + link.format("a"), "<guid>0</guid>" + link.format("a")))
    assert [entry.guid for entry in same.entries] == ["0", "0"]


def test_times_that_cannot_be_are_noted() -> None:  # faults 22, 23
    feed = rss(*(f"<title>t{n}</title><pubDate>{date}</pubDate>" for n, date in enumerate(
        ["2026-11-20 08:00", "Fri, 20 Nov 2026 08:00:00 CST", "1725-01-01", "2031-01-01", "近日", ""])))  # fmt: skip
    entries = read(feed).entries
    assert entries[0].published == entries[1].published == datetime(2026, 11, 20, 0, 0, tzinfo=UTC)
    assert [entry.published_note for entry in entries[2:]] == ["日期过早", "日期在未来", "日期无法识别", "无日期"]


def test_markup_becomes_inert_text() -> None:  # faults 24, 25
    title = "&lt;script&gt;alert(1)&lt;/script&gt;讨薪&lt;img src=https://spy.example/x.png onerror=alert(1)&gt;"
    entry = read(rss(f"<title>{title}</title><description>{title}</description>")).entries[0]
    assert (entry.title, entry.text) == ("讨薪", "讨薪")


@pytest.mark.parametrize(
    "link", ["javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "http://u:p@h.example/"]
)
def test_dangerous_links_are_dropped(link: str) -> None:  # fault 26
    assert read(rss(f"<title>t</title><link>{link}</link>")).entries[0].url == ""


def test_relative_links_and_missing_titles() -> None:
    one, two, three = read(
        rss(
            "<title>t</title><link>../a.html</link>",
            "<description>" + "正文" * 50 + "</description>",
            "<link>/only</link>",
        )
    ).entries
    assert one.url == "https://h.example/a.html"
    assert two.title == "正文" * 20
    assert (three.title, three.url) == ("（无标题）", "https://h.example/only")


def test_long_feeds_are_cut_and_the_rest_counted() -> None:
    parsed = read(rss(*["<title>t</title>"] * 30), limits=LIMITS.model_copy(update={"max_entries": 10}))
    assert len(parsed.entries) == 10
    assert "其余 20 条未读" in parsed.rejected[0].reason
    assert len(read(rss("<title>t</title><description>" + "长" * 50000 + "</description>")).entries[0].text) == 20000


def test_plain_text_is_linear_and_keeps_paragraphs() -> None:
    import time

    assert (
        plain_text("<p>一<b>二</b></p><style>x</style>三<br>四 &lt;5 <!-- c --><img alt='a>b'> 7 < 8")
        == "一二\n三\n四 <5 7 < 8"
    )
    assert plain_line("甲&amp;lt;b&amp;gt;乙\n丙") == "甲乙 丙"
    started = time.perf_counter()
    for hostile in ("<" * 300_000, "<b " * 300_000, "<!--" * 300_000, "<script>" * 100_000, '<a "' * 300_000):
        plain_text(hostile)
    assert time.perf_counter() - started < 5


# ── Lists, endpoints, articles ───────────────────────────────────────────────────────────────────────────────────────

PAGE = """<html><head><title>通知公告</title></head><body><div class="nav"><a href="/">返回网站首页面</a><a href="/a">机构职能介绍</a>
<a href="/b">政务公开目录</a><a href="/c">办事服务大厅</a></div><form><ul class="box">
<li><a href="t1.html" title="关于根治欠薪冬季专项行动举报方式的公告">关于根治欠薪冬季专项行动…</a><span>2026-11-20</span></li>
<li><a href="//h.example/t2.html">建水县法院集中兑付农民工工资</a><span>(11-19)</span></li>
<li><a href="javascript:void(0)">某某公司拖欠农民工工资案判决</a><span>2026-11-18</span></li>
<li><a href="t20261117_9.html">昆明市公布重大欠薪违法行为名单</a></li></ul></form></body></html>"""


@pytest.mark.parametrize(
    "recipe", [Recipe(), Recipe(items=".box li"), Recipe(items=".box li", title="a", link="a", time="span")]
)
def test_a_list_page(recipe: Recipe) -> None:
    entries = {entry.title: entry for entry in read(PAGE, "page", recipe).entries}
    first = entries["关于根治欠薪冬季专项行动举报方式的公告"]
    assert first.url == "https://h.example/list/t1.html"
    assert first.published == datetime(2026, 11, 19, 16, 0, tzinfo=UTC)
    assert entries["建水县法院集中兑付农民工工资"].published == datetime(2026, 11, 18, 16, 0, tzinfo=UTC)
    assert entries["昆明市公布重大欠薪违法行为名单"].published == datetime(2026, 11, 16, 16, 0, tzinfo=UTC)
    assert not any("首页" in title for title in entries)
    assert all(entry.url.startswith("https://") or not entry.url for entry in entries.values())


@pytest.mark.parametrize(
    ("body", "recipe", "words"),
    [
        (PAGE, Recipe(items=".gone li"), "没有选中任何条目"),
        (PAGE, Recipe(items="li["), "选择器写错了"),
        ("<html><title>系统维护</title><p>请稍后</p></html>", Recipe(), "系统维护"),
        ("", Recipe(), "空的"),
    ],
)
def test_a_list_page_that_changed(body: str, recipe: Recipe, words: str) -> None:
    with pytest.raises(ParseError, match=words):
        read(body, "page", recipe)


def test_lists_worked_out_on_real_pages(shared_dir: Path) -> None:
    scores = []
    for name, items in json.loads((shared_dir / "pages" / "list_expected.json").read_text(encoding="utf-8")).items():
        found = [entry.title for entry in read((shared_dir / "pages" / name).read_bytes(), "page").entries]
        # The expected titles are as shown; ours are whole where the page had cut them off.
        stems = {squeeze(item["title"]).rstrip(".…") for item in items}
        hits = {stem for stem in stems if any(title.startswith(stem) for title in found)}
        precision, recall = len(hits) / max(1, len(set(found))), len(hits) / len(stems)
        scores.append(2 * precision * recall / max(1e-9, precision + recall))
    assert sum(scores) / len(scores) >= 0.95  # 0.98 when written


ENDPOINTS = [
    ('{"data":{"list":[{"id":7,"target":{"title":"讨<em>薪</em>"},"ctime":1795000000}]}}',
     Recipe(items="data.list", title="target.title", time="ctime", link_template="https://h.example/item/{id}")),
    ('cb123({"records":[{"title":"讨薪","url":"/item/7","displayTime":1795000000000}]});', Recipe()),
    ('<html><!--s-data:{"cards":[{"content":[{"word":"讨薪","url":"https://h.example/item/7","time":"2026-11-18 19:46:40"}]}]}--></html>',
     Recipe(marker="s-data:", items="cards.0.content", title="word")),
    ('[{"TITLE":"讨薪","URL":"https://h.example/item/7","DOCRELPUBTIME":"2026-11-18 19:46:40"}]', Recipe()),
]  # fmt: skip


@pytest.mark.parametrize(("body", "recipe"), ENDPOINTS)
def test_json_endpoints(body: str, recipe: Recipe) -> None:
    (entry,) = read(body, "json", recipe).entries
    assert (entry.title, entry.url) == ("讨薪", "https://h.example/item/7")
    assert entry.published is not None
    assert abs(entry.published.timestamp() - 1795000000) < 86400 * 2


@pytest.mark.parametrize(
    ("body", "recipe", "words"),
    [
        ("<html>登录</html>", Recipe(), "返回的是网页"),
        ('{"code":403,"message":"请先登录"}', Recipe(items="data.list"), "请先登录"),
        ('{"data":', Recipe(), "JSON 不完整"),
        ("[" * 100_000, Recipe(), "嵌套过深"),
        ("{}", Recipe(marker="s-data:"), "没有找到标记"),
        ('[{"a":1}]', Recipe(items=""), "没有"),
        ('{"l":[{"a":1}]}', Recipe(items="l", title="t"), "没有一条读得出标题"),
    ],
)
def test_json_endpoints_that_changed(body: str, recipe: Recipe, words: str) -> None:
    with pytest.raises(ParseError, match=words):
        read(body, "json", recipe)


def test_a_bad_record_is_set_aside() -> None:
    parsed = read('{"data":[{"title":"一"},{"title":null,"url":"https://h.example/x"},7,{"title":"二"}]}', "json")
    assert [entry.title for entry in parsed.entries] == ["一", "二"]
    assert [rejected.reason for rejected in parsed.rejected] == ["没有标题也没有正文"] * 2


ARTICLE = """<html><head><title>建水县为百名农民工追回工资-某某网</title>{meta}</head><body><nav><p>首页，新闻，视频，专题，更多栏目。</p></nav>
<h1>建水县为百名农民工追回工资</h1><div>{shown}</div><div class="content"><p>本报讯，近日，建水县人社局会同公安机关，为一百余名农民工追回工资。</p>
<p>据了解，该项目总承包单位拖欠工资达三个月，工人多次讨要未果；目前已全部发放到位。</p></div>
<div class="related"><p><a href="/1">相关阅读，很长很长的一条推荐标题，很长很长。</a></p></div></body></html>"""


@pytest.mark.parametrize(
    ("meta", "shown", "url"),
    [
        ('<meta name="PubDate" content="2026-11-20 08:30">', "", ""),
        ('<meta property="article:published_time" content="2026-11-20T00:30:00Z">', "", ""),
        ('<script type="application/ld+json">{"@graph":[{"datePublished":"2026-11-20T08:30:00"}]}</script>', "", ""),
        ("", "来源：某某网　发布时间：2026年11月20日 08:30　点击：3", ""),
        ('<script>var ct = "1795134600";</script>', "", ""),
    ],
)
def test_an_article(meta: str, shown: str, url: str) -> None:
    article = read_article(ARTICLE.format(meta=meta, shown=shown).encode(), url=url, now=NOW, limits=LIMITS)
    assert article.title == "建水县为百名农民工追回工资"
    assert article.text.startswith("本报讯")
    assert article.text.endswith("发放到位。")
    assert len(article.text.splitlines()) == 2
    assert article.published == datetime(2026, 11, 20, 0, 30, tzinfo=UTC)


def test_an_article_dated_by_its_address_and_one_of_lines() -> None:
    page = "<html><title>讨薪的故事与结局</title><div>" + "工人们等了三个月，终于拿到工资。<br>" * 10 + "</div></html>"
    article = read_article(page.encode("gbk"), url="https://h.example/2026/1120/1.html", now=NOW, limits=LIMITS)
    assert len(article.text.splitlines()) == 10
    assert (article.published, article.published_note) == (datetime(2026, 11, 19, 16, 0, tzinfo=UTC), "只有日期")


def test_a_page_without_text_is_told() -> None:
    with pytest.raises(ParseError):
        read_article(b"<html><title>x</title><script>1</script></html>", url="", now=NOW, limits=LIMITS)


def test_real_articles_have_text_and_time(shared_dir: Path) -> None:
    pages = sorted((shared_dir / "pages").glob("article_*.html"))
    articles = [read_article(page.read_bytes(), url="", now=NOW, limits=LIMITS) for page in pages]
    assert sum(article.published is not None for article in articles) >= 0.95 * len(articles)
    assert sum(len(article.text) >= 100 for article in articles) >= 0.95 * len(articles)

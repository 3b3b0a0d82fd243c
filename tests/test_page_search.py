"""The page 舆情检索: asks what its address says, shows it inertly, follows clicks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from monitors.opinion.search import Hit
from monitors.store.search_index import ensure
from pages import results
from tests import seed

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def house(house, signed):
    """The house with an administrator looking."""
    signed()
    return house


@pytest.fixture
def full(house):
    now = datetime.now(UTC)
    for planted in (*seed.mixed(12), *seed.hostile()):
        seed.plant(house, planted, now)
    ensure(house)
    return house


def page(**address):
    app = AppTest.from_file(str(ROOT / "pages" / "search.py"), default_timeout=30)
    for name, value in address.items():
        app.query_params[name] = value
    return app.run()


def shown(app):
    assert not app.exception
    return [block.proto.body for block in app.get("html")]


def hits(app):
    return [html for html in shown(app) if 'class="hit"' in html]


def counted(app):
    return next(element.value for element in app.markdown if element.value.startswith("**找到"))


def test_an_empty_database_offers_what_to_do_next(house):
    app = page()
    assert not app.exception
    assert "还没有任何报道" in [element.value for element in app.subheader]
    assert hits(app) == []


def test_all_reports_newest_first_with_pages(full):
    app = page()
    assert counted(app) == "**找到 50 篇**"
    assert len(hits(app)) == 20


def test_words_filters_and_their_absence(full):
    app = page()
    app.text_input(key="q").set_value("塔吊 -关注").run()
    assert all("<mark>塔吊</mark>" in html for html in hits(app))
    few = len(hits(app))
    assert few > 0
    app.selectbox(key="pref").select("530600").run()
    inside = hits(app)
    assert 0 < len(inside) < few or all("昭通市" in html for html in inside)
    assert "530627" in app.selectbox(key="county").options or any(
        "镇雄" in o for o in app.selectbox(key="county").options
    )
    app.selectbox(key="county").select("530627").run()
    assert all("镇雄县" in html for html in hits(app))
    app.selectbox(key="pref").select("532500").run()
    assert not app.exception
    assert app.selectbox(key="county").value == ""
    app.text_input(key="q").set_value("没有人写过的话").run()
    assert counted(app) == "**找到 0 篇**"
    assert "没有符合条件" in app.info[0].value
    next(button for button in app.button if button.label == "清空全部条件").click().run()
    assert counted(app) == "**找到 50 篇**"


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("rel", "不相关", "**找到 0 篇**"),
        ("time", "近 24 小时", "**找到 50 篇**"),
        ("stance", "resolved", "**找到 0 篇**"),
        ("kind", "讨薪维权", "**找到 50 篇**"),
        ("group", "热榜", "**找到 0 篇**"),
        ("outlet", seed.OUTLETS[4], None),
        ("source", "seed-4", None),
    ],
)
def test_each_filter_reaches_the_question(full, key, value, expected):
    app = page()
    app.selectbox(key=key).select(value).run()
    assert not app.exception
    found = counted(app)
    assert found == expected if expected else 0 < int(found.split()[1]) < 50


def test_own_days_hold_both_ends(full):
    app = page()
    app.selectbox(key="time").select("自定义").run()
    assert counted(app) == "**找到 50 篇**"
    long_ago = datetime.now(UTC).date() - timedelta(days=400)
    app.date_input(key="days").set_value((long_ago, long_ago)).run()
    assert counted(app) == "**找到 0 篇**"
    app.date_input(key="days").set_value((long_ago, datetime.now(UTC).date() + timedelta(days=1))).run()
    assert counted(app) == "**找到 50 篇**"


def test_hostile_words_and_pages_are_no_error(full):
    for typed in ('"', "NEAR(", "！！！", "-", "<script>", "a" * 200):
        assert not page(q=typed).exception
    for number in ("99", "x", "-1", "99999999999", "0"):
        app = page(page=number)
        assert not app.exception
        assert hits(app)


def test_titles_are_inert(full):
    app = page(q="beacon", sort="最匹配在前")
    html = "".join(hits(app))
    assert "&lt;script&gt;" in html
    assert "<script" not in html
    assert "<img" not in html
    assert "javascript:" not in html.replace("(javascript:window.hacked=1)", "")


def hit(**changed):
    values = {
        "id": 1, "title": "讨薪<b>", "title_spans": ((0, 2),), "snippet": "等讨薪&款", "snippet_spans": ((1, 3),),
        "url": 'https://example.org/?a=1&b="2', "outlet": "甲<报", "source_name": "甲", "fetched_at": None,
        "published_at": datetime(2026, 11, 23, 2, 0, tzinfo=UTC), "published_note": "", "region": "530627",
        "place": "昭通市镇雄县", "relevant": True, "level": "II", "stance": "unresolved", "sentiment": -1.0,
        "kind": None, "workers": 60, "amount_fen": 12_600_000, "employer": None, "matched": (), "story_id": None,
        "demo": False,
    } | changed  # fmt: skip
    return Hit(**values)


def test_a_hit_marks_escapes_and_links():
    html = results.hit_html(hit(), datetime(2026, 11, 23, 3, 0, tzinfo=UTC))
    assert "<mark>讨薪</mark>&lt;b&gt;" in html
    assert "等<mark>讨薪</mark>&amp;款" in html
    assert 'href="https://example.org/?a=1&amp;b=&quot;2"' in html
    assert 'rel="noopener noreferrer nofollow"' in html
    assert all(
        words in html for words in ("II级 橙", "甲&lt;报", "2026-11-23 10:00", "昭通市镇雄县", "60 人", "12.6 万元")
    )
    for url in ("javascript:alert(1)", "data:text/html,x", "", "//x", "ftp://a/b"):
        assert "href" not in results.hit_html(hit(url=url), datetime(2026, 11, 23, 3, 0, tzinfo=UTC))


def test_a_hit_without_level_or_title_says_so():
    now = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
    html = results.hit_html(
        hit(level=None, relevant=False, title="", title_spans=(), demo=True, region="", place=""), now
    )
    assert all(words in html for words in ("不相关", "（无标题）", "演示数据", "地点未定", "（未到）"))

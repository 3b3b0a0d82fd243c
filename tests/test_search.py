"""Full-text search: what is typed is understood, what matches is found and shown where it matches."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitors.access.scope import EVERYWHERE
from monitors.opinion import highlight
from monitors.opinion import search as s
from monitors.opinion.search import Filters
from monitors.opinion.search_query import parse
from monitors.store import search_index
from monitors.store import tables as t

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
SOURCES = {"src-a": "云南省级", "src-b": "州市"}


def add(connection, *rows):
    """Items as (title, text, overrides); the sources they need."""
    if connection.scalar(t.source.select().with_only_columns(t.source.c.id).limit(1)) is None:
        for name, group in SOURCES.items():
            connection.execute(
                t.source.insert().values(
                    id=name,
                    name=f"来源{name}",
                    kind="feed",
                    url=f"http://127.0.0.1/{name}",
                    group_name=group,
                    outlet=name,
                    interval_seconds=60,
                    max_interval_seconds=60,
                    tier=3,
                    national=False,
                    condition="正常",
                    paused=False,
                    recipe={},
                    origin="page",
                    created_at=NOW,
                    updated_at=NOW,
                )
            )
    ids = []
    for index, (title, body, changed) in enumerate(rows):
        values = {
            "source_id": "src-a", "guid": f"{title}{index}{random.random()}", "url": "https://example.org/1",
            "title": title, "text": body, "text_hash": "", "outlet": "示例晚报", "published_at": NOW, "fetched_at": NOW,
            "relevant": True, "relevance": 0.9, "sentiment": -0.5, "stance": "unresolved", "kind": "讨薪维权",
            "scope": "本省", "level": "IV", "score": 30, "region": "530627", "judgement": {"matched": ["讨薪"]},
        } | changed  # fmt: skip
        item_id = connection.execute(t.item.insert().values(values).returning(t.item.c.id)).scalar_one()
        ids.append(item_id)
        s.index_items(connection, [(item_id, title, body)])
    return ids


def titles(store, query="", **filters):
    with store.read() as connection:
        return [h.title for h in s.search(connection, EVERYWHERE, Filters(query=query, **filters)).hits]


TEXTS = (
    ("镇雄工地讨薪", "六十名农民工在项目部等候，包工头拖欠工资12.6万元。"),
    ("弥勒甘蔗丰收", "今年的糖厂收购价上涨，Workers from CCTV-13 reported。"),
    ("欠💰不还", "老板说过年再说，欠xin三个月。農民工討薪。"),
    ("", "正文没有标题，也提到讨薪。"),
)

FOUND = [
    ("讨薪", {0, 2, 3}),
    ("討薪", {0, 2, 3}),
    ("農民工", {0, 2}),
    ("薪", {0, 2, 3}),
    ("农民工", {0, 2}),
    ("民工在项目部等", {0}),
    ("工资12.6万", {0}),
    ("１２．６", {0}),
    ("12", {0}),
    ("1", set()),
    ("work", {1}),
    ("WORKERS", {1}),
    ('"work"', set()),
    ('"workers from"', {1}),
    ('"from workers"', set()),
    ("cctv-13", {1}),
    ("欠xin", {2}),
    ("欠💰", {2}),
    ("💰", {2}),
    ("农民工 拖欠", {0}),
    ("拖欠 老板", set()),
    ("拖欠|老板", {0, 2}),
    ("拖欠 ｜ 老板", {0, 2}),
    ("讨薪 拖欠|老板", {0, 2}),
    ("讨薪 -老板", {0, 3}),
    ("讨薪 -老板|正文", {0}),
    ("-讨薪", {1}),
    ("“讨薪”", {0, 2, 3}),
    ("讨薪 -“老板说”", {0, 3}),
    ("工在", {0}),
    ("薪六", set()),
    ("不存在的词", set()),
]


@pytest.fixture
def four(store):
    with store.write() as connection:
        add(
            connection,
            *((title, body, {"published_at": NOW - timedelta(hours=n)}) for n, (title, body) in enumerate(TEXTS)),
        )
    return store


def test_what_is_typed_finds_what_it_says(four):
    for typed, expected in FOUND:
        wanted = [title for n, (title, _) in enumerate(TEXTS) if n in expected]
        assert titles(four, typed) == wanted, typed
        assert sorted(titles(four, typed, sort="匹配")) == sorted(wanted), typed


HOSTILE = [
    *(
        '"',
        '""',
        "'",
        "'; DROP TABLE item; --",
        "(",
        ")",
        "((",
        "NEAR",
        "NEAR(讨薪 工资, 5)",
        "讨薪 NEAR 工资",
        "*",
        "讨*",
    ),
    *("title:讨薪", "讨薪 AND", "OR", "NOT NOT", "-", "--", "- -", "|", "||", "|讨薪", "讨薪|", "-|-", '-"', '"讨薪'),
    *("^讨薪", "{title}", "\\", "\x00讨薪", "%", "_", "讨薪 & 工资", "!讨薪", ":*", "<->", "，。！？", '"" "" 讨薪'),
    *(
        "讨薪" * 5000,
        "讨 " * 5000,
        "a" * 10_000,
        "🙂" * 300,
        "\ud800讨薪",
        "\u202e讨薪",
        "𬭚𬬻",
        "鿫",
        "é",
        "ﷺ",
        "-讨薪 -工资",
    ),
]


def test_hostile_input_is_never_an_error(four):
    with four.read() as connection:
        for typed in HOSTILE:
            for sort in s.SORTS:
                found = s.search(connection, EVERYWHERE, Filters(query=typed, sort=sort))
                assert found.total == len(found.hits), typed


def test_punctuation_alone_finds_nothing_and_says_so(four):
    with four.read() as connection:
        found = s.search(connection, EVERYWHERE, Filters(query="！！？"))
        assert (found.total, found.notes) == (0, ("没有可检索的文字，请输入汉字、字母或数字",))
        assert s.search(connection, EVERYWHERE, Filters(query="   ")).total == len(TEXTS)


@given(st.text(alphabet=st.sampled_from('讨薪工a1💰"|-() *NEAR:^\\\x00\u3000'), max_size=30))
@settings(max_examples=200, deadline=None)
def test_every_query_compiles_to_something(typed):
    query = parse(typed)
    if query.required:
        assert query.fts5().count('"') % 2 == 0
        assert query.tsquery().count("'") % 2 == 0
    assert query.hopeless == bool(typed.strip() and query.empty)


@given(st.text(max_size=200))
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_folding_keeps_every_place(original):
    assert len(search_index.fold(original)) == len(original)
    for word in search_index.tokens(original).split(" "):
        assert len(word) <= 64


def test_a_word_of_the_text_is_found_by_the_highlight_and_by_the_index(store):
    """Whatever stretch of a text is asked for, index and highlight agree that it is there."""
    letters = random.Random(7)
    bodies = ["".join(letters.choices("讨薪工资12a b。,💰农", k=40)) for _ in range(60)]
    with store.write() as connection:
        add(connection, *(("甲", body, {}) for body in bodies))
    with store.read() as connection:
        for body in bodies:
            start = letters.randrange(0, 36)
            wanted = parse(f'"{body[start : start + 4]}"').wanted
            if not wanted or wanted[0].parts[0][0].isascii() or wanted[0].parts[-1][-1].isascii():
                continue  # a word or number cut in two is another word
            assert highlight.spans(body, wanted), (body, wanted)
            hits = s.search(connection, EVERYWHERE, Filters(query=f'"{body[start : start + 4]}"'), size=100).hits
            assert body in [h.snippet for h in hits], (body, wanted)


def test_phrases_hold_beyond_the_positions_postgresql_keeps(store):
    body = "".join(chr(0x4E00 + n % 5000) for n in range(19_990)) + "欠薪讨薪"
    with store.write() as connection:
        add(connection, ("甲", body, {}))
    assert titles(store, "欠薪讨薪") == ["甲"]
    assert titles(store, "讨薪欠薪") == []


def test_filters_each_alone(store):
    rows = [
        ("甲", "讨薪", {"published_at": NOW - timedelta(days=2), "region": "530602"}),
        ("乙", "讨薪", {"region": "532504", "relevant": False, "level": None, "stance": "resolved", "kind": "已解决"}),
        ("丙", "讨薪", {"region": "", "source_id": "src-b", "outlet": "别的报", "level": "I"}),
        ("丁", "讨薪", {"region": "530600", "level": "II", "kind": None}),
    ]
    with store.write() as connection:
        add(connection, *rows)
    cases = [
        ({"since": NOW - timedelta(days=1)}, "乙丙丁"),
        ({"until": NOW}, "甲"),
        ({"region": "530000"}, "甲乙丁"),
        ({"region": "530600"}, "甲丁"),
        ({"region": "530602"}, "甲"),
        ({"source": "src-b"}, "丙"),
        ({"group": "云南省级"}, "甲乙丁"),
        ({"outlet": "别的报"}, "丙"),
        ({"relevance": "相关"}, "甲丙丁"),
        ({"relevance": "不相关"}, "乙"),
        ({"levels": ("I", "II")}, "丙丁"),
        ({"stance": "resolved"}, "乙"),
        ({"kind": "已解决"}, "乙"),
        ({"region": "530600", "levels": ("IV",)}, "甲"),
    ]
    for filters, expected in cases:
        for query in ("", "讨薪", "-没有的词"):
            assert sorted(titles(store, query, **filters)) == sorted(expected), (query, filters)


def test_pages_follow_each_other_and_the_count_is_capped(store, monkeypatch):
    monkeypatch.setattr(s, "CAP", 30)
    with store.write() as connection:
        add(connection, *((f"第{n}条", "讨薪", {"published_at": NOW - timedelta(minutes=n)}) for n in range(40)))
    with store.read() as connection:
        for query in ("", "讨薪"):
            first = s.search(connection, EVERYWHERE, Filters(query=query), size=20)
            second = s.search(connection, EVERYWHERE, Filters(query=query), page=2, size=20)
            assert [h.title for h in first.hits + second.hits] == [f"第{n}条" for n in range(40)]
            assert (first.total, first.capped, first.pages, second.page) == (30, True, 2, 2)
            assert s.search(connection, EVERYWHERE, Filters(query=query), page=99, size=20).page == 2
        ids = s.matching_ids(connection, EVERYWHERE, Filters(query="讨薪"), limit=35)
        assert [h.id for h in s.hits_of(connection, EVERYWHERE, ids, Filters(query="讨薪"))] == ids
        assert (len(ids), s.count_demo(connection, EVERYWHERE, ids)) == (35, 0)


def test_a_match_in_the_title_comes_first_when_sorted_by_match(store):
    with store.write() as connection:
        add(
            connection,
            ("天气", "今天下雨。" * 30 + "有人讨薪。", {}),
            ("工人讨薪", "他们等了三天。" * 30, {"published_at": NOW - timedelta(days=9)}),
        )
    assert titles(store, "讨薪", sort="匹配") == ["工人讨薪", "天气"]
    assert titles(store, "讨薪", sort="时间") == ["天气", "工人讨薪"]


def test_index_follows_changes_and_can_be_made_anew(store):
    with store.write() as connection:
        first, second = add(connection, ("讨薪一", "甲", {}), ("讨薪二", "乙", {}))
        assert s.index_items(connection, [(first, "讨薪一", "甲")]) == 0
        s.unindex_items(connection, [first])
        s.unindex_items(connection, [first])
        connection.execute(t.item.update().where(t.item.c.id == first).values(title="停工一"))
        s.index_items(connection, [(first, "停工一", "甲")])
    assert titles(store, "讨薪") == ["讨薪二"]
    assert titles(store, "停工") == ["停工一"]
    assert s.ensure(store) == 0
    with store.write() as connection:
        s.unindex_items(connection, [second])
    assert titles(store, "讨薪") == []
    assert s.ensure(store) == 1
    assert titles(store, "讨薪") == ["讨薪二"]
    assert s.rebuild(store) == 2
    assert titles(store, "工") == ["停工一"]


def test_an_index_of_another_making_is_replaced(store, monkeypatch):
    with store.write() as connection:
        add(connection, ("讨薪一", "甲", {}))
    s.ensure(store)
    monkeypatch.setattr(search_index, "fingerprint", lambda: "another")
    assert s.ensure(store) == 1
    assert s.ensure(store) == 0


SNIPPETS = [
    ("没有", "讨薪", 0),
    ("讨薪。" + "雨" * 400, "讨薪", 1),
    ("雨" * 400 + "。工人讨薪" + "雨" * 400, "讨薪", 1),
    ("讨薪" + "雨" * 400 + "讨薪与拖欠工资", "讨薪 拖欠", 2),
    ("工资12.6万元", "12.6万", 1),
]


@pytest.mark.parametrize(("body", "typed", "least"), SNIPPETS)
def test_snippet_shows_the_match_at_its_place(body, typed, least):
    wanted = parse(typed).wanted
    line, places = highlight.snippet(body, wanted)
    assert len(line) <= highlight.SNIPPET_CHARS + 2
    assert len(places) >= least
    for start, end in places:
        assert any(highlight.spans(line[start:end], [p]) for p in wanted), line[start:end]


def test_spans_do_not_overlap_and_stay_in_order():
    text = "讨薪讨薪工资，讨薪"
    places = highlight.spans(text, parse("讨薪 薪讨 工资").wanted)
    assert [text[a:b] for a, b in places] == ["讨薪讨薪工资", "讨薪"]

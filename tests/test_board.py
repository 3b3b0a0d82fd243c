"""What the live page asks and how it says it: queries on both databases, words, and text that stays text."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import insert, update

from monitors import settings as settings_module
from monitors.access.actor import SYSTEM
from monitors.access.scope import EVERYWHERE, Scope
from monitors.opinion import board, dossier, heartbeat
from monitors.opinion.model import ALERT_LEVELS, Evidence
from monitors.store import tables as t
from pages import charts, screen, story
from pages.markup import joined, link, safe_url, tag
from pages.wording import marked, money, persons, sentiment_name
from tests import seed

NOW = datetime(2026, 11, 23, 10, 30, tzinfo=UTC)
SETTINGS = settings_module.load(environ={})


def ask(store, question, *arguments, **named):
    with store.read() as connection:
        return question(connection, *arguments, **named)


def plant(store, **what):
    return seed.plant(store, seed.Planted(**{"title": "示例工地讨薪", **what}), NOW)


# ── words ────────────────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-4, "0 秒"), (0, "0 秒"), (59.9, "59 秒"), (60, "1 分钟"), (3599, "59 分钟"), (3600, "1 小时"),
        (3600 + 20 * 60, "1 小时 20 分"), (86_399, "23 小时 59 分"), (86_400, "1 天"), (53 * 3600, "2 天 5 小时"),
    ],
)  # fmt: skip
def test_elapsed_words(seconds, words):
    assert board.elapsed_words(seconds) == words


@pytest.mark.parametrize(
    ("fen", "words"),
    [
        (None, "—"), (0, "0 元"), (850_000, "8,500 元"), (850_050, "8,500.50 元"), (999_999, "9,999.99 元"),
        (1_000_000, "1 万元"), (12_600_000, "12.6 万元"), (380_000_000, "380 万元"), (12_345_678_900, "1.23 亿元"),
    ],
)  # fmt: skip
def test_money_has_its_unit(fen, words):
    assert money(fen) == words


def test_persons_and_sentiment():
    assert [persons(None), persons(7), persons(1200)] == ["—", "7 人", "1,200 人"]
    scores = (-1, -0.2, -0.19, 0, 0.19, 0.2, 1)
    names = [sentiment_name(score, SETTINGS.judge) for score in scores]
    assert names == ["负面", "负面", "中性", "中性", "中性", "正面", "正面"]


@pytest.mark.parametrize(
    ("code", "full", "short"),
    [
        ("530627", "昭通市镇雄县", "昭通市镇雄县"),
        ("530827", "普洱市孟连傣族拉祜族佤族自治县", "普洱市孟连县"),
        ("530100", "昆明市", "昆明市"),
        ("530000", "云南（未定位）", "云南（未定位）"),
        ("", "未定位", "未定位"),
        ("999999", "999999", "999999"),
    ],
)
def test_places(code, full, short):
    assert (board.place_name(code), board.short_place(code)) == (full, short)


def test_marked_words():
    assert marked("工人讨薪要讨薪", ["讨薪"]) == [("工人", False), ("讨薪", True), ("要", False), ("讨薪", True)]
    assert marked("欠XIN和欠xin", ["欠xin"]) == [("欠XIN", True), ("和", False), ("欠xin", True)]
    assert marked("拖欠工资", ["拖欠", "欠工资"]) == [("拖欠工资", True)]
    assert marked("", ["讨薪"]) == []
    assert marked("无", ["", "讨薪"]) == [("无", False)]


@given(st.text(max_size=40), st.lists(st.text(max_size=4), max_size=4))
def test_marking_never_changes_the_text(text, words):
    assert "".join(piece for piece, _ in marked(text, words)) == text


# ── text stays text ──────────────────────────────────────────────────────────────────────────────────────────────────
@given(st.text(max_size=60))
def test_markup_escapes_everything_that_is_not_its_own(text):
    built = tag("p", text, title=text)
    inside = built.removeprefix("<p ").removesuffix("</p>")
    assert inside.count("<") == 0
    assert built.count('"') == 2
    assert joined(tag("b", "x"), "<") == "<b>x</b>&lt;"


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        " JavaScript:alert(1)",
        "data:text/html,x",
        "//host/x",
        "/local",
        "http://",
        "http://[",
        "",
        "ftp://host/a",
    ],
)
def test_unsafe_addresses_are_not_links(url):
    assert safe_url(url) == ""
    assert "href" not in link(url, "查看原文")


def test_a_safe_address_tells_the_other_side_nothing():
    built = link('https://news.invalid/a?b="c"&d', "查看原文")
    assert 'href="https://news.invalid/a?b=&quot;c&quot;&amp;d"' in built
    assert 'rel="noopener noreferrer nofollow"' in built


def test_evidence_is_marked_where_it_stands_and_nowhere_else():
    def piece(start, text, about="relevance"):
        return Evidence("text", start, start + len(text), text, "理由<b>", about)

    text = "镇雄<工人>讨薪"
    shown = story.highlighted(text, [piece(6, "讨薪"), piece(0, "镇雄", "place"), piece(1, "雄<"), piece(3, "错的")])
    assert shown == (
        '<mark class="place" title="理由&lt;b&gt;">镇雄</mark>&lt;工人&gt;'
        '<mark class="relevance" title="理由&lt;b&gt;">讨薪</mark>'
    )


# ── the strip ────────────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("age", "state", "words"),
    [(None, "never", "监测尚未运行"), (12, "ok", "监测正常 · 12 秒前"), (7 * 60, "stopped", "监测已停 7 分钟")],
)
def test_the_strip_says_how_the_watch_is_and_what_to_do(store, age, state, words):
    if age is not None:
        seed.beat(store, NOW - timedelta(seconds=age))
    strip = ask(store, board.strip, SETTINGS, NOW)
    assert (strip.state, strip.words) == (state, words)
    assert bool(strip.advice) == (state != "ok")


def test_a_dead_part_shows_although_the_loop_lives(store):
    seed.beat(store, NOW - timedelta(minutes=9))
    with store.write() as connection:
        heartbeat.beat(connection, heartbeat.LOOP, now=NOW)
    assert ask(store, board.strip, SETTINGS, NOW).state == "stopped"


def test_troubled_sources_leave_out_what_is_paused(store):
    seed.outlets(store, NOW)
    found = ask(store, board.troubled_sources, SETTINGS, NOW)
    assert (found.watched, found.bad, found.warn) == (5, 1, 1)
    assert [name.split("：")[0] for name in found.names] == ["示例网络论坛", "示例县融媒"]
    with store.write() as connection:
        connection.execute(update(t.source).where(t.source.c.id == "seed-3").values(paused=True))
    assert ask(store, board.troubled_sources, SETTINGS, NOW).bad == 0


# ── counts ───────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_counts_fall_into_their_hours(store):
    plant(store, level="I", age=timedelta(minutes=5), reports=3)
    plant(store, level="IV", age=timedelta(hours=1, minutes=40), reports=1)
    plant(store, level="II", age=timedelta(hours=3), state="已办结", reports=2)
    plant(store, level="III", age=timedelta(hours=30), reports=4)
    counts = ask(store, board.counts, EVERYWHERE, SETTINGS, NOW)
    assert counts.hours[-1] == NOW.replace(minute=0)
    assert len(counts.hours) == SETTINGS.duty.window_hours
    assert counts.reports[-4:] == (2, 1, 0, 3)
    assert sum(counts.reports) == sum(counts.relevant) == 6
    assert (counts.stories[-1], sum(counts.stories), sum(counts.alerts)) == (1, 3, 3)
    assert [(row.level, row.open, row.unsigned) for row in counts.levels] == [
        ("I", 1, 1), ("II", 0, 0), ("III", 1, 1), ("IV", 1, 1),
    ]  # fmt: skip
    assert (counts.open, counts.unsigned, counts.overdue) == (3, 3, 1)


def test_an_empty_store_counts_nothing_and_says_so(store):
    counts = ask(store, board.counts, EVERYWHERE, SETTINGS, NOW)
    assert (counts.open, sum(counts.reports), counts.overdue) == (0, 0, 0)
    assert ask(store, board.is_empty)
    assert ask(store, board.demo_mark) is None
    assert ask(store, board.alarm, EVERYWHERE) is None
    payload = screen.board_payload(counts, (), chosen="", page=1, page_size=50)
    assert payload["pages"] == 1
    assert "没有未办结" in payload["nothing"]


def test_hourly_levels_add_up_to_the_relevant_reports(store):
    for planted in seed.mixed(12):
        seed.plant(store, planted, NOW)
    rows = ask(store, board.hourly_levels, EVERYWHERE, SETTINGS, NOW)
    counts = ask(store, board.counts, EVERYWHERE, SETTINGS, NOW)
    assert sum(row.reports for row in rows) == sum(counts.relevant) > 0
    spec = charts.hourly(rows, counts.hours)
    assert sum(value["n"] for value in spec["data"]["values"]) == sum(counts.relevant)


# ── the list ─────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_open_alerts_gravest_first_then_newest(store):
    for level, age in (("IV", 1), ("II", 9), ("I", 50), ("II", 3), ("III", 2)):
        plant(store, title=f"{level}-{age}", level=level, age=timedelta(minutes=age))
    plant(store, title="已办", level="I", state="误报")
    plant(store, title="关注的", level="关注")
    titles = [row.title for row in ask(store, board.open_alerts, EVERYWHERE, limit=50)]
    assert titles == ["I-50", "II-3", "II-9", "III-2", "IV-1"]
    assert [row.title for row in ask(store, board.open_alerts, EVERYWHERE, limit=2, offset=1)] == ["II-3", "II-9"]
    assert [row.title for row in ask(store, board.open_alerts, EVERYWHERE, level="II", limit=9)] == ["II-3", "II-9"]


def test_what_is_signed_leaves_the_unsigned_list(store):
    plant(store, title="已签", level="II", state="已签收")
    plant(store, title="未签", level="II")
    assert [row.title for row in ask(store, board.open_alerts, EVERYWHERE, unsigned_only=True, limit=9)] == ["未签"]
    signed = next(row for row in ask(store, board.open_alerts, EVERYWHERE, limit=9) if row.title == "已签")
    assert (signed.state, signed.signed_by) == ("已签收", "值班员甲")


def test_the_alarm_moves_on_only_for_red_and_orange(store):
    plant(store, level="II", age=timedelta(minutes=30))
    first = ask(store, board.alarm, EVERYWHERE)
    plant(store, level="III", age=timedelta(minutes=5))
    assert ask(store, board.alarm, EVERYWHERE) == first
    plant(store, level="I", age=timedelta(minutes=1))
    assert ask(store, board.alarm, EVERYWHERE) == (NOW - timedelta(minutes=1), "I")


def test_prefectures_sum_to_the_open_alerts(store):
    for region, level in (("530627", "I"), ("530602", "IV"), ("532504", "II"), ("530000", "IV"), ("", "III")):
        plant(store, region=region, level=level)
    rows = ask(store, board.prefecture_counts, EVERYWHERE)
    assert [(row.name, row.total) for row in rows] == [("昭通市", 2), ("红河州", 1), ("未定位", 2)]
    assert sum(row.total for row in rows) == ask(store, board.counts, EVERYWHERE, SETTINGS, NOW).open
    assert len(rows[0].levels) == len(ALERT_LEVELS)
    charts.by_prefecture(rows)


def test_a_prefecture_is_counted_by_its_counties(store):
    for region, level in (("530627", "I"), ("530602", "IV"), ("530602", "II"), ("530600", "III"), ("532504", "II")):
        plant(store, region=region, level=level)
    rows = ask(store, board.prefecture_counts, Scope("530600"))
    assert [(row.name, row.total) for row in rows] == [("昭阳区", 2), ("镇雄县", 1), ("未定到县", 1)]


def test_one_line_of_the_list(store):
    plant(store, title="示例工地讨薪", level="I", workers=None, amount_fen=None, region="530827")
    [row] = ask(store, board.open_alerts, EVERYWHERE, limit=9)
    line = screen.alert_payload(row)
    assert line["title"] == [("示例工地", False), ("讨薪", True)]
    assert (line["persons"], line["money"], line["place"]) == ("人数不详", "金额不详", "普洱市孟连县")
    assert line["words"] == ["拖欠工资"], "what the headline already shows is not repeated"
    json.dumps(line)


@pytest.mark.parametrize(("open_alerts", "size", "pages"), [(0, 10, 1), (10, 10, 1), (11, 10, 2), (21, 10, 3)])
def test_pages_of_the_list(open_alerts, size, pages):
    counts = board.Counts((NOW,), (0,), (0,), (0,), (0,), (board.LevelCount("I", open_alerts, 0),), 0)
    assert screen.board_payload(counts, (), chosen="", page=1, page_size=size)["pages"] == pages


# ── one story ────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_dossier_holds_reports_reasons_and_the_line_of_time(store):
    story_id = plant(store, level="II", reports=3, state="已签收")
    found = ask(store, dossier.read, SYSTEM, story_id)
    assert found is not None
    assert (found.items, len(found.reports), found.place) == (3, 3, "昭通市镇雄县")
    assert [part.code for part in found.parts] == ["E", "N"]
    assert found.floors
    for report in found.reports:
        assert report.evidence
        for piece in report.evidence:
            assert getattr(report, piece.field)[piece.start : piece.end] == piece.text
    moments = [step.at for step in found.timeline]
    assert moments == sorted(moments)
    words = [step.words for step in found.timeline]
    assert words[0].endswith("发布")
    assert any("本系统发现" in word for word in words)
    assert "系统发出 II级（橙色）警情" in words
    assert "值班员甲：新警情 → 已签收" in words


def test_a_dossier_limits_its_reports_and_knows_what_is_not_there(store):
    story_id = plant(store, reports=6)
    found = ask(store, dossier.read, SYSTEM, story_id, reports=2)
    assert found is not None
    assert (found.items, len(found.reports)) == (6, 2)
    assert ask(store, dossier.read, SYSTEM, 10_000) is None


@pytest.mark.parametrize(
    ("kind", "before", "after", "words"),
    [
        ("opened", {}, {"level": "I"}, "系统发出 I级（红色）警情"),
        ("opened", {}, {}, "系统发出警情"),
        ("level", {"level": "III"}, {"level": "II"}, "系统将级别由 III级（黄色）改为 II级（橙色）"),
        ("state", {"state": "已签收"}, {"state": "误报", "reason": "工程款"}, "系统：已签收 → 误报：工程款"),
        ("report", {}, {"why": "示例晨报"}, "新增报道：示例晨报"),
        ("merged", {}, {}, "系统：merged"),
    ],
)
def test_events_in_words(kind, before, after, words):
    assert dossier.event_words(kind, "系统", before, after) == words


def test_demo_data_is_known_by_its_mark(store):
    with store.write() as connection:
        connection.execute(insert(t.meta).values(key="demo", value="{}"))
    assert ask(store, board.demo_mark) == "{}"


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("532504", "红河州弥勒市"),
        ("530100", "昆明市"),
        ("441424", "广东省梅州市五华县"),
        ("530000", "云南（未定位）"),
        ("", "未定位"),
    ],
)
def test_the_short_place_keeps_another_province(code, words):
    assert board.short_place(code) == words

"""The laboratory of rules: what a draft would have given on stored reports, and that trying it changes nothing."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace

import pytest
from sqlalchemy import select, update

from monitors.access.acting import acting
from monitors.errors import InputError
from monitors.opinion import (
    alias_lines,
    intake,
    lab_diff,
    lab_figures,
    lab_gold,
    lab_reading,
    lab_try,
    labels,
    rule_lab,
    rule_sets,
)
from monitors.opinion.judge import Judge
from monitors.opinion.lab_figures import MOST, Gold, Shift, Tally
from monitors.opinion.lab_sides import pair
from monitors.opinion.mentions import read
from monitors.opinion.model import Entry
from monitors.opinion.retention import TEXT_REMOVED
from monitors.opinion.rule_grammar import parse
from monitors.opinion.rule_match import Origin
from monitors.opinion.rule_sets import Alias, Draft, RuleSet
from monitors.opinion.training import Scores
from monitors.settings import ROOT
from monitors.store import tables as t
from tests.test_intake_stories import FIRST, NOW, SECOND, SETTINGS, Desk, Even
from tests.test_rejudge import CHIEF

FAIR = ("县里举办返乡人员专场招聘会", "昆明市盘龙区举办招聘会，提供岗位三百个，月薪六千元起，欢迎前来应聘。")
RULE = "【招聘】\n招聘会\n级别：III"
LATER = NOW + timedelta(hours=6)


@pytest.fixture(scope="module")
def judge() -> Judge:
    return Judge(SETTINGS, scorer=Even())


@pytest.fixture
def desk(store, judge, monkeypatch) -> Desk:
    even = Gold(Scores(1, 0, 0, 1), Scores(1, 0, 0, 1), "", ())
    monkeypatch.setattr(lab_gold, "compare", lambda before, after: even)  # it has tests of its own below
    return Desk(store, judge)


def publish(desk, outlet, title, text, *, after=timedelta()):
    """A report the judge may call irrelevant; returns its number."""
    desk.published += 1
    url = f"https://s.example/{desk.published}"
    at = NOW + after
    judged = desk.judge.judge(title, text, published=at, now=at)
    with desk.store.write() as connection:
        intake.take_in(
            connection, desk.sources[outlet], [Entry(url, title, url, text, at)], [judged], settings=SETTINGS, now=at
        )
        return connection.scalar(select(t.item.c.id).where(t.item.c.url == url))


def run(desk, draft, **changes):
    asked = {"against": 0, "days": 30, "now": LATER} | changes
    return rule_lab.run(desk.store, SETTINGS, draft, **asked)


def everything(store):
    with store.read() as connection:
        return [connection.execute(select(table)).all() for table in (t.item, t.story, t.alert, t.notice, t.audit)]


def test_a_rule_gains_an_alert_with_its_reason_and_nothing_is_written(desk):
    desk.take("都市报", *FIRST)
    number = publish(desk, "论坛", *FAIR)
    before = everything(desk.store)
    found = run(desk, Draft(RULE))
    (gained,) = found.gained.rows
    assert (gained.story_id, gained.item_id, gained.before, gained.after) == (None, number, "", "III")
    assert (gained.region, gained.day) == ("530103", "2026-11-23")
    assert gained.why == "规则“招聘”命中“招聘会”，不低于III级 黄"
    assert (found.before.alerts, found.after.alerts, found.after.levels["III"]) == (1, 2, 1)
    assert (found.joined.count, found.dropped.count, found.reports) == (1, 0, 2)
    assert [(day.before, day.after) for day in found.days if day.day == "2026-11-23"] == [(1, 2)]
    assert len(found.days) == 31
    assert everything(desk.store) == before
    assert lab_figures.restored(json.loads(json.dumps(lab_figures.stored(found)))) == found


def test_copies_without_an_event_are_one_and_a_rule_that_only_lists_opens_nothing(desk):
    publish(desk, "论坛", *FAIR)
    publish(desk, "都市报", *FAIR)
    assert (run(desk, Draft(RULE)).gained.count, run(desk, Draft(RULE)).joined.count) == (1, 2)
    listed = run(desk, Draft("【招聘】\n招聘会"))
    assert (listed.gained.count, listed.joined.count) == (0, 2)


def test_only_reports_that_may_differ_are_judged_anew(desk, monkeypatch):
    for number in range(3):
        publish(desk, "论坛", f"第{number}场演出圆满落幕", f"第{number}场演出在市民广场举行，观众两千人。")
    publish(desk, "论坛", *FAIR)
    asked = []
    judge_many = Judge.judge_many
    monkeypatch.setattr(Judge, "judge_many", lambda self, many: asked.append(len(many)) or judge_many(self, many))
    run(desk, Draft(RULE))
    assert asked == [1, 1]  # the fair, by either side
    asked.clear()
    run(desk, Draft("", {"severity.level_1": 90}))
    assert asked == []


WAITING = ("工地工人等着结工资", "昭通市镇雄县一工地十名工人等着结工资。")  # the judge is not quite sure


def test_a_threshold_loses_and_gains_alerts_and_says_by_which_score(desk):
    desk.take("都市报", *WAITING)
    number = publish(desk, "论坛", "镇雄工地停工", "昭通市镇雄县一工地停工，工人等着老板给说法。")
    (alert,) = desk.alerts()
    found = run(desk, Draft("", {"judge.relevance_threshold": 0.99}))
    (lost,) = found.lost.rows
    assert (lost.number, lost.before, lost.after, lost.title) == (alert.number, "IV", "", WAITING[0])
    assert (lost.story_id, lost.why) == (alert.story_id, "相关评分 0.97，门槛由 0.50 改为 0.99")
    assert (found.dropped.count, found.joined.count) == (1, 0)
    found = run(desk, Draft("", {"judge.relevance_threshold": 0.01}))
    (joined,) = found.joined.rows
    assert (joined.item_id, joined.before, found.lost.count) == (number, "", 0)


def test_levels_by_the_drafts_thresholds(desk):
    desk.take("都市报", *FIRST)
    (alert,) = desk.alerts()
    assert alert.level == "II"
    with desk.store.read() as connection:
        score = connection.scalar(select(t.story.c.score))
    found = run(desk, Draft("", {"severity.level_1": score, "severity.level_2": score - 1}))
    (moved,) = found.moved.rows
    assert (moved.number, moved.before, moved.after) == (alert.number, "II", "I")
    assert f"{score} 分" in moved.why
    assert found.gained.count == found.lost.count == 0


def test_what_was_published_long_ago_opens_nothing_under_a_shorter_limit(desk):
    at = NOW - timedelta(days=2)
    entry = Entry("https://s.example/old", FIRST[0], "https://s.example/old", FIRST[1], at)
    judged = desk.judge.judge(*FIRST, published=at, now=NOW)
    with desk.store.write() as connection:
        intake.take_in(connection, desk.sources["都市报"], [entry], [judged], settings=SETTINGS, now=NOW)
    found = run(desk, Draft("", {"severity.report_days": 1}))
    (lost,) = found.lost.rows
    assert (lost.before, lost.after, found.before.alerts, found.after.alerts) == ("II", "", 1, 0)


def test_a_spelling_of_the_offices_own_is_judged_as_what_it_means(desk):
    text = "昭通市彝良县滇示中学教学楼工程的工人们今天去讨莘，他们说老板讨莘无果就要停工。"
    number = publish(desk, "论坛", "彝良县工地工人讨莘", text)
    found = run(desk, Draft("", {}, (Alias("讨莘", "讨薪"),)))
    (joined,) = found.joined.rows
    assert (joined.item_id, joined.why) == (number, "别名“讨莘”")
    assert found.gained.count == 1
    assert run(desk, Draft("", {}, (Alias("讨辛", "讨薪"),))).joined.count == 0


def test_what_people_said_stands_under_any_draft(desk):
    number = publish(desk, "论坛", *FAIR)
    with acting(desk.store, CHIEF) as connection:
        labels.put(connection, CHIEF, number, "relevant", False, settings=SETTINGS, now=NOW)
    found = run(desk, Draft(RULE))
    assert (found.joined.count, found.gained.count) == (0, 0)


def test_a_text_that_was_removed_keeps_its_verdict(desk):
    number = publish(desk, "论坛", *FAIR)
    with desk.store.write() as connection:
        why = connection.scalar(select(t.item.c.judgement).where(t.item.c.id == number))
        connection.execute(update(t.item).values(judgement=why | {TEXT_REMOVED: "2026-11-01"}))
    found = run(desk, Draft(RULE))
    assert (found.without_text, found.joined.count) == (1, 0)


def test_reports_of_an_event_are_replayed_in_the_order_they_came(desk):
    """Settled the day after, it had its alert all the same."""
    desk.take("都市报", "彝良县12名工人讨薪", "彝良县滇示中学教学楼工程的12名工人反映被拖欠工资12万元。")
    paid = "彝良县滇示中学教学楼工程12名工人被拖欠的12万元工资今日已全部发放到位。"
    desk.take("政务网", "彝良县12名工人拿到被欠工资", paid, after=timedelta(hours=3))
    found = run(desk, Draft("", {"severity.level_1": 90}))
    assert found.before.alerts == found.after.alerts == len(desk.alerts()) == 1


def test_a_large_event_is_read_in_pieces_and_weighed_whole(desk, monkeypatch):
    for hour in range(5):
        desk.take("都市报", *FIRST, after=timedelta(hours=hour))
        desk.take("政务网", *SECOND, after=timedelta(hours=hour))
    publish(desk, "论坛", *FAIR)
    draft = Draft(RULE + "\n\n【中学】\n中学\n级别：I", {"severity.level_4": 20})
    whole = run(desk, draft)
    held = []
    pieces = lab_reading.pieces
    monkeypatch.setattr(lab_reading, "PIECE", 2)
    monkeypatch.setattr(
        lab_reading, "pieces", lambda *asked: (held.append(len(one.rows)) or one for one in pieces(*asked))
    )
    assert replace(run(desk, draft), seconds=whole.seconds) == whole
    assert (whole.moved.count, whole.gained.count, whole.stories) == (1, 1, 2)
    assert max(held) == 2
    assert sum(held) == whole.reports > 4


def test_a_trial_gives_word_and_can_be_stopped_within_one_event(desk, monkeypatch):
    for hour in range(3):
        desk.take("都市报", *FIRST, after=timedelta(hours=hour))
        desk.take("政务网", *SECOND, after=timedelta(hours=hour))
    draft = Draft("", {"severity.level_4": 20})
    monkeypatch.setattr(rule_lab, "_EVERY_SECONDS", -1.0)
    words = []
    found = run(desk, draft, progress=lambda *step: words.append(step) or True)
    assert found.stories == 1
    assert len(words) > 2 + found.reports  # one a report looked at, beside those of the pieces
    words.clear()
    assert run(desk, draft, progress=lambda *step: words.append(step) or len(words) < 4) is None
    assert len(words) == 4


def test_rules_find_the_same_with_the_evasive_words_alone():
    """Which reports are judged anew is asked of a small part of the lexicon: it must not miss any."""
    rows = [json.loads(line) for line in lab_gold.GOLD.read_text(encoding="utf-8").splitlines()]
    words = ("工资", "讨薪", "欠薪", "拖欠", "工人", "老板", "车队", "血汗钱")
    text = "\n\n".join(f"【{word}】\n{word}\n近(6)：{word} 我们\n/{word}.{{0,4}}万/" for word in words)
    draft = Draft(text, {}, (Alias("苦银子", "工资"),))
    _, new = pair(SETTINGS, RuleSet(0, Draft()), draft)
    full = rule_sets.lexicon_under(draft.aliases)
    found = set()
    texts = [row["text"] for row in rows] + ["老板欠xin跑了，讨xin车队来要苦银子。", "老 板 拖*欠 工＊资"]
    for text in texts:
        row = SimpleNamespace(title="", text=text, region="", scope="本省", source_id="", source_name="", group_name="",
                              outlet="")  # fmt: skip
        plain = new.changed.find(read("", full), read(text, full), origin=Origin(), region="", scope="本省")
        assert new.hits(row) == {hit.rule.name: hit for hit in plain}
        found |= new.hits(row).keys()
    assert found == set(words)


def test_stopped_between_steps_and_refused_where_the_rules_in_force_changed(desk, monkeypatch):
    publish(desk, "论坛", *FAIR)
    assert run(desk, Draft(RULE), progress=lambda done, total: False) is None
    steps = []
    monkeypatch.setattr(rule_lab, "_EVERY_SECONDS", -1.0)
    assert run(desk, Draft(RULE), progress=lambda done, total: steps.append((done, total)) or True) is not None
    assert steps[0] == (0, 1)
    assert steps[-1] == (1, 1)
    with pytest.raises(InputError, match="现行规则在试验期间有改动"):
        run(desk, Draft(RULE), against=3)
    with pytest.raises(InputError):
        run(desk, Draft("没有名称的词"))


def test_only_the_days_asked_for(desk):
    desk.take("都市报", *FIRST)
    desk.take("政务网", *SECOND)
    publish(desk, "论坛", *FAIR)
    late = run(desk, Draft(RULE), now=NOW + timedelta(days=31), days=30)
    assert (late.reports, late.before.alerts, late.gained.count) == (0, 0, 0)


# ── figures ──────────────────────────────────────────────────────────────────────────────────────────────────────────
def shift(number, after="IV", before=""):
    return Shift(number, number, "", f"第 {number} 起", f"2026-11-{number % 28 + 1:02d}", "", before, after, "")


def test_lists_are_bounded_and_hold_the_gravest():
    tally = Tally()
    for number in range(5_000):
        tally.event(shift(number, "I" if number % 1000 == 7 else "IV"))
    found = tally.result([], Gold(Scores(0, 0, 0, 0), Scores(0, 0, 0, 0), "", ()), 1.0)
    assert (found.gained.count, len(found.gained.rows)) == (5_000, MOST)
    assert {row.item_id for row in found.gained.rows[:5]} == {7, 1007, 2007, 3007, 4007}
    assert found.after.levels == {"I": 5, "II": 0, "III": 0, "IV": 4_995}


def test_the_floors_are_those_of_the_release_and_the_gold_set_is_theirs():
    pinned = json.loads((ROOT / "tests" / "score_floors.json").read_text(encoding="utf-8"))
    floors = lab_gold.floors()
    assert floors.digest == pinned["digests"]["gold"] == hashlib.sha256(lab_gold.GOLD.read_bytes()).hexdigest()
    assert floors.relevance_precision == pinned["bounds"]["gold.relevance_precision"]
    assert floors.relevance_recall == pinned["bounds"]["gold.relevance_recall"]


def test_the_gold_set_under_both_and_what_falls_below_its_floors(judge):
    class Blind:
        """Misses what speaks of towers."""

        def judge_many(self, reports):
            pairs = zip(reports, judge.judge_many(reports), strict=True)
            return [
                replace(found, relevant=found.relevant and "塔吊" not in one.title + one.text) for one, found in pairs
            ]

    found = lab_gold.compare(judge, Blind())
    assert found.before.missed < found.after.missed
    assert found.after.alarms == found.before.alarms == 0
    assert found.floor.startswith("查全率 ")
    assert "低于下限 99.42%" in found.floor
    assert found.worse
    assert lab_gold.below(found.before, lab_gold.floors().digest) == ""
    assert "版本不同" in lab_gold.below(found.before, "another")


# ── lines of text ────────────────────────────────────────────────────────────────────────────────────────────────────
def test_aliases_as_lines_and_back():
    found, faults = alias_lines.read("讨莘 = 讨薪  # 网帖\n\n# 说明\n欠辛＝欠薪\n讨辛→讨薪\n单个词\n= 讨薪")
    assert found == (Alias("讨莘", "讨薪", "网帖"), Alias("欠辛", "欠薪"), Alias("讨辛", "讨薪"))
    assert [fault[:5] for fault in faults] == ["第 6 行", "第 7 行"]
    assert alias_lines.read(alias_lines.written(found)) == (found, ())


def test_the_difference_of_two_sets_line_by_line():
    before = Draft("【甲】\n车队\n级别：III", {"severity.level_4": 25}, (Alias("讨莘", "讨薪"),))
    after = Draft("【甲】\n车队\n+讨薪\n级别：III", {"judge.relevance_threshold": 0.4})
    assert [(line.mark, line.words) for line in lab_diff.text(before, after)] == [
        (" ", "【甲】"), (" ", "车队"), ("+", "+讨薪"), (" ", "级别：III"),
    ]  # fmt: skip
    told = [line.words for line in lab_diff.thresholds(before, after)]
    assert told == ["相关门槛：出厂值 → 0.40", "IV级分数线：25 分 → 出厂值"]
    assert [(line.mark, line.words) for line in lab_diff.aliases(before, after)] == [("-", "讨莘 → 讨薪")]
    assert lab_diff.text(before, before) == lab_diff.aliases(after, after) == ()


def test_a_pasted_text_under_rules_still_being_written():
    rules = parse("【车队】\n来源：某站\n近(8)：结队 讨薪\n\n【演练】\n演练")
    found = lab_try.attempt(rules, (Alias("讨莘", "讨薪"),), "镇雄工人结队去讨莘", "他们包车前往。")
    (hit,) = found.hits
    assert (hit.rule.name, found.place) == ("车队", "昭通市镇雄县")
    assert [(span.field, span.start, span.text) for span in hit.spans] == [("title", 4, "结队"), ("title", 7, "讨莘")]
    with pytest.raises(InputError, match="请输入标题或正文"):
        lab_try.attempt(rules, (), " ", "")

"""What keyword rules do to judging: relevance, levels, stories and alerts; what they never do; and who they obey."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from monitors.access.acting import acting
from monitors.access.actor import Actor
from monitors.access.roles import Role
from monitors.opinion import alerts, labels, rejudge, rejudge_job, rule_judge, rule_sets, story_summary
from monitors.opinion.judge import Judge, Report
from monitors.opinion.model import ALERT_LEVELS, RuleHit, Severity
from monitors.opinion.rule_effect import gravest, holds, raised
from monitors.opinion.rule_match import Origin
from monitors.opinion.rule_sets import Alias, Draft, RuleSet
from monitors.opinion.watch import Watch
from monitors.store import tables as t
from tests.test_intake_stories import NOW, SETTINGS, Desk, Even
from tests.test_rejudge import take_in

CHIEF = Actor(None, "zhao", "赵管理员", Role.ADMINISTRATOR, "530000", "10.20.0.1")
DUTY = Actor(None, "li", "李值班", Role.DUTY_OFFICER, "530000", "10.20.0.7")
HOUR = timedelta(hours=1)
UNSEEN = ("镇雄县城来了一支车队", "昭通市镇雄县城今天来了一支挂着条幅的车队，停在广场上，说要等一个说法。")
SMALL = ("镇雄县一名工人反映工资未发", "昭通市镇雄县一名装修工人反映，老板拖欠他两个月工资9600元，至今未付。")
ABROAD = ("贵阳市一支车队上街", "贵州省贵阳市南明区今天来了一支挂着条幅的车队，停在广场上，说要等一个说法。")
LOST = ("一支挂着条幅的车队", "今天来了一支挂着条幅的车队，停在广场上，说要等一个说法。")


@pytest.fixture(scope="module")
def plain():
    return Judge(SETTINGS, scorer=Even())


def under(plain, text="", **changes):
    return rule_judge.under(SETTINGS, RuleSet(7, Draft(text, **changes)), like=plain)


def judged(judge, report, **where):
    (found,) = judge.judge_many([Report(*report, NOW, now=NOW, **where)])
    return found


# ── one report ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_rule_that_lists_makes_a_report_relevant_and_no_more(plain):
    assert not judged(plain, UNSEEN).relevant
    found = judged(under(plain, "【车队】\n车队\n标签：车队 上街"), UNSEEN)
    assert found.relevant
    assert (found.severity.level, found.severity.score, found.workers) == ("关注", 0, None)
    assert found.rules == (RuleHit("车队", "关注", ("车队", "上街"), ()),)
    assert "车队" in found.matched
    fields = {"title": UNSEEN[0], "text": UNSEEN[1]}
    spans = [one for one in found.evidence if one.about == "rule"]
    assert spans
    assert all(fields[one.field][one.start : one.end] == one.text == "车队" for one in spans)
    assert found.model.endswith("·规则集 7")
    assert under(plain).version == found.model


def test_a_rule_with_a_level_is_a_floor_and_says_so(plain):
    found = judged(under(plain, "【车队】\n车队\n级别：II"), UNSEEN)
    assert (found.severity.level, found.scope) == ("II", "本省")
    assert "规则“车队”定为不低于II级 橙" in found.severity.floors
    grave = judged(under(plain, "【工资】\n工资\n级别：IV"), SMALL)
    assert grave.severity == judged(plain, SMALL).severity


@pytest.mark.parametrize("level", ["I", "II", "III", "IV", "关注"])
def test_a_rule_never_lowers(level):
    for own in ("I", "II", "III", "IV", "关注"):
        found = raised(Severity(5, own), RuleHit("甲", level)).level
        assert not alerts.worse(own, found)
        assert not alerts.worse(level, found)
        assert found in (own, level)


@pytest.mark.parametrize(
    ("regions", "region", "scope", "counts"),
    [
        ((), "530627", "本省", True), ((), "", "未定位", True), ((), "520100", "外省", False),
        ((), "530627", "背景", False), (("530600",), "530627", "本省", True), (("530600",), "530102", "本省", False),
        (("520000",), "520100", "外省", True), (("外省",), "520100", "外省", True),
        (("530600", "外省"), "520100", "外省", True), (("530600",), "530627", "背景", False),
        (("不限",), "530627", "背景", True), (("不限",), "520100", "外省", True),
        (("未定位",), "530627", "本省", False),
    ],
)  # fmt: skip
def test_where_a_rules_level_counts(regions, region, scope, counts):
    hit = RuleHit("甲", "II", (), regions)
    assert holds(hit, region, scope) is counts
    assert (gravest([hit], region, scope) is hit) is counts


def test_what_a_person_said_of_relevance_stands(plain):
    judge = under(plain, "【车队】\n车队\n级别：II")
    assert not judged(judge, UNSEEN, relevant=False).relevant


def test_rules_know_the_source(plain):
    judge = under(plain, "【车队】\n车队\n来源：示例论坛")
    assert not judged(judge, UNSEEN).relevant
    assert judged(judge, UNSEEN, origin=Origin("s1", "示例论坛")).relevant


def test_spellings_and_thresholds_of_the_set_judge(plain):
    typed = ("镇雄县一名工人反映", "昭通市镇雄县一名工人说，老板拖捡苦银子半年不给。")
    assert "苦银子" not in judged(plain, typed).matched
    assert "苦银子" in judged(under(plain, aliases=(Alias("苦银子", "工资"),)), typed).matched
    assert not judged(plain, UNSEEN).relevant
    assert judged(under(plain, thresholds={"judge.relevance_threshold": 0.001}), UNSEEN).relevant


# ── stories and alerts ───────────────────────────────────────────────────────────────────────────────────────────────


def taken(store, judge, report):
    Desk(store, judge).take("都市报", *report)
    with store.read() as connection:
        found = connection.execute(select(t.alert.c.level)).scalars().all()
        return connection.execute(select(t.story)).one(), found


@pytest.mark.parametrize(
    ("rule", "report", "opened"),
    [
        ("级别：II", UNSEEN, ["II"]),
        ("关注", UNSEEN, []),
        ("级别：II", LOST, ["II"]),
        ("级别：II", ABROAD, []),
        ("级别：III\n地区：贵州省", ABROAD, ["III"]),
        ("级别：III\n地区：不限", ABROAD, ["III"]),
    ],
)
def test_the_story_rises_to_the_rule_and_its_alert_opens(store, plain, rule, report, opened):
    story, found = taken(store, under(plain, f"【车队】\n车队\n{rule}"), report)
    assert found == opened
    assert story.level == (opened[0] if opened else "关注")
    told = story.severity.get("rules", [])
    assert any(one["level"] in ALERT_LEVELS for one in told) is bool(opened)


def test_a_level_that_a_person_gave_stands_before_the_rule(store, plain):
    judge = under(plain, "【工资】\n装修工人\n级别：I")
    story, found = taken(store, judge, SMALL)
    assert (story.level, found) == ("I", ["I"])
    with store.read() as connection:
        item_id = connection.scalar(select(t.item.c.id))
    with acting(store, DUTY) as connection:
        labels.put(connection, DUTY, item_id, "level", "IV", note="一人", settings=SETTINGS, now=NOW + HOUR)
    with store.read() as connection:
        assert connection.scalar(select(t.story.c.level)) == "IV"
        assert connection.scalar(select(t.item.c.level)) == "IV"
    with acting(store, DUTY) as connection:
        labels.remove(connection, DUTY, item_id, "level", settings=SETTINGS, now=NOW + 2 * HOUR)
    with store.read() as connection:
        assert connection.scalar(select(t.item.c.level)) == "I"
        assert connection.scalar(select(t.story.c.level)) == "I"


def test_another_facts_label_keeps_the_rules_floor(store, plain):
    taken(store, under(plain, "【工资】\n装修工人\n级别：II"), SMALL)
    with store.read() as connection:
        item_id = connection.scalar(select(t.item.c.id))
    with acting(store, DUTY) as connection:
        labels.put(connection, DUTY, item_id, "workers", 3, note="", settings=SETTINGS, now=NOW + HOUR)
    with store.read() as connection:
        assert connection.scalar(select(t.item.c.level)) == "II"


def save(store, draft, expected=0):
    with acting(store, CHIEF) as connection:
        return rule_sets.save(connection, CHIEF, draft, "", {}, expected, settings=SETTINGS, now=NOW)


def test_thresholds_in_force_reckon_the_story_whoever_asks(store, plain):
    story, found = taken(store, plain, SMALL)
    assert found == ["IV"]
    save(store, Draft(thresholds={"severity.level_4": 6, "severity.level_3": 7, "severity.level_2": 8}))
    with store.write() as connection:
        story_summary.reassess(connection, [story.id], settings=SETTINGS, now=NOW + HOUR)
        assert connection.scalar(select(t.story.c.level)) == "II"
        assert connection.scalar(select(t.alert.c.level)) == "II"


def test_the_archive_is_judged_again_under_the_new_set(store, plain):
    take_in(Desk(store, plain), "都市报", UNSEEN)
    save(store, Draft("【车队】\n车队\n级别：III\n来源：都市报"))
    with acting(store, CHIEF) as connection:
        rejudge_job.ask(connection, CHIEF, now=NOW + HOUR)
    with store.read() as connection:
        judge = rule_judge.present(connection, SETTINGS, scorer=Even())
        assert rejudge.outdated(connection, judge.version) == 1
    worker = rejudge.Worker(store, SETTINGS, clock=lambda: NOW + HOUR)
    jobs = list(rejudge.run(worker, judge, pause=lambda _: None))
    assert jobs[-1].counts.opened == 1
    with store.read() as connection:
        assert rejudge.outdated(connection, judge.version) == 0
        row = connection.execute(select(t.item)).one()
        assert (row.relevant, row.level, row.judgement["rules"][0]["name"]) == (True, "III", "车队")
        assert row.judgement["model"].endswith("规则集 1")


# ── the watch ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_watch_takes_up_what_is_saved_and_builds_nothing_twice(store, monkeypatch):
    monkeypatch.setattr("monitors.opinion.judge._snow_scorer", lambda _: Even())
    built = []
    take_up = rule_judge.Presiding.take_up
    monkeypatch.setattr(
        rule_judge.Presiding, "take_up", lambda self, rules: (built.append(rules.id), take_up(self, rules))
    )
    watch = Watch(SETTINGS, store, clock=lambda: datetime.now(UTC))

    async def go():
        judge = await watch._build_judge()
        before = judge.version
        await watch._heed(judge)
        first = save(store, Draft("【车队】\n车队"))
        await watch._heed(judge)
        await watch._heed(judge)
        assert judge.judge_many([Report(*UNSEEN, NOW, now=NOW)])[0].relevant
        assert judge.version == f"{before}·规则集 {first}"
        second = save(store, Draft("【船队】\n船队"), first)
        await watch._heed(judge)
        assert not judge.judge_many([Report(*UNSEEN, NOW, now=NOW)])[0].relevant
        return [first, second]

    try:
        assert asyncio.run(go()) == built
    finally:
        watch._shut()


def test_rules_that_do_not_read_here_are_left_out_and_said(caplog):
    found = rule_judge.Presiding(SETTINGS, RuleSet(0, Draft()), scorer=Even())
    found.take_up(RuleSet(9, Draft("【甲】\n钱", {"judge.relevance_threshold": 0.001})))
    assert "关键词规则未生效" in found.version
    assert "第 2 行" in caplog.text
    assert found.judge_many([Report(*UNSEEN, NOW, now=NOW)])[0].relevant

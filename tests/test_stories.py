"""Which reports are one event: copies, facts, words; and above all which are not."""

from __future__ import annotations

import json
import random
import time
from collections import defaultdict
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from monitors.opinion import stories
from monitors.opinion.stories import Member, cluster, differs, same_event
from monitors.opinion.story_words import employer_core, words
from monitors.settings import Story

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
STORY = Story(window_days=5, copy_similarity=0.9, same_facts_similarity=0.45)
NOTICE = (
    "近日，{county}人民法院开展涉民生案件集中执行，依法为{workers}名农民工兑付工资款{amount}万元。案件受理后，执行干警第一时间查询被执行人"
    "账户，多次约谈负责人，讲清拒不履行的后果，并协调发包单位从应付工程款中优先扣划，最终使案款全部到位。发放现场，工友们逐一"
    "核对姓名和数额，签字领款，纷纷表示可以安心回家过年。下一步，法院将继续畅通绿色通道，快立快审快执。"
)


def report(number: int, title: str, text: str = "", *, hours: float | None = 0, **facts: Any) -> Member:
    published = None if hours is None else NOW + timedelta(hours=hours)
    return stories.member(id=number, title=title, text=text, published=published, **facts)


def notice(number: int, county: str, workers: int, amount: int, **facts: Any) -> Member:
    title = f"{county}法院为{workers}名农民工追回工资{amount}万元"
    return report(number, title, NOTICE.format(county=county, workers=workers, amount=amount), **facts)


ONE_EVENT = [
    ("reprint", "砚山一工地欠薪追踪", NOTICE.format(county="砚山县", workers=31, amount=52), {},
     "转载丨砚山一工地欠薪追踪", "（本报讯）" + NOTICE.format(county="砚山县", workers=31, amount=52)[:180], {}),
    ("headline and question", "蓝鲸乐园被曝拖欠员工工资", "", {},
     "如何看待蓝鲸乐园被曝拖欠员工工资三个月，哪些信息值得关注？", "", {}),
    ("answer to a charge", "乌蒙巧匠家具董事长回应工人讨薪", "", {}, "乌蒙巧匠家具CEO被工人围堵讨薪", "", {}),
    ("numbers written otherwise", "男子讨薪收到8万枚一角硬币", "", {},
     "讨薪的他收到80000枚硬币，老板让当场数清", "", {}),
    ("a toll that rises", "石峡隧道货车相撞事故已致13人死亡", "", {}, "石峡隧道货车相撞事故已造成14人死亡", "", {}),
    ("a hashtag", "", "#热泉酒店员工堵门要薪水# 员工说年关难过", {},
     "", "看到#热泉酒店员工堵门要薪水# 希望早点解决", {}),
    ("a company named in full", "老板失联", "云南青禾数智科技有限公司被曝拖欠工资，员工已报警", {},
     "数百人一夜没了工作", "记者从多名员工处获悉，云南青禾数智科技有限公司拖欠两个月工资", {}),
    ("county and employer", "工人讨薪", "甲", {"region": "530124", "employer": "云南青禾建筑劳务有限公司"},
     "专班进驻", "乙", {"region": "530124", "employer": "青禾劳务"}),
    ("county, persons and amount", "工人讨薪", "甲", {"region": "530124", "workers": 43, "amount_fen": 40_000_000},
     "专班进驻", "乙", {"region": "530124", "workers": 43, "amount_fen": 40_500_000}),
]  # fmt: skip

OTHER_EVENTS = [
    ("another county", "工资兑付", NOTICE, {"region": "530124"}, "工资兑付", NOTICE + "完", {"region": "530125"}),
    ("another prefecture", "工资兑付", NOTICE, {"region": "530100"}, "工资兑付", NOTICE + "完", {"region": "530300"}),
    ("another amount", "工资兑付", NOTICE, {"amount_fen": 5_200_000},
     "工资兑付", NOTICE + "完", {"amount_fen": 9_900_000}),
    ("another employer", "工资兑付", NOTICE, {"employer": "云南青禾建筑有限公司"}, "工资兑付", NOTICE + "完",
     {"employer": "曲靖远山市政有限公司"}),
    ("a template, by its words", "富民县法院为31名农民工追回工资52万元",
     NOTICE.format(county="富民县", workers=31, amount=52), {},
     "宜良县法院为42名农民工追回工资88万元", NOTICE.format(county="宜良县", workers=42, amount=88), {}),
    ("a template with equal numbers", "富民县法院为31名农民工追回工资52万元",
     NOTICE.format(county="富民县", workers=31, amount=52), {},
     "宜良县法院为31名农民工追回工资52万元", NOTICE.format(county="宜良县", workers=31, amount=52), {}),
    ("a series", "高原湖泊水质公报（第二号）", "", {}, "高原湖泊水质公报（第三号）", "", {}),
    ("a daily count", "滇中新增126例登革热病例", "", {}, "滇中新增90例登革热病例", "", {}),
    ("the trade's words only", "农民工被拖欠工资维权", "", {}, "工地拖欠农民工工资被投诉", "", {}),
    ("one kind of employer", "一医院拖欠医护工资", "", {}, "某医院护士集体讨薪", "", {}),
    ("county and persons alone", "工人讨薪", "甲", {"region": "530124", "workers": 3}, "停工通报", "乙",
     {"region": "530124", "workers": 3}),
    ("employers without a name", "工人讨薪", "甲", {"region": "530124", "employer": "某建筑公司"}, "停工通报", "乙",
     {"region": "530124", "employer": "建筑有限公司"}),
]  # fmt: skip


@pytest.mark.parametrize(("case", "t1", "x1", "f1", "t2", "x2", "f2"), ONE_EVENT, ids=[c[0] for c in ONE_EVENT])
def test_one_event(case: str, t1: str, x1: str, f1: dict, t2: str, x2: str, f2: dict) -> None:
    a, b = report(1, t1, x1, **f1), report(2, t2, x2, hours=20, **f2)
    assert same_event(a, b, STORY)
    assert same_event(a, b, STORY) == same_event(b, a, STORY)
    assert len(set(cluster([a, b], STORY).values())) == 1  # the keys lead them to each other


@pytest.mark.parametrize(("case", "t1", "x1", "f1", "t2", "x2", "f2"), OTHER_EVENTS, ids=[c[0] for c in OTHER_EVENTS])
def test_other_events(case: str, t1: str, x1: str, f1: dict, t2: str, x2: str, f2: dict) -> None:
    a, b = report(1, t1, x1, **f1), report(2, t2, x2, hours=20, **f2)
    assert (same_event(a, b, STORY), same_event(b, a, STORY)) == ("", "")
    assert len(set(cluster([a, b], STORY).values())) == 2


@pytest.mark.parametrize(
    ("days", "joined"),
    [(0, True), (4.9, True), (5.1, False), (30, False)],
    ids=["same day", "within", "after", "month"],
)
def test_a_later_stage_is_another_story(days: float, joined: bool) -> None:
    facts = {"region": "530124", "employer": "云南青禾建筑劳务有限公司"}
    a, b = report(1, "工人讨薪", "甲", **facts), report(2, "老板获刑", "乙", hours=24 * days, **facts)
    assert bool(same_event(a, b, STORY)) is joined


@pytest.mark.parametrize(("days", "joined"), [(9, True), (11, False)])
def test_a_copy_may_come_later_than_a_retelling(days: float, joined: bool) -> None:
    a = notice(1, "富民县", 31, 52)
    b = replace(notice(2, "富民县", 31, 52), published=NOW + timedelta(days=days))
    assert bool(same_event(a, b, STORY)) is joined


@pytest.mark.parametrize(
    ("a", "b", "agree"),
    [
        ("530124", "530124", True), ("530124", "530100", True), ("530124", "530000", True), ("530124", "", True),
        ("530124", "530125", False), ("530124", "530300", False), ("530100", "530300", False),
        ("530102", "520000", False), ("530112", "530100", True), ("532901", "532900", True),
        ("530000", "510000", False),
    ],
)  # fmt: skip
def test_places_within_one_another_agree(a: str, b: str, agree: bool) -> None:
    first, second = report(1, "甲", region=a), report(2, "乙", region=b)
    assert (differs(first, second) == "") is agree
    assert (differs(second, first) == "") is agree


@pytest.mark.parametrize(
    ("name", "core"),
    [
        ("云南青禾建筑劳务有限公司", "云南青禾"),
        ("某建筑公司", ""),
        ("涉事企业", ""),
        ("中铁云岭局", "中铁云岭局"),
        ("", ""),
    ],
)
def test_what_is_an_employers_own(name: str, core: str) -> None:
    assert employer_core(name) == core


def test_quantities_leave_dates_and_model_names_out() -> None:
    found = words("iPhone14在11月23日售出1,396台", "欠薪3.5万元，涉及26名工人，12时30分离开").numbers
    assert {"35000元", "26名", "1396"} <= found
    assert not {n for n in found if n.endswith(("月", "日", "时", "分")) or n == "14"}


def template_news(counties: int, *, facts: bool) -> list[Member]:
    chance = random.Random(3)
    found = []
    for number in range(counties):
        county = f"{chr(0x4E30 + 3 * number)}{chr(0x5E73 + 5 * number)}县"
        stated = {"region": f"53{number // 9 + 1:02d}{number % 9 + 21:02d}"} if facts else {}
        found.append(notice(number, county, chance.randint(5, 200), chance.randint(5, 900), **stated))
    return found


@pytest.mark.parametrize("facts", [True, False], ids=["judged", "words alone"])
def test_template_news_of_many_counties_never_merges(facts: bool) -> None:
    members = template_news(80, facts=facts)
    assert len(set(cluster(members, STORY).values())) == len(members)


def mixture() -> list[Member]:
    members = template_news(20, facts=False)
    for number, original in enumerate(members[:12]):
        text = "（转载）" + original.text[: 200 - number]
        members.append(report(100 + number, f"【转】{original.title}", text, hours=number))
    members += [report(200 + i, title, hours=i) for i, (_, title, *_rest) in enumerate(ONE_EVENT) if title]
    members += [report(300 + i, case[4], hours=i + 3) for i, case in enumerate(ONE_EVENT) if case[4]]
    return members


def partition(found: dict[int | str, int]) -> set[frozenset[int | str]]:
    groups = defaultdict(set)
    for number, story in found.items():
        groups[story].add(number)
    return {frozenset(group) for group in groups.values()}


def test_the_order_of_arrival_changes_nothing() -> None:
    members = mixture()
    expected = partition(cluster(members, STORY))
    assert any(len(group) > 1 for group in expected)
    for seed in range(10):
        random.Random(seed).shuffle(members)
        assert partition(cluster(members, STORY)) == expected


def test_stories_are_numbered_as_they_first_appear() -> None:
    found = cluster(mixture(), STORY)
    seen = list(dict.fromkeys(found.values()))
    assert seen == list(range(1, len(seen) + 1))
    assert cluster([], STORY) == {}


def test_a_veto_holds_through_a_third_report() -> None:
    text = NOTICE.format(county="富民县", workers=31, amount=52)
    a = report(1, "工资兑付", text, amount_fen=5_200_000)
    b = report(2, "工资兑付", text[:-10], amount_fen=None)
    c = report(3, "工资兑付", text[:-5], amount_fen=9_900_000)
    found = cluster([a, b, c], STORY)
    assert found[1] != found[3]
    assert found[2] in (found[1], found[3])


def test_reports_without_a_date_join_only_by_strong_signs() -> None:
    assert not same_event(report(1, "钟鸣阁被曝欠薪", hours=None), report(2, "钟鸣阁回应欠薪", hours=None), STORY)
    assert same_event(report(1, "", NOTICE, hours=None), report(2, "转", NOTICE, hours=0), STORY)


def test_five_hundred_copies_are_one_story() -> None:
    members = [
        report(i, "【转】砚山一工地欠薪追踪" if i % 2 else "砚山一工地欠薪追踪", NOTICE, hours=i / 10)
        for i in range(500)
    ]
    assert len(set(cluster(members, STORY).values())) == 1


@pytest.mark.parametrize(
    "filler",
    ["#" + " " * 20_000, "# " * 10_000, "1" * 20_000, "1 " * 10_000, "县" * 20_000, "公司" * 10_000, "(" * 20_000],
)
def test_hostile_text_is_read_in_bounded_time(filler: str) -> None:
    begin = time.process_time()
    report(1, filler, filler)
    assert time.process_time() - begin < 1.5  # some 50 ms; a quadratic pattern takes minutes


def test_labelled_reports_reach_the_floor(shared_dir: Path) -> None:
    rows = [json.loads(line) for line in (shared_dir / "eval" / "dups.jsonl").read_text(encoding="utf-8").splitlines()]
    members = [
        stories.member(
            id=row["id"],
            title=row["title"] or "",
            text=row["text"] or "",
            published=datetime.fromisoformat(day).replace(tzinfo=UTC)
            if len(day := row["published"] or "") == 10
            else None,
        )
        for row in rows
    ]
    found = cluster(members, STORY)
    event = {row["id"]: row["group"] or row["id"] for row in rows}
    ours, theirs = partition(found), partition(event)
    own = {number: group for group in ours for number in group}
    true = {number: group for group in theirs for number in group}
    precision = sum(len(own[n] & true[n]) / len(own[n]) for n in event) / len(event)
    recall = sum(len(own[n] & true[n]) / len(true[n]) for n in event) / len(event)
    pairs = [pair for group in ours for pair in combinations(sorted(group), 2)]
    right = sum(event[a] == event[b] for a, b in pairs)
    assert 2 * precision * recall / (precision + recall) >= 0.97
    assert right / len(pairs) >= 0.99

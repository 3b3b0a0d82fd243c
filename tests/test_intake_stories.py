"""From published words to stories and alerts, on both databases: what is one event for the duty desk."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert, select

from monitors import settings as settings_module
from monitors.opinion import intake
from monitors.opinion.judge import Judge
from monitors.opinion.model import Entry, Source
from monitors.store import tables as t
from monitors.store.engine import Store

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
SETTINGS = settings_module.load()
FIRM = "滇示云砚建设有限公司"
OUTLETS = {"政务网": 1, "都市报": 2, "论坛": 4}


class Even:
    """Stands for SnowNLP, whose score decides nothing here."""

    def score(self, texts):
        return [0.5] * len(texts)


@pytest.fixture(scope="module")
def judge() -> Judge:
    return Judge(SETTINGS, scorer=Even())


class Desk:
    """Publishes one report at an outlet and lets the watch take it in."""

    def __init__(self, store: Store, judge: Judge) -> None:
        self.store, self.judge, self.published = store, judge, 0
        self.sources = {
            name: Source(name, name, "feed", f"https://s{number}.example/feed", outlet=name, tier=tier)
            for number, (name, tier) in enumerate(OUTLETS.items())
        }
        with store.write() as connection:
            for source in self.sources.values():
                values = asdict(source) | {
                    "group_name": source.group, "recipe": {}, "origin": "config", "created_at": NOW, "updated_at": NOW,
                }  # fmt: skip
                del values["group"]
                connection.execute(insert(t.source).values(values))

    def take(self, outlet: str, title: str, text: str, *, after: timedelta = timedelta()) -> intake.Intake:
        self.published += 1
        url = f"https://s.example/{self.published}"
        entry = Entry(url, title, url, text, NOW + after)
        now = NOW + after + timedelta(minutes=5)
        judged = self.judge.judge(title, text, published=NOW + after, now=now)
        assert judged.relevant, title
        with self.store.write() as connection:
            return intake.take_in(connection, self.sources[outlet], [entry], [judged], settings=SETTINGS, now=now)

    def stories(self):
        with self.store.read() as connection:
            return connection.execute(select(t.story).order_by(t.story.c.id)).all()

    def alerts(self):
        with self.store.read() as connection:
            return connection.execute(select(t.alert).order_by(t.alert.c.id)).all()


@pytest.fixture
def desk(store: Store, judge: Judge) -> Desk:
    return Desk(store, judge)


HOUR = timedelta(hours=1)
FIRST = (
    "彝良县74名工人堵路讨薪",
    f"23日上午，昭通市彝良县滇示中学教学楼工程的74名工人因欠薪聚集堵路。工人称，{FIRM}拖欠工资151万元。",
)
SECOND = (
    "滇示中学教学楼工程74名工人堵住项目部大门讨要工资",
    "记者赶到彝良县时，74名工人仍守在滇示中学教学楼工程项目部门外，他们说已经半年没有领过工资。",
)
THIRD = (
    "在彝良做工半年，工钱要不着，今天去堵门了",
    f"我们74个人在彝良县滇示中学教学楼工程干活，{FIRM}拖欠我们工资一百五十一万余元，今天堵了项目部的门。",
)


def test_three_outlets_in_their_own_words_are_one_story_and_one_alert(desk):
    desk.take("都市报", *FIRST)
    desk.take("政务网", *SECOND, after=HOUR)
    desk.take("论坛", *THIRD, after=2 * HOUR)
    [story] = desk.stories()
    assert (story.items, story.outlets, story.region) == (3, 3, "530628")
    assert (story.workers, story.amount_fen, story.employer) == (74, 151_000_000, FIRM)
    [alert] = desk.alerts()
    assert alert.story_id == story.id


def test_the_order_of_arrival_does_not_split_it(desk):
    for number, report in enumerate((THIRD, SECOND, FIRST)):
        desk.take(("论坛", "政务网", "都市报")[number], *report, after=number * HOUR)
    assert len(desk.stories()) == len(desk.alerts()) == 1


def other(text: str, **changes: str) -> str:
    for old, new in changes.items():
        text = text.replace(old, new)
    return text


@pytest.mark.parametrize(
    "changes",
    [{"昭通市": "昭通市", "彝良": "镇雄"}, {FIRM: "滇示朗垣路桥有限公司", "滇示中学教学楼工程": "滇示产业路工程"}],
    ids=["another county", "another company"],
)
def test_another_county_or_company_is_another_story(desk, changes):
    desk.take("都市报", *FIRST)
    desk.take("论坛", *(other(part, **changes) for part in FIRST), after=HOUR)
    assert [story.items for story in desk.stories()] == [1, 1]
    assert len(desk.alerts()) == 2


PAID = (
    "彝良县：74名工人151万元工资已全部发放",
    f"记者从彝良县人社局获悉，{FIRM}拖欠74名工人的151万元工资已于今日全部发放到位。",
)


def test_wages_paid_ten_days_later_are_a_story_without_an_alert(desk):
    desk.take("都市报", *FIRST)
    taken = desk.take("政务网", *PAID, after=timedelta(days=10))
    first, paid = desk.stories()
    assert (first.stance, paid.stance) == ("unresolved", "resolved")
    assert taken.opened == taken.raised == ()
    assert [alert.story_id for alert in desk.alerts()] == [first.id]


def test_an_official_word_of_payment_settles_the_story_and_leaves_the_alerts_level(desk):
    desk.take("都市报", *FIRST)
    [before] = desk.alerts()
    desk.take("政务网", *PAID, after=6 * HOUR)
    [story] = desk.stories()
    assert (story.items, story.stance, story.kind) == (2, "resolved", "已解决")
    [alert] = desk.alerts()
    assert (alert.level, alert.state) == (before.level, before.state)


def test_a_worker_who_contradicts_the_official_word_reopens_the_matter(desk):
    desk.take("都市报", *FIRST)
    desk.take("政务网", *PAID, after=6 * HOUR)
    desk.take("论坛", THIRD[0], THIRD[1], after=8 * HOUR)
    [story] = desk.stories()
    assert story.stance == "unresolved"


def test_a_crowd_with_old_people_and_children_is_not_one_person(desk):
    desk.take("论坛", "大理有人带着老人孩子举牌讨薪", "视频中十几人在大理市滇示工地门口举牌，称被拖欠工资35万元。")
    [story] = desk.stories()
    assert (story.workers, story.amount_fen) == (None, 35_000_000)


def test_a_centre_named_in_the_other_report_is_not_another_employer(desk):
    who = "兰坪县滇示养老服务中心"
    desk.take("都市报", "兰坪县26名工人拉横幅讨薪", f"18日，{who}拖欠26名钢筋工工资56.3万元，工人拉横幅讨薪。")
    text = f"在{who}，26名工人聚集讨薪，要求滇示博岚建设集团有限公司支付56.3万元工资。"
    desk.take("论坛", "26名工人讨薪背后", text, after=HOUR)
    [story] = desk.stories()
    assert (story.items, story.amount_fen) == (2, 56_300_000)

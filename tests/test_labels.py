"""“判错了”: what an officer says takes effect at once and whole, can be taken back, and stays in the region."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert, select, update

from monitors import settings as settings_module
from monitors.access.acting import acting
from monitors.access.actor import Actor
from monitors.access.roles import Role, may
from monitors.errors import InputError, RefusedError
from monitors.opinion import dossier, intake, judged, label_values, labels, retention, story_summary
from monitors.opinion.judge import Judge
from monitors.opinion.model import Entry, Source
from monitors.store import tables as t
from monitors.store.search_index import index_items

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
LATER = NOW + timedelta(minutes=20)
SETTINGS = settings_module.load(environ={})
FIRM = "滇示云砚建设有限公司"
CLERK = Actor(7, "zhang", "张三", Role.COUNTY_CLERK, "530628", "10.0.0.9", "abcd")
OFFICER = Actor(8, "li", "李四", Role.DUTY_OFFICER, "530000", "10.0.0.8", "beef")
ELSEWHERE = Actor(9, "wang", "王五", Role.COUNTY_CLERK, "530102", "10.0.0.7", "cafe")
FIRST = (
    "彝良县74名工人堵路讨薪",
    f"23日上午，昭通市彝良县滇示中学教学楼工程的74名工人因欠薪聚集堵路。工人称，{FIRM}拖欠工资151万元。",
)
SECOND = (
    "滇示中学教学楼工程74名工人堵住项目部大门讨要工资",
    "记者赶到彝良县时，74名工人仍守在滇示中学教学楼工程项目部门外，他们说已经半年没有领过工资。",
)
SMALL = ("彝良县一名工人反映工资未发", "彝良县一名装修工人反映，老板拖欠他两个月工资9600元，至今未付。")
OTHER = ("彝良县天麻丰收", "彝良县小草坝天麻喜获丰收，种植户笑开了颜，收购价每公斤一百元。")
MISSED = ("彝良这家公司的事什么时候解决", "大家每次去问，都说再等等，家里娃娃开学都没有着落，往后怎么办。")


class Even:
    def score(self, texts):
        return [0.5] * len(texts)


@pytest.fixture(scope="module")
def judge():
    return Judge(SETTINGS, scorer=Even())


class House:
    """Takes reports in as the watch does and lets people label them."""

    def __init__(self, store, judge):
        self.store, self.judge, self.number = store, judge, 0
        self.sources = {
            name: Source(name, name, "feed", f"https://s{number}.example/feed", outlet=name, tier=tier)
            for number, (name, tier) in enumerate({"政务网": 1, "都市报": 2, "论坛": 4}.items())
        }
        with store.write() as connection:
            for source in self.sources.values():
                values = asdict(source) | {
                    "group_name": source.group, "recipe": {}, "origin": "config", "created_at": NOW, "updated_at": NOW,
                }  # fmt: skip
                del values["group"]
                connection.execute(insert(t.source).values(values))

    def take(self, outlet, title, text, *, at=NOW):
        self.number += 1
        entry = Entry(f"https://s.example/{self.number}", title, f"https://s.example/{self.number}", text, at)
        found = self.judge.judge(title, text, published=at, now=at)
        with self.store.write() as connection:
            (item_id,) = intake.take_in(
                connection, self.sources[outlet], [entry], [found], settings=SETTINGS, now=at
            ).item_ids
        return item_id

    def put(self, item_id, field, value, *, actor=CLERK, note="", now=LATER):
        with acting(self.store, actor) as connection:
            labels.put(connection, actor, item_id, field, value, note=note, settings=SETTINGS, now=now)

    def remove(self, item_id, field, *, actor=CLERK):
        with acting(self.store, actor) as connection:
            labels.remove(connection, actor, item_id, field, settings=SETTINGS, now=LATER + timedelta(hours=1))

    def rows(self, table):
        with self.store.read() as connection:
            return [dict(row) for row in connection.execute(select(table).order_by(*table.primary_key)).mappings()]

    def item(self, item_id):
        return next(row for row in self.rows(t.item) if row["id"] == item_id)

    def stories(self):
        return self.rows(t.story)

    def trail(self):
        return self.rows(t.audit)

    def seen(self, story_id, actor=CLERK):
        with self.store.read() as connection:
            return judged.of_story(connection, actor, story_id)


@pytest.fixture
def house(store, judge):
    return House(store, judge)


# ── facts ────────────────────────────────────────────────────────────────────────────────────────────────────────────
CASES = [
    ("workers", 120, "workers", 120),
    ("workers", None, "workers", None),
    ("amount", 9_600_00, "amount_fen", 9_600_00),
    ("employer", " 滇示朗垣路桥有限公司 ", "employer", "滇示朗垣路桥有限公司"),
    ("county", "530627", "region", "530627"),
    ("stance", "resolved", "stance", "resolved"),
    ("level", "I", "level", "I"),
]


@pytest.mark.parametrize(("field", "said", "column", "stored"), CASES)
def test_what_is_right_stands_at_once_and_taking_it_back_gives_all_back(house, field, said, column, stored):
    item_id = house.take("都市报", *FIRST)
    item, (story,) = house.item(item_id), house.stories()
    house.put(item_id, field, said, actor=OFFICER, note="核过现场")
    labelled = house.item(item_id)
    assert labelled[column] == stored
    assert labelled["judgement"]["labelled"] == {field: {"was": item[column], "by": "李四", "at": LATER.isoformat()}}
    (label,) = house.rows(t.label)
    assert (label["author"], label["model"], label["note"]) == ("李四", item["judgement"]["model"], "核过现场")
    assert house.stories()[0][column] == stored
    house.remove(item_id, field, actor=OFFICER)
    assert house.item(item_id) == item
    assert house.stories()[0] | {"level": "", "score": 0, "severity": {}} == story | {
        "level": "", "score": 0, "severity": {},
    }  # fmt: skip
    assert house.rows(t.label) == []
    assert [row["action"] for row in house.trail()] == ["label.write", "label.remove"]


def test_labels_may_be_taken_back_in_any_order(house):
    item_id = house.take("都市报", *FIRST)
    item = house.item(item_id)
    for field, said, _, _ in CASES[1:]:
        house.put(item_id, field, said, actor=OFFICER)
    for field, _, _, _ in CASES[1:]:
        house.remove(item_id, field, actor=OFFICER)
    assert house.item(item_id) == item


def test_the_level_follows_the_corrected_facts_and_only_rises_by_itself(house):
    item_id = house.take("论坛", *SMALL)
    (alert,), (story,) = house.rows(t.alert), house.stories()
    assert alert["level"] == "IV"
    house.put(item_id, "workers", 120)
    house.put(item_id, "amount", 600_000_000)
    raised = house.item(item_id)
    assert raised["score"] > story["score"]
    assert [part["why"] for part in raised["judgement"]["parts"] if part["code"] == "N"] == ["涉及120人（100人以上）"]
    assert house.stories()[0]["score"] > story["score"]
    house.put(item_id, "level", "I")
    assert house.rows(t.alert)[0]["level"] == "I"
    assert "张三定为I级 红" in house.stories()[0]["severity"]["floors"]
    house.put(item_id, "level", "关注")
    assert house.item(item_id)["level"] == "关注"
    assert house.rows(t.alert)[0]["level"] == "I"  # an alert is lowered by a person, not by a sum
    told = [row for row in house.rows(t.alert_event) if row["kind"] == "label"]
    assert [row["actor"] for row in told] == ["张三"] * 4
    words = dossier.event_words("label", "张三", told[1]["before"], told[1]["after"])
    assert words == "张三更正研判：论坛的报道涉及金额 9,600元 → 600万元"


def test_a_county_moves_the_report_its_scope_and_how_it_is_found(house):
    item_id = house.take("都市报", *FIRST)
    bands = {row["band"] for row in house.rows(t.story_band)}
    house.put(item_id, "county", "530627")
    assert {row["band"] for row in house.rows(t.story_band)} != bands
    assert house.stories()[0]["region"] == "530627"
    house.put(item_id, "county", "440100", actor=OFFICER)
    assert house.item(item_id)["scope"] == "外省"
    house.put(item_id, "county", "", actor=OFFICER)
    assert (house.item(item_id)["scope"], house.item(item_id)["region"]) == ("未定位", "")
    house.remove(item_id, "county", actor=OFFICER)
    assert {row["band"] for row in house.rows(t.story_band)} == bands


def test_a_later_label_takes_the_place_of_an_earlier_and_the_trail_has_both(house):
    item_id = house.take("都市报", *FIRST)
    house.put(item_id, "workers", 60)
    house.put(item_id, "workers", 61, actor=OFFICER)
    (label,) = house.rows(t.label)
    assert (label["said"], label["was"], label["author"]) == ({"value": 61}, {"workers": 74}, "李四")
    changes = [(json.loads(row["before"]), json.loads(row["after"])) for row in house.trail()]
    assert [(old["涉及人数"], new["涉及人数"]) for old, new in changes] == [("74 人", "60 人"), ("60 人", "61 人")]
    assert [row["region"] for row in house.trail()] == ["530628", "530628"]
    with pytest.raises(InputError, match="无需更正"):
        house.put(item_id, "workers", 61)
    house.put(item_id, "workers", 74)  # the judge was right after all
    assert house.rows(t.label) == []
    assert "labelled" not in house.item(item_id)["judgement"]


def test_a_person_s_word_outweighs_the_other_outlets(house):
    first = house.take("论坛", *FIRST)
    house.take("政务网", *SECOND, at=NOW + timedelta(minutes=5))
    house.take("都市报", SECOND[0], SECOND[1] + "记者将继续关注。", at=NOW + timedelta(minutes=9))
    (story,) = house.stories()
    assert (story["items"], story["workers"]) == (3, 74)
    house.put(first, "workers", 12)
    house.put(first, "county", "530627")
    (story,) = house.stories()
    assert (story["workers"], story["region"]) == (12, "530627")
    assert "人数报道不一，取人工更正的" in story["severity"]["notes"]
    with pytest.raises(RefusedError):  # the report went to another county with its story
        house.put(first, "workers", None)
    house.put(first, "workers", None, actor=OFFICER)  # the others' word stands again
    assert house.stories()[0]["workers"] == 74


# ── relevance ────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_an_irrelevant_report_leaves_its_story_and_comes_back(house):
    first, second = house.take("都市报", *FIRST), house.take("政务网", *SECOND, at=NOW + timedelta(minutes=5))
    (story,) = house.stories()
    assert story["items"] == 2
    before = house.item(second)
    house.put(second, "relevant", False)
    gone = house.item(second)
    assert (gone["relevant"], gone["story_id"], gone["level"]) == (False, None, None)
    assert house.stories()[0]["items"] == 1
    assert {row["item_id"] for row in house.rows(t.story_signature)} == {first}
    inside = {report.item_id: report.inside for report in house.seen(story["id"])}
    assert inside == {first: True, second: False}
    with pytest.raises(InputError, match="不相关"):
        house.put(second, "workers", 3)
    house.remove(second, "relevant")
    assert house.item(second) == before
    assert house.stories()[0]["items"] == 2
    assert {row["item_id"] for row in house.rows(t.story_signature)} == {first, second}


def test_the_alert_of_an_emptied_story_is_left_to_people(house):
    item_id = house.take("都市报", *FIRST)
    (before,) = house.rows(t.alert)
    house.put(item_id, "relevant", False)
    (story,), (alert,) = house.stories(), house.rows(t.alert)
    assert (story["items"], story["severity"]["notes"]) == (0, [story_summary.EMPTIED])
    assert alert == before
    with house.store.write() as connection:  # what the watch does every minute
        story_summary.reassess(connection, [story["id"]], settings=SETTINGS, now=LATER)
    assert house.rows(t.alert) == [before]
    with house.store.read() as connection:
        assert dossier.read(connection, CLERK, story["id"]).reports == ()
    house.remove(item_id, "relevant")
    assert house.stories()[0]["items"] == 1
    assert house.stories()[0]["severity"]["notes"] == []


def test_a_missed_report_is_judged_as_what_it_is_and_founds_its_story(house):
    item_id = house.take("论坛", *MISSED)
    before = house.item(item_id)
    assert not before["relevant"]
    house.put(item_id, "relevant", True, actor=OFFICER)
    after = house.item(item_id)
    assert after["relevant"]
    assert after["level"] is not None
    assert after["judgement"]["model"] == house.judge.version
    (story,) = house.stories()
    assert (story["items"], after["story_id"]) == (1, story["id"])
    house.put(item_id, "workers", 30, actor=OFFICER)
    house.remove(item_id, "relevant", actor=OFFICER)
    back = house.item(item_id)
    assert {name: back[name] for name in back if name != "judgement"} == {
        name: before[name] for name in before if name != "judgement"
    }
    assert back["judgement"]["labelled"].keys() == {"workers"}
    house.put(item_id, "relevant", True, actor=OFFICER)
    assert house.item(item_id)["workers"] == 30  # what was said of it still holds


def test_relevance_may_be_confirmed_then_denied_and_given_back(house):
    item_id = house.take("都市报", *FIRST)
    before = house.item(item_id)
    house.put(item_id, "relevant", True)
    assert house.item(item_id)["level"] == before["level"]
    assert house.seen(before["story_id"])[0].outputs[0].label.confirms
    house.put(item_id, "workers", 60)
    house.put(item_id, "relevant", False, actor=OFFICER)
    assert house.item(item_id)["story_id"] is None
    house.put(item_id, "relevant", True)
    back = house.item(item_id)
    assert (back["workers"], back["story_id"], back["relevant"]) == (60, before["story_id"], True)
    house.remove(item_id, "workers")
    house.remove(item_id, "relevant")
    assert house.item(item_id) == before


# ── who, and what ────────────────────────────────────────────────────────────────────────────────────────────────────
def test_only_reports_one_may_see_and_a_refusal_is_recorded(house):
    item_id = house.take("都市报", *FIRST)
    with pytest.raises(RefusedError, match=judged.MISSING):
        house.put(item_id, "workers", 3, actor=ELSEWHERE)
    with pytest.raises(RefusedError, match=judged.MISSING):
        house.seen(1, ELSEWHERE)
    with pytest.raises(InputError, match=judged.MISSING):
        house.put(item_id + 99, "workers", 3)
    assert [(row["action"], row["outcome"], row["actor"]) for row in house.trail()] == [("label.write", "拒绝", "wang")]
    house.put(item_id, "workers", 3)
    with pytest.raises(RefusedError):
        house.remove(item_id, "workers", actor=ELSEWHERE)
    assert house.item(item_id)["workers"] == 3


def test_a_report_taken_out_is_still_theirs_who_see_its_story(house):
    item_id = house.take("都市报", *FIRST)
    house.put(item_id, "relevant", False)
    with house.store.write() as connection:
        connection.execute(update(t.item).values(region="530102"))
    with pytest.raises(RefusedError):
        house.remove(item_id, "relevant", actor=ELSEWHERE)
    house.remove(item_id, "relevant")
    assert house.item(item_id)["relevant"]


@pytest.mark.parametrize("role", list(Role))
def test_the_table_of_permissions_decides(house, role):
    item_id = house.take("都市报", *FIRST)
    actor = Actor(3, "x", "某某", role, "530000", "10.0.0.3")
    if may(role, "label.write"):
        house.put(item_id, "workers", 3, actor=actor)
        return
    with pytest.raises(RefusedError):
        house.put(item_id, "workers", 3, actor=actor)
    assert house.rows(t.label) == []


def test_a_failure_leaves_neither_label_nor_effect(house, monkeypatch):
    item_id = house.take("都市报", *FIRST)
    before = house.item(item_id)

    def broken(*_args, **_named):
        raise InputError("审计写不进去")

    monkeypatch.setattr("monitors.access.audit.append", broken)
    with pytest.raises(InputError):
        house.put(item_id, "workers", 3)
    assert house.item(item_id) == before
    assert house.rows(t.label) == []


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("relevant", "是", "请选择"), ("stance", "paid", "列表"), ("level", "V", "列表"), ("county", "530199", "列表"),
        ("county", "530102001", "列表"), ("county", None, "列表"), ("workers", -1, "正整数"),
        ("workers", 2.5, "正整数"), ("workers", True, "正整数"), ("workers", 10**9, "1,000,000 人"),
        ("amount", 10**14, "1,000 亿元"),
        ("amount", "12", "正整数"), ("employer", "某" * 61, "60"), ("employer", "甲\u200b乙公司", "控制字符"),
        ("colour", "red", "没有可以标注的项目"),
    ],
)  # fmt: skip
def test_what_cannot_be_right_is_refused_in_words(house, field, value, message):
    item_id = house.take("都市报", *FIRST)
    with pytest.raises(InputError, match=message):
        house.put(item_id, field, value, actor=OFFICER)
    assert house.rows(t.label) == []


def test_a_note_names_no_complainant(house):
    item_id = house.take("都市报", *FIRST)
    house.put(item_id, "workers", 3, note="已电话13812345678核实")
    (label,) = house.rows(t.label)
    assert "12345678" not in label["note"] + house.trail()[-1]["after"]
    assert label["note"].startswith("已电话")


@pytest.mark.parametrize(
    ("entered", "fen"),
    [
        ("12.6", 12_600_000), ("１２．６ 万元", 12_600_000), ("1,200万", 1_200_000_000), ("0", 0), ("", None),
        ("  ", None), ("0.000001", 1), ("0.96", 960_000),
    ],
)  # fmt: skip
def test_an_amount_is_read_exactly(entered, fen):
    assert label_values.parse_wan(entered) == fen


@pytest.mark.parametrize("entered", ["十二万", "3500元", "1.2.3", "NaN", "inf", "1e400", "0.0000001", "99999999999"])
def test_an_amount_that_is_none_is_refused(entered):
    with pytest.raises(InputError, match="涉及金额"):
        label_values.parse_wan(entered)


# ── what is kept ─────────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_labelled_report_outlives_its_period_its_text_does_not(house):
    kept, gone = house.take("论坛", *OTHER), house.take("论坛", *MISSED)
    house.put(kept, "relevant", False)  # confirmed
    far = NOW + timedelta(days=2000)
    retention.run(house.store, SETTINGS, now=far, pause=lambda _seconds: None)
    assert [row["id"] for row in house.rows(t.item)] == [kept]
    assert gone != kept
    assert house.item(kept)["text"] == ""
    assert len(house.rows(t.label)) == 1


def test_a_report_that_goes_takes_its_labels_along(house):
    item_id = house.take("都市报", *FIRST)
    house.put(item_id, "workers", 3)
    with house.store.write() as connection:
        connection.execute(t.item.delete())
    assert house.rows(t.label) == []


def test_the_judge_s_own_level_is_what_the_columns_give(house):
    """Taking a label back computes the level anew: it must be the one the judge gave."""
    texts = [FIRST, SECOND, SMALL, (FIRST[0].replace("堵路", ""), SECOND[1]), ("彝良县工资已全部发放", FIRST[1])]
    for title, text in texts:
        house.take("政务网", title, text)
    with house.store.read() as connection:
        rows = connection.execute(select(t.item, t.source.c.national).join(t.source).where(t.item.c.relevant)).all()
    assert len(rows) >= 4
    for row in rows:
        found = labels.severity_of(row, SETTINGS)
        assert (found.level, found.score) == (row.level, row.score), row.title
        assert [asdict(part) for part in found.parts] == row.judgement["parts"]


def test_the_index_of_words_is_untouched(house):
    item_id = house.take("都市报", *FIRST)
    house.put(item_id, "relevant", False)
    house.remove(item_id, "relevant")
    with house.store.write() as connection:
        assert index_items(connection, []) == 0
    version = house.store.versions("label")
    house.put(item_id, "workers", 9)
    assert house.store.versions("label") != version

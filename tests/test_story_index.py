"""Stories in the database, on SQLite and PostgreSQL: joining, vetoes, the window, pruning, rebuilding."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, insert, select

from monitors.opinion import stories
from monitors.opinion.stories import Member
from monitors.opinion.story_index import StoryIndex
from monitors.settings import Story
from monitors.store import tables as t
from monitors.store.engine import Store

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
STORY = Story(window_days=5, copy_similarity=0.9, same_facts_similarity=0.45)
TEXT = (
    "云岭县东门安置房二期工地的四十三名木工和钢筋工向本报反映，从今年四月起就没有足额领过工钱。劳务队长说总包方没有拨款，"
    "总包方说进度款已经付清。工人们手里只有记工本和几张白条，眼看要过年，盼着有人给个准话。"
)


class Desk:
    """Takes reports in as intake does: find a story or found one, then add."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.index = StoryIndex()
        with store.write() as connection:
            connection.execute(
                insert(t.source).values(
                    id="press", name="演示晨报", kind="feed", url="https://press.example/feed", group_name="自建",
                    outlet="演示晨报", interval_seconds=600, max_interval_seconds=7200, tier=3, national=False,
                    condition="正常", paused=False, recipe={}, origin="config", created_at=NOW, updated_at=NOW,
                )
            )  # fmt: skip

    def take(self, title: str, text: str = "", *, at: datetime = NOW, **facts: Any) -> tuple[int, str]:
        with self.store.write() as connection:
            item_id = self._insert_item(connection, title, text, at, facts)
            report = stories.member(id=item_id, title=title, text=text, published=at, **facts)
            found = self.index.find(connection, report, STORY)
            story_id, reason = found or (self._insert_story(connection, report), "")
            connection.execute(t.item.update().where(t.item.c.id == item_id).values(story_id=story_id))
            self.index.add(connection, report, item_id)
            return story_id, reason

    def _insert_item(self, connection, title: str, text: str, at: datetime, facts: dict[str, Any]) -> int:
        number = connection.scalar(select(func.count()).select_from(t.item))
        values = {
            "source_id": "press", "guid": f"{number:064d}", "url": f"https://press.example/{number}", "title": title,
            "text": text, "text_hash": f"{abs(hash((title, text))):064d}", "outlet": "演示晨报", "published_at": at,
            "fetched_at": at, "relevant": True, "relevance": 1.0, "sentiment": 0.0, "stance": "unresolved",
            "scope": "本省", "region": facts.get("region", ""), "workers": facts.get("workers"),
            "amount_fen": facts.get("amount_fen"), "employer": facts.get("employer"), "judgement": {},
        }  # fmt: skip
        return connection.execute(insert(t.item).values(values).returning(t.item.c.id)).scalar_one()

    def _insert_story(self, connection, report: Member) -> int:
        values = {
            "title": report.title, "region": report.region, "scope": "本省", "stance": "unresolved", "sentiment": 0.0,
            "items": 1, "outlets": 1, "first_outlet": "演示晨报", "first_published_at": report.published,
            "first_seen_at": NOW, "last_seen_at": NOW, "level": "关注", "score": 0, "severity": {}, "matched": [],
        }  # fmt: skip
        return connection.execute(insert(t.story).values(values).returning(t.story.c.id)).scalar_one()


@pytest.fixture
def desk(store: Store) -> Desk:
    return Desk(store)


def test_a_reprint_joins_and_says_why(desk: Desk) -> None:
    first, _ = desk.take("云岭县安置房工地四十三名工人盼工钱", TEXT)
    again, reason = desk.take("【转】工人盼工钱过年", TEXT + "（来源：演示晨报）", at=NOW + timedelta(hours=6))
    assert again == first
    assert "文字" in reason or "全文" in reason


def test_other_words_same_county_and_employer(desk: Desk) -> None:
    facts = {"region": "530124", "employer": "云南青禾建筑劳务有限公司"}
    first, _ = desk.take("一工地工人讨要工钱", TEXT, **facts)
    again, reason = desk.take(
        "人社局介入安置房欠薪", "县里成立专班，连夜核对考勤与工资表。", at=NOW + timedelta(days=2), **facts
    )
    assert (again, "用人单位" in reason) == (first, True)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"region": "530125"}, "county"),
        ({"amount_fen": 90_000_000}, "amount"),
        ({"employer": "曲靖远山市政工程有限公司"}, "employer"),
    ],
)
def test_template_news_stays_apart(desk: Desk, change: dict[str, Any], why: str) -> None:
    facts = {"region": "530124", "amount_fen": 40_000_000, "employer": "云南青禾建筑劳务有限公司", "workers": 43}
    first, _ = desk.take("法院为农民工追回工资", TEXT, **facts)
    other, reason = desk.take("法院为农民工追回工资", TEXT + "案款当天发放。", **(facts | change))
    assert other != first, (why, reason)


def test_one_text_from_outlets_of_two_counties_is_one_story(desk: Desk) -> None:
    first, _ = desk.take("云岭县安置房工地四十三名工人盼工钱", TEXT, region="530124")
    assert desk.take("云岭县安置房工地四十三名工人盼工钱", TEXT, region="530125")[0] == first


def test_the_window_moves_with_the_affair_and_ends(desk: Desk) -> None:
    facts = {"region": "530124", "employer": "云南青禾建筑劳务有限公司"}
    first, _ = desk.take("工人讨薪", "甲", **facts)
    later, _ = desk.take("工资仍未到账", "乙", at=NOW + timedelta(days=4), **facts)
    last, _ = desk.take("负责人被判刑", "丙", at=NOW + timedelta(days=30), **facts)
    assert later == first
    assert last != first


def test_a_veto_by_any_report_of_the_story_holds(desk: Desk) -> None:
    first, _ = desk.take("云岭县安置房工地四十三名工人盼工钱", TEXT, amount_fen=40_000_000)
    bridge, _ = desk.take("云岭县安置房工地工人盼工钱", TEXT)
    other, _ = desk.take("云岭县安置房工地盼工钱", TEXT + "据说共九十万。", amount_fen=90_000_000)
    assert bridge == first
    assert other != first


def test_a_report_taken_back_leaves_no_trace(desk: Desk) -> None:
    report = stories.member(id=1, title="工人盼工钱", text=TEXT, published=NOW)

    class TakenBackError(Exception):
        pass

    def fail() -> None:
        with desk.store.write() as connection:
            item_id = desk._insert_item(connection, report.title, report.text, NOW, {})
            desk.index.add(connection, report, item_id)
            raise TakenBackError

    with pytest.raises(TakenBackError):
        fail()
    with desk.store.write() as connection:
        assert desk.index.find(connection, report, STORY) is None
    # The number of the report taken back may be given to another one: nothing remembered may be mistaken for it.
    first, _ = desk.take("机场扩建航线增加", "新增三条国际航线。")
    second, _ = desk.take("工人盼工钱", TEXT)
    assert first != second


def test_pruning_forgets_only_what_is_old(desk: Desk) -> None:
    desk.take("旧闻", "去年的安置房工地工人讨薪", at=NOW - timedelta(days=40))
    kept, _ = desk.take("云岭县安置房工地工人盼工钱", TEXT)
    with desk.store.write() as connection:
        assert desk.index.prune(connection, NOW - timedelta(days=10)) == 1
        assert connection.scalar(select(func.count()).select_from(t.story_signature)) == 1
        assert connection.scalar(select(func.count(t.story_band.c.item_id.distinct()))) == 1
    assert desk.take("云岭县安置房工地工人盼工钱", TEXT)[0] == kept


def test_an_index_made_anew_finds_the_same_story(desk: Desk) -> None:
    first, _ = desk.take("云岭县安置房工地工人盼工钱", TEXT)
    desk.take("另一件事", "某镇道路硬化工程竣工通车。")
    with desk.store.write() as connection:
        before = connection.execute(select(t.story_band).order_by(t.story_band.c.band, t.story_band.c.item_id)).all()
        assert StoryIndex().rebuild(connection, NOW - timedelta(days=10)) == 2
        after = connection.execute(select(t.story_band).order_by(t.story_band.c.band, t.story_band.c.item_id)).all()
    assert after == before
    assert desk.take("转载：云岭县安置房工地工人盼工钱", TEXT)[0] == first


def test_a_report_without_time_is_refused(desk: Desk) -> None:
    report = stories.member(id=1, title="工人盼工钱", text=TEXT, published=None)
    with desk.store.write() as connection, pytest.raises(ValueError, match="time"):
        desk.index.find(connection, report, STORY)


def test_more_candidates_than_are_compared(desk: Desk) -> None:
    facts = {"region": "530124"}
    for number in range(70):
        desk.take(
            f"云岭县讨薪通报{number}",
            f"第{number}起案件的当事人各不相同。",
            amount_fen=(number + 1) * 10_000_000,
            **facts,
        )
    mine, _ = desk.take("云岭县某厂工人领不到工资", "流水线停了。", employer="云岭丰穗食品有限公司", **facts)
    again, _ = desk.take("厂方称资金困难", "老板答应分期。", employer="云岭丰穗食品有限公司", **facts)
    assert again == mine

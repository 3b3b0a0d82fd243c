"""Covered before it is stored, found by what is left, covered afterwards where it was stored before: both databases."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, insert, select, text, update

from monitors import settings as settings_module
from monitors.access.scope import Scope
from monitors.opinion import intake, masking, masking_stored, search
from monitors.opinion.judge import Judge
from monitors.opinion.masking import mask
from monitors.opinion.model import Entry, Rejected, Source
from monitors.opinion.polling import _set_aside
from monitors.store import tables as t
from monitors.store.engine import Store
from monitors.store.search_index import ensure, rebuild

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
SETTINGS = settings_module.load()
SOURCE = Source("a", "甲报", "feed", "https://a.example/feed", outlet="甲报")
TITLE = "农民工张建国讨薪：滇示云砚建设有限公司拖欠工资"
TEXT = (
    "昭通市彝良县农民工张建国反映，滇示云砚建设有限公司拖欠他和工友李四海等12人工资36.5万元，项目部不接电话。"
    "张建国的电话是13812345678，身份证号530102199003070075。投诉人称将继续讨薪。"
)
SECRETS = ("张建国", "李四海", "13812345678", "19900307")


class Even:
    """Stands for SnowNLP, whose score decides nothing here."""

    def score(self, texts):
        return [0.5] * len(texts)


@pytest.fixture(scope="module")
def judge() -> Judge:
    return Judge(SETTINGS, scorer=Even())


def plant(store: Store) -> None:
    values = asdict(SOURCE) | {
        "group_name": SOURCE.group, "recipe": {}, "origin": "config", "created_at": NOW, "updated_at": NOW,
    }  # fmt: skip
    del values["group"]
    with store.write() as connection:
        connection.execute(insert(t.source).values(values))


def take(store: Store, judge: Judge, entry: Entry, now: datetime = NOW) -> intake.Intake:
    judged = judge.judge(entry.title, entry.text, published=NOW, now=now)
    with store.write() as connection:
        return intake.take_in(connection, SOURCE, [entry], [judged], settings=SETTINGS, now=now)


def unmasked(store: Store, judge: Judge, monkeypatch, entry: Entry) -> intake.Intake:
    """As a release without masking stored it."""
    with monkeypatch.context() as patched:
        patched.setattr(masking, "mask_report", lambda e, j: (e, j))
        patched.setattr(masking, "mask_entry", lambda e: e)
        return take(store, judge, entry)


def everything(store: Store) -> str:
    """All that the tables hold, as one string."""
    with store.read() as connection:
        rows = [str(row) for table in t.metadata.sorted_tables for row in connection.execute(select(table))]
        if store.dialect == "postgresql":
            rows += [str(row) for row in connection.execute(text("SELECT tokens FROM item_fts"))]
        return "\n".join(rows)


def found(store: Store, words: str) -> int:
    with store.read() as connection:
        return search.count(connection, Scope("530000"), search.Filters(query=words))[0]


def test_nothing_stored_names_the_complainant(store, judge):
    plant(store)
    take(store, judge, Entry("g1", TITLE, "https://a.example/1", TEXT, NOW))
    held = everything(store)
    assert [word for word in SECRETS if word in held] == []
    with store.read() as connection:
        item, story = connection.execute(select(t.item)).one(), connection.execute(select(t.story)).one()
    assert item.title == story.title == "农民工张**讨薪：滇示云砚建设有限公司拖欠工资"
    assert "138****5678" in item.text
    assert len(item.text) == len(TEXT)
    assert item.employer == story.employer == "滇示云砚建设有限公司"
    assert item.workers == 12
    assert item.amount_fen == 36_500_000


def test_evidence_is_cut_from_what_is_shown(store, judge):
    plant(store)
    take(store, judge, Entry("g1", TITLE, "https://a.example/1", TEXT, NOW))
    with store.read() as connection:
        item = connection.execute(select(t.item)).one()
    pieces = item.judgement["evidence"]
    assert {piece["about"] for piece in pieces} >= {"relevance", "workers", "amount", "employer"}
    for piece in pieces:
        assert getattr(item, piece["field"])[piece["start"] : piece["end"]] == piece["text"]


def test_a_telephone_is_not_found_its_end_is(store, judge):
    plant(store)
    take(store, judge, Entry("g1", TITLE, "https://a.example/1", TEXT, NOW))
    assert found(store, "13812345678") == 0
    assert found(store, "张建国") == 0
    assert found(store, "滇示云砚") == 1


def test_seen_again_under_another_address(store, judge):
    plant(store)
    first = Entry("g1", TITLE, "https://a.example/1", TEXT, NOW)
    take(store, judge, first)
    again = Entry("g2", TITLE, "https://a.example/2", TEXT, NOW)
    other = Entry("g3", TITLE, "https://a.example/3", TEXT.replace("12人", "13人"), NOW)
    with store.read() as connection:
        assert intake.unseen(connection, "a", [first, again, other], NOW) == [other]


def test_seen_again_although_stored_before_there_was_masking(store, judge, monkeypatch):
    plant(store)
    unmasked(store, judge, monkeypatch, Entry("g1", TITLE, "https://a.example/1", TEXT, NOW))
    again = Entry("g2", TITLE, "https://a.example/2", TEXT, NOW)
    with store.read() as connection:
        assert intake.unseen(connection, "a", [again], NOW) == []
    masking_stored.mask_stored(store, now=NOW)
    with store.read() as connection:
        assert intake.unseen(connection, "a", [again], NOW) == []


def test_a_reprint_joins_the_story_of_the_covered_report(store, judge):
    plant(store)
    take(store, judge, Entry("g1", TITLE, "https://a.example/1", TEXT, NOW))
    take(store, judge, Entry("g2", TITLE, "https://a.example/2", TEXT + "（转载）", NOW), NOW + timedelta(hours=1))
    with store.read() as connection:
        assert connection.scalar(select(func.count()).select_from(t.story)) == 1


def test_what_was_stored_before_is_covered_once(store, judge, monkeypatch):
    plant(store)
    for number in range(5):
        entry = Entry(f"g{number}", f"{TITLE}{number}", f"https://a.example/{number}", TEXT + "续" * number, NOW)
        unmasked(store, judge, monkeypatch, entry)
    quiet = Entry("q", "人社局通报治理欠薪", "https://a.example/q", "责令限期支付。", NOW)
    take(store, judge, quiet)
    with store.write() as connection:
        _plant_notes(connection)
    assert found(store, "13812345678") == 5
    assert masking_stored.mask_stored(store, batch=2, now=NOW) == 5 + 2  # the stories follow their reports
    held = everything(store)
    assert [word for word in SECRETS if word in held] == []
    assert found(store, "13812345678") == 0
    assert found(store, "滇示云砚") == 5
    with store.read() as connection:
        for item in connection.execute(select(t.item)):
            assert item.text_hash == intake.words_key(Entry("", item.title, "", item.text))
            for piece in item.judgement["evidence"]:
                assert getattr(item, piece["field"])[piece["start"] : piece["end"]] == piece["text"]
        titles = set(connection.scalars(select(t.item.c.title)))
        assert set(connection.scalars(select(t.story.c.title))) <= titles
    version = store.versions("item")
    assert masking_stored.mask_stored(store, now=NOW) == 0
    assert store.versions("item") == version
    # The contentless index was told the right words to forget: built anew it finds the same.
    rebuild(store)
    assert ensure(store) == 0
    assert found(store, "滇示云砚") == 5


def _plant_notes(connection):
    aside = {"source_id": "a", "at": NOW, "reason": "入库出错", "excerpt": "投诉人张建国13812345678"}
    connection.execute(insert(t.set_aside).values(aside | {"fingerprint": "1"}))
    connection.execute(
        insert(t.poll).values(
            source_id="a", started_at=NOW, finished_at=NOW, outcome="soft", note="读不出：13812345678", status=200
        )
    )


def test_broken_off_it_goes_on_where_it_stopped(store, judge, monkeypatch):
    plant(store)
    for number in range(4):
        entry = Entry(f"g{number}", f"{TITLE}{number}", f"https://a.example/{number}", TEXT + "续" * number, NOW)
        unmasked(store, judge, monkeypatch, entry)
    assert masking_stored.mask_some(store, batch=2, now=NOW) == 2
    with store.read() as connection:
        reached = connection.scalar(select(t.meta.c.value).where(t.meta.c.key == "mask_reached"))
        covered = connection.scalar(select(func.count()).where(t.item.c.title.contains("张**")))
    assert reached.startswith(f"{masking.VERSION} item ")
    assert covered == 2
    assert masking_stored.mask_stored(store, batch=2, now=NOW) == 2
    with store.write() as connection:
        connection.execute(update(t.meta).where(t.meta.c.key == "mask_version").values(value="0-old 2026"))
    assert masking_stored.mask_stored(store, now=NOW) == 0  # newer rules look again and find nothing open
    with store.read() as connection:
        done = connection.scalar(select(t.meta.c.value).where(t.meta.c.key == "mask_version"))
    assert done.startswith(masking.VERSION)


def test_what_is_set_aside_is_covered_too(store):
    plant(store)
    rejected = [Rejected("没有标题", "投诉人张建国，电话13812345678，讨要工资")] * 2
    with store.write() as connection:
        assert _set_aside(connection, "a", rejected, NOW) == 2
    with store.read() as connection:
        kept = connection.execute(select(t.set_aside)).one()
    assert kept.excerpt == mask(rejected[0].excerpt).text == "投诉人张**，电话138****5678，讨要工资"


def test_an_own_word_that_is_a_name_is_not_shown_as_matched(judge):
    from dataclasses import replace

    entry = Entry("g", TITLE, "u", TEXT)
    judged = replace(judge.judge(TITLE, TEXT, published=NOW, now=NOW), matched=("讨薪", "张建国"), employer="张建国")
    shown, covered = masking.mask_report(entry, judged)
    assert covered.matched == ("讨薪",)
    assert covered.employer == "张**"
    assert shown.title == mask(TITLE).text

"""The daily job: what is over its period goes, everything else stays, whatever dies in between."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert, select, update

from monitors import settings as settings_module
from monitors.__main__ import main
from monitors.access import chain, restricted
from monitors.access.actor import SYSTEM
from monitors.errors import ConflictError, StoreError
from monitors.opinion import dossier, intake, retention
from monitors.opinion.claims import source_of
from monitors.opinion.judge import Judge, Report
from monitors.opinion.model import Entry
from monitors.opinion.search import Filters, search
from monitors.opinion.watch import RETAIN_AGAIN_SECONDS, Watch
from monitors.settings import Settings
from monitors.store import tables as t
from monitors.store.engine import Store
from monitors.store.schema import upgrade

from monitors.access.scope import EVERYWHERE  # isort: skip

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
DAY = timedelta(days=1)
SETTINGS = settings_module.load(environ={})
PERIODS = SETTINGS.retention
UNPAID = "昭通市镇雄县一处安置房项目，32名农民工反映被拖欠工资48万元，多次在项目部门口讨薪未果。"


@pytest.fixture(autouse=True)
def _own_folder(tmp_path, monkeypatch):
    """Anchors of the chain belong to the test."""
    monkeypatch.setenv("MONITORS_DATA", str(tmp_path))
    settings_module.current.cache_clear()
    yield
    settings_module.current.cache_clear()


@pytest.fixture
def settings(tmp_path) -> Settings:
    return SETTINGS.model_copy(update={"data_dir": tmp_path})


def keeping(settings: Settings, **days: int) -> Settings:
    return settings.model_copy(update={"retention": settings.retention.model_copy(update=days)})


def source(store: Store, source_id: str = "a", *, demo: bool = False) -> None:
    with store.write() as connection:
        connection.execute(
            insert(t.source).values(
                id=source_id, name="示例晨报", kind="feed", url=f"https://{source_id}.invalid/rss", group_name="自建",
                outlet="示例晨报", interval_seconds=600, max_interval_seconds=7200, region="", tier=3, national=False,
                condition="正常", paused=False, recipe={}, origin="page", demo=demo, created_at=NOW, updated_at=NOW,
            )
        )  # fmt: skip
        connection.execute(insert(t.source_state).values(source_id=source_id, next_at=NOW, interval_seconds=600.0))


def entry(number: int, *, wages: bool) -> Entry:
    title = f"第{number}处工地农民工被拖欠工资" if wages else f"第{number}场群众文艺演出举行"
    text = f"{UNPAID}编号{number}。" if wages else f"演出现场欢声笑语，群众纷纷点赞，第{number}个节目是花灯戏。"
    return Entry(guid=f"g{number}-{wages}", title=title, url=f"https://a.invalid/{number}", text=text)


@pytest.fixture(scope="module")
def judge() -> Judge:
    return Judge(SETTINGS)


def take(store: Store, judge: Judge, entries: list[Entry], at: datetime, *, demo: bool = False) -> list[int]:
    """Reports as the watch would have taken them in at ``at``; returns their ids."""
    reports = [
        Report(title=e.title, text=e.text, published=at, source_region="", outlet_national=False, now=at)
        for e in entries
    ]
    with store.write() as connection:
        row = connection.execute(select(t.source).where(t.source.c.demo.is_(demo))).one()
        done = intake.take_in(
            connection, source_of(row), entries, judge.judge_many(reports), settings=SETTINGS, now=at, demo=demo
        )
    return list(done.item_ids)


def close_alerts(store: Store, at: datetime) -> None:
    with store.write() as connection:
        connection.execute(update(t.alert).values(state="已办结", closed_at=at))


def confide(store: Store, target: str, at: datetime, kind: str = "story") -> None:
    with store.write() as connection:
        fields = restricted.Fields(reporter="张某某", phone="13800000000")
        restricted.write(connection, SYSTEM, kind, target, "530627", fields, revision=None, now=at)


def sign_in(store: Store, name: str, expires_at: datetime, ended_at: datetime | None = None) -> None:
    with store.write() as connection:
        if not connection.scalar(select(t.account.c.id)):
            connection.execute(
                insert(t.account).values(
                    id=1, name="li", display="李", role="值班员", region="530000", must_change=False, origin="local",
                    created_at=NOW, updated_at=NOW,
                )
            )  # fmt: skip
        connection.execute(
            insert(t.session).values(
                token_hash=name, account_id=1, created_at=expires_at, seen_at=expires_at, expires_at=expires_at,
                address="", agent="", ended_at=ended_at,
            )
        )  # fmt: skip


def everything(store: Store) -> dict[str, list]:
    """The whole state but for the job's own notes and the trail's times."""
    found = {}
    with store.read() as connection:
        for table in (t.item, t.story, t.alert, t.set_aside, t.restricted, t.session, t.story_band):
            query = select(table).order_by(*table.primary_key.columns)
            found[table.name] = [tuple(row) for row in connection.execute(query)]
        index = "SELECT rowid FROM item_fts" if store.dialect == "sqlite" else "SELECT item_id FROM item_fts"
        found["index"] = sorted(row[0] for row in connection.exec_driver_sql(index))
    return found


def held(store: Store, column, *conditions) -> list:
    with store.read() as connection:
        return list(connection.scalars(select(column).where(*conditions).order_by(column)))


def runs(store: Store) -> list[dict]:
    return [json.loads(after) for after in held(store, t.audit.c.after, t.audit.c.action == "retention.run")]


def hits(store: Store, words: str) -> int:
    with store.read() as connection:
        return search(connection, EVERYWHERE, Filters(query=words), page=1, size=50).total


def run(store: Store, settings: Settings, now: datetime = NOW, **options) -> retention.Report:
    return retention.run(store, settings, now=now, pause=lambda _seconds: None, **options)


# ── what goes and what stays ─────────────────────────────────────────────────────────────────────────────────────────


def test_irrelevant_reports_go_after_their_days_and_leave_no_word_in_the_index(store, settings, judge):
    source(store)
    over = take(store, judge, [entry(n, wages=False) for n in range(3)], NOW - PERIODS.irrelevant_days * DAY - DAY)
    fresh = take(store, judge, [entry(n, wages=False) for n in (3, 4)], NOW - PERIODS.irrelevant_days * DAY + DAY)
    wages = take(store, judge, [entry(9, wages=True)], NOW - 200 * DAY)
    assert hits(store, "文艺演出") == 5

    report = run(store, settings)
    assert report.counts == {"无关报道": len(over)}
    assert held(store, t.item.c.id) == sorted(fresh + wages)
    assert everything(store)["index"] == sorted(fresh + wages)
    assert hits(store, "文艺演出") == len(fresh)
    assert hits(store, "拖欠工资") == 1


def test_an_old_relevant_report_loses_its_text_and_keeps_what_was_made_of_it(store, settings, judge):
    source(store)
    (item_id,) = take(store, judge, [entry(1, wages=True)], NOW - PERIODS.report_text_days * DAY - DAY)
    close_alerts(store, NOW - 1000 * DAY)
    assert hits(store, "安置房项目") == 1
    with store.read() as connection:
        before = connection.execute(select(t.item)).one()
        assert {piece["field"] for piece in before.judgement["evidence"]} == {"title", "text"}

    assert run(store, settings).counts == {"相关报道的正文": 1}
    with store.read() as connection:
        after = connection.execute(select(t.item)).one()
        story = dossier.read(connection, SYSTEM, after.story_id)
    changed = {name for name in after._fields if getattr(after, name) != getattr(before, name)}
    assert changed == {"text", "judgement"}
    assert after.text == ""
    assert {piece["field"] for piece in after.judgement["evidence"]} == {"title"}
    assert after.judgement["matched"] == before.judgement["matched"]
    assert (story.reports[0].text, story.reports[0].text_removed) == ("", "2026-11-23")
    assert hits(store, "安置房项目") == 0
    assert hits(store, "拖欠工资") == 1
    assert held(store, t.item.c.id) == [item_id]
    assert run(store, settings).total == 0  # once


def test_the_text_stays_while_an_alert_of_its_story_is_open(store, settings, judge):
    source(store)
    take(store, judge, [entry(1, wages=True)], NOW - PERIODS.report_text_days * DAY - DAY)
    assert held(store, t.alert.c.state) == ["新警情"]
    assert run(store, settings).total == 0
    close_alerts(store, NOW)
    assert run(store, settings).texts == 1


def test_restricted_fields_stay_with_a_live_alert_and_go_with_a_row_in_the_trail(store, settings, judge):
    source(store)
    old = NOW - PERIODS.restricted_days * DAY - DAY
    take(store, judge, [entry(1, wages=True)], old - DAY)
    (story_id,) = held(store, t.story.c.id)
    confide(store, str(story_id), old)
    confide(store, "999999", old)  # of a story that is no more
    confide(store, "999998", NOW - DAY)  # not over yet
    confide(store, "7", old, kind="clue")  # another room's record: it will say itself when that is done with

    assert run(store, settings).restricted == 1
    assert held(store, t.restricted.c.target) == sorted([str(story_id), "999998", "7"])
    close_alerts(store, NOW - DAY)
    assert run(store, settings).restricted == 0  # closed only yesterday
    close_alerts(store, old)
    assert run(store, settings).restricted == 1
    assert held(store, t.restricted.c.target) == ["7", "999998"]
    removals = held(store, t.audit.c.target, t.audit.c.action == "restricted.remove")
    assert removals == sorted(["999999", str(story_id)])
    trail = "".join(held(store, t.audit.c.after) + held(store, t.audit.c.before))
    assert "13800000000" not in trail
    assert "张某某" not in trail


def test_sessions_and_unreadable_entries(store, settings):
    source(store)
    over = NOW - PERIODS.session_days * DAY - DAY
    sign_in(store, "expired long ago", over)
    sign_in(store, "ended long ago", NOW, ended_at=over)
    sign_in(store, "expired lately", NOW - DAY)
    sign_in(store, "open", NOW + DAY)
    with store.write() as connection:
        for number, at in enumerate((NOW - PERIODS.set_aside_days * DAY - DAY, NOW - DAY)):
            aside = {"source_id": "a", "at": at, "reason": "无标题", "excerpt": str(number), "fingerprint": str(number)}
            connection.execute(insert(t.set_aside).values(aside))
    assert run(store, settings).counts == {"未能读取的条目": 1, "登录会话": 2}
    assert held(store, t.session.c.token_hash) == ["expired lately", "open"]
    assert held(store, t.set_aside.c.excerpt) == ["1"]


def test_demonstration_data_is_left_to_its_own_clearing(store, settings, judge):
    source(store, "demo-a", demo=True)
    long_ago = NOW - 4000 * DAY
    take(store, judge, [entry(1, wages=False), entry(2, wages=True)], long_ago, demo=True)
    close_alerts(store, long_ago)
    with store.write() as connection:
        connection.execute(update(t.story).values(demo=True))
        aside = {"source_id": "demo-a", "at": long_ago, "reason": "无标题", "excerpt": "1", "fingerprint": "1"}
        connection.execute(insert(t.set_aside).values(aside))
    confide(store, str(held(store, t.story.c.id)[0]), long_ago)
    before = everything(store)
    assert run(store, settings).total == 0
    assert everything(store) == before


def test_zero_days_keep_for_ever(store, settings, judge):
    old_house(store, judge)
    before = everything(store)
    never = dict.fromkeys(
        ("irrelevant_days", "report_text_days", "restricted_days", "set_aside_days", "session_days"), 0
    )
    assert run(store, keeping(settings, **never)).total == 0
    assert everything(store) == before
    # Irrelevant reports kept for ever keep their text as well.
    run(store, keeping(settings, irrelevant_days=0, report_text_days=1))
    assert "" not in held(store, t.item.c.text, t.item.c.relevant.is_(False))


# ── one run, whatever happens to it ──────────────────────────────────────────────────────────────────────────────────


def old_house(store: Store, judge: Judge) -> None:
    """Some of every kind, all over its period."""
    source(store)
    long_ago = NOW - 4000 * DAY
    take(store, judge, [entry(n, wages=False) for n in range(7)], long_ago)
    take(store, judge, [entry(n, wages=True) for n in range(5)], long_ago)
    close_alerts(store, long_ago)
    for number in range(5):
        confide(store, str(900_000 + number), long_ago)
        sign_in(store, f"s{number}", long_ago)
    with store.write() as connection:
        for n in range(5):
            aside = {"source_id": "a", "at": long_ago, "reason": "无标题", "excerpt": str(n), "fingerprint": str(n)}
            connection.execute(insert(t.set_aside).values(aside))


WHOLE = {"无关报道": 7, "相关报道的正文": 5, "未能读取的条目": 5, "受限信息": 5, "登录会话": 5}


def test_a_dry_run_counts_the_same_and_changes_nothing(store, settings, judge):
    old_house(store, judge)
    before = everything(store)
    report = run(store, settings, dry=True)
    assert report.counts == WHOLE
    assert "将被清理" in report.words
    assert everything(store) == before
    assert held(store, t.meta.c.key, t.meta.c.key.like("retention%")) == []
    assert run(store, settings).counts == WHOLE


def test_one_row_in_the_trail_with_counts_and_cut_offs(store, settings, judge, tmp_path):
    old_house(store, judge)
    run(store, settings)
    (after,) = runs(store)
    assert after["清理"] == WHOLE
    assert after["早于"]["无关报道"] == "2026-08-25"
    (noted,) = held(store, t.meta.c.value, t.meta.c.key == retention.META_KEY)
    assert noted == f"{NOW.isoformat()} {sum(WHOLE.values())}"
    with store.read() as connection:
        assert chain.verify(connection).ok
    assert (tmp_path / chain.ANCHORS).exists()
    run(store, settings, NOW + DAY)
    assert len(runs(store)) == 1  # nothing removed, nothing said
    assert held(store, t.meta.c.value, t.meta.c.key == retention.META_KEY) == [f"{(NOW + DAY).isoformat()} 0"]


@pytest.mark.parametrize("alive", [1, 3, 6, 11])
def test_killed_after_any_batch_the_next_run_comes_to_the_same_end(store, settings, judge, monkeypatch, alive):
    monkeypatch.setattr(retention, "BATCH", 3)
    old_house(store, judge)
    doing = retention.steps(store, settings, now=NOW)
    for _ in range(alive):
        next(doing)
    doing.close()  # as a killed process: no word of farewell
    assert runs(store) == []
    with pytest.raises(ConflictError):
        run(store, settings)  # for all anybody knows it is still at work
    monkeypatch.setattr(retention, "utc_now", lambda: datetime.now(UTC) + timedelta(minutes=3))
    later = list(retention.steps(store, settings, now=NOW, clock=retention.utc_now))
    assert later[-1].counts == WHOLE
    (after,) = runs(store)
    assert after["清理"] == WHOLE
    end = everything(store)
    assert [len(end[name]) for name in ("item", "set_aside", "restricted", "session", "index")] == [5, 0, 0, 0, 5]
    assert held(store, t.meta.c.key, t.meta.c.key.like("retention%")) == [retention.META_KEY]
    assert run(store, settings).total == 0


def test_a_failure_halfway_frees_the_job_at_once(store, settings, judge, monkeypatch):
    monkeypatch.setattr(retention, "BATCH", 3)
    old_house(store, judge)
    real, calls = retention.unindex_items, []

    def failing(connection, ids):
        calls.append(ids)
        if len(calls) == 2:
            raise StoreError("磁盘已满")
        real(connection, ids)

    monkeypatch.setattr(retention, "unindex_items", failing)
    with pytest.raises(StoreError):
        run(store, settings)
    assert len(held(store, t.item.c.id)) == 12 - 3
    assert run(store, settings).counts == WHOLE
    assert [after["清理"] for after in runs(store)] == [WHOLE]


def test_of_two_workers_the_second_is_told_and_the_first_one_goes_on(store, settings, judge, monkeypatch):
    monkeypatch.setattr(retention, "BATCH", 3)
    old_house(store, judge)
    first = retention.steps(store, settings, now=NOW)
    next(first)
    with pytest.raises(ConflictError):
        next(retention.steps(store, settings, now=NOW))
    assert list(first)[-1].counts == WHOLE


def test_a_run_that_was_thought_dead_removes_nothing_more(store, settings, judge, monkeypatch):
    monkeypatch.setattr(retention, "BATCH", 3)
    old_house(store, judge)
    stalled = retention.steps(store, settings, now=NOW)
    next(stalled)
    later = lambda: datetime.now(UTC) + timedelta(minutes=3)  # noqa: E731
    heir = retention.steps(store, settings, now=NOW, clock=later)
    next(heir)
    with pytest.raises(ConflictError, match="接手"):
        next(stalled)
    assert list(heir)[-1].counts == WHOLE


def test_what_becomes_live_while_the_job_runs_is_spared(store, settings, judge, monkeypatch):
    monkeypatch.setattr(retention, "BATCH", 2)
    old_house(store, judge)
    doing = retention.steps(store, settings, now=NOW)
    while next(doing).set_aside < 5:  # up to the restricted fields, whose list is not made yet …
        pass
    next(doing)  # … and now is
    rest = held(store, t.restricted.c.target)
    with store.write() as connection:
        connection.execute(update(t.restricted).where(t.restricted.c.target == rest[-1]).values(updated_at=NOW))
    assert list(doing)[-1].restricted == 4
    assert held(store, t.restricted.c.target) == [rest[-1]]


# ── a report that comes again ────────────────────────────────────────────────────────────────────────────────────────


def test_a_removed_report_its_site_still_lists_comes_again_once_and_raises_no_alarm(store, settings, judge):
    source(store)
    entries = [entry(1, wages=False)]
    take(store, judge, entries, NOW - 91 * DAY)
    with store.read() as connection:
        assert intake.unseen(connection, "a", entries, NOW) == []
    run(store, settings)
    with store.read() as connection:
        assert intake.unseen(connection, "a", entries, NOW) == entries
    take(store, judge, entries, NOW)
    with store.read() as connection:
        assert intake.unseen(connection, "a", entries, NOW) == []
    assert held(store, t.alert.c.id) == []
    assert run(store, settings, NOW + 89 * DAY).total == 0  # kept for another period


def test_a_removed_text_does_not_make_its_report_new(store, settings, judge):
    source(store)
    entries = [entry(1, wages=True)]
    take(store, judge, entries, NOW - 4000 * DAY)
    close_alerts(store, NOW - 3999 * DAY)
    run(store, settings)
    assert held(store, t.item.c.text) == [""]
    with store.read() as connection:
        assert intake.unseen(connection, "a", entries, NOW) == []


# ── when ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("last", "now", "wanted"),
    [
        (None, "2026-11-23T10:00+08:00", True),  # never yet
        ("2026-11-23T03:00:01+08:00", "2026-11-23T23:00+08:00", False),
        ("2026-11-23T03:00:01+08:00", "2026-11-24T02:59+08:00", False),
        ("2026-11-23T03:00:01+08:00", "2026-11-24T03:00+08:00", True),
        ("2026-11-22T03:00:01+08:00", "2026-11-23T10:00+08:00", True),  # the machine was off at three
        ("2026-11-22T19:30:00+00:00", "2026-11-23T10:00+08:00", False),  # 03:30 in the office
        ("2031-01-01T00:00:00+00:00", "2026-11-23T10:00+08:00", True),  # written by a wrong clock
    ],
)
def test_due_once_a_day_at_its_hour_and_at_once_when_missed(store, settings, last, now, wanted):
    with store.write() as connection:
        if last:
            connection.execute(insert(t.meta).values(key=retention.META_KEY, value=f"{last} 0"))
        assert retention.due(connection, settings, datetime.fromisoformat(now)) is wanted


def test_the_watch_does_it_once_a_day(store, settings, judge, caplog):
    old_house(store, judge)
    caplog.set_level("INFO")
    now = [NOW]
    watch = Watch(settings, store, clock=lambda: now[0])
    asyncio.run(watch._retain_when_due())
    assert "已清理超过保存期限的数据：无关报道 7" in caplog.text
    assert len(runs(store)) == 1
    sign_in(store, "another", NOW - 4000 * DAY)
    now[0] += timedelta(hours=12)
    asyncio.run(watch._retain_when_due())
    assert held(store, t.session.c.token_hash) == ["another"]
    now[0] += timedelta(hours=12)
    asyncio.run(watch._retain_when_due())
    assert held(store, t.session.c.token_hash) == []
    watch._shut()


def test_of_two_watches_one_does_it(store, settings, judge, monkeypatch, caplog):
    monkeypatch.setattr(retention, "BATCH", 3)
    caplog.set_level("INFO")
    old_house(store, judge)
    watches = [Watch(settings, store, clock=lambda: NOW) for _ in range(2)]

    async def both() -> None:
        await asyncio.gather(*(watch._retain_when_due() for watch in watches))

    asyncio.run(both())
    assert [after["清理"] for after in runs(store)] == [WHOLE]
    assert caplog.text.count("已清理") == 1
    for watch in watches:
        watch._shut()


def test_a_failure_is_tried_again_after_an_hour_and_not_at_every_look(store, settings, judge, monkeypatch):
    old_house(store, judge)
    watch = Watch(settings, store, clock=lambda: NOW)

    def full(*_anything):
        raise StoreError("磁盘已满")

    with monkeypatch.context() as failing:
        failing.setattr(retention, "unindex_items", full)
        with pytest.raises(StoreError):
            asyncio.run(watch._retain_when_due())
    asyncio.run(watch._retain_when_due())
    assert runs(store) == []
    watch._retain_not_before -= RETAIN_AGAIN_SECONDS
    asyncio.run(watch._retain_when_due())
    assert [after["清理"] for after in runs(store)] == [WHOLE]
    watch._shut()


def test_the_running_watch_comes_to_it_by_itself(store, settings, judge):
    old_house(store, judge)
    quiet = settings.model_copy(update={"sources": ()})

    async def until_done() -> None:
        stop = asyncio.Event()
        watching = asyncio.create_task(Watch(quiet, store, clock=lambda: NOW).run(stop))
        while not runs(store) and not watching.done():  # noqa: ASYNC110 - another process would look the same way
            await asyncio.sleep(0.2)
        stop.set()
        await watching

    asyncio.run(asyncio.wait_for(until_done(), 60))
    assert [after["清理"] for after in runs(store)] == [WHOLE]


def test_the_command(tmp_path, monkeypatch, capsys, judge):
    monkeypatch.delenv("DATABASE_URL", raising=False)
    opened = Store(f"sqlite:///{tmp_path / 'monitors.db'}")
    upgrade(opened)
    old_house(opened, judge)
    assert main(["retention", "--dry-run"]) == 0
    assert "将被清理的数据：无关报道 7" in capsys.readouterr().err
    assert main(["retention"]) == 0
    assert "已清理超过保存期限的数据：无关报道 7" in capsys.readouterr().err
    assert main(["retention"]) == 0
    assert "没有超过保存期限的数据" in capsys.readouterr().err
    opened.close()

"""What time alone changes in the ledger: found once a day, whatever one odd case does, and told by the watch."""

from __future__ import annotations

import asyncio
import json
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from ledger_house import ADMIN, CLERK, COUNTY, NOW, SETTINGS, case, entered, later, measure, settled, verified
from sqlalchemy import insert, select, update

from monitors import doctor
from monitors.__main__ import main
from monitors.access import restricted
from monitors.access.restricted import Fields
from monitors.errors import StoreError
from monitors.ledger import clues, consequences, daily, suggestions, workdays
from monitors.ledger.clues import ClueDraft
from monitors.ledger.model import SuggestionKind
from monitors.opinion.watch import Watch
from monitors.store import tables as t

STALE = date(2001, 1, 1)  # a deadline that only a pass over the case can have put right


def run(store, now=NOW, settings=SETTINGS):
    return daily.run(store, settings, now=now, pause=lambda _seconds: None)


def kinds(connection, case_id):
    return {one.kind for one in suggestions.listed(connection, ADMIN.scope, case_id)}


def put(connection, case_id, **values):
    connection.execute(update(t.wage_case).where(t.wage_case.c.id == case_id).values(values))


def test_an_order_that_runs_out_overnight_leads_to_a_proposal_the_day_after(store):
    with store.write() as connection:
        case_id = verified(connection)
        measure(connection, case_id, due=date(2026, 11, 25))
        before = kinds(connection, case_id)
        revision = case(connection, case_id).revision
    assert SuggestionKind.PENALTY not in before
    run(store, later(days=2))  # the 25th: the last day is in time
    with store.read() as connection:
        assert kinds(connection, case_id) == before
    run(store, later(days=3))
    with store.read() as connection:
        assert SuggestionKind.PENALTY in kinds(connection, case_id)
        assert case(connection, case_id).revision == revision  # nobody's open form conflicts with the night


def test_every_open_case_is_brought_forward_and_no_closed_one(store):
    with store.write() as connection:
        running, promised = verified(connection), entered(connection, due=date(2026, 12, 1))
        closed, plain = settled(connection), entered(connection)
        right = {one: case(connection, one).deadline for one in (running, promised)}
        for one in (running, promised, closed):
            put(connection, one, deadline=STALE)
    report = run(store)
    assert (report.cases, report.failed) == (2, 0)
    with store.read() as connection:
        assert {one: case(connection, one).deadline for one in right} == right
        assert case(connection, closed).deadline == STALE
        assert case(connection, plain).deadline is None


def test_twice_changes_nothing(store):
    with store.write() as connection:
        case_id = verified(connection)
        measure(connection, case_id)
    run(store, later(days=1))
    with store.read() as connection:
        first = connection.execute(select(t.wage_case)).all(), connection.execute(select(t.ledger_event)).all()
    run(store, later(days=1, minutes=1))
    with store.read() as connection:
        assert (
            connection.execute(select(t.wage_case)).all(),
            connection.execute(select(t.ledger_event)).all(),
        ) == first


def test_one_odd_case_holds_up_no_other(store, monkeypatch, caplog):
    with store.write() as connection:
        first, odd, last = (verified(connection) for _ in range(3))
        for one in (first, odd, last):
            put(connection, one, deadline=STALE)
    plain = consequences.follow

    def follow(connection, case_id, **more):
        if case_id == odd:
            raise LookupError("nothing fits")
        plain(connection, case_id, **more)

    monkeypatch.setattr(consequences, "follow", follow)
    report = run(store)
    assert (report.cases, report.failed) == (3, 1)
    assert f"case {odd}" in caplog.text
    with store.read() as connection:
        assert [case(connection, one).deadline == STALE for one in (first, odd, last)] == [False, True, False]


def test_a_store_that_fails_leaves_the_pass_due(store, monkeypatch):
    with store.write() as connection:
        verified(connection)

    def full(*_anything, **_more):
        raise StoreError("磁盘已满")

    with monkeypatch.context() as failing:
        failing.setattr(consequences, "follow", full)
        with pytest.raises(StoreError):
            run(store)
    assert daily.when_due(store, SETTINGS, NOW) is not None
    run(store)
    assert daily.when_due(store, SETTINGS, NOW) is None


@pytest.mark.parametrize(
    ("last", "wanted"),
    [
        ("", True),
        ("gibberish", True),
        ("2026-11-22T16:00:00+00:00", False),  # midnight in Shanghai
        ("2026-11-22T15:59:59+00:00", True),
        ("2026-11-23T02:00:00+00:00", False),
        ("2027-11-23T02:00:00+00:00", True),  # written by a wrong clock
    ],
)
def test_due_once_a_day_of_the_office(store, last, wanted):
    with store.write() as connection:
        if last:
            connection.execute(insert(t.meta).values(key=daily.META_KEY, value=f"{last} 0"))
        assert daily.due(connection, NOW) is wanted


def test_the_complainant_of_a_clue_long_done_is_forgotten(store):
    old = NOW - timedelta(days=SETTINGS.retention.restricted_days + 1)

    def told(connection, at, state, *, demo=False):
        draft = ClueDraft("电话", COUNTY, at, employer_name="示例建筑劳务有限公司")
        made = clues.add(
            connection, CLERK, draft, settings=SETTINGS, now=at, reporter=Fields(reporter="示例反映人"), demo=demo
        )
        connection.execute(update(t.clue).where(t.clue.c.id == made).values(state=state, updated_at=at))
        return made

    with store.write() as connection:
        over = told(connection, old, "办结")
        kept = [
            told(connection, old, "核查中"), told(connection, NOW, "办结"), told(connection, old, "办结", demo=True),
        ]  # fmt: skip
    for_ever = SETTINGS.model_copy(update={"retention": SETTINGS.retention.model_copy(update={"restricted_days": 0})})
    assert run(store, settings=for_ever).complainants == 0
    assert run(store).complainants == 1
    with store.read() as connection:
        held = {row.target for row in connection.execute(select(t.restricted.c.target))}
        assert held == {str(one) for one in kept}
        row = connection.execute(select(t.audit).order_by(t.audit.c.seq.desc()).limit(1)).one()
        assert (row.action, row.kind, row.target, row.region) == ("restricted.remove", "clue", str(over), COUNTY)
        assert restricted.summary(connection, ADMIN, clues.KIND, str(over), COUNTY) is None


def test_the_watch_does_another_room_s_daily_work_when_it_is_due(store, caplog):
    caplog.set_level("INFO")
    with store.write() as connection:
        case_id = verified(connection)
        put(connection, case_id, deadline=STALE)
    now = [NOW]
    watch = Watch(SETTINGS, store, clock=lambda: now[0], daily=lambda at: daily.when_due(store, SETTINGS, at))
    asyncio.run(watch._other_daily())
    assert "已推进 1 件未结案件" in caplog.text
    with store.write() as connection:
        assert case(connection, case_id).deadline != STALE
        put(connection, case_id, deadline=STALE)
    asyncio.run(watch._other_daily())  # done today
    with store.read() as connection:
        assert case(connection, case_id).deadline == STALE
    now[0] += timedelta(days=1)
    asyncio.run(watch._other_daily())
    with store.read() as connection:
        assert case(connection, case_id).deadline != STALE
    watch._shut()


def test_the_running_watch_comes_to_it_by_itself(store):
    quiet = SETTINGS.model_copy(update={"sources": ()})
    asked: list[datetime] = []

    async def until_asked() -> None:
        stop = asyncio.Event()
        watch = Watch(quiet, store, clock=lambda: NOW, daily=asked.append)
        watching = asyncio.create_task(watch.run(stop))
        while not asked and not watching.done():  # noqa: ASYNC110 - the store's thread asks
            await asyncio.sleep(0.2)
        stop.set()
        await watching

    asyncio.run(asyncio.wait_for(until_asked(), 60))
    assert asked == [NOW]


@pytest.fixture
def console(tmp_path, monkeypatch):
    from monitors import settings as settings_module

    monkeypatch.setenv("MONITORS_DATA", str(tmp_path))
    monkeypatch.delenv("DATABASE_URL", raising=False)
    settings_module.current.cache_clear()
    yield tmp_path
    settings_module.current.cache_clear()


def test_the_command_gives_the_watch_the_ledger_s_day(console, monkeypatch):
    given = []

    class Told(Watch):
        async def run(self, stop):
            given.append(self._daily(NOW))
            self._shut()

    monkeypatch.setattr("monitors.opinion.watch.Watch", Told)
    assert main(["watch"]) == 0
    assert given[0] is not None


def bad_calendar(folder: Path, monkeypatch) -> None:
    path = folder / "holidays.toml"
    path.write_text("[2027]\nofficial = true\noff = [2027-02-30]\n", "utf-8")
    real = workdays.load
    monkeypatch.setattr(workdays, "load", lambda: real(path))


def test_a_calendar_with_a_wrong_day_is_named_before_the_watch_starts(console, monkeypatch, capsys):
    bad_calendar(console, monkeypatch)
    assert main(["watch"]) == 1
    assert "holidays.toml" in capsys.readouterr().err
    assert not (console / "monitors.db").exists()


def test_the_doctor_names_it_too_and_says_when_a_year_is_missing(tmp_path, monkeypatch):
    def found(now):
        every = doctor.examine(now=now, environ={"MONITORS_DATA": str(tmp_path)})
        return next(one for one in every if one.part == "放假日历")

    assert found(NOW).state == "正常"
    december = found(NOW + timedelta(days=10))
    assert (december.state, "2027" in december.words, "holidays.toml" in december.advice) == ("注意", True, True)
    assert found(NOW + timedelta(days=400)).state == "注意"
    bad_calendar(tmp_path, monkeypatch)
    assert found(NOW).state == "故障"
    assert json.dumps(found(NOW).as_json(), ensure_ascii=False).count("holidays.toml") >= 1

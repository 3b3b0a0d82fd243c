"""Opening and raising alerts: one open per story, levels only rise, closed ones stay closed unless it got worse."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from monitors import settings as settings_module
from monitors.opinion import alerts
from monitors.store import tables as t

NOW = datetime(2026, 11, 23, 17, 30, tzinfo=UTC)  # 01:30 on the 24th in Shanghai
SETTINGS = settings_module.load(environ={})


def story(connection, number=1, **changes):
    values = {
        "id": number, "title": "工人讨薪", "region": "530627", "scope": "本省", "stance": "unresolved",
        "sentiment": -0.5, "items": 1, "outlets": 1, "first_outlet": "甲",
        "first_published_at": NOW - timedelta(hours=1), "first_seen_at": NOW, "last_seen_at": NOW, "level": "III",
        "score": 45, "severity": {}, "matched": [], "demo": False,
    } | changes  # fmt: skip
    if connection.execute(select(t.story.c.id).where(t.story.c.id == number)).one_or_none() is None:
        connection.execute(t.story.insert().values(values))
    return values


def consider(store, now=NOW, **changes):
    with store.write() as connection:
        return alerts.consider(connection, story(connection, **changes), settings=SETTINGS, now=now)


def rows(store, table=t.alert):
    with store.read() as connection:
        return connection.execute(select(table).order_by(table.c.id)).all()


def test_opening_starts_both_clocks_and_writes_history(store):
    assert consider(store).kind == "opened"
    (alert,) = rows(store)
    assert alert.number == "YJ20261124-0001"  # the office's day, not the server's
    assert alert.state == "新警情"
    assert alert.sign_due_at == NOW + timedelta(minutes=60)
    assert alert.public_due_at == NOW - timedelta(hours=1) + timedelta(hours=48)
    (event,) = rows(store, t.alert_event)
    assert (event.kind, event.actor, event.after["level"]) == ("opened", "系统", "III")


@pytest.mark.parametrize(
    "changes",
    [
        {"scope": "背景"}, {"scope": "外省"}, {"scope": "未定位"}, {"level": "关注"},
        {"first_published_at": NOW - timedelta(days=31)},
    ],
)  # fmt: skip
def test_what_opens_no_alert(store, changes):
    assert consider(store, **changes) == alerts.Change()
    assert rows(store) == []


def test_a_second_look_changes_nothing(store):
    consider(store)
    assert consider(store, now=NOW + timedelta(minutes=5)) == alerts.Change()
    assert len(rows(store, t.alert_event)) == 1


def test_rising_moves_to_the_top_and_shortens_the_time_to_sign(store):
    consider(store)
    later = NOW + timedelta(minutes=10)
    assert consider(store, now=later, level="I", score=85).kind == "raised"
    (alert,) = rows(store)
    assert (alert.level, alert.score, alert.raised_at, alert.revision) == ("I", 85, later, 2)
    assert alert.sign_due_at == later + timedelta(minutes=15)
    assert alert.public_due_at == NOW - timedelta(hours=1) + timedelta(hours=5)
    assert [e.kind for e in rows(store, t.alert_event)] == ["opened", "level"]


def test_rising_late_gives_no_more_time_than_there_was(store):
    consider(store)
    consider(store, now=NOW + timedelta(minutes=55), level="II", score=65)
    assert rows(store)[0].sign_due_at == NOW + timedelta(minutes=60)


def test_the_level_never_falls_by_itself(store):
    consider(store, level="II", score=65)
    assert consider(store, level="IV", score=25) == alerts.Change()
    assert rows(store)[0].level == "II"


@pytest.mark.parametrize("state", ["已办结", "误报", "并案"])
def test_a_closed_story_opens_again_only_when_worse(store, state):
    consider(store)
    with store.write() as connection:
        connection.execute(t.alert.update().values(state=state, closed_at=NOW))
    assert consider(store) == alerts.Change()
    assert consider(store, level="II", score=65).kind == "opened"
    assert [a.number for a in rows(store)] == ["YJ20261124-0001", "YJ20261124-0002"]


def test_numbers_count_on_beyond_four_digits(store):
    consider(store)
    with store.write() as connection:
        connection.execute(t.alert.update().values(number="YJ20261124-9999"))
    consider(store, number=2)
    consider(store, number=3)
    assert [a.number for a in rows(store)][1:] == ["YJ20261124-10000", "YJ20261124-10001"]

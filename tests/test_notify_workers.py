"""Several workers on one database: a notice is decided once, a message is given up by nobody while it is being sent."""

from __future__ import annotations

import threading
import time
from datetime import timedelta

import pytest
from sqlalchemy import text, update

from monitors.errors import LeaseLostError
from monitors.notify import escalation, leases, outbox, plan, storms
from monitors.notify.outgoing import Sent
from monitors.store import tables as t
from tests.notify_house import DAY, GROUP, MINUTE, NOW, SECOND, SETTINGS, alert, channel, decided, messages


def test_what_is_being_sent_when_its_time_ends_is_nobody_elses_to_give_up(store):
    with store.write() as connection:
        outbox.put(
            connection, channel(connection), "alert", "标题", "正文", key_parts=(1,), alert_ids=[], now=NOW,
            settings=SETTINGS,
        )  # fmt: skip
    almost = NOW + DAY - SECOND
    with store.write() as connection:
        (held,) = leases.claim(connection, "worker", now=almost, settings=SETTINGS)
    with store.write() as connection:
        assert leases.expire(connection, now=NOW + DAY, settings=SETTINGS) == 0
        told = Sent(True, 200, "ok")
        state = leases.settle(connection, "worker", held, told, now=NOW + DAY, settings=SETTINGS, random=lambda: 1.0)
    assert state == "已发"


def test_a_notice_decided_by_another_meanwhile_is_not_told_twice(store, monkeypatch):
    with store.write() as connection:
        channel(connection)
        alert(connection)

    def dispatch(connection, *arguments, real=storms.dispatch, **named):
        connection.execute(update(t.notice).values(state="已编发"))
        return real(connection, *arguments, **named)

    monkeypatch.setattr(storms, "dispatch", dispatch)
    with pytest.raises(LeaseLostError):
        plan.run(store, SETTINGS, NOW + GROUP)
    assert messages(store) == []


@pytest.mark.parametrize("what", ["_rulings", "_to_repeat", "_tell"])
def test_two_workers_plan_one_after_the_other(store, monkeypatch, what):
    """The second begins when the first has read what is to be done; it waits, and finds nothing left."""
    if store.dialect == "sqlite":
        pytest.skip("one writer at a time anyway")
    room, after, looks = {
        "_rulings": (plan, GROUP, 0),
        "_to_repeat": (plan, GROUP + timedelta(minutes=SETTINGS.notify.repeat_minutes), 1),  # first without the turn
        "_tell": (escalation, 10 * MINUTE, 0),
    }[what]
    with store.write() as connection:
        channel(connection)
        alert(connection, level="II" if what == "_tell" else "III")
    if what != "_rulings":
        plan.run(store, SETTINGS, NOW + GROUP)
    real, calls, others = getattr(room, what), [], []

    def both(*arguments):
        found = real(*arguments) if what == "_to_repeat" else None
        calls.append(what)
        if not others and len(calls) > looks:
            others.append(threading.Thread(target=room.run, args=(store, SETTINGS, NOW + after)))
            others[0].start()
            while others[0].is_alive() and not waits(store):
                time.sleep(0.01)
        return real(*arguments) if found is None else found

    monkeypatch.setattr(room, what, both)
    room.run(store, SETTINGS, NOW + after)
    others[0].join(30)
    kinds = [kind for _, kind, _ in decided(store)]
    expected = {"_rulings": ["opened"], "_to_repeat": ["opened", "repeat"], "_tell": ["opened", "step1"]}
    assert kinds == expected[what]
    assert len(messages(store)) == (2 if what == "_tell" else 1)


def waits(store):
    with store.read() as connection:
        query = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
        return connection.scalar(text(query))

"""Faults of the notifications found by reading them as an unlucky operator would; on both databases."""

from __future__ import annotations

import asyncio
import http.server
import ipaddress
import logging
import threading
import time
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from monitors.notify import beat, escalation, leases, notices, plan, reaching
from monitors.notify.duty import Duty
from monitors.notify.sender import Sender
from monitors.opinion import heartbeat
from monitors.store import tables as t
from tests.notify_house import (
    DAY,
    GROUP,
    HOUR,
    MINUTE,
    NOW,
    SECOND,
    SETTINGS,
    Clock,
    Receiver,
    alert,
    channel,
    contact,
    decided,
    event,
    messages,
    rise,
    set_state,
    with_notify,
)

IS_ESCALATION = t.message.c.kind == "escalation"


@pytest.mark.parametrize("decided_at", [NOW + GROUP, NOW + DAY], ids=["written later", "clock was ahead"])
def test_a_rise_whose_time_lies_before_the_telling_is_told_all_the_same(store, decided_at):
    """The poller takes its time before it writes; the planner may tell the milder level in between."""
    with store.write() as connection:
        channel(connection)
        alert_id = alert(connection, level="IV")
    plan.run(store, SETTINGS, decided_at)
    with store.write() as connection:
        rise(connection, alert_id, "II", NOW + GROUP - SECOND)
    plan.run(store, SETTINGS, NOW + 3 * GROUP)
    assert [row.level for row in messages(store, t.message.c.kind == "alert")] == ["IV", "II"]
    with store.write() as connection:  # told at II by now: the same level again is no news
        event(connection, alert_id, "level", "III", NOW + 4 * GROUP)
        rise(connection, alert_id, "II", NOW + 4 * GROUP)
    plan.run(store, SETTINGS, NOW + 6 * GROUP)
    assert decided(store)[-1] == (alert_id, "raised", "已合并")


def test_a_reopening_is_told_though_a_rise_that_needs_no_telling_came_with_it(store):
    with store.write() as connection:
        channel(connection)
        alert_id = alert(connection, level="II")
    plan.run(store, SETTINGS, NOW + GROUP)
    with store.write() as connection:
        set_state(connection, alert_id, "核查中")
        notices.note(connection, alert_id, "reopened", now=NOW + 2 * GROUP)
        notices.note(connection, alert_id, "raised", now=NOW + 2 * GROUP)
    plan.run(store, SETTINGS, NOW + 3 * GROUP)
    assert [state for _, _, state in decided(store)] == ["已编发", "已编发", "已合并"]
    assert "警情重启" in messages(store)[-1].title


def test_an_unsigned_alert_is_told_again_though_its_last_notice_was_merged(store):
    with store.write() as connection:
        channel(connection)
        alert_id = alert(connection, level="II")
    plan.run(store, SETTINGS, NOW + GROUP)
    with store.write() as connection:
        event(connection, alert_id, "level", "III", NOW + MINUTE)
        rise(connection, alert_id, "II", NOW + 2 * MINUTE)
    plan.run(store, SETTINGS, NOW + 3 * MINUTE)
    assert decided(store)[-1] == (alert_id, "raised", "已合并")
    later = NOW + 3 * MINUTE + timedelta(minutes=SETTINGS.notify.repeat_minutes)
    plan.run(store, SETTINGS, later)
    plan.run(store, SETTINGS, later + GROUP)
    assert decided(store)[-1] == (alert_id, "repeat", "已编发")


def test_after_an_outage_each_step_is_told_to_its_own_people_wherever_their_list_is(store):
    with store.write() as connection:
        number = channel(connection)
        contact(connection, number, step=1, region="530102", recipient="county")
        contact(connection, number, step=2, region="530100", recipient="prefecture")
        contact(connection, number, step=3, region="530000", recipient="province")
        alert(connection, level="I", region="530102")
    plan.run(store, SETTINGS, NOW + GROUP)
    assert escalation.run(store, SETTINGS, NOW + 2 * HOUR) == 1
    assert {row.recipient for row in messages(store, IS_ESCALATION)} == {"county", "prefecture", "province"}


def test_a_fourth_step_is_told_to_those_of_the_last(store):
    settings = with_notify(escalate_minutes=[10, 20, 30, 40])
    with store.write() as connection:
        number = channel(connection)
        contact(connection, number, step=3, recipient="last")
        alert(connection, level="I")
    plan.run(store, settings, NOW + GROUP)
    for minutes in (30, 40):
        escalation.run(store, settings, NOW + minutes * MINUTE)
    assert [(row.recipient, row.step) for row in messages(store, IS_ESCALATION)][-1] == ("last", 4)


def test_the_steps_count_from_the_latest_rise_to_an_urgent_level(store):
    with store.write() as connection:
        channel(connection)
        alert_id = alert(connection, level="II")
        event(connection, alert_id, "level", "III", NOW + 5 * MINUTE)
        rise(connection, alert_id, "II", NOW + 3 * HOUR)
        event(connection, alert_id, "level", "I", NOW + 3 * HOUR + 9 * MINUTE)  # graver still: the clock goes on
    plan.run(store, SETTINGS, NOW + 3 * HOUR + GROUP)
    assert escalation.run(store, SETTINGS, NOW + 3 * HOUR + 10 * MINUTE - SECOND) == 0
    assert escalation.run(store, SETTINGS, NOW + 3 * HOUR + 10 * MINUTE) == 1
    assert [row.step for row in messages(store, IS_ESCALATION)] == [1]


def test_a_lease_of_a_wrong_clock_does_not_block_its_channel_for_a_day(store):
    with store.write() as connection:
        channel(connection)
        for _ in range(2):
            alert(connection)
    plan.run(store, SETTINGS, NOW + GROUP)
    with store.write() as connection:
        (held,) = leases.claim(connection, "killed worker", now=NOW + MINUTE, settings=SETTINGS)
        connection.execute(update(t.message).where(t.message.c.id == held.id).values(lease_until=NOW + DAY))
    with store.read() as connection:
        assert leases.any_ahead(connection, NOW + 2 * MINUTE)
    with store.write() as connection:
        assert leases.mend(connection, NOW + 2 * MINUTE) == 1
        assert leases.mend(connection, NOW + 2 * MINUTE) == 0
    receiver = Receiver()
    asyncio.run(Sender(store, SETTINGS, send=receiver, clock=Clock(NOW + 15 * MINUTE)).drain())
    assert sum(receiver.got.values()) == 1


def test_a_stopped_channel_makes_no_work_for_the_sender(store):
    with store.write() as connection:
        number = channel(connection)
        alert(connection)
    plan.run(store, SETTINGS, NOW + GROUP)
    with store.write() as connection:
        assert leases.anything_due(connection, NOW + MINUTE)
        connection.execute(update(t.channel).where(t.channel.c.id == number).values(enabled=False))
        assert not leases.anything_due(connection, NOW + MINUTE)
        assert leases.anything_due(connection, NOW + 2 * DAY)  # it is given up all the same


def test_an_escalation_that_fails_every_time_shows_as_a_planner_that_stands_still(store, monkeypatch, caplog):
    def broken(*_):
        raise RuntimeError("broken")

    monkeypatch.setattr(escalation, "run", broken)
    monkeypatch.setattr("monitors.notify.duty.PLAN_SECONDS", 0.05)
    monkeypatch.setattr("monitors.notify.duty.ESCALATE_SECONDS", 0.05)
    monkeypatch.setattr("monitors.notify.duty.BEAT_SECONDS", 0.1)
    caplog.set_level(logging.CRITICAL)

    async def serve():
        task = asyncio.create_task(Duty(store, SETTINGS, send=Receiver()).run())
        for _ in range(100):
            await asyncio.sleep(0.05)
            if beats(store):
                break
        await asyncio.sleep(0.3)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(serve())
    assert beats(store) == {"sender"}


def beats(store):
    with store.read() as connection:
        return set(connection.scalars(select(t.heartbeat.c.part)))


def test_notifications_switched_off_do_not_silence_the_report_to_the_outside(store):
    with store.write() as connection:
        heartbeat.beat(connection, heartbeat.LOOP, now=NOW)
        for part in (heartbeat.NOTIFY, heartbeat.SENDER):
            heartbeat.beat(connection, part, now=NOW - 3 * DAY)
    with store.read() as connection:
        assert beat.unwell(connection, SETTINGS, NOW) in {"通知编发环节没有心跳", "通知发送环节没有心跳"}
        assert beat.unwell(connection, with_notify(enabled=False), NOW) == ""


def test_a_receiver_of_the_heartbeat_that_drips_does_not_hold_the_report_for_ever(monkeypatch):
    class Drip(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Length", "1000000")
            self.end_headers()
            for _ in range(100):
                try:
                    self.wfile.write(b".")
                    self.wfile.flush()
                except OSError:
                    return
                time.sleep(0.1)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Drip)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setattr(beat, "_SECONDS", 0.5)
    try:
        url = f"http://127.0.0.1:{server.server_address[1]}/ping/t0ken"

        async def bounded():
            async with asyncio.timeout(5):
                return await beat._request(url, "")

        assert asyncio.run(bounded()) == ""  # it said 200: what else it drips is nobody's business
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize("address", ["64:ff9b::a9fe:a9fe", "64:ff9b::6464:64c8", "::ffff:169.254.169.254"])
def test_metadata_is_refused_in_every_dress(address):
    assert reaching.refused(ipaddress.ip_address(address))


def test_an_intranet_address_behind_a_translator_is_not_refused():
    assert not reaching.refused(ipaddress.ip_address("64:ff9b::0a14:0005"))

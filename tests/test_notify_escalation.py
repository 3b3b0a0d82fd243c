"""Up the list until somebody signs; the notifications' duties as a whole; the report to the outside."""

from __future__ import annotations

import asyncio
import http.server
import threading
from datetime import timedelta

import pytest
from sqlalchemy import insert, select

from monitors.notify import beat, escalation, outbox, plan, silences
from monitors.notify.duty import Duty
from monitors.notify.sender import Sender
from monitors.opinion import heartbeat
from monitors.store import tables as t
from tests.notify_house import (
    ADMIN,
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
    messages,
    rise,
    set_state,
    with_notify,
)

IS_ESCALATION = t.message.c.kind == "escalation"


def told(store):
    return [(row.recipient, row.step, row.alert_ids) for row in messages(store, IS_ESCALATION)]


def a_list(connection):
    number = channel(connection)
    for step, name in enumerate(("甲", "乙", "丙"), 1):
        contact(connection, number, step=step, name=name, recipient=f"p{step}")
    return number


def test_step_after_step_until_somebody_signs(store):
    with store.write() as connection:
        a_list(connection)
        alert_id = alert(connection, level="II")
        connection.execute(
            insert(t.shift).values(
                region="530000", starts_at=NOW - HOUR, ends_at=NOW + DAY, officer="示例值班员", leader="示例领导",
                created_at=NOW, updated_at=NOW,
            )
        )  # fmt: skip
    plan.run(store, SETTINGS, NOW + GROUP)
    assert escalation.run(store, SETTINGS, NOW + 10 * MINUTE - SECOND) == 0
    for at, step in ((10, 1), (30, 2)):
        assert escalation.run(store, SETTINGS, NOW + at * MINUTE) == 1
        assert escalation.run(store, SETTINGS, NOW + at * MINUTE) == 0  # a restart repeats nothing
        assert told(store)[-1] == (f"p{step}", step, [alert_id])
    (first, _) = messages(store, IS_ESCALATION)
    assert "第 1 次催办" in first.title
    assert "当班：示例值班员，带班领导：示例领导" in first.body
    with store.write() as connection:
        set_state(connection, alert_id)
        assert escalation.cancel(connection, alert_id, NOW + 31 * MINUTE) == 2
    assert {row.state for row in messages(store, IS_ESCALATION)} == {"作废"}
    assert escalation.run(store, SETTINGS, NOW + DAY) == 0
    assert [kind for _, kind, _ in decided(store)] == ["opened", "step1", "step2"]


def test_signed_while_a_message_waited_for_another_try_it_is_withdrawn(store):
    with store.write() as connection:
        a_list(connection)
        alert_id = alert(connection, level="I", notice="")
        connection.execute(insert(t.notice).values(alert_id=alert_id, kind="opened", at=NOW, state="已编发"))
    escalation.run(store, SETTINGS, NOW + 10 * MINUTE)
    with store.write() as connection:
        set_state(connection, alert_id)  # signed without anybody withdrawing it
    receiver = Receiver()
    asyncio.run(Sender(store, SETTINGS, send=receiver, clock=Clock(NOW + 11 * MINUTE)).drain())
    assert receiver.got == {}
    assert [row.state for row in messages(store)] == ["作废"]


def a_repeat(store, channel_id, alert_ids):
    """仍未签收, as the planner writes it for one alert or several."""
    with store.write() as connection:
        outbox.put(
            connection, channel_id, "alert", "仍未签收", "正文", key_parts=tuple(alert_ids), alert_ids=alert_ids,
            step=1, now=NOW, settings=SETTINGS,
        )  # fmt: skip


def test_signing_withdraws_the_repeat_that_waits_and_no_first_telling(store):
    with store.write() as connection:
        number = channel(connection)
        alert_id = alert(connection)
    plan.run(store, SETTINGS, NOW + GROUP)
    a_repeat(store, number, [alert_id])
    with store.write() as connection:
        set_state(connection, alert_id)
        assert escalation.cancel(connection, alert_id, NOW + MINUTE) == 1
    assert [(row.step, row.state) for row in messages(store)] == [(0, "待发"), (1, "作废")]


def test_a_repeat_goes_out_while_one_of_its_alerts_is_unsigned_and_not_after(store):
    with store.write() as connection:
        number = channel(connection)
        both = [alert(connection, notice=""), alert(connection, notice="")]
        set_state(connection, both[0])
    a_repeat(store, number, both)
    a_repeat(store, number, both[:1])
    asyncio.run(Sender(store, SETTINGS, send=Receiver(), clock=Clock()).drain())
    assert [(row.alert_ids, row.state) for row in messages(store)] == [(both, "已发"), (both[:1], "作废")]


def test_a_day_asleep_is_one_message_per_person_at_the_highest_step(store):
    with store.write() as connection:
        a_list(connection)
        for _ in range(30):
            alert(connection, level="II")
    plan.run(store, SETTINGS, NOW + GROUP)
    assert escalation.run(store, SETTINGS, NOW + DAY) == 30
    assert [(who, step, len(ids)) for who, step, ids in told(store)] == [("p1", 3, 30), ("p2", 3, 30), ("p3", 3, 30)]
    assert escalation.run(store, SETTINGS, NOW + 2 * DAY) == 0


def test_the_list_of_the_county_then_the_prefecture_then_the_province_then_the_channels(store):
    with store.write() as connection:
        number = channel(connection)
        for region in ("530102", "530100", "530000"):
            contact(connection, number, region=region, recipient=region)
        for region in ("530102", "530111", "530627"):
            alert(connection, level="II", region=region)
    plan.run(store, SETTINGS, NOW + GROUP)
    escalation.run(store, SETTINGS, NOW + 10 * MINUTE)
    assert [who for who, _, _ in told(store)] == ["530102", "530100", "530000"]
    escalation.run(store, SETTINGS, NOW + 30 * MINUTE)  # nobody stands for the second step
    assert [(who, len(ids)) for who, _, ids in told(store)[3:]] == [("", 1)] * 3


def test_a_step_that_found_nobody_is_taken_as_soon_as_there_is_somebody(store):
    with store.write() as connection:
        channel(connection, region="530600")  # takes nothing of this place
        urgent, mild = alert(connection, level="II"), alert(connection, level="IV")
    due = timedelta(minutes=SETTINGS.clocks["IV"].sign_minutes)
    plan.run(store, SETTINGS, NOW + GROUP)
    assert escalation.run(store, SETTINGS, NOW + due) == 2
    assert escalation.run(store, SETTINGS, NOW + due + MINUTE) == 0  # and is not noted again and again
    steps = ["step1", "step2", "step3"]
    expected = sorted([*((urgent, kind) for kind in steps), (mild, "overdue")])
    assert sorted(row for row in taken(store)) == [(*one, "无渠道") for one in expected]
    assert told(store) == []
    with store.write() as connection:
        contact(connection, channel(connection, "值守群", levels=()), recipient="late")
    assert escalation.run(store, SETTINGS, NOW + due + HOUR) == 2
    assert sorted(told(store)) == [("late", 0, [mild]), ("late", 3, [urgent])]
    assert sorted(taken(store)) == [(*one, "已编发") for one in expected]
    assert escalation.run(store, SETTINGS, NOW + due + 2 * HOUR) == 0


def test_without_any_channel_the_steps_wait_for_the_first(store):
    with store.write() as connection:
        alert(connection, level="II")
    plan.run(store, SETTINGS, NOW + GROUP)
    assert escalation.run(store, SETTINGS, NOW + 10 * MINUTE) == 1
    with store.write() as connection:
        channel(connection)
    assert escalation.run(store, SETTINGS, NOW + 11 * MINUTE) == 1
    assert [(who, step) for who, step, _ in told(store)] == [("", 1)]


def taken(store):
    """Alert, kind and state of the escalation's own notices."""
    return [row for row in decided(store) if row[1] not in plan.KINDS]


def test_the_milder_are_pressed_once_when_the_time_to_sign_has_passed(store):
    with store.write() as connection:
        a_list(connection)
        alert_id = alert(connection, level="III")
        alert(connection, level="III", demo=True)
    plan.run(store, SETTINGS, NOW + GROUP)
    due = NOW + timedelta(minutes=SETTINGS.clocks["III"].sign_minutes)
    assert escalation.run(store, SETTINGS, due - SECOND) == 0
    assert escalation.run(store, SETTINGS, due) == 1
    assert escalation.run(store, SETTINGS, due + HOUR) == 0
    assert told(store) == [("p1", 0, [alert_id])]
    assert "签收超时" in messages(store, IS_ESCALATION)[0].title
    with store.write() as connection:
        rise(connection, alert_id, "I", due + 2 * HOUR)
    assert escalation.run(store, SETTINGS, due + 2 * HOUR + 9 * MINUTE) == 0
    assert escalation.run(store, SETTINGS, due + 2 * HOUR + 10 * MINUTE) == 1  # counted from the rise


def test_silenced_alerts_press_nobody_until_the_silence_ends_and_old_ones_without_notice_never(store):
    with store.write() as connection:
        a_list(connection)
        alert(connection, level="II")
        alert(connection, level="II", notice="", region="530627")
        silences.add(connection, ADMIN, silences.Draft("530102", ("II",), "演练", NOW + HOUR), now=NOW)
    plan.run(store, SETTINGS, NOW + GROUP)
    assert escalation.run(store, SETTINGS, NOW + 59 * MINUTE) == 0
    assert escalation.run(store, SETTINGS, NOW + HOUR) == 1


def test_the_duty_plans_sends_and_beats(store):
    with store.write() as connection:
        channel(connection)
        alert(connection, level="II")
    receiver, clock = Receiver(), Clock(NOW + GROUP)

    async def serve():
        task = asyncio.create_task(Duty(store, SETTINGS, send=receiver, clock=clock).run())
        async with asyncio.timeout(60):
            while not parts(store) >= {"notify", "sender"} or not receiver.got:  # noqa: ASYNC110 - the database has no event
                await asyncio.sleep(0.05)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(serve())
    assert [message.level for message in receiver.messages] == ["II"]


def test_one_round_tells_at_once_and_a_second_round_nothing_more(store):
    with store.write() as connection:
        channel(connection)
        alert(connection, level="II")
    receiver, clock = Receiver(), Clock(NOW)
    for _ in range(2):
        asyncio.run(Duty(store, SETTINGS, send=receiver, clock=clock).once())
        assert [message.level for message in receiver.messages] == ["II"]


def test_one_round_without_notifications_tells_nothing(store):
    with store.write() as connection:
        channel(connection)
        alert(connection, level="II")
    receiver = Receiver()
    asyncio.run(Duty(store, with_notify(enabled=False), send=receiver, clock=Clock(NOW)).once())
    assert receiver.messages == []


def parts(store):
    with store.read() as connection:
        return set(connection.scalars(select(t.heartbeat.c.part)))


def test_a_stuck_sender_shows_although_the_loop_beats(store):
    with store.write() as connection:
        for part in (heartbeat.LOOP, heartbeat.PARSER, heartbeat.JUDGE, "notify"):
            heartbeat.beat(connection, part, now=NOW)
        heartbeat.beat(connection, "sender", now=NOW - HOUR)
    with store.read() as connection:
        found = heartbeat.pulse(connection, SETTINGS, NOW)
        assert (found.state, found.words) == ("stopped", "监测的通知发送环节已停 1 小时")
        assert heartbeat.pulse(connection, with_notify(enabled=False), NOW).state == "ok"


@pytest.fixture
def outside():
    """A receiver on loopback: ``got`` is what it heard, ``answer`` the status it gives."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            size = int(self.headers.get("Content-Length") or 0)
            self.server.got.append((self.command, self.rfile.read(size).decode()))
            self.send_response(self.server.answer)
            self.end_headers()

        do_POST = do_GET  # noqa: N815 - the base class's name

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.got, server.answer = [], 200
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def test_the_outside_hears_that_all_is_well_daily_and_nothing_when_it_is_not(store, outside):
    environ = {"MONITORS_BEAT_URL": f"http://127.0.0.1:{outside.server_port}/ping?token=geheim"}

    def report(now):
        return asyncio.run(beat.run(store, SETTINGS, now, environ))

    with store.write() as connection:
        heartbeat.beat(connection, heartbeat.LOOP, now=NOW)
        alert(connection, at=NOW - HOUR)
    assert report(NOW).ok
    assert report(NOW + MINUTE).ok
    (first, said), second = outside.got
    assert (first, second) == ("POST", ("GET", ""))
    assert "系统正常（2026-11-23 10:00）" in said
    assert "新警情 1 起" in said
    outside.answer = 500
    failed = report(NOW + 2 * MINUTE)
    assert (failed.ok, failed.told) == (False, "外部接收方 127.0.0.1 应答 HTTP 500")
    ill = report(NOW + HOUR)
    assert ill.told == "未外报：轮询环节没有心跳"
    assert len(outside.got) == 3
    with store.read() as connection:
        shown = beat.status(connection, environ)
    assert (shown.host, shown.ok, shown.daily_on) == ("127.0.0.1", False, "2026-11-23")
    assert "geheim" not in repr(shown)
    gone = {"MONITORS_BEAT_URL": "http://127.0.0.1:1/ping?token=geheim"}
    unreached = asyncio.run(beat.run(store, SETTINGS, NOW + MINUTE, gone))
    assert "无法连上外部接收方 127.0.0.1" in unreached.told
    assert not asyncio.run(beat.run(store, SETTINGS, NOW, {})).host


def test_the_report_to_the_outside_keeps_the_store_out_of_the_loop(store, outside, monkeypatch):
    """A store that waits for its disk must not hold up the messages that are being sent."""
    monkeypatch.setenv("MONITORS_BEAT_URL", f"http://127.0.0.1:{outside.server_port}/ping")
    used = []

    def noting(work):
        def noted():
            used.append(threading.current_thread())
            return work()

        return noted

    for name in ("read", "write"):
        monkeypatch.setattr(store, name, noting(getattr(store, name)))

    async def report():
        await Duty(store, SETTINGS, clock=Clock())._report()
        return threading.current_thread()

    here = asyncio.run(report())
    assert outside.got
    assert len(used) == 2
    assert here not in used

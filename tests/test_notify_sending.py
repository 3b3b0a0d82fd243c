"""The outbox and its senders: once where the other side answers, again under the same key where it does not."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import textwrap
from datetime import timedelta

import pytest
from pydantic import ValidationError
from sqlalchemy import func, select, update

from monitors.errors import ConflictError, InputError, LeaseLostError, RefusedError
from monitors.notify import channels, leases, outbox
from monitors.notify.outgoing import Sent
from monitors.notify.sender import Sender
from monitors.settings import ROOT, Notify
from monitors.store import tables as t
from tests.notify_house import (
    ADMIN,
    CLERK,
    DAY,
    HOUR,
    NOW,
    SECOND,
    SETTINGS,
    Clock,
    Receiver,
    alert,
    channel,
    messages,
)

LEASE = timedelta(seconds=SETTINGS.notify.lease_seconds)
BUSY = Sent(False, 503, "HTTP 503")


def write(store, channel_id, *, part=1, now=NOW, level="III", kind="alert", settings=SETTINGS):
    with store.write() as connection:
        return outbox.put(
            connection, channel_id, kind, f"标题{part}", "正文", key_parts=(part,), alert_ids=[], level=level, now=now,
            settings=settings,
        )  # fmt: skip


def a_channel(store, name="示例群", **changes):
    with store.write() as connection:
        return channel(connection, name, **changes)


def drain(store, receiver, clock, *, draw=1.0, settings=SETTINGS):
    sender = Sender(store, settings, send=receiver, clock=clock, random=lambda: draw)
    asyncio.run(sender.drain())


def test_the_same_message_is_put_once_and_sent_once(store):
    number = a_channel(store)
    first = write(store, number)
    assert write(store, number) is None
    receiver, clock = Receiver(), Clock()
    drain(store, receiver, clock)
    drain(store, receiver, clock)
    (row,) = messages(store)
    assert (row.id, row.state, row.attempts, row.status, row.sent_at) == (first, "已发", 1, 200, NOW)
    assert receiver.got == {row.key: 1}
    assert len(row.key) == 64


def test_a_failure_is_tried_again_later_and_later_with_jitter(store):
    number = a_channel(store)
    write(store, number)
    clock, waits = Clock(), []
    for _ in range(8):
        drain(store, Receiver(BUSY), clock)
        (row,) = messages(store)
        waits.append((row.next_at - clock.now).total_seconds())
        clock.now = row.next_at
    assert waits == [30, 60, 120, 240, 480, 960, 1800, 1800]
    drain(store, Receiver(BUSY), clock, draw=0.25)
    (row,) = messages(store)
    assert row.next_at - clock.now == timedelta(seconds=450)
    assert (row.state, row.error, row.attempts) == ("待发", "HTTP 503", 9)


@pytest.mark.parametrize(("asked", "waits"), [(7, 7), (0, 1), (10**9, 86_400)])
def test_retry_after_is_honoured_within_a_day(store, asked, waits):
    write(store, a_channel(store))
    drain(store, Receiver(Sent(False, 429, "慢一点", retry_after=asked)), Clock())
    assert messages(store)[0].next_at == NOW + timedelta(seconds=waits)


def test_a_channel_that_asks_for_patience_has_it_from_all_its_messages(store):
    number, other = a_channel(store), a_channel(store, "第二个群")
    for part in range(3):
        write(store, number, part=part)
    write(store, other)
    busy, clock = Receiver(Sent(False, 429, "慢一点", retry_after=120)), Clock()
    drain(store, busy, clock)
    refused = {row.key for row in messages(store) if row.attempts}
    assert {row.channel_id for row in messages(store) if row.attempts} == {number, other}
    assert len(refused) == 2
    with store.read() as connection:
        assert not leases.anything_due(connection, NOW + 119 * SECOND)
    well, clock.now = Receiver(), NOW + 119 * SECOND
    write(store, number, part=9, level="I", now=clock.now)
    drain(store, well, clock)  # a new sender: the word stands in the database
    assert well.got == {}
    clock.now = NOW + 120 * SECOND
    drain(store, well, clock)
    assert len(well.got) == 5


@pytest.mark.parametrize("why", ["asked for a day", "changed since", "clock set back", "failed without asking"])
def test_patience_ends_when_there_is_no_reason_for_it(store, why):
    number = a_channel(store)
    write(store, number, part=1)
    asked = {"asked for a day": 86_400, "failed without asking": None}.get(why, 900)
    drain(store, Receiver(Sent(False, 503, "慢一点", retry_after=asked)), Clock())
    then = NOW + SECOND
    if why == "asked for a day":
        then = NOW + timedelta(seconds=SETTINGS.notify.retry_cap_seconds)
    elif why == "changed since":
        with store.write() as connection:
            channels.switch(connection, ADMIN, number, 1, enabled=False, now=then)
            channels.switch(connection, ADMIN, number, 2, enabled=True, now=then)
    elif why == "clock set back":
        then = NOW - HOUR
    write(store, number, part=2, now=then)
    receiver = Receiver()
    drain(store, receiver, Clock(then))
    assert [one.title for one in receiver.messages] == ["标题2"]


def test_the_number_of_a_removed_channel_has_no_patience_left(store):
    number = a_channel(store)
    write(store, number)
    drain(store, Receiver(Sent(False, 429, "慢一点", retry_after=900)), Clock())
    with store.write() as connection:
        channels.remove(connection, ADMIN, number, 1, now=NOW)
        again = channel(connection, "新的群", id=number)
    write(store, again, now=NOW + SECOND)
    receiver = Receiver()
    drain(store, receiver, Clock(NOW + SECOND))
    assert len(receiver.got) == 1


def test_the_trail_of_a_resend_names_the_alert_by_its_number_and_nobody(store):
    number = a_channel(store)
    with store.write() as connection:
        alert_id = alert(connection, title="示例县工人张某讨薪", notice="")
        outbox.put(
            connection, number, "alert", "【III级（黄）】新警情：示例县工人张某讨薪", "正文", key_parts=(1,),
            alert_ids=[alert_id], now=NOW, settings=SETTINGS,
        )  # fmt: skip
    drain(store, Receiver(Sent(False, 404, "没有这个机器人", permanent=True)), Clock())
    with store.write() as connection:
        outbox.resend(connection, ADMIN, messages(store)[0].id, now=NOW, settings=SETTINGS)
        row = connection.execute(select(t.audit).where(t.audit.c.action == "notify.resend")).one()
    assert "YJ20261123-0001" in row.after
    assert "没有这个机器人" in row.after
    assert "张某" not in row.after


@pytest.mark.parametrize(("send", "lease", "fits"), [(10, 16, True), (10, 15, False), (60, 61, False), (60, 66, True)])
def test_a_lease_outlives_the_attempt_and_its_being_cut_off(send, lease, fits):
    given = {"send_seconds": send, "lease_seconds": lease}
    if fits:
        assert Notify(**given).lease_seconds == lease
    else:
        with pytest.raises(ValidationError, match="lease_seconds 须比 send_seconds 多 5 秒以上"):
            Notify(**given)


def test_what_will_never_arrive_is_dead_at_once_told_elsewhere_once_and_can_be_resent(store):
    broken, other = a_channel(store), a_channel(store, "备用群")
    a_channel(store, "昭通群", region="530600")
    write(store, broken, part=1)
    write(store, broken, part=2)

    async def does(_channel, message):
        return Sent(True, 200, "ok") if message.kind == "dead" else Sent(False, 404, "errcode 93000", permanent=True)

    receiver, clock = Receiver(does=does), Clock()
    drain(store, receiver, clock)
    dead = messages(store, t.message.c.state == "死信")
    told = messages(store, t.message.c.kind == "dead")
    assert [(row.channel_id, row.attempts, row.error) for row in dead] == [(broken, 1, "errcode 93000")] * 2
    assert [(row.channel_id, row.state) for row in told] == [(other, "已发")]
    assert "渠道“示例群”有 1 条消息未能送达" in told[0].title
    with store.write() as connection, pytest.raises(RefusedError):
        outbox.resend(connection, CLERK, dead[0].id, now=NOW, settings=SETTINGS)
    with store.write() as connection:
        outbox.resend(connection, ADMIN, dead[0].id, now=NOW + HOUR, settings=SETTINGS)
    with store.write() as connection, pytest.raises(ConflictError, match="待发"):
        outbox.resend(connection, ADMIN, dead[0].id, now=NOW + HOUR, settings=SETTINGS)
    with store.write() as connection, pytest.raises(InputError):
        outbox.resend(connection, ADMIN, 999, now=NOW + HOUR, settings=SETTINGS)
    again, clock.now = Receiver(), NOW + HOUR
    drain(store, again, clock)
    assert again.got == {dead[0].key: 1}
    with store.read() as connection:
        assert "notify.resend" in set(connection.scalars(select(t.audit.c.action)))


def test_a_day_without_the_receiver_ends_in_dead_letters_and_a_resend_delivers(store):
    down, other = a_channel(store), a_channel(store, "备用群")
    for part in range(3):
        write(store, down, part=part)

    async def does(_channel, message):
        return Sent(True, 200, "ok") if message.kind == "dead" else Sent(False, None, "连接被拒")

    receiver, clock = Receiver(does=does), Clock()
    while clock.now <= NOW + DAY + 4 * HOUR:
        drain(store, receiver, clock)
        clock.now += 4 * HOUR
    dead = messages(store, t.message.c.state == "死信")
    assert len(dead) == 3
    assert all("24 小时内未能送达" in row.error and "连接被拒" in row.error for row in dead)
    assert [row.channel_id for row in messages(store, t.message.c.kind == "dead")] == [other]
    with store.write() as connection:
        for row in dead:
            outbox.resend(connection, ADMIN, row.id, now=clock.now, settings=SETTINGS)
    drain(store, Receiver(), clock)
    assert messages(store, t.message.c.state == "死信") == []


def test_no_more_a_minute_than_the_channel_takes_whoever_sends(store):
    number = a_channel(store, per_minute=5)
    for part in range(12):
        write(store, number, part=part)
    receiver, clock, counts = Receiver(), Clock(), []
    for _ in range(4):
        before = sum(receiver.got.values())
        drain(store, receiver, clock)  # a new sender each time: after a restart the count stands in the database
        counts.append(sum(receiver.got.values()) - before)
        clock.now += 30 * SECOND
    assert counts == [5, 0, 5, 0]


def test_the_gravest_goes_first(store):
    number = a_channel(store)
    for part, level in enumerate(("IV", "II", "I", "III")):
        write(store, number, part=part, level=level)
    write(store, number, part=9, level="III", kind="escalation")
    receiver = Receiver()
    drain(store, receiver, Clock())
    assert [(one.kind, one.level) for one in receiver.messages] == [
        ("escalation", "III"), ("alert", "I"), ("alert", "II"), ("alert", "III"), ("alert", "IV"),
    ]  # fmt: skip


def test_one_at_a_time_per_channel_side_by_side_across_channels(store):
    first, second = a_channel(store), a_channel(store, "第二个群")
    write(store, first, part=1)
    write(store, first, part=2)
    write(store, second)
    with store.write() as connection:
        held = leases.claim(connection, "a", now=NOW, settings=SETTINGS)
    with store.write() as connection:
        assert leases.claim(connection, "b", now=NOW, settings=SETTINGS) == []
    assert [one.channel_id for one in held] == [first, second]


def test_two_workers_send_each_message_once(store):
    for name in ("甲", "乙", "丙"):
        number = a_channel(store, name, per_minute=100)
        for part in range(8):
            write(store, number, part=part)
    receiver = Receiver()

    async def both():
        workers = [Sender(store, SETTINGS, send=receiver, clock=Clock()) for _ in range(2)]
        await asyncio.gather(*(one.drain() for one in workers))

    asyncio.run(both())
    assert set(receiver.got.values()) == {1}
    assert len(receiver.got) == 24
    assert {row.state for row in messages(store)} == {"已发"}


def test_a_sleeper_past_its_lease_is_refused(store):
    write(store, a_channel(store))
    with store.write() as connection:
        (slow,) = leases.claim(connection, "slow", now=NOW, settings=SETTINGS)
    later = NOW + LEASE + SECOND
    with store.write() as connection:
        (quick,) = leases.claim(connection, "quick", now=later, settings=SETTINGS)
    assert quick.outgoing.key == slow.outgoing.key
    ok = Sent(True, 200, "ok")
    arguments = {"now": later, "settings": SETTINGS, "random": lambda: 1.0}
    with pytest.raises(LeaseLostError), store.write() as connection:
        leases.settle(connection, "slow", slow, ok, **arguments)
    with store.write() as connection:
        assert leases.settle(connection, "quick", quick, ok, **arguments) == "已发"
    with store.read() as connection:
        assert connection.scalar(select(func.count()).select_from(t.attempt)) == 1


def test_a_receiver_that_hangs_costs_its_own_slot_only(store):
    hanging, well = a_channel(store), a_channel(store, "第二个群")
    settings = SETTINGS.model_copy(update={"notify": SETTINGS.notify.model_copy(update={"send_seconds": 0.05})})
    write(store, hanging)
    for part in range(3):
        write(store, well, part=part)
    forever = asyncio.Event()

    async def run():
        sender = Sender(store, settings, send=receiver, clock=Clock())
        while len([row for row in messages(store) if row.state == "已发"]) != 3:
            await sender.look()
            await asyncio.sleep(0.01)
        assert sender.oldest_seconds > 0
        await sender.close()

    async def does(_channel, message):
        if message.key == hanging_key:
            await forever.wait()
        return Sent(True, 200, "ok")

    hanging_key = messages(store)[0].key
    receiver = Receiver(does=does)
    asyncio.run(run())
    assert [row.state for row in messages(store, t.message.c.channel_id == hanging)] == ["发送"]


def test_a_clock_set_back_does_not_make_retries_wait_for_it(store):
    number = a_channel(store)
    write(store, number)
    drain(store, Receiver(BUSY), Clock())
    back = NOW - HOUR
    with store.write() as connection:
        assert leases.any_ahead(connection, back)
        assert leases.mend(connection, back) == 1
        assert leases.mend(connection, back) == 0
    (row,) = messages(store)
    assert row.next_at == back + 30 * SECOND
    assert row.expires_at == back + DAY
    drain(store, Receiver(), Clock(back + 30 * SECOND))
    assert messages(store)[0].state == "已发"


def test_old_messages_go_what_waits_stays(store):
    number = a_channel(store)
    for part in range(3):
        write(store, number, part=part)
    drain(store, Receiver(), Clock())
    with store.write() as connection:
        connection.execute(update(t.message).where(t.message.c.id == 3).values(state="待发"))
        late = NOW + timedelta(days=SETTINGS.notify.keep_days)
        assert outbox.prune(connection, SETTINGS, late) == 0
        assert outbox.prune(connection, SETTINGS, late + SECOND) == 2
        assert connection.scalar(select(func.count()).select_from(t.attempt)) == 1


CHILD = """
import asyncio, os, sys
from monitors.notify.outgoing import Sent
from monitors.notify.sender import Sender
from monitors.store.engine import Store
from tests.notify_house import SETTINGS, Clock

async def send(channel, message, *, timeout):
    print(message.key, flush=True)
    await asyncio.sleep(60)

asyncio.run(Sender(Store(sys.argv[1]), SETTINGS, send=send, clock=Clock()).drain())
"""


def test_killed_between_sending_and_marking_it_is_sent_again_under_the_same_key(store):
    write(store, a_channel(store))
    url = store.url.render_as_string(hide_password=False)
    child = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(CHILD), url], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    try:
        key = child.stdout.readline().strip()
    finally:
        child.send_signal(signal.SIGKILL)
        child.wait(30)
        child.stdout.close()
    receiver = Receiver()
    drain(store, receiver, Clock(NOW + LEASE - SECOND))
    assert receiver.got == {}  # it might still live
    drain(store, receiver, Clock(NOW + LEASE))
    assert receiver.got == {key: 1}
    assert [row.state for row in messages(store)] == ["已发"]

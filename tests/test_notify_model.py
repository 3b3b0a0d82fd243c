"""Plan and sender against a fake channel, whatever the order of things: no notification is lost, none doubled freely.

Alerts come, rise and are signed; silences begin and end; the other side fails, loses its answer, or its worker dies in
the middle; the clock jumps. In the end the other side comes back, and everything that had to be told was told; a key
came twice only where an answer was lost, and never with another text.
"""

from __future__ import annotations

import asyncio
import shutil
from collections import Counter
from collections.abc import Callable
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import select, update

from monitors.errors import LeaseLostError
from monitors.notify import escalation, leases, plan, silences
from monitors.notify.outgoing import Sent
from monitors.notify.sender import Sender
from monitors.store import tables as t
from monitors.store.engine import Store
from tests.conftest import fresh_database
from tests.notify_house import (
    ADMIN,
    HOUR,
    MINUTE,
    NOW,
    Clock,
    alert,
    channel,
    contact,
    decided,
    messages,
    rise,
    set_state,
    with_notify,
)

CONFIG = with_notify(storm_alerts=4, repeat_minutes=60, expire_hours=168)
LEVELS = ("IV", "III", "II", "I")


class Notifications(RuleBasedStateMachine):
    """``fresh`` gives each example an empty, migrated store of its own."""

    fresh: Callable[[], Store]

    @initialize()
    def begin(self):
        self.store = self.fresh()
        with self.store.write() as connection:
            self.channel = channel(connection, per_minute=100)
            contact(connection, self.channel, recipient="p1")
        self.clock, self.latest = Clock(), NOW
        self.levels, self.signed, self.demanded = {}, set(), Counter()
        self.arrived, self.texts, self.forced = Counter(), {}, Counter()
        self.tried = Counter()  # attempts that were answered for, by key

    @rule(level=st.sampled_from(LEVELS), number=st.integers(1, 5))
    def open(self, level, number):
        with self.store.write() as connection:
            for _ in range(number):
                self.levels[alert(connection, at=self.clock.now, level=level)] = level

    @rule(pick=st.integers(0, 50))
    def rise(self, pick):
        open_ones = [one for one in self.levels if one not in self.signed and self.levels[one] != "I"]
        if open_ones:
            chosen = open_ones[pick % len(open_ones)]
            self.levels[chosen] = LEVELS[LEVELS.index(self.levels[chosen]) + 1]
            with self.store.write() as connection:
                rise(connection, chosen, self.levels[chosen], self.clock.now)

    @rule(pick=st.integers(0, 50))
    def sign(self, pick):
        open_ones = [one for one in self.levels if one not in self.signed]
        if open_ones:
            chosen = open_ones[pick % len(open_ones)]
            self.signed.add(chosen)
            with self.store.write() as connection:
                set_state(connection, chosen)
                escalation.cancel(connection, chosen, self.clock.now)

    @rule(levels=st.sets(st.sampled_from(LEVELS), min_size=1), minutes=st.integers(1, 90))
    def silence(self, levels, minutes):
        draft = silences.Draft("530000", tuple(levels), "演练", self.clock.now + minutes * MINUTE)
        with self.store.write() as connection:
            silences.add(connection, ADMIN, draft, now=self.clock.now)

    @rule(seconds=st.sampled_from([1, 15, 70, 600, 3600, -3600, 86_400, 8 * 86_400]))
    def wait(self, seconds):
        self.clock.now += timedelta(seconds=seconds)
        self.latest = max(self.latest, self.clock.now)
        with self.store.write() as connection:
            leases.mend(connection, self.clock.now)

    @rule()
    def plan_it(self):
        self.latest = max(self.latest, self.clock.now)
        plan.run(self.store, CONFIG, self.clock.now)
        escalation.run(self.store, CONFIG, self.clock.now)
        with self.store.read() as connection:
            said = select(t.notice.c.alert_id).where(t.notice.c.state == "已编发", t.notice.c.kind.in_(plan.KINDS))
            told = set(connection.scalars(said))
        assert told <= {one for row in messages(self.store) for one in row.alert_ids}, "told by no message"

    @rule(times=st.integers(2, 3))
    def storm(self, times):
        """Bursts within the minute, unsent: later ones go into the digest that waits."""
        for _ in range(times):
            self.open("III", 4)
            self.clock.now += timedelta(seconds=15)
            self.plan_it()

    @rule()
    def sleeper(self):
        """A worker sleeps past its lease, the message is taken again: what the sleeper reports counts for nothing."""
        self.open("II", 1)
        self.clock.now += timedelta(seconds=70)
        self.plan_it()
        first = self._claim()
        self.clock.now += timedelta(seconds=CONFIG.notify.lease_seconds + 1)
        again = {one.id: one for one in self._claim()}
        for one in first:
            if one.id not in again:
                continue
            try:
                self._settle(one, Sent(False, 503, "HTTP 503"))
            except LeaseLostError:
                pass
            else:
                raise AssertionError("the sleeper was heard")
        for one in again.values():
            self._settle(one, Sent(False, 503, "HTTP 503"))
            self.tried[one.outgoing.key] += 1

    def _claim(self):
        with self.store.write() as connection:
            leases.expire(connection, now=self.clock.now, settings=CONFIG)
            return leases.claim(connection, "worker", now=self.clock.now, settings=CONFIG)

    def _settle(self, held, sent):
        with self.store.write() as connection:
            leases.settle(connection, "worker", held, sent, now=self.clock.now, settings=CONFIG, random=lambda: 0.5)

    @rule(then=st.sampled_from(["ok", "ok", "fails", "lost", "dies before", "dies after"]))
    def send(self, then):
        async def send(_channel, message, *, timeout):  # noqa: ASYNC109 - as the real one
            if then in ("fails", "dies before"):
                if then == "dies before":
                    raise asyncio.CancelledError
                self.tried[message.key] += 1
                return Sent(False, 503, "HTTP 503")
            self._arrive(message)
            self.tried[message.key] += then != "dies after"
            if then == "ok":
                return Sent(True, 200, "ok")
            self.forced[message.key] += 1
            if then == "dies after":
                raise asyncio.CancelledError
            return Sent(False, None, "没有应答")

        # Something is under way whenever it is asked: chance alone seldom opens, waits, plans and sends in this order.
        self.open("III", 1)
        self.clock.now += timedelta(seconds=15)
        self.plan_it()
        self._work(send)

    def _arrive(self, message):
        self.arrived[message.key] += 1
        text = (message.title, message.body)
        assert self.texts.setdefault(message.key, text) == text, "one key stands for two texts"

    def _work(self, send):
        self.latest = max(self.latest, self.clock.now)

        async def once():
            sender = Sender(self.store, CONFIG, send=send, clock=self.clock, random=lambda: 0.5)
            await sender.look()
            await asyncio.gather(*list(sender._under_way.values()), return_exceptions=True)

        asyncio.run(once())
        late = messages(self.store, t.message.c.state == "待发", t.message.c.expires_at <= self.clock.now)
        assert not late, "given up by nobody"

    @invariant()
    def doubled_only_by_lost_answers(self):
        for key, times in self.arrived.items():
            assert times <= 1 + self.forced[key]

    @invariant()
    def attempts_are_counted_and_only_the_expired_are_dead(self):
        for row in messages(self.store):
            assert row.attempts == self.tried[row.key], row.state
            assert row.state != "死信" or row.expires_at <= self.latest
            pressing = row.kind == "escalation" or (row.kind == "alert" and row.step)
            if pressing and row.alert_id in self.signed:
                assert row.state != "待发" or row.generation, "presses for an alert that is signed"

    def teardown(self):
        if not hasattr(self, "store"):
            return
        try:
            self._come_to_rest()
        finally:
            self.store.close()

    def _come_to_rest(self):
        async def well(_channel, message, *, timeout):  # noqa: ASYNC109 - as the real one
            self._arrive(message)
            self.tried[message.key] += 1
            return Sent(True, 200, "ok")

        with self.store.write() as connection:
            connection.execute(update(t.silence).values(ended_at=self.clock.now, ended_by="示例"))
        for _ in range(60):
            self.clock.now += 2 * MINUTE
            plan.run(self.store, CONFIG, self.clock.now)
            self._work(well)
            waiting = messages(self.store, t.message.c.state.in_(("待发", "发送")))
            if not waiting and "待处理" not in {state for _, _, state in decided(self.store)}:
                break
        else:
            self.clock.now += HOUR
            raise AssertionError("never comes to rest")
        self.doubled_only_by_lost_answers()
        # A dead letter is shown to people: nothing is lost in silence.
        ended = messages(self.store, t.message.c.state.in_(("已发", "死信")))
        told = {one for row in ended for one in row.alert_ids}
        held = {number for number, _, state in decided(self.store) if state in ("已静默", "已抑制", "已合并")}
        assert set(self.levels) - told <= self.signed & held
        assert {row.key for row in messages(self.store, t.message.c.state == "已发")} <= set(self.arrived)
        self._each_told_once_per_notice()

    def _each_told_once_per_notice(self):
        """No alert stands in more messages than it had notices that were told."""
        with self.store.read() as connection:
            notices = Counter(
                connection.scalars(
                    select(t.notice.c.alert_id).where(t.notice.c.state == "已编发", t.notice.c.kind.in_(plan.KINDS))
                )
            )
        said = Counter(
            one for row in messages(self.store, t.message.c.kind.in_(("alert", "digest"))) for one in row.alert_ids
        )
        assert all(said[one] <= notices[one] for one in said)


@pytest.mark.parametrize(("database", "examples"), [("sqlite", 25), ("postgresql", 4)])
def test_nothing_is_lost_and_nothing_freely_doubled(request, tmp_path, database, examples):
    def copy_of_a_file():
        shutil.copyfile(request.getfixturevalue("migrated"), tmp_path / "monitors.db")
        return Store(f"sqlite:///{tmp_path / 'monitors.db'}")

    def copy_on_the_server():
        server, template = request.getfixturevalue("postgres_server"), request.getfixturevalue("migrated_postgres")
        return Store(fresh_database(server, "notify_model", template=template))

    class Here(Notifications):
        fresh = staticmethod(copy_of_a_file if database == "sqlite" else copy_on_the_server)

    run_state_machine_as_test(
        Here,
        settings=settings(
            max_examples=examples, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck),
            derandomize=True, database=None,
        ),
    )  # fmt: skip

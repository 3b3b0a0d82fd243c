"""Random people at the alert desk against a plain model: no illegal state, no lost or doubled event.

The model below is written from domain.md 4.3 and the table of permissions, apart from the code: who may, from which
state, what then. Anybody tries anything: with fields missing, on an older revision, by the wrong person, while the
power fails after the writing and before the end of the transaction, with the store opened anew in between.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from datetime import timedelta

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import func, select

from monitors.access.roles import Role
from monitors.desk import life, merging
from monitors.errors import ConflictError, InputError, RefusedError
from monitors.opinion import alerts as opening
from monitors.store import tables as t
from monitors.store.desk_tables import notice
from monitors.store.engine import Store
from tests import desk_house as h
from tests.desk_house import EVERYONE, NOW, SETTINGS

GRAVITY = {"I": 4, "II": 3, "III": 2, "IV": 1}
OVER = ("已办结", "误报", "并案")
SIGN = {Role.ADMINISTRATOR, Role.DUTY_OFFICER, Role.SHIFT_LEADER}
WORK = SIGN | {Role.COUNTY_CLERK, Role.PREFECTURE_REVIEWER}
APPROVE = {Role.SHIFT_LEADER}
WAYS = {
    ("新警情", "已签收"): SIGN, ("已签收", "核查中"): WORK, ("核查中", "处置中"): WORK, ("处置中", "已办结"): WORK,
    ("已签收", "误报"): WORK, ("核查中", "误报"): WORK, ("已办结", "核查中"): APPROVE, ("误报", "核查中"): APPROVE,
}  # fmt: skip
CLOCKS = ("sign_due_at", "public_due_at", "leader_due_at", "fact_due_at", "update_due_at", "conference_due_at")
NEEDED = {"核查中": "check_due_at", "处置中": "verified_workers", "误报": "reason", "已办结": "result"}


class PowerFailureError(Exception):
    """The machine goes down between the last write and the commit."""


def keep(power):
    """The last thing before the commit."""
    if not power:
        raise PowerFailureError


@dataclass(frozen=True)
class Plain:
    """What the model knows of one alert."""

    story: int
    region: str
    level: str
    state: str = "新警情"
    before: str = ""  # the state it had before 并案
    signer: str | None = None
    told: bool = False
    proposal: tuple[str, str] | None = None  # to, sign-in name
    master: int | None = None
    lowered: str | None = None  # the story's level when a person lowered the alert last
    events: int = 1
    acts: int = 0  # lines of the audit trail
    revision: int = 1
    notices: int = 1

    @property
    def open(self):
        return self.state not in OVER


def step(one: Plain, **changes) -> Plain:
    return replace(one, events=one.events + 1, acts=one.acts + 1, revision=one.revision + 1, **changes)


def sees(who, one):
    return who.region in ("530000", one.region) or (who.region == "530100" and one.region.startswith("5301"))


# The strongest of every shift more often, else most acts would be refused.
people = st.sampled_from((*EVERYONE, h.SHIFT, h.SHIFT, h.OTHER_SHIFT, h.OTHER_SHIFT, h.DUTY, h.ADMIN))
levels = st.sampled_from(tuple(GRAVITY))
pick = st.integers(0, 10_000)
# Four in five are at the newest revision, fill in everything, and the power stays on.
mostly = st.sampled_from((True, True, True, True, False))


class Desk(RuleBasedStateMachine):
    def __init__(self, store: Store) -> None:
        super().__init__()
        self.first = self.store = store
        self.now = NOW
        self.plain: dict[int, Plain] = {}
        self.stories: dict[int, str] = {}  # story → its level

    def teardown(self):
        if self.store is not self.first:
            self.store.close()

    def chosen(self, number):
        ids = sorted(self.plain)
        return ids[number % len(ids)]

    def lone(self, story):
        return not any(one.story == story and one.open for one in self.plain.values())

    def clocks(self, alert_id):
        """When what is due, by the row; empty where there is no such alert."""
        with self.store.read() as connection:
            row = connection.execute(select(t.alert).where(t.alert.c.id == alert_id)).one_or_none()
        return {name: getattr(row, name) for name in CLOCKS} if row else {}

    def sooner(self, alert_id, before):
        """A rise gives nobody more time than there was."""
        after = self.clocks(alert_id)
        assert all(after[name] <= due for name, due in before.items() if due is not None)

    def act(self, work, expected, *, power=True):
        """Do it. ``expected``: id → what the alert is afterwards; None: it is refused."""
        refused = None
        try:
            with self.store.write() as connection:
                work(connection)
                keep(power)
        except PowerFailureError:
            assert expected is not None
            return
        except (RefusedError, InputError, ConflictError) as error:
            refused = str(error)
        assert (refused is None) == (expected is not None), (refused, expected)
        self.plain |= expected or {}

    # ── what happens by itself ───────────────────────────────────────────────────────────────────────────────────────

    @initialize()
    def begin(self):
        """Where it becomes interesting: a walk there takes many steps."""
        with self.store.write() as connection:
            done = h.closed(connection)
            story = h.row(connection, done).story_id
            again = h.rise(connection, done, "II")  # graver than what was closed: another alert of the story
            none = h.unfounded(connection, "IV", region="530627")
            milder = h.signed(connection, "II")
            life.set_level(connection, h.SHIFT, milder, 2, "IV", "人员已撤离", settings=SETTINGS, now=self.now)
            asked = h.handling(connection, region="530627")
            h.move(connection, h.SHIFT, asked, "已办结", h.DONE)
            doubted = h.checking(connection, "II")
            h.move(connection, h.CLERK, doubted, "误报", h.FALSE)
            merged, checked = h.checking(connection, "IV"), h.checking(connection, "III")
            h.move(connection, h.DUTY, merged, "并案", {"master": h.row(connection, checked).number})
            rest = (none, milder, asked, doubted, merged, checked)
            other = {one: h.row(connection, one).story_id for one in rest}
        who = h.DUTY.display
        self.plain = {
            done: Plain(story, "530102", "III", "已办结", signer=who, events=6, acts=5, revision=6),
            again: Plain(story, "530102", "II"),
            none: Plain(other[none], "530627", "IV", "误报", signer=who, events=4, acts=3, revision=4),
            milder: Plain(
                other[milder], "530102", "IV", "已签收", signer=who, lowered="II", events=3, acts=2, revision=3
            ),
        }
        self.plain[asked] = Plain(
            other[asked], "530627", "III", "处置中", signer=who, proposal=("已办结", h.SHIFT.name), events=5, acts=4,
            revision=5,
        )  # fmt: skip
        self.plain[doubted] = Plain(
            other[doubted], "530102", "II", "核查中", signer=who, proposal=("误报", h.CLERK.name), events=4, acts=3,
            revision=4,
        )  # fmt: skip
        self.plain[merged] = Plain(
            other[merged], "530102", "IV", "并案", "核查中", signer=who, master=checked, events=4, acts=3, revision=4
        )
        self.plain[checked] = Plain(other[checked], "530102", "III", "核查中", signer=who, events=4, acts=2, revision=3)
        self.stories = {other[one]: self.plain[one].level for one in rest} | {story: "II", other[milder]: "II"}

    @rule(level=levels, region=st.sampled_from(("530102", "530102", "530627")))
    def opened(self, level, region):
        if len(self.plain) >= 10:
            return
        with self.store.write() as connection:
            alert_id = h.opened(connection, level, now=self.now, region=region, first_published_at=self.now)
            story = h.row(connection, alert_id).story_id
        self.plain[alert_id] = Plain(story, region, level)
        self.stories[story] = level

    @rule(number=pick, level=levels, power=mostly, lowered=st.booleans())
    def the_story_changes(self, number, level, power, lowered):
        kept = [key for key, held in self.plain.items() if held.open and held.lowered]
        one = self.plain[kept[number % len(kept)] if lowered and kept else self.chosen(number)]
        story, graver = one.story, GRAVITY[level]
        mine = {key: value for key, value in self.plain.items() if value.story == story}
        standing = next((key for key, value in mine.items() if value.open), None)
        expected: dict[int, Plain] = {}
        fresh = False
        clocks = self.clocks(standing)
        if standing is not None:
            held = self.plain[standing]
            known = held.lowered
            if graver > GRAVITY[held.level] and (known is None or graver > GRAVITY[known]):
                expected[standing] = replace(
                    held, level=level, lowered=None, events=held.events + 1, revision=held.revision + 1,
                    notices=held.notices + 1,
                )  # fmt: skip
        else:
            fresh = graver > GRAVITY[mine[max(mine)].level]
        try:
            with self.store.write() as connection:
                connection.execute(t.story.update().where(t.story.c.id == story).values(level=level))
                row = connection.execute(select(t.story).where(t.story.c.id == story)).one()._asdict()
                change = opening.consider(connection, row, settings=SETTINGS, now=self.now)
                keep(power)
        except PowerFailureError:
            return
        assert change.kind == ("opened" if fresh else "raised" if expected else "")
        self.stories[story] = level
        self.plain |= expected
        if expected:
            self.sooner(standing, clocks)
        if fresh:
            self.plain[change.alert_id] = Plain(story, one.region, level)

    @rule(hours=st.integers(1, 60))
    def time_passes(self, hours):
        self.now += timedelta(hours=hours)

    @rule()
    def the_store_is_opened_anew(self):
        self.teardown()
        self.store = Store(self.first.url)

    # ── what people do ───────────────────────────────────────────────────────────────────────────────────────────────

    @rule(who=people, number=pick, power=mostly)
    def sign(self, who, number, power):
        alert_id = self.chosen(number)
        one = self.plain[alert_id]
        expected = None
        if who.role in SIGN and sees(who, one) and one.state == "新警情":
            told = one.told or who.role is Role.SHIFT_LEADER
            expected = {alert_id: step(one, state="已签收", signer=who.display, told=told)}
        work = lambda c: life.sign(c, who, alert_id, settings=SETTINGS, now=self.now)  # noqa: E731
        self.act(work, expected, power=power or expected is None)

    @rule(who=people, power=mostly)
    def sign_all(self, who, power):
        if who.role not in SIGN:
            return
        expected: dict[int, Plain] = {}
        for alert_id, one in self.plain.items():
            if sees(who, one) and one.state == "新警情":
                told = one.told or who.role is Role.SHIFT_LEADER
                expected[alert_id] = step(one, state="已签收", signer=who.display, told=told)
        done: list[int] = []

        def work(connection):
            found = life.bulk_sign(connection, who, list(self.plain), settings=SETTINGS, now=self.now)
            done.extend(one.alert_id for one in found if one.done)

        far = [alert_id for alert_id, one in self.plain.items() if not sees(who, one)]
        self.act(work, expected, power=power)
        assert sorted(done) == sorted(expected)
        if power:  # looking at another place's alert leaves a line too
            self.plain |= {one: replace(self.plain[one], acts=self.plain[one].acts + 1) for one in far}

    @rule(
        who=people, number=pick, legal=mostly, full=mostly, fresh=mostly, power=mostly,
        to=st.sampled_from(("已签收", "核查中", "处置中", "误报", "已办结")),
    )  # fmt: skip
    def move(self, who, number, to, legal, full, fresh, power):
        alert_id = self.chosen(number)
        targets = [target for state, target in WAYS if state == self.plain[alert_id].state]
        if legal and targets:
            to = targets[number % len(targets)]
        self.go(who, alert_id, to, full, fresh, power)

    @rule(who=st.sampled_from((h.SHIFT, h.SHIFT, h.OTHER_SHIFT, h.DUTY, h.REVIEWER)), number=pick, fresh=mostly)
    def reopen(self, who, number, fresh):
        over = [key for key, one in self.plain.items() if one.state in ("已办结", "误报")]
        if over:
            self.go(who, over[number % len(over)], "核查中", True, fresh, True)

    @rule(who=st.sampled_from((h.SHIFT, h.DUTY, h.ADMIN, h.OTHER_SHIFT)), number=pick)
    def propose(self, who, number):
        """Towards the two decisions that take two persons, by the shortest way."""
        ready = [
            (key, "已办结" if one.state == "处置中" else "误报")
            for key, one in self.plain.items()
            if one.proposal is None and (one.state == "处置中" or (one.state == "核查中" and one.level in ("I", "II")))
        ]
        if ready:
            self.go(who, *ready[number % len(ready)], True, True, True)

    def go(self, who, alert_id, to, full, fresh, power):
        one = self.plain[alert_id]
        values = {
            "核查中": h.CHECK | {"check_due_at": self.now + timedelta(hours=5)}, "处置中": h.FOUND, "误报": h.FALSE,
            "已办结": h.DONE, "已签收": {},
        }[to]  # fmt: skip
        again = one.state in ("已办结", "误报")
        if again and to == "核查中":
            values = values | {"evidence": "又有工人反映"}
        if not full:
            values = {name: value for name, value in values.items() if name != NEEDED.get(to)}
        may = who.role in WAYS.get((one.state, to), set()) and sees(who, one) and fresh and one.proposal is None
        expected = None
        if may and (full or to == "已签收") and not (again and not self.lone(one.story)):
            if to == "已办结" or (to == "误报" and one.level in ("I", "II")):
                expected = {alert_id: step(one, proposal=(to, who.name))}
            elif to == "已签收":
                told = one.told or who.role is Role.SHIFT_LEADER
                expected = {alert_id: step(one, state=to, signer=who.display, told=told)}
            else:
                expected = {alert_id: step(one, state=to, notices=one.notices + again)}
        revision = one.revision - (not fresh)
        work = lambda c: life.move(c, who, alert_id, revision, to, values, settings=SETTINGS, now=self.now)  # noqa: E731
        self.act(work, expected, power=power or expected is None)
        if again and self.plain[alert_id].state == "核查中":
            due, clock = self.clocks(alert_id), SETTINGS.clocks[one.level]
            assert due["fact_due_at"] == (self.now + clock.fact_minutes * h.MINUTE if clock.fact_minutes else None)
            assert due["update_due_at"] == self.now + clock.update_minutes * h.MINUTE

    @precondition(lambda self: any(one.proposal for one in self.plain.values()))
    @rule(who=people, number=pick, mine=st.booleans(), agree=st.booleans(), fresh=mostly, power=mostly)
    def decide(self, who, number, mine, agree, fresh, power):
        waiting = sorted(key for key, one in self.plain.items() if one.proposal)
        alert_id = waiting[number % len(waiting)]
        one = self.plain[alert_id]
        to, proposer = one.proposal
        if mine:
            who = next(each for each in EVERYONE if each.name == proposer)
        own = who.name == proposer
        able = who.role in (APPROVE if to == "已办结" else WORK)
        expected = None
        if who.role in WORK and sees(who, one) and fresh and (able or (own and not agree)) and not (own and agree):
            expected = {alert_id: step(one, proposal=None, state=to if agree else one.state)}
        revision = one.revision - (not fresh)
        work = lambda c: life.decide(  # noqa: E731
            c, who, alert_id, revision, agree, "已阅", settings=SETTINGS, now=self.now
        )
        self.act(work, expected, power=power or expected is None)

    @rule(who=people, number=pick, into=pick, likely=mostly, fresh=mostly, power=mostly)
    def merge(self, who, number, into, likely, fresh, power):
        alert_id, master_id = self.chosen(number), self.chosen(into)
        ready = [
            key
            for key, one in self.plain.items()
            if one.open and one.state != "新警情" and one.proposal is None and one.region == "530102"
        ]
        if likely and ready:
            alert_id, master_id = ready[number % len(ready)], ready[into % len(ready)]
        one, master = self.plain[alert_id], self.plain[master_id]
        expected = None
        able = who.role in SIGN and sees(who, one) and sees(who, master) and fresh
        ready = one.state in ("已签收", "核查中", "处置中") and one.proposal is None
        if able and ready and alert_id != master_id and master.open and GRAVITY[one.level] <= GRAVITY[master.level]:
            expected = {
                alert_id: step(one, state="并案", before=one.state, master=master_id),
                master_id: replace(master, events=master.events + 1),
            }
        revision = one.revision - (not fresh)

        def work(connection):
            values = {"master": h.row(connection, master_id).number}
            life.move(connection, who, alert_id, revision, "并案", values, settings=SETTINGS, now=self.now)

        self.act(work, expected, power=power or expected is None)

    @precondition(lambda self: any(one.state == "并案" for one in self.plain.values()))
    @rule(who=people, number=pick, full=mostly, fresh=mostly, power=mostly)
    def take_back(self, who, number, full, fresh, power):
        merged = sorted(key for key, one in self.plain.items() if one.state == "并案")
        alert_id = merged[number % len(merged)]
        one = self.plain[alert_id]
        expected = None
        if who.role in SIGN and sees(who, one) and fresh and full and self.lone(one.story):
            master = self.plain[one.master]
            expected = {
                alert_id: step(one, state=one.before, before="", master=None),
                one.master: replace(master, events=master.events + 1),
            }
        values = {"reason": "不是同一事件"} if full else {}
        revision = one.revision - (not fresh)
        work = lambda c: life.move(  # noqa: E731
            c, who, alert_id, revision, "撤销并案", values, settings=SETTINGS, now=self.now
        )
        self.act(work, expected, power=power or expected is None)

    @rule(who=people, number=pick, level=st.sampled_from((*GRAVITY, "关注")), fresh=mostly, power=mostly)
    def set_level(self, who, number, level, fresh, power):
        alert_id = self.chosen(number)
        one = self.plain[alert_id]
        expected = None
        if who.role in WORK and sees(who, one) and fresh and one.open and level in GRAVITY and level != one.level:
            if GRAVITY[level] > GRAVITY[one.level]:
                expected = {alert_id: step(one, level=level, lowered=None, notices=one.notices + 1)}
            elif who.role in APPROVE:
                expected = {alert_id: step(one, level=level, lowered=self.stories[one.story])}
        revision = one.revision - (not fresh)
        clocks = self.clocks(alert_id)
        work = lambda c: life.set_level(  # noqa: E731
            c, who, alert_id, revision, level, "现场情况变化", settings=SETTINGS, now=self.now
        )
        self.act(work, expected, power=power or expected is None)
        if GRAVITY[self.plain[alert_id].level] > GRAVITY[one.level]:
            self.sooner(alert_id, clocks)

    @rule(who=people, number=pick, fresh=mostly, power=mostly)
    def update(self, who, number, fresh, power):
        alert_id = self.chosen(number)
        one = self.plain[alert_id]
        able = who.role in SIGN and sees(who, one) and fresh and one.open and one.state != "新警情"
        expected = {alert_id: step(one)} if able else None
        revision = one.revision - (not fresh)
        work = lambda c: life.update(c, who, alert_id, revision, "已到场", settings=SETTINGS, now=self.now)  # noqa: E731
        self.act(work, expected, power=power or expected is None)

    @rule(who=people, number=pick, fresh=mostly, power=mostly)
    def tell_leader(self, who, number, fresh, power):
        alert_id = self.chosen(number)
        one = self.plain[alert_id]
        able = who.role in SIGN and sees(who, one) and fresh and one.open and not one.told
        expected = {alert_id: step(one, told=True)} if able else None
        revision = one.revision - (not fresh)
        work = lambda c: life.tell_leader(c, who, alert_id, revision, "示例领导", now=self.now)  # noqa: E731
        self.act(work, expected, power=power or expected is None)

    # ── what holds at any time ───────────────────────────────────────────────────────────────────────────────────────

    @invariant()
    def the_database_is_the_model(self):
        ids = list(self.plain)
        with self.store.read() as connection:
            rows = {row.id: row for row in connection.execute(select(t.alert).where(t.alert.c.id.in_(ids)))}
            events = _counts(connection, t.alert_event, t.alert_event.c.alert_id, ids)
            notices = _counts(connection, notice, notice.c.alert_id, ids)
            numbers = {row.number: row.id for row in rows.values()}
            trail = Counter(
                numbers[target] for target in connection.scalars(select(t.audit.c.target)) if target in numbers
            )
            for alert_id in ids:
                found = merging.chain(connection, alert_id)
                assert rows.get(found[-1]) is None or rows[found[-1]].master_id is None  # it ends, in no ring
        for alert_id, one in self.plain.items():
            row = rows[alert_id]
            held = (row.proposal["to"], row.proposal["name"]) if row.proposal else None
            assert (row.state, row.level, row.revision, row.master_id, row.signed_by) == (
                one.state, one.level, one.revision, one.master, one.signer,
            )  # fmt: skip
            assert held == one.proposal
            assert (row.leader_told_at is not None) == one.told
            assert (row.closed_at is not None) == (not one.open)
            assert (row.signed_at is not None) == (one.signer is not None)
            assert (row.update_due_at is not None) == (one.open and one.signer is not None)
            assert (events[alert_id], notices[alert_id], trail[alert_id]) == (one.events, one.notices, one.acts)
        standing = Counter(one.story for one in self.plain.values() if one.open)
        assert not standing or max(standing.values()) == 1


def _counts(connection, table, column, ids):
    query = select(column, func.count()).select_from(table).where(column.in_(ids)).group_by(column)
    return Counter(dict(tuple(row) for row in connection.execute(query)))


def test_whatever_people_do_the_alerts_stay_true(store):
    few = 20 if store.dialect == "sqlite" else 8
    run_state_machine_as_test(
        lambda: Desk(store),
        settings=settings(
            max_examples=few, stateful_step_count=40, deadline=None, derandomize=True, database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )  # fmt: skip

"""Response plans: one per level, started, ticked and stopped by events alone."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from monitors.desk import alerts, plans
from monitors.desk.faults import DeskError
from monitors.errors import ConflictError, RefusedError
from monitors.opinion.model import ALERT_LEVELS
from monitors.store import tables as t
from tests import desk_house as desk
from tests.access_house import race, trail
from tests.desk_house import CLERK, DUTY, ELSEWHERE, MINUTE, NOW, OTHER_DUTY


@pytest.fixture
def alert_id(store):
    with store.write() as connection:
        return desk.signed(connection, "II")


def act(store, what, who, *given, now=NOW):
    with store.write() as connection:
        return what(connection, who, *given, now=now)


def run(store, alert_id, who=CLERK):
    with store.read() as connection:
        return plans.run(connection, who, alert_id)


def test_every_level_has_a_plan_of_its_own():
    found = plans.library()
    assert tuple(found) == ALERT_LEVELS
    assert all("第十四条" in plan.basis for plan in found.values())
    ids = [item.id for plan in found.values() for item in plan.items]
    assert len(set(ids)) == len(ids)
    assert all(item.id.startswith(f"{level}-") for level, plan in found.items() for item in plan.items)
    assert all(item.words and item.who and item.phase for plan in found.values() for item in plan.items)
    assert len(found["I"].items) > len(found["II"].items) > len(found["III"].items) > len(found["IV"].items)


def test_started_ticked_unticked_stopped_and_all_of_it_on_record(store, alert_id):
    assert run(store, alert_id) == plans.Run(None)
    act(store, plans.start, DUTY, alert_id)
    act(store, plans.tick, CLERK, alert_id, "II-01", True, "现场 12 人，秩序正常", now=NOW + MINUTE)
    act(store, plans.tick, DUTY, alert_id, "II-02", True)
    act(store, plans.tick, DUTY, alert_id, "II-02", False)
    held = run(store, alert_id)
    assert (held.running, held.plan.level, held.started_by, held.done) == (True, "II", DUTY.display, 1)
    first = held.checks[0]
    assert (first.by, first.at, first.note) == (CLERK.display, NOW + MINUTE, "现场 12 人，秩序正常")
    act(store, plans.stop, DUTY, alert_id, "事态平息")
    held = run(store, alert_id)
    assert (held.running, held.stopped_by, held.why, held.done) == (False, DUTY.display, "事态平息", 1)
    assert {one["action"] for one in trail(store)[1:]} == {"alert.plan"}
    with store.read() as connection:
        kinds = connection.scalars(select(t.alert_event.c.kind).where(t.alert_event.c.alert_id == alert_id)).all()
        assert kinds.count("plan") == 5
        assert alerts.get(connection, CLERK, alert_id).revision == 2  # opened, signed; a tick makes nobody's form fall


def test_it_is_started_once_and_stopped_once(store, alert_id):
    outcomes = race(3, lambda index: act(store, plans.start, (DUTY, OTHER_DUTY, desk.SHIFT)[index], alert_id))
    lost = [one for one in outcomes if one is not None]
    assert len(lost) == 2
    assert all(isinstance(one, ConflictError) and "已由" in str(one) and "启动" in str(one) for one in lost)
    act(store, plans.stop, DUTY, alert_id, "事态平息")
    with pytest.raises(ConflictError, match=DUTY.display):
        act(store, plans.stop, OTHER_DUTY, alert_id, "事态平息")
    act(store, plans.start, OTHER_DUTY, alert_id)  # it flares up again
    assert run(store, alert_id).running


def test_an_item_is_ticked_once(store, alert_id):
    act(store, plans.start, DUTY, alert_id)
    act(store, plans.tick, DUTY, alert_id, "II-01", True)
    with pytest.raises(ConflictError, match=f"{DUTY.display} 于 11-23 10:00 完成"):
        act(store, plans.tick, OTHER_DUTY, alert_id, "II-01", True)
    with pytest.raises(ConflictError, match="尚未完成"):
        act(store, plans.tick, DUTY, alert_id, "II-03", False)
    with pytest.raises(DeskError, match="没有这一事项"):
        act(store, plans.tick, DUTY, alert_id, "I-01", True)


def test_what_cannot_be_done(store, alert_id):
    with pytest.raises(DeskError, match="没有正在执行"):
        act(store, plans.tick, DUTY, alert_id, "II-01", True)
    with pytest.raises(DeskError, match="尚未启动"):
        act(store, plans.stop, DUTY, alert_id, "事态平息")
    act(store, plans.start, DUTY, alert_id)
    with pytest.raises(DeskError, match="终止原因"):
        act(store, plans.stop, DUTY, alert_id, " ")
    with pytest.raises(DeskError, match="不超过"):
        act(store, plans.tick, DUTY, alert_id, "II-01", True, "长" * 501)
    with store.write() as connection:
        closed = desk.closed(connection, "III")
    with pytest.raises(DeskError, match="已办结"):
        act(store, plans.start, DUTY, closed)


def test_who_may(store, alert_id):
    with pytest.raises(RefusedError):
        act(store, plans.start, CLERK, alert_id)
    with pytest.raises(RefusedError, match=alerts.MISSING):
        act(store, plans.tick, ELSEWHERE, alert_id, "II-01", True)
    with pytest.raises(RefusedError, match=alerts.MISSING):
        run(store, alert_id, ELSEWHERE)


def test_a_rise_asks_for_the_graver_plan(store, alert_id):
    act(store, plans.start, DUTY, alert_id)
    act(store, plans.tick, DUTY, alert_id, "II-01", True)
    with store.write() as connection:
        connection.execute(t.alert.update().where(t.alert.c.id == alert_id).values(level="I"))
    assert run(store, alert_id).plan.level == "II"  # until somebody starts the other
    act(store, plans.start, DUTY, alert_id)
    held = run(store, alert_id)
    assert (held.plan.level, held.done, len(held.checks)) == ("I", 0, len(plans.library()["I"].items))


def test_a_list_rewritten_later_changes_no_record(store, alert_id, monkeypatch):
    act(store, plans.start, DUTY, alert_id)
    act(store, plans.tick, DUTY, alert_id, "II-01", True)
    words = run(store, alert_id).checks[0].item.words
    shipped = plans.library()["II"]
    shorter = plans.Plan("II", shipped.name, shipped.basis, shipped.items[1:])
    monkeypatch.setattr(plans, "library", lambda: {"II": shorter})
    held = run(store, alert_id)
    assert [(one.item.words, one.by) for one in held.checks if one.at] == [(words, DUTY.display)]

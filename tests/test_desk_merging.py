"""并案: one alert into another and back, with no ring, no lesser one kept, and never across a border."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select, update

from monitors.desk import alerts, life, merging
from monitors.errors import InputError, RefusedError
from monitors.opinion import story_alerts
from monitors.store import tables as t
from tests import desk_house as h
from tests.desk_house import CLERK, COUNTY_DUTY, DUTY, HOUR, NOW, SETTINGS, SHIFT
from tests.test_desk_life import get, made, refused


def merge(store, gone, kept, who=DUTY, *, now=NOW):
    number = get(store, kept).number
    made(store, h.move, who, gone, "并案", {"master": number}, now=now)


def test_an_alert_goes_into_another_and_comes_back(store):
    gone, kept = made(store, h.checking), made(store, h.signed)
    merge(store, gone, kept, now=NOW + HOUR)
    alert, master = get(store, gone), get(store, kept)
    assert (alert.state, alert.master_id, alert.master_number) == ("并案", kept, master.number)
    assert (alert.closed_at, alert.update_due_at, master.state) == (NOW + HOUR, None, "已签收")
    refused(store, "撤销原因", lambda c: h.move(c, DUTY, gone, "撤销并案"))
    refused(store, "不能签收警情", lambda c: h.move(c, CLERK, gone, "撤销并案", {"reason": "不是一回事"}), RefusedError)
    made(store, h.move, DUTY, gone, "撤销并案", {"reason": "不是一回事"}, now=NOW + 2 * HOUR)
    alert = get(store, gone)
    assert (alert.state, alert.master_id, alert.closed_at) == ("核查中", None, None)
    assert alert.update_due_at == NOW + 26 * HOUR
    with store.read() as connection:
        assert [kind for kind, *_ in h.events(connection, kept)] == ["opened", "state", "edit", "edit"]
        assert h.events(connection, gone)[-1] == ("state", "duty同志", "并案", "核查中")


def test_what_cannot_be_merged(store):
    one, new = made(store, h.signed), made(store, h.opened)
    closed, graver = made(store, h.closed), made(store, h.signed, "II")
    shown, far = made(store, h.signed, demo=True), made(store, h.signed, region="530627")
    numbers = {alert_id: get(store, alert_id).number for alert_id in (one, new, closed, graver, shown, far)}

    def into(number, who=DUTY, gone=one):
        return lambda c: h.move(c, who, gone, "并案", {"master": number})

    refused(store, "请填写并入的警情编号", into(" "))
    refused(store, "没有编号为 YJ1 的警情", into("YJ1"))
    refused(store, "并入它自己", into(numbers[one]))
    refused(store, "只能并入在办警情", into(numbers[closed]))
    refused(store, "演示数据与真实警情不能并案", into(numbers[shown]))
    refused(store, f"没有编号为 {numbers[far]} 的警情", into(numbers[far], COUNTY_DUTY))
    refused(store, "本警情级别高于", into(numbers[one], gone=graver))
    refused(store, "不允许从“新警情”变更为“并案”", into(numbers[one], gone=new))
    with store.write() as connection:
        chosen = {one: h.row(connection, one).revision}
        values = {"master": numbers[graver]}
        (found,) = life.bulk_move(connection, DUTY, chosen, "并案", values, settings=SETTINGS, now=NOW)
    assert (found.done, found.words) == (False, "并案请逐起办理")


def test_there_is_no_way_into_a_ring(store):
    a, b, c = (made(store, h.signed) for _ in range(3))
    merge(store, a, b)
    merge(store, b, c)
    with store.read() as connection:
        assert merging.chain(connection, a) == (a, b, c)
    for kept in (a, b):
        number = get(store, kept).number
        refused(store, "只能并入在办警情", lambda x, n=number: h.move(x, DUTY, c, "并案", {"master": n}))
    made(store, h.move, DUTY, a, "撤销并案", {"reason": "另一工地"})
    merge(store, c, a)
    with store.read() as connection:
        assert merging.chain(connection, b) == (b, c, a)


def test_a_ring_that_somebody_wrote_is_still_seen(store):
    """The walk ends, and no act closes what a damaged row opened."""
    a, b = made(store, h.signed), made(store, h.signed)
    with store.write() as connection:
        connection.execute(update(t.alert).where(t.alert.c.id == b).values(master_id=a))
        assert merging.chain(connection, b) == (b, a)
    number = get(store, b).number
    refused(store, "不能互相并案", lambda x: h.move(x, DUTY, a, "并案", {"master": number}))


def test_of_two_who_merge_into_each_other_at_once_one_wins(store):
    """Neither waits for the other for ever, and no ring comes of it."""
    pairs = [(made(store, h.signed), made(store, h.signed)) for _ in range(5)]
    numbers = {one: get(store, one).number for pair in pairs for one in pair}
    start = threading.Barrier(2)
    told: list[str] = []

    def press(who, side):
        for pair in pairs:
            gone, kept = pair[side], pair[1 - side]
            start.wait(timeout=30)
            try:
                with store.write() as connection:
                    values = {"master": numbers[kept]}
                    life.move(connection, who, gone, 2, "并案", values, settings=SETTINGS, now=NOW + HOUR)
            except InputError as error:
                told.append(str(error))

    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(press, DUTY, 0), pool.submit(press, SHIFT, 1)]:
            done.result(timeout=120)
    assert len(told) == 5
    assert all("只能并入在办警情" in words for words in told)
    for pair in pairs:
        assert sorted(get(store, one).state for one in pair) == ["已签收", "并案"]
        assert [one for one in pair if get(store, one).master_id] == [
            one for one in pair if get(store, one).state == "并案"
        ]


def test_a_merge_is_not_taken_back_beside_an_open_alert(store):
    gone, kept = made(store, h.signed), made(store, h.signed, "II")
    merge(store, gone, kept)
    with store.write() as connection:
        fresh = h.rise(connection, gone, "II", now=NOW + HOUR)
    assert fresh not in (None, gone)
    number = get(store, fresh).number
    refused(store, f"已有在办警情 {number}", lambda c: h.move(c, DUTY, gone, "撤销并案", {"reason": "误并"}))


def test_merging_stories_names_the_alert_that_takes_over(store):
    gone, kept = made(store, h.signed), made(store, h.signed)
    stories = get(store, gone).story_id, get(store, kept).story_id
    due = get(store, gone).update_due_at
    with store.write() as connection:
        held = story_alerts.close_into(connection, DUTY, *stories, reports=1, now=NOW + HOUR)
        connection.execute(update(t.story).where(t.story.c.id == stories[0]).values(items=0))
    alert = get(store, gone)
    assert (alert.state, alert.master_id, alert.update_due_at) == ("并案", kept, None)
    refused(store, "撤销那次合并", lambda c: h.move(c, DUTY, gone, "撤销并案", {"reason": "误并"}))
    with store.write() as connection:
        story_alerts.reopen(connection, DUTY, held, reason="撤销合并", now=NOW + 2 * HOUR)
    alert = get(store, gone)
    assert (alert.state, alert.master_id, alert.update_due_at) == ("已签收", None, due)


def test_a_pending_proposal_goes_with_neither(store):
    alert_id, kept = made(store, h.handling), made(store, h.signed)
    made(store, h.move, CLERK, alert_id, "已办结", h.DONE)
    number = get(store, kept).number
    refused(store, "已提请办结", lambda c: h.move(c, DUTY, alert_id, "并案", {"master": number}))


# ── many at once ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_refusal_of_one_stops_no_other(store):
    mine, done, far = made(store, h.opened), made(store, h.signed), made(store, h.opened, region="530627")
    with store.write() as connection:
        found = life.bulk_sign(connection, COUNTY_DUTY, [mine, done, far, 4711], settings=SETTINGS, now=NOW)
    assert [one.done for one in found] == [True, False, False, False]
    assert [one.number != "" for one in found] == [True, True, False, False]  # of another county not even the number
    assert "已由 duty同志 于 11-23 10:00 签收" in found[1].words
    assert [one.words for one in found[2:]] == [alerts.MISSING, alerts.MISSING]
    assert (get(store, mine).signed_by, get(store, far).state) == ("duty3同志", "新警情")
    with store.read() as connection:
        trail = connection.execute(select(t.audit.c.target, t.audit.c.outcome).order_by(t.audit.c.seq)).all()
    assert [row.outcome for row in trail[-2:]] == ["成功", "拒绝"]


def test_many_are_checked_by_one_unit(store):
    ids = [made(store, h.signed) for _ in range(3)]
    chosen = {alert_id: get(store, alert_id).revision for alert_id in ids}
    made(store, h.move, DUTY, ids[1], "误报", h.FALSE)
    with store.write() as connection:
        found = life.bulk_move(connection, DUTY, chosen, "核查中", h.CHECK, settings=SETTINGS, now=NOW)
    assert [one.done for one in found] == [True, False, True]
    assert "定为误报" in found[1].words
    assert [get(store, alert_id).state for alert_id in ids] == ["核查中", "误报", "核查中"]


def test_who_may_sign_nothing_signs_not_even_one(store):
    alert_id = made(store, h.opened)
    with pytest.raises(RefusedError), store.write() as connection:
        life.bulk_sign(connection, CLERK, [alert_id], settings=SETTINGS, now=NOW)
    refused(store, "最多", lambda c: life.bulk_sign(c, SHIFT, range(501), settings=SETTINGS, now=NOW), InputError)

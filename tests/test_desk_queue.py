"""The queue of the alert desk: its tabs, filters and orders, which limits count, and whose alerts one sees."""

from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import insert, select, update

from monitors import settings as settings_module
from monitors.access.actor import Actor
from monitors.access.roles import Role
from monitors.desk import alerts, clocks, queue, queue_export
from monitors.desk.queue import ORDERS, TABS, Query
from monitors.desk.queue_clocks import CLOCKS
from monitors.errors import RefusedError
from monitors.store import tables as t
from monitors.store.desk_tables import alert_link, response
from tests import desk_house as desk
from tests import seed

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
OFFICER = Actor(1, "duty", "值班员甲", Role.DUTY_OFFICER, "530000", "127.0.0.1")
LEADER = Actor(2, "lead", "带班领导甲", Role.SHIFT_LEADER, "530000", "127.0.0.1")
COUNTY = Actor(3, "county", "县级甲", Role.COUNTY_CLERK, "530627", "127.0.0.1")
AUDITOR = Actor(4, "audit", "审计甲", Role.AUDITOR, "530000", "127.0.0.1")
HOUR = timedelta(hours=1)


def planted(store, title="示例工地讨薪", *, values=None, **what):
    """One alert with what the desk knows of it; its id."""
    story_id = seed.plant(store, seed.Planted(title, **what), NOW)
    with store.write() as connection:
        alert_id = connection.scalar(select(t.alert.c.id).where(t.alert.c.story_id == story_id))
        if values:
            connection.execute(update(t.alert).where(t.alert.c.id == alert_id).values(**values))
    return alert_id


def ids(store, actor=OFFICER, now=NOW, **query):
    with store.read() as connection:
        return [row.id for row in queue.page(connection, actor, Query(**query), now=now, limit=50).rows]


def one(store, alert_id, now=NOW):
    with store.read() as connection:
        (row,) = queue.page(connection, OFFICER, Query("全部", ids=(alert_id,)), now=now, limit=2).rows
    return row


def tabs(store, actor=OFFICER, **query):
    with store.read() as connection:
        return dict(queue.page(connection, actor, Query(**query), now=NOW, limit=1).tabs)


def answered(store, alert_id, kind="权威信息", state="已发布"):
    with store.write() as connection:
        connection.execute(
            insert(response).values(
                alert_id=alert_id, kind=kind, state=state, body="示例回应", author="值班员甲", created_at=NOW,
                updated_at=NOW, published_at=NOW if state == "已发布" else None,
            )
        )  # fmt: skip


def person(store, number, name):
    with store.write() as connection:
        connection.execute(
            insert(t.account).values(
                id=number, name=f"u{number}", display=name, role=str(Role.DUTY_OFFICER), region="530000",
                must_change=False, origin="local", created_at=NOW, updated_at=NOW,
            )
        )  # fmt: skip


# ── tabs ─────────────────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.fixture
def mixed(store):
    proposal = {"to": "已办结", "by_id": 9, "name": "u9", "by": "某人", "at": NOW.isoformat(), "values": {}}
    return store, {
        "new": planted(store, level="IV", age=HOUR),
        "late": planted(store, level="I", age=HOUR),
        "mine": planted(store, state="已签收", age=HOUR, values={"holder_id": 1}),
        "waiting": planted(store, state="处置中", age=HOUR, values={"proposal": proposal}),
        "done": planted(store, state="已办结", age=HOUR, values={"holder_id": 1}),
    }


def test_each_tab_holds_its_alerts_and_counts_them(mixed):
    store, held = mixed
    wanted = {
        "待签收": {"new", "late"},
        "我的": {"mine"},
        "待批": {"waiting"},
        "超时": {"late"},
        "在办": {"new", "late", "mine", "waiting"},
        "全部": set(held),
    }
    found = {tab: {name for name, number in held.items() if number in ids(store, tab=tab)} for tab in TABS}
    assert found == wanted
    assert tabs(store) == {tab: len(names) for tab, names in wanted.items()}


def test_what_waits_for_a_leaders_word_is_the_leaders_own_but_not_what_the_leader_proposed(mixed):
    store, held = mixed
    assert ids(store, LEADER, tab="我的") == [held["waiting"]]
    assert ids(store, Actor(9, "u9", "某人", Role.SHIFT_LEADER, "530000", ""), tab="我的") == []


def test_a_county_sees_and_counts_its_own_alone(store):
    own, other = planted(store, region="530627"), planted(store, region="530102")
    assert ids(store, COUNTY, tab="全部") == [own]
    assert tabs(store, COUNTY)["全部"] == 1
    assert ids(store, COUNTY, tab="全部", region="530102") == []
    with store.read() as connection:
        assert [row.id for row in queue.chosen(connection, COUNTY, [own, other])] == [own]


def test_the_auditor_sees_no_queue(store):
    with store.read() as connection, pytest.raises(RefusedError):
        queue.page(connection, AUDITOR, Query(), now=NOW, limit=9)


# ── filters ──────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_filters_narrow_list_and_counts_together(store):
    far = planted(store, "示例电子厂停工", level="II", region="530102", age=timedelta(days=3))
    near = planted(store, "示例水电站欠薪", level="III", region="530627")
    for query, wanted in (
        ({"text": "电子厂"}, far),
        ({"text": "示例水电"}, near),
        ({"levels": ("II",)}, far),
        ({"region": "530600"}, near),
        ({"until": date(2026, 11, 21)}, far),
        ({"since": date(2026, 11, 22)}, near),
    ):
        assert ids(store, **query) == [wanted], query
        assert tabs(store, **query)["在办"] == 1, query
    assert ids(store, states=("处置中",)) == []
    assert ids(store, text="100%") == [], "a sign of the database's own is a sign like any other"


def test_linked_or_not(store):
    linked, free = planted(store), planted(store)
    values = {"kind": "case", "record_id": 1, "number": "AJ2026-000001", "why": [], "by": "某人", "at": NOW}
    with store.write() as connection:
        connection.execute(insert(alert_link).values(alert_id=linked, **values))
        connection.execute(insert(alert_link).values(alert_id=free, ended_at=NOW, **values))
    assert ids(store, linked="已关联") == [linked]
    assert ids(store, linked="未关联") == [free]
    assert (one(store, linked).linked, one(store, free).linked) == (1, 0)


# ── limits ───────────────────────────────────────────────────────────────────────────────────────────────────────────
LIMITS = {  # limit → the column of its end, what opens the duty, what ends it
    "签收": ("sign_due_at", {}, {"state": "已签收"}),
    "报告领导": ("leader_due_at", {}, {"leader_told_at": NOW}),
    "核查事实": ("fact_due_at", {}, {"fact_at": NOW}),
    "核查时限": ("check_due_at", {"state": "核查中"}, {"state": "处置中"}),
    "处置进展": ("update_due_at", {"state": "处置中"}, {"update_due_at": None}),
    "公开回应": ("public_due_at", {}, {"no_response": "非欠薪"}),
    "新闻发布会": ("conference_due_at", {"level": "II"}, {"no_response": "非欠薪"}),
}
FAR = {"sign_due_at": NOW + 99 * HOUR, "public_due_at": NOW + 99 * HOUR}


@pytest.mark.parametrize("clock", CLOCKS)
def test_a_limit_is_late_while_its_duty_is_open_and_no_longer(store, clock):
    column, opens, ends = LIMITS[clock]
    open_ = planted(store, values=FAR | opens | {column: NOW - HOUR})
    done = planted(store, values=FAR | opens | {column: NOW - HOUR} | ends)
    closed = planted(store, values=FAR | opens | {column: NOW - HOUR, "state": "误报"})
    assert ids(store, tab="超时") == ids(store, clock=clock) == [open_]
    assert ids(store, clock=clock, now=NOW - 2 * HOUR) == []
    assert [(due.clock, due.at) for due in one(store, open_).dues][:1] == [(clock, NOW - HOUR)]
    assert clock not in {due.clock for due in one(store, done).dues}
    assert one(store, closed).dues == ()


def test_an_answer_ends_the_public_limit_and_only_a_press_conference_its_own(store):
    late = {"public_due_at": NOW - HOUR, "conference_due_at": NOW - HOUR, "sign_due_at": NOW + 99 * HOUR}
    alert_id = planted(store, level="I", values=late)
    answered(store, alert_id, state="待批")
    assert [due.clock for due in one(store, alert_id).dues] == ["公开回应", "新闻发布会", "签收"]
    assert not one(store, alert_id).answered
    answered(store, alert_id)
    assert [due.clock for due in one(store, alert_id).dues] == ["新闻发布会", "签收"]
    answered(store, alert_id, kind="发布会")
    assert [due.clock for due in one(store, alert_id).dues] == ["签收"]
    assert one(store, alert_id).answered


# ── orders, rows, pages ──────────────────────────────────────────────────────────────────────────────────────────────
def test_orders(store):
    first = planted(store, level="IV", age=3 * HOUR, values={"sign_due_at": NOW - 2 * HOUR})
    grave = planted(store, level="I", age=2 * HOUR, values={"sign_due_at": NOW + 2 * HOUR})
    young = planted(store, level="III", age=HOUR, values={"sign_due_at": NOW + HOUR})
    closed = planted(store, level="II", age=HOUR / 2, state="已办结", values={"sign_due_at": NOW - 9 * HOUR})
    wanted = ([first, young, grave, closed], [grave, closed, young, first], [closed, young, grave, first])
    for order, numbers in zip(ORDERS, wanted, strict=True):
        assert ids(store, tab="全部", order=order) == numbers, order


def test_pages_follow_each_other_without_gap_or_double(store):
    every = {planted(store, level="IV") for _ in range(7)}
    with store.read() as connection:
        parts = [queue.page(connection, OFFICER, Query(), now=NOW, limit=3, offset=at) for at in (0, 3, 6, 9)]
    assert [len(part.rows) for part in parts] == [3, 3, 1, 0]
    assert {row.id for part in parts for row in part.rows} == every
    assert {part.total for part in parts} == {7}


def test_a_row_tells_holder_merged_raised_and_waiting(store):
    person(store, 1, "值班员甲")
    proposal = {"to": "误报", "by_id": 1, "name": "duty", "by": "值班员甲", "at": NOW.isoformat(), "values": {}}
    master = planted(
        store, state="核查中",
        values={"holder_id": 1, "unit": "示例县人社局", "person": "核查员甲", "raised_at": NOW, "proposal": proposal},
    )  # fmt: skip
    planted(store, state="并案", values={"master_id": master})
    row = one(store, master)
    assert (row.holder, row.unit, row.person, row.merged) == ("值班员甲", "示例县人社局", "核查员甲", 1)
    assert (row.raised, row.waiting, row.workers, row.place_short) == (True, "误报", 60, "昭通市镇雄县")


# ── the address ──────────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_query_survives_its_address():
    asked = Query(
        "超时", "塔吊", "530600", ("I", "II"), ("核查中",), date(2026, 11, 1), date(2026, 11, 23), "未关联", "公开回应",
        ORDERS[1],
    )  # fmt: skip
    assert Query.read(asked.params()) == asked
    assert Query().params() == {}


def test_a_strange_address_asks_for_what_can_be_understood():
    strange = {"tab": "别的", "text": "a\x00b\ud800", "region": "999999", "levels": "V,I", "states": "无"}
    strange |= {"since": "9999-12", "until": "2026-02-30", "linked": "?", "clock": "无", "order": "1"}
    assert Query.read(strange) == Query(text="ab", levels=("I",))


def test_words_name_every_filter():
    asked = Query(
        "超时", "塔吊", "530600", ("I",), ("核查中",), date(2026, 11, 1), None, "未关联", "公开回应", ids=(1, 2)
    )
    words = asked.words()
    for part in ("超时", "塔吊", "昭通", "I级 红", "核查中", "2026-11-01 至 …", "未关联", "公开回应", "所选警情 2 起"):
        assert part in words


# ── the list as a file ───────────────────────────────────────────────────────────────────────────────────────────────
def exported(store, actor=OFFICER, **query):
    settings = settings_module.load(environ={})
    text = queue_export.made(store, actor, Query(**query), "csv", settings=settings, now=NOW).decode("utf-8-sig")
    lines = list(csv.reader(io.StringIO(text)))
    start = next(number for number, line in enumerate(lines) if line[:1] == ["编号"])
    return lines[:start], [dict(zip(lines[start], line, strict=True)) for line in lines[start + 1 :]]


def test_the_file_holds_the_desks_columns_the_limits_and_the_filters(store):
    planted(
        store, state="核查中",
        values={"unit": "示例县人社局", "person": "核查员甲", "check_due_at": NOW - HOUR, "verified": "确有拖欠",
                "verified_workers": 12, "verified_fen": 345_600_00, "case_ids": ["AJ2026-000001"]},
    )  # fmt: skip
    planted(store, region="530102", state="已办结", values={"result": "已全部发放"})
    head, rows = exported(store, tab="在办")
    assert [row["状态"] for row in rows] == ["核查中"]
    (row,) = rows
    assert (row["核查单位"], row["核查人"], row["核查时限"]) == ("示例县人社局", "核查员甲", "2026-11-23 09:00")
    assert (row["查实人数"], row["查实金额(万元)"], row["关联案件"]) == ("12", "34.56", "AJ2026-000001")
    assert row["超时事项"] == "核查时限"
    assert row["签收时限"] == "", "what is signed has no limit for signing"
    assert "范围：在办" in str(head)
    assert "截至时间：2026-11-23 10:00" in str(head)
    with store.read() as connection:
        last = connection.execute(select(t.audit).order_by(t.audit.c.seq.desc()).limit(1)).one()
    assert (last.action, last.kind) == ("story.export", "alert")


def test_a_file_of_ticked_rows_holds_only_ones_own(store):
    own, other = planted(store, region="530627"), planted(store, region="530102")
    _, rows = exported(store, COUNTY, tab="全部", ids=(own, other))
    assert len(rows) == 1
    with pytest.raises(RefusedError):
        exported(store, AUDITOR)


def test_the_queue_counts_the_same_limits_as_the_alerts_own_clocks(store):
    later = NOW + 3 * HOUR
    with store.write() as connection:
        made = [
            work(connection, level)
            for level in ("I", "IV")
            for work in (desk.opened, desk.signed, desk.checking, desk.handling, desk.closed)
        ]
        desk.published(connection, made[1])
    for alert_id in made:
        with store.read() as connection:
            alert = alerts.get(connection, OFFICER, alert_id)
        found = clocks.clocks(alert, later, desk.SETTINGS) if alert.open else ()
        running = {clock.name: clock.due for clock in found if clock.running}
        assert {due.clock: due.at for due in one(store, alert_id).dues} == running, alert.state

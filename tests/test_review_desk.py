"""The alert desk under bad luck: two at once, a link taken back too late, a second opening, another county's eyes."""

from __future__ import annotations

import itertools
import re
import threading
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert, select, text

from monitors.access import trail_words
from monitors.desk import alert_file, clocks, life, plans, queue, responses
from monitors.desk import alerts as desk_alerts
from monitors.desk.faults import DeskError
from monitors.errors import InputError, RefusedError
from monitors.ledger.model import Record
from monitors.links import linking
from monitors.notify import rostering
from monitors.notify.rostering import Named, ShiftDraft
from monitors.store import tables as t
from tests import desk_house as h
from tests import ledger_house

HOUR = h.HOUR
PAGES = Path(__file__).resolve().parents[1] / "pages"


def _blocked(store):
    """Wait until some transaction waits for a lock; SQLite has one writer and nothing to look at."""
    if store.dialect != "postgresql":
        return
    for _ in itertools.count():
        with store.read() as connection:
            if connection.scalar(text("SELECT count(*) FROM pg_locks WHERE NOT granted")):
                return


def _case(connection, **changes):
    """A case of the ledger house's county, tied by nobody yet."""
    return ledger_house.entered(connection, **changes)


def _level(connection, alert_id, level, who=h.SHIFT, *, now=h.NOW):
    revision = h.row(connection, alert_id).revision
    life.set_level(connection, who, alert_id, revision, level, "请示后调整", settings=h.SETTINGS, now=now)


# ── the watch and a person at the same alert ─────────────────────────────────────────────────────────────────────────
def test_a_rise_by_itself_never_writes_over_what_a_person_just_did(store):
    with store.write() as connection:
        alert_id = h.opened(connection, "IV")

    def watch():
        with store.write() as connection:
            h.rise(connection, alert_id, "II", now=h.NOW + h.MINUTE)

    other = threading.Thread(target=watch)
    with store.write() as connection:
        _level(connection, alert_id, "I")
        other.start()
        _blocked(store)
    other.join()
    with store.read() as connection:
        row = h.row(connection, alert_id)
        levels = [(e.before["level"], e.after["level"]) for e in connection.execute(
            select(t.alert_event).where(t.alert_event.c.alert_id == alert_id, t.alert_event.c.kind == "level")
        )]  # fmt: skip
    assert row.level == "I"
    assert levels == [("IV", "I")]


def test_an_alert_closed_while_its_story_rises_is_not_raised_but_followed_by_a_new_one(store):
    with store.write() as connection:
        alert_id = h.checking(connection, "IV")
    found = []

    def watch():
        with store.write() as connection:
            found.append(h.rise(connection, alert_id, "II", now=h.NOW + h.MINUTE))

    other = threading.Thread(target=watch)
    with store.write() as connection:
        h.move(connection, h.DUTY, alert_id, "误报", h.FALSE)
        other.start()
        _blocked(store)
    other.join()
    with store.read() as connection:
        row = h.row(connection, alert_id)
        assert (row.level, row.state, row.update_due_at) == ("IV", "误报", None)
        assert h.row(connection, found[0]).state == "新警情"
        assert found[0] != alert_id


# ── every alert ends in a case or a reason ───────────────────────────────────────────────────────────────────────────
def _handled_with_case(connection):
    alert_id = h.checking(connection)
    case = _case(connection)
    link = linking.link(connection, h.CLERK, alert_id, Record.CASE, case, now=h.NOW)
    found = {key: value for key, value in h.FOUND.items() if key != "no_case"}
    h.move(connection, h.DUTY, alert_id, "处置中", found)
    return alert_id, link


def test_an_alert_whose_only_case_was_taken_away_is_not_closed_without_a_reason(store):
    with store.write() as connection:
        alert_id, link = _handled_with_case(connection)
        linking.unlink(connection, h.CLERK, alert_id, link, "关联有误", now=h.NOW)
        with pytest.raises(DeskError, match="重新关联台账案件"):
            h.move(connection, h.DUTY, alert_id, "已办结", h.DONE)
        h.move(connection, h.DUTY, alert_id, "已办结", h.DONE | {"no_case": "核实后当场兑付，不立案"})
        h.decide(connection, h.SHIFT, alert_id)
        assert h.row(connection, alert_id).state == "已办结"


def test_a_case_taken_away_while_closing_is_proposed_stops_the_approval(store):
    with store.write() as connection:
        alert_id, link = _handled_with_case(connection)
        h.move(connection, h.DUTY, alert_id, "已办结", h.DONE)
        linking.unlink(connection, h.CLERK, alert_id, link, "关联有误", now=h.NOW)
        with pytest.raises(DeskError, match="重新关联台账案件"):
            h.decide(connection, h.SHIFT, alert_id)
        h.decide(connection, h.SHIFT, alert_id, False, "先重新关联")
        assert h.row(connection, alert_id).state == "处置中"


def test_the_only_case_of_a_closed_alert_is_exchanged_not_removed(store):
    with store.write() as connection:
        alert_id, link = _handled_with_case(connection)
        h.move(connection, h.DUTY, alert_id, "已办结", h.DONE)
        h.decide(connection, h.SHIFT, alert_id)
        with pytest.raises(InputError, match="先关联正确的案件"):
            linking.unlink(connection, h.CLERK, alert_id, link, "关联有误", now=h.NOW)
        linking.link(connection, h.CLERK, alert_id, Record.CASE, _case(connection), now=h.NOW)
        linking.unlink(connection, h.CLERK, alert_id, link, "关联有误", now=h.NOW)
        assert len(linking.links_of(connection, h.CLERK, alert_id)) == 1


def test_a_reason_for_no_case_counts_for_its_round_only(store):
    with store.write() as connection:
        alert_id = h.closed(connection)  # with a reason
        h.move(connection, h.SHIFT, alert_id, "核查中", h.AGAIN)
        link = linking.link(connection, h.CLERK, alert_id, Record.CASE, _case(connection), now=h.NOW)
        found = {key: value for key, value in h.FOUND.items() if key != "no_case"}
        h.move(connection, h.DUTY, alert_id, "处置中", found)
        linking.unlink(connection, h.CLERK, alert_id, link, "关联有误", now=h.NOW)
        with pytest.raises(DeskError, match="重新关联台账案件"):
            h.move(connection, h.DUTY, alert_id, "已办结", h.DONE)


# ── clocks ───────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_lowering_an_alert_opened_again_counts_facts_from_its_second_opening(store):
    again = h.NOW + timedelta(days=5)
    with store.write() as connection:
        alert_id = h.closed(connection, "II")
        values = h.AGAIN | {"check_due_at": again + HOUR}
        h.move(connection, h.SHIFT, alert_id, "核查中", values, now=again)
        _level(connection, alert_id, "III", now=again + h.MINUTE)
        alert = desk_alerts.get(connection, h.SHIFT, alert_id)
    due = again + timedelta(minutes=h.SETTINGS.clocks["III"].fact_minutes)
    assert alert.fact_due_at == due
    fact = next(one for one in clocks.clocks(alert, again + h.MINUTE, h.SETTINGS) if one.name == clocks.FACT)
    assert fact.state != "late"


# ── what another county may read ─────────────────────────────────────────────────────────────────────────────────────
def test_the_history_of_an_alert_tells_nothing_of_another_countys_case(store):
    with store.write() as connection:
        alert_id = h.opened(connection)
        case = _case(connection)
        connection.execute(t.wage_case.update().where(t.wage_case.c.id == case).values(region="530111"))
        why = ("用人单位名称相近（92%）：示例秘密劳务有限公司", "人数相近：12 人／11 人")
        linking.link(connection, h.ADMIN, alert_id, Record.CASE, case, confidence=0.9, why=why, now=h.NOW)
        number = h.row(connection, alert_id).number
        told = str(alert_file.read(connection, h.CLERK, number))
        assert linking.links_of(connection, h.CLERK, alert_id)[0].record is None
    assert "示例秘密劳务" not in told
    assert "11 人" not in told


def test_an_old_link_whose_reasons_are_a_list_is_told_in_words(store):
    with store.write() as connection:
        alert_id = h.opened(connection)
        after = {"act": "关联", "number": "AJ2026-000001", "why": ["同一县", "人数相近"], "reason": ["一", "二"]}
        connection.execute(
            insert(t.alert_event).values(alert_id=alert_id, kind="link", at=h.NOW, actor="示例", before={}, after=after)
        )
        event = alert_file.read(connection, h.CLERK, h.row(connection, alert_id).number).history[0]
    assert event.act == "关联"
    assert "[" not in "".join(event.lines)
    assert "人数相近" not in "".join(event.lines)


def test_a_story_that_moved_away_is_gone_from_every_act_and_list_of_its_old_county(store):
    with store.write() as connection:
        alert_id = h.signed(connection)
        link = h.linked(connection, alert_id)
        story = h.row(connection, alert_id).story_id
        connection.execute(t.story.update().where(t.story.c.id == story).values(region="530627"))
        moment = {"settings": h.SETTINGS, "now": h.NOW}
        revision = h.row(connection, alert_id).revision
        for act in (
            lambda: life.update(connection, h.COUNTY_DUTY, alert_id, revision, "进展", **moment),
            lambda: linking.unlink(connection, h.CLERK, alert_id, link, "有误", now=h.NOW),
            lambda: linking.link(connection, h.CLERK, alert_id, Record.CASE, 1, now=h.NOW),
            lambda: plans.start(connection, h.COUNTY_DUTY, alert_id, now=h.NOW),
            lambda: responses.listed(connection, h.CLERK, alert_id),
        ):
            with pytest.raises(RefusedError, match="没有这起警情"):
                act()
        page = queue.page(connection, h.CLERK, queue.Query(tab="全部"), now=h.NOW, limit=10)
        assert (page.total, set(page.tabs.values())) == (0, {0})
        outcome = life.bulk_sign(connection, h.COUNTY_DUTY, [alert_id], **moment)[0]
        assert (outcome.done, outcome.number) == (False, "")


# ── words nobody can see, words nobody should ────────────────────────────────────────────────────────────────────────
def test_what_cannot_be_stored_is_taken_out_or_refused_in_words(store):
    with store.write() as connection:
        alert_id = h.signed(connection)
        link = linking.link(connection, h.CLERK, alert_id, Record.CASE, _case(connection), now=h.NOW)
        linking.unlink(connection, h.CLERK, alert_id, link, "关联\x00有误，联系人13800000000", now=h.NOW)
        ended = linking.links_of(connection, h.CLERK, alert_id, ended=True)[0]
        assert ended.ended_why.startswith("关联有误")
        assert "13800000000" not in ended.ended_why
        with pytest.raises(InputError, match="原因"):
            linking.unlink(connection, h.CLERK, alert_id, link, "\x00 ", now=h.NOW)
        plans.start(connection, h.DUTY, alert_id, now=h.NOW)
        plans.stop(connection, h.DUTY, alert_id, "事态\x00平息", now=h.NOW)
        with pytest.raises(InputError, match="发布单位"):
            draft = responses.ResponseDraft("回应", "正文", "示例\x00局")
            responses.write(connection, h.CLERK, alert_id, draft, now=h.NOW)
        with pytest.raises(InputError, match="不可见字符"):
            shift = ShiftDraft(h.PROVINCE, h.NOW, h.NOW + HOUR, officer=Named("示例\x00员"))
            rostering.add(connection, h.ADMIN, shift, now=h.NOW)


# ── names and marks on the pages ─────────────────────────────────────────────────────────────────────────────────────
def test_every_page_has_a_name_in_the_trail():
    frame = (PAGES / "frame.py").read_text(encoding="utf-8")
    found = re.findall(r'Entry\(\s*"\w+", "\w+\.py", "([^"]+)", "[^"]+", "([^"]+)"', frame)
    assert len(found) > 10
    assert {address: trail_words._PAGES.get(address) for _, address in found} == {
        address: title for title, address in found
    }


def test_the_wall_shows_what_is_wrong_with_the_present_shift():
    wall = (PAGES / "live" / "wall.js").read_text(encoding="utf-8")
    assert "screen.roster.textContent = pulse.roster" in wall

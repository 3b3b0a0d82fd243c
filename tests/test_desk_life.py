"""The life of an alert: every legal way with what it asks for, every other refused without a trace."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from monitors.access import chain, trail, trail_words
from monitors.access.acting import acting
from monitors.desk import alerts, life, ways
from monitors.desk.faults import DeskError
from monitors.errors import ConflictError, InputError, RefusedError
from monitors.opinion import dossier
from monitors.opinion.model import ALERT_STATES
from monitors.store import tables as t
from monitors.store.desk_tables import alert_link, channel, message, notice, response
from tests import desk_house as h
from tests.desk_house import (
    CLERK,
    DUTY,
    ELSEWHERE,
    HOUR,
    MINUTE,
    NOW,
    OTHER_CLERK,
    OTHER_DUTY,
    OTHER_SHIFT,
    SETTINGS,
    SHIFT,
)  # fmt: skip

# domain.md 4.3, written a second time and apart from the code.
LEGAL = {
    "新警情": "已签收", "已签收": "核查中 误报 并案", "核查中": "处置中 误报 并案", "处置中": "已办结 并案",
    "已办结": "核查中", "误报": "核查中", "并案": "撤销并案",
}  # fmt: skip


def test_the_table_is_that_of_the_rules():
    assert {state: " ".join(way.to for way in found) for state, found in ways.WAYS.items()} == LEGAL
    assert set(ways.WAYS) == set(ALERT_STATES)


def test_an_alert_walks_its_whole_life(store):
    with store.write() as connection:
        alert_id = h.opened(connection)
        life.sign(connection, DUTY, alert_id, settings=SETTINGS, now=NOW + MINUTE)
        h.move(connection, CLERK, alert_id, "核查中", h.CHECK, now=NOW + 2 * MINUTE)
        h.move(connection, CLERK, alert_id, "处置中", h.FOUND, now=NOW + HOUR)
        h.move(connection, CLERK, alert_id, "已办结", h.DONE, now=NOW + 2 * HOUR)
        assert h.row(connection, alert_id).state == "处置中"  # proposed, not yet decided
        h.decide(connection, SHIFT, alert_id, now=NOW + 3 * HOUR)
    with store.read() as connection:
        alert = alerts.get(connection, DUTY, alert_id)
        assert (alert.state, alert.signed_by, alert.closed_at) == ("已办结", "duty同志", NOW + 3 * HOUR)
        assert (alert.verified_workers, alert.verified_fen, alert.fact_at) == (12, 140_000_00, NOW + HOUR)
        assert (alert.result, alert.update_due_at, alert.proposal) == (h.DONE["result"], None, None)
        assert [(kind, after) for kind, _, _, after in h.events(connection, alert_id)] == [
            ("opened", "新警情"), ("state", "已签收"), ("state", "核查中"), ("state", "处置中"), ("proposal", None),
            ("state", "已办结"),
        ]  # fmt: skip
        assert chain.verify(connection).ok


def test_the_second_to_sign_is_told_who_was_first(store):
    with store.write() as connection:
        alert_id = h.opened(connection)
        life.sign(connection, DUTY, alert_id, settings=SETTINGS, now=NOW + 20 * MINUTE)
    with pytest.raises(ConflictError, match="该警情已由 duty同志 于 11-23 10:20 签收"), store.write() as connection:
        life.sign(connection, OTHER_DUTY, alert_id, settings=SETTINGS, now=NOW + 21 * MINUTE)


def refused(store, words, work, error=DeskError):
    """``work`` is refused in these words, and nothing of it stays."""
    with store.read() as connection:
        before = traces(connection)
    with pytest.raises(error, match=words), store.write() as connection:
        work(connection)
    with store.read() as connection:
        assert traces(connection) == before


def traces(connection):
    """Everything the desk can leave behind."""
    rows = [tuple(row) for row in connection.execute(select(t.alert).order_by(t.alert.c.id))]
    counts = [connection.scalar(select(func.count()).select_from(one)) for one in (t.alert_event, t.audit, notice)]
    return rows, counts


def made(store, build, *args, **more):
    with store.write() as connection:
        return build(connection, *args, **more)


def get(store, alert_id, who=DUTY):
    with store.read() as connection:
        return alerts.get(connection, who, alert_id)


def test_every_other_way_is_refused(store):
    builders = {"新警情": h.opened, "已签收": h.signed, "核查中": h.checking, "处置中": h.handling, "已办结": h.closed}
    values = {"核查中": h.CHECK, "处置中": h.FOUND, "误报": h.FALSE, "已办结": h.DONE}
    for state, build in builders.items():
        alert_id = made(store, build)
        for to in ALERT_STATES:
            if to not in LEGAL[state] and to not in ("已签收", "并案"):
                refused(
                    store,
                    f"不允许从“{state}”变更为“{to}”",
                    lambda c, to=to, one=alert_id: h.move(c, SHIFT, one, to, values.get(to)),
                )


@pytest.mark.parametrize(
    ("build", "to", "values", "lacking"),
    [
        (h.signed, "核查中", h.CHECK, {"unit": "核查单位", "person": "核查人", "check_due_at": "核查时限"}),
        (
            h.checking, "处置中", h.FOUND,
            {"verified": "查实情况", "verified_workers": "查实人数", "verified_fen": "查实金额",
             "no_case": "关联台账案件"},
        ),
        (h.checking, "误报", h.FALSE, {"reason": "误报原因", "evidence": "依据"}),
        (h.handling, "已办结", h.DONE, {"result": "办结结果", "feedback": "反馈情况", "no_response": "对外回应"}),
        (h.closed, "核查中", h.AGAIN, {"evidence": "新的证据", "check_due_at": "核查时限"}),
    ],
    ids=["转核查", "报查实", "报误报", "提请办结", "重启"],
)  # fmt: skip
def test_no_way_is_taken_without_what_it_asks_for(store, build, to, values, lacking):
    alert_id = made(store, build)
    for field, words in lacking.items():
        given = {name: value for name, value in values.items() if name != field}
        refused(store, words, lambda c, given=given: h.move(c, SHIFT, alert_id, to, given))
        blank = {**values, field: "  "}
        refused(store, words, lambda c, given=blank: h.move(c, SHIFT, alert_id, to, given))
    refused(store, "不填写此项", lambda c: h.move(c, SHIFT, alert_id, to, {**values, "closed_at": NOW}))


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("unit", "某" * 61, "不能超过 60 字"), ("unit", "某\x00局", "不可见字符"),
        ("check_due_at", NOW - MINUTE, "晚于现在"),
        ("check_due_at", NOW.replace(tzinfo=None), "格式"), ("check_due_at", "明天", "格式"), ("person", 7, "格式"),
    ],
)  # fmt: skip
def test_values_of_the_wrong_kind(store, field, value, words):
    alert_id = made(store, h.signed)
    refused(store, words, lambda c: h.move(c, DUTY, alert_id, "核查中", {**h.CHECK, field: value}))


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("verified_workers", -1, "合理范围"), ("verified_workers", True, "格式"), ("verified_fen", 10**18, "合理范围"),
        ("verified_fen", 1.5, "格式"), ("verified", "实" * 2001, "不能超过 2000 字"),
    ],
)  # fmt: skip
def test_figures_of_the_wrong_kind(store, field, value, words):
    alert_id = made(store, h.checking)
    refused(store, words, lambda c: h.move(c, DUTY, alert_id, "处置中", {**h.FOUND, field: value}))


def test_a_standing_case_stands_for_the_reason_why_there_is_none(store):
    given = {name: value for name, value in h.FOUND.items() if name != "no_case"}
    alert_id = made(store, h.checking)
    made(store, h.linked, alert_id, "XS-1", kind="clue")
    refused(store, "请先关联台账案件", lambda c: h.move(c, DUTY, alert_id, "处置中", given))
    link = made(store, h.linked, alert_id)
    made(store, h.move, DUTY, alert_id, "处置中", given)
    assert get(store, alert_id).state == "处置中"
    other = made(store, h.checking)
    with store.write() as connection:
        connection.execute(alert_link.update().where(alert_link.c.id == link).values(ended_at=NOW, alert_id=other))
    refused(store, "请先关联台账案件", lambda c: h.move(c, DUTY, other, "处置中", given))


def test_a_published_response_stands_for_the_reason_why_there_is_none(store):
    given = {name: value for name, value in h.DONE.items() if name != "no_response"}
    alert_id = made(store, h.handling)
    made(store, h.published, alert_id, state="已批准")
    refused(store, "对外回应", lambda c: h.move(c, CLERK, alert_id, "已办结", given))
    made(store, h.published, alert_id)
    made(store, h.move, CLERK, alert_id, "已办结", given)
    made(store, h.decide, SHIFT, alert_id)
    assert get(store, alert_id).state == "已办结"


# ── the second person ────────────────────────────────────────────────────────────────────────────────────────────────


def test_closing_is_agreed_to_by_another_who_may(store):
    alert_id = made(store, h.handling)
    made(store, h.move, SHIFT, alert_id, "已办结", h.DONE)
    refused(store, "另一人", lambda c: h.decide(c, SHIFT, alert_id))
    refused(store, "不能批准办结", lambda c: h.decide(c, DUTY, alert_id), RefusedError)
    refused(store, "shift同志 已提请办结", lambda c: h.move(c, DUTY, alert_id, "已办结", h.DONE))
    assert ways.allowed(get(store, alert_id), DUTY) == ()
    made(store, h.decide, OTHER_SHIFT, alert_id, now=NOW + HOUR)
    alert = get(store, alert_id)
    assert (alert.state, alert.closed_at, alert.feedback) == ("已办结", NOW + HOUR, h.DONE["feedback"])
    refused(store, "没有待审批", lambda c: h.decide(c, SHIFT, alert_id))


def test_a_proposal_is_sent_back_with_a_reason_or_withdrawn(store):
    alert_id = made(store, h.handling)
    made(store, h.move, CLERK, alert_id, "已办结", h.DONE)
    refused(store, "退回理由", lambda c: h.decide(c, SHIFT, alert_id, agree=False))
    made(store, h.decide, SHIFT, alert_id, agree=False, words="请补充支付凭证")
    alert = get(store, alert_id)
    assert (alert.state, alert.proposal, alert.result) == ("处置中", None, "")
    made(store, h.move, CLERK, alert_id, "已办结", h.DONE)
    refused(store, "不能批准办结", lambda c: h.decide(c, OTHER_CLERK, alert_id, agree=False, words="否"), RefusedError)
    made(store, h.decide, CLERK, alert_id, agree=False)  # their own
    with store.read() as connection:
        last = connection.execute(select(t.alert_event).order_by(t.alert_event.c.id.desc()).limit(1)).one()
    assert dossier.event_words(last.kind, last.actor, last.before, last.after).startswith("clerk同志撤回办结提请")


def test_what_was_there_when_it_was_proposed_is_asked_for_again(store):
    given = {name: value for name, value in h.DONE.items() if name != "no_response"}
    alert_id = made(store, h.handling)
    number = made(store, h.published, alert_id)
    made(store, h.move, CLERK, alert_id, "已办结", given)
    with store.write() as connection:
        connection.execute(response.delete().where(response.c.id == number))
    refused(store, "对外回应", lambda c: h.decide(c, SHIFT, alert_id))


@pytest.mark.parametrize("level", ["I", "II"])
def test_a_grave_false_alarm_takes_two(store, level):
    alert_id = made(store, h.signed, level)
    made(store, h.move, CLERK, alert_id, "误报", h.FALSE)
    assert get(store, alert_id).state == "已签收"
    refused(store, "另一人", lambda c: h.decide(c, CLERK, alert_id))
    made(store, h.decide, OTHER_CLERK, alert_id, now=NOW + HOUR)
    alert = get(store, alert_id)
    assert (alert.state, alert.reason, alert.evidence) == ("误报", h.FALSE["reason"], h.FALSE["evidence"])


@pytest.mark.parametrize("level", ["III", "IV"])
def test_a_mild_false_alarm_takes_one(store, level):
    alert_id = made(store, h.checking, level)
    refused(store, "误报原因须为", lambda c: h.move(c, CLERK, alert_id, "误报", {**h.FALSE, "reason": "想多了"}))
    made(store, h.move, CLERK, alert_id, "误报", h.FALSE)
    assert get(store, alert_id).state == "误报"


def test_the_account_tells_who_proposed_not_the_name_on_the_screen(store):
    one, same = replace(SHIFT, account_id=7), replace(SHIFT, account_id=7, name="renamed")
    alert_id = made(store, h.handling)
    made(store, h.move, one, alert_id, "已办结", h.DONE)
    refused(store, "另一人", lambda c: h.decide(c, same, alert_id))
    made(store, h.decide, replace(SHIFT, account_id=8), alert_id)


# ── who may, and where ───────────────────────────────────────────────────────────────────────────────────────────────


def test_what_each_role_may_do(store):
    expected = {
        "新警情": {"签收": "boss duty duty2 duty3 shift shift2"},
        "已签收": {
            "转核查": "clerk clerk2 reviewer boss duty duty2 duty3 shift shift2",
            "报误报": "clerk clerk2 reviewer boss duty duty2 duty3 shift shift2",
            "并案": "boss duty duty2 duty3 shift shift2",
        },
        "处置中": {
            "提请办结": "clerk clerk2 reviewer boss duty duty2 duty3 shift shift2",
            "并案": "boss duty duty2 duty3 shift shift2",
        },
        "已办结": {"重启核查": "shift shift2"},
    }
    for build in (h.opened, h.signed, h.handling, h.closed):
        alert = get(store, made(store, build))
        found: dict[str, list[str]] = {}
        for who in h.EVERYONE:
            for way in ways.allowed(alert, who):
                found.setdefault(way.act, []).append(who.name)
        assert {act: " ".join(names) for act, names in found.items()} == expected[alert.state]


def test_who_may_not_is_refused_and_recorded(store):
    alert_id = made(store, h.opened)
    for who in (CLERK, h.REVIEWER, h.LEADER, h.AUDITOR):
        refused(
            store,
            "不能签收警情",
            lambda c, who=who: life.sign(c, who, alert_id, settings=SETTINGS, now=NOW),
            RefusedError,
        )
    with pytest.raises(RefusedError), acting(store, CLERK) as connection:
        life.sign(connection, CLERK, alert_id, settings=SETTINGS, now=NOW)
    with store.read() as connection:
        row = connection.execute(select(t.audit).order_by(t.audit.c.seq.desc()).limit(1)).one()
    assert (row.action, row.kind, row.outcome, row.actor) == ("alert.sign", "alert", "拒绝", "clerk")


def test_another_county_sees_nothing_and_learns_nothing(store):
    alert_id = made(store, h.signed)
    number = get(store, alert_id).number
    refused(store, alerts.MISSING, lambda c: h.move(c, ELSEWHERE, alert_id, "核查中", h.CHECK), RefusedError)
    with pytest.raises(RefusedError, match=alerts.MISSING):
        get(store, number, ELSEWHERE)
    with pytest.raises(InputError, match=alerts.MISSING):
        get(store, 4711, ELSEWHERE)
    refused(store, alerts.MISSING, lambda c: life.sign(c, DUTY, 4711, settings=SETTINGS, now=NOW), InputError)
    with pytest.raises(RefusedError), acting(store, ELSEWHERE) as connection:
        h.move(connection, ELSEWHERE, alert_id, "核查中", h.CHECK)
    with store.read() as connection:
        (row,) = trail.search(connection, h.AUDITOR, trail.Filters(), page=1, size=1).rows
    assert trail_words.sentence(row).startswith("far同志 未获准 办理警情")
    assert "不在其辖区内" in trail_words.sentence(row)  # whoever reads the trail must know


def test_an_alert_whose_story_moved_away_is_refused(store):
    alert_id = made(store, h.opened)
    with store.write() as connection:
        connection.execute(t.story.update().values(region="530627"))
    act = lambda c: life.sign(c, h.COUNTY_DUTY, alert_id, settings=SETTINGS, now=NOW)  # noqa: E731
    refused(store, alerts.MISSING, act, RefusedError)
    made(store, life.sign, DUTY, alert_id, settings=SETTINGS, now=NOW)


# ── who was faster ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_later_form_is_told_what_happened_meanwhile(store):
    alert_id = made(store, h.signed)
    seen = get(store, alert_id).revision
    made(store, h.move, OTHER_DUTY, alert_id, "核查中", h.CHECK, now=NOW + 5 * MINUTE)
    late = lambda c: life.move(c, DUTY, alert_id, seen, "误报", h.FALSE, settings=SETTINGS, now=NOW)  # noqa: E731
    refused(store, "该警情已由 duty2同志 于 11-23 10:05 转核查，请刷新后再办", late, ConflictError)
    with store.write() as connection:
        h.rise(connection, alert_id, "II", now=NOW + HOUR)
    seen += 1
    refused(store, "系统 于 11-23 11:00 把级别调整为 II级（橙色）", late, ConflictError)


# ── reopening ────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("build", ["closed", "unfounded"])
def test_reopening_starts_the_clocks_anew(store, build):
    alert_id = made(store, h.closed if build == "closed" else h.unfounded)
    later = NOW + timedelta(days=1)
    refused(store, "不能批准", lambda c: h.move(c, DUTY, alert_id, "核查中", h.AGAIN, now=later), RefusedError)
    made(store, h.move, SHIFT, alert_id, "核查中", {**h.AGAIN, "check_due_at": later + HOUR}, now=later)
    alert = get(store, alert_id)
    assert (alert.state, alert.closed_at, alert.result, alert.reason) == ("核查中", None, "", "")
    assert (alert.fact_at, alert.fact_due_at) == (None, later + timedelta(minutes=480))
    assert alert.update_due_at == later + timedelta(minutes=1440)
    assert alert.evidence == h.AGAIN["evidence"]
    with store.read() as connection:
        kinds = connection.scalars(select(notice.c.kind).where(notice.c.alert_id == alert_id).order_by(notice.c.id))
        assert list(kinds) == ["opened", "reopened"]


def test_a_story_has_one_open_alert_whatever_is_reopened(store):
    first = made(store, h.closed)
    with store.write() as connection:
        second = h.rise(connection, first, "II", now=NOW + HOUR)  # graver than the closed one was: a new alert
    number = get(store, second).number
    refused(store, f"该事件已有在办警情 {number}", lambda c: h.move(c, SHIFT, first, "核查中", h.AGAIN))
    made(store, life.sign, DUTY, second, settings=SETTINGS, now=NOW)
    made(store, h.move, DUTY, second, "误报", h.FALSE)
    made(store, h.decide, SHIFT, second)
    made(store, h.move, SHIFT, first, "核查中", h.AGAIN)
    # The older one is open now: the story getting graver raises it, and opens no other.
    with store.write() as connection:
        assert h.rise(connection, first, "I", now=NOW + 2 * HOUR) == first
    assert get(store, first).level == "I"


def test_a_reopened_demonstration_calls_nobody(store):
    alert_id = made(store, h.closed, demo=True)
    made(store, h.move, SHIFT, alert_id, "核查中", h.AGAIN)
    with store.read() as connection:
        assert connection.scalar(select(func.count()).select_from(notice)) == 0


# ── what is kept ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_nobodys_number_is_kept(store):
    alert_id = made(store, h.checking)
    told = {**h.FOUND, "verified": "工人代表来电13800001111反映，身份证530102199001011234"}
    made(store, h.move, DUTY, alert_id, "处置中", told)
    with store.read() as connection:
        rows = [str(tuple(row)) for one in (t.alert, t.alert_event, t.audit) for row in connection.execute(select(one))]
    assert not any("13800001111" in row or "530102199001011234" in row for row in rows)
    assert "工人代表来电" in get(store, alert_id).verified


def test_signing_withdraws_what_still_presses(store):
    alert_id = made(store, h.opened)
    with store.write() as connection:
        channel_id = connection.execute(
            channel.insert()
            .values(
                name="示例群", kind="webhook", shown="example.com", sealed=b"", region="530000", levels=["III"],
                created_at=NOW, updated_at=NOW,
            )
            .returning(channel.c.id)
        ).scalar_one()  # fmt: skip
        connection.execute(
            message.insert().values(
                key="k", channel_id=channel_id, kind="escalation", alert_id=alert_id, alert_ids=[alert_id], step=1,
                title="催办", body="", state="待发", created_at=NOW, next_at=NOW, expires_at=NOW + HOUR,
            )
        )  # fmt: skip
    made(store, life.sign, DUTY, alert_id, settings=SETTINGS, now=NOW)
    with store.read() as connection:
        assert connection.scalar(select(message.c.state)) == "作废"


def test_a_crash_after_the_writing_leaves_nothing(store):
    alert_id = made(store, h.opened)

    def crash(connection):
        life.sign(connection, DUTY, alert_id, settings=SETTINGS, now=NOW)
        raise RuntimeError("the power fails")

    refused(store, "the power fails", crash, RuntimeError)
    made(store, life.sign, DUTY, alert_id, settings=SETTINGS, now=NOW)


def test_of_two_who_sign_at_once_one_wins_and_the_other_is_told(store):
    alert_ids = [made(store, h.opened) for _ in range(5)]
    start = threading.Barrier(2)
    found: list[tuple[str, str]] = []

    def press(who):
        for alert_id in alert_ids:
            start.wait(timeout=30)
            try:
                with store.write() as connection:
                    life.sign(connection, who, alert_id, settings=SETTINGS, now=NOW + 20 * MINUTE)
                found.append((who.name, ""))
            except ConflictError as error:
                found.append((who.name, str(error)))

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(press, (DUTY, OTHER_DUTY)))
    won = [name for name, words in found if not words]
    lost = [words for _, words in found if words]
    assert (len(won), len(lost)) == (5, 5)
    for alert_id in alert_ids:
        alert = get(store, alert_id)
        assert alert.signed_by is not None
        assert f"该警情已由 {alert.signed_by} 于 11-23 10:20 签收，请刷新后再办" in lost
        with store.read() as connection:
            assert [kind for kind, *_ in h.events(connection, alert_id)] == ["opened", "state"]
            assert chain.verify(connection).ok


@pytest.mark.parametrize("which", ["YJ\x00", "\ud800", "", "yj20261123-0001 ", 0, -1, 2**63])
def test_an_address_that_was_made_up_finds_nothing(store, which):
    alert_id = made(store, h.opened)
    if isinstance(which, str) and which.strip().upper() == get(store, alert_id).number:
        assert get(store, which).id == alert_id  # as somebody would type it
        return
    with pytest.raises(InputError, match=alerts.MISSING):
        get(store, which)
    if isinstance(which, int):
        refused(store, alerts.MISSING, lambda c: life.sign(c, DUTY, which, settings=SETTINGS, now=NOW), InputError)
        act = lambda c: life.move(c, DUTY, which, 1, "并案", {}, settings=SETTINGS, now=NOW)  # noqa: E731
        refused(store, alerts.MISSING, act, InputError)


def test_words_are_kept_without_what_nobody_sees(store):
    alert_id = made(store, h.checking)
    told = {**h.FOUND, "verified": "　第一行\x00\t续 \r\n第二行\ud800 "}
    made(store, h.move, DUTY, alert_id, "处置中", told)
    assert get(store, alert_id).verified == "第一行 续\n第二行"
    other = made(store, h.signed)
    made(store, h.move, DUTY, other, "核查中", {**h.CHECK, "person": " 示例　核查员 "})
    assert get(store, other).person == "示例 核查员"

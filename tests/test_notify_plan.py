"""What becomes of notices: told, grouped, held back with a reason, told after all; on both databases."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from monitors.access import audit
from monitors.errors import ConflictError, InputError, RefusedError
from monitors.notify import plan, silences, storms
from monitors.notify.routing import Route
from monitors.store import tables as t
from tests.notify_house import (
    ADMIN,
    CLERK,
    DAY,
    GROUP,
    HOUR,
    MINUTE,
    NOW,
    SECOND,
    SETTINGS,
    SHIFT_FAR,
    alert,
    channel,
    decided,
    messages,
    rise,
    set_state,
    whys,
    with_notify,
)


def test_one_alert_is_one_message_with_its_facts_after_waiting_for_company(store):
    settings = with_notify(site_url="http://10.20.0.5:8501")
    with store.write() as connection:
        channel(connection)
        alert(connection, level="II", title="示例工地三十名工人聚集讨薪")
    assert plan.run(store, settings, NOW + GROUP - SECOND) == 0
    assert plan.run(store, settings, NOW + GROUP) == 1
    assert plan.run(store, settings, NOW + GROUP) == 0
    (message,) = messages(store)
    assert (message.kind, message.level, message.state, message.alert_ids) == ("alert", "II", "待发", [1])
    assert message.title.startswith("【II级（橙）】新警情：示例工地三十名工人聚集讨薪")
    for words in ("昆明市五华区", "12 人", "126 万元", "讨薪", "示例晨报", "http://10.20.0.5:8501/alerts?alert=YJ"):
        assert words in message.body
    assert decided(store) == [(1, "opened", "已编发")]
    assert whys(store) == ["编发至“示例群”（单条）"]


def test_what_comes_together_is_one_message_per_channel_of_its_place_and_levels(store):
    with store.write() as connection:
        everywhere = channel(connection, "全省群")
        kunming = channel(connection, "昆明群", region="530100")
        channel(connection, "昭通重大", region="530600", levels=("I", "II"))
        channel(connection, "停用群", enabled=False)
        near, far = alert(connection), alert(connection, region="530627")
    plan.run(store, SETTINGS, NOW + GROUP)
    found = {row.channel_id: row for row in messages(store)}
    assert {number: row.alert_ids for number, row in found.items()} == {everywhere: [near, far], kunming: [near]}
    assert "2 起警情" in found[everywhere].title
    assert whys(store)[1] == "编发至“全省群”（2 起一条）"


def test_without_a_channel_the_notice_says_so_and_ended_or_demo_alerts_are_not_told(store):
    with store.write() as connection:
        channel(connection, region="530600")
        alert(connection)
        closed = alert(connection, region="530627")
        set_state(connection, closed, "误报")
        alert(connection, region="530627", demo=True)
    plan.run(store, SETTINGS, NOW + GROUP)
    assert [state for _, _, state in decided(store)] == ["无渠道", "已合并", "已合并"]
    assert "没有渠道接收昆明市五华区" in whys(store)[0]
    assert messages(store) == []


def test_what_was_decided_is_not_decided_again_when_more_comes(store):
    with store.write() as connection:
        channel(connection)
        first = alert(connection)
    plan.run(store, SETTINGS, NOW + GROUP)
    with store.write() as connection:
        second = alert(connection, at=NOW + MINUTE)
    assert plan.run(store, SETTINGS, NOW + MINUTE + GROUP) == 1
    assert [row.alert_ids for row in messages(store)] == [[first], [second]]


def test_a_storm_is_two_digests_that_count_every_alert_once(store):
    with store.write() as connection:
        channel(connection)
        expected = [
            alert(connection, at=NOW, level="I" if n == 77 else "IV", region="530102" if n % 2 else "530627")
            for n in range(1200)
        ]
    plan.run(store, SETTINGS, NOW + GROUP)
    with store.write() as connection:  # the first digest is on its way, more alerts come
        connection.execute(update(t.message).values(state="已发", generation=1, attempts=1, sent_at=NOW + GROUP))
        expected += [alert(connection, at=NOW + 20 * SECOND) for _ in range(30)]
    plan.run(store, SETTINGS, NOW + 30 * SECOND)
    with store.write() as connection:
        expected += [alert(connection, at=NOW + 31 * SECOND) for _ in range(2)]
    plan.run(store, SETTINGS, NOW + 45 * SECOND)
    first, second = messages(store)
    assert (first.kind, second.kind) == ("digest", "digest")
    assert sorted([*first.alert_ids, *second.alert_ids]) == expected
    assert second.next_at == NOW + GROUP + timedelta(seconds=SETTINGS.notify.storm_seconds)
    assert "共 1200 起" in first.title
    assert first.level == "I"
    assert "昆明市 600，昭通市 600" in first.body.replace("昭通市 600，昆明市 600", "昆明市 600，昭通市 600")
    assert first.body.count("· YJ") == 10
    assert "YJ20261123-0078 I级" in first.body
    assert "共 32 起" in second.title
    assert {state for _, _, state in decided(store)} == {"已编发"}
    with store.write() as connection:
        alert(connection, at=NOW + 10 * MINUTE)
        connection.execute(update(t.message).values(state="已发"))
    plan.run(store, SETTINGS, NOW + 11 * MINUTE)
    assert messages(store)[-1].kind == "alert"  # the storm is over


def test_a_level_that_goes_up_again_is_told_once_a_graver_one_at_once(store):
    with store.write() as connection:
        channel(connection)
        alert_id = alert(connection, level="III")
    plan.run(store, SETTINGS, NOW + GROUP)
    with store.write() as connection:
        rise(connection, alert_id, "II", NOW + 5 * MINUTE)
    plan.run(store, SETTINGS, NOW + 6 * MINUTE)
    assert [row.level for row in messages(store)] == ["III", "II"]
    with store.write() as connection:  # lowered by a person meanwhile
        rise(connection, alert_id, "II", NOW + 10 * MINUTE)
    plan.run(store, SETTINGS, NOW + 11 * MINUTE)
    assert len(messages(store)) == 2
    assert decided(store)[-1] == (alert_id, "raised", "已合并")
    assert "30 分钟内已按II级（橙）告知" in whys(store)[-1]
    with store.write() as connection:
        rise(connection, alert_id, "II", NOW + 50 * MINUTE)
    plan.run(store, SETTINGS, NOW + 51 * MINUTE)
    assert len(messages(store)) == 3


def test_a_silence_holds_back_and_is_told_after_it_ends(store):
    with store.write() as connection:
        channel(connection)
        draft = silences.Draft("530100", ("III", "IV"), "系统联调", NOW + HOUR, words="讨薪 欠薪")
        silence_id = silences.add(connection, ADMIN, draft, now=NOW)
        kept, grave, elsewhere = (
            alert(connection), alert(connection, level="II"), alert(connection, region="530627"),
        )  # fmt: skip
        signed = alert(connection)
    plan.run(store, SETTINGS, NOW + GROUP)
    assert [state for _, _, state in decided(store)] == ["已静默", "已编发", "已编发", "已静默"]
    assert "系统联调" in whys(store)[0]
    assert messages(store)[0].alert_ids == [grave, elsewhere]
    with store.write() as connection:
        set_state(connection, signed)
    plan.run(store, SETTINGS, NOW + 59 * MINUTE)
    assert len(messages(store)) == 1
    with store.write() as connection:
        silences.end(connection, ADMIN, silence_id, now=NOW + 59 * MINUTE)
        with pytest.raises(ConflictError, match="示例管理员"):
            silences.end(connection, ADMIN, silence_id, now=NOW + HOUR)
    plan.run(store, SETTINGS, NOW + HOUR)
    assert messages(store)[-1].alert_ids == [kept]
    assert [state for _, _, state in decided(store)] == ["已编发", "已编发", "已编发", "已静默"]


def test_a_silence_ends_by_itself(store):
    with store.write() as connection:
        channel(connection)
        silences.add(connection, ADMIN, silences.Draft("530000", ("III",), "演练", NOW + HOUR), now=NOW)
        alert(connection)
    plan.run(store, SETTINGS, NOW + GROUP)
    plan.run(store, SETTINGS, NOW + HOUR - SECOND)
    assert messages(store) == []
    plan.run(store, SETTINGS, NOW + HOUR)
    assert len(messages(store)) == 1


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"reason": " "}, "理由"),
        ({"levels": ()}, "级别"),
        ({"levels": ("V",)}, "级别"),
        ({"ends_at": NOW}, "结束时间"),
        ({"ends_at": NOW + 40 * DAY}, "30 天"),
        ({"story_id": 999}, "没有这起事件"),
        ({"region": "440100"}, "地区"),
    ],
)
def test_a_wrong_silence_is_refused_in_words(store, changes, words):
    given = {"region": "530000", "levels": ("III",), "reason": "演练", "ends_at": NOW + HOUR} | changes
    with store.write() as connection, pytest.raises(InputError, match=words):
        silences.add(connection, ADMIN, silences.Draft(**given), now=NOW)


def test_silences_keep_to_role_and_region_and_leave_a_trail(store):
    draft = silences.Draft("530102", ("III",), "演练", NOW + HOUR)
    for actor in (CLERK, SHIFT_FAR):
        with store.write() as connection, pytest.raises(RefusedError):
            silences.add(connection, actor, draft, now=NOW)
    with store.write() as connection:
        silence_id = silences.add(connection, ADMIN, draft, now=NOW)
    with store.write() as connection, pytest.raises(RefusedError):
        silences.end(connection, SHIFT_FAR, silence_id, now=NOW)
    with store.read() as connection:
        assert silences.listed(connection, SHIFT_FAR, NOW) == ()
        assert [one.id for one in silences.listed(connection, ADMIN, NOW)] == [silence_id]
        row = connection.execute(select(t.audit).order_by(t.audit.c.seq.desc()).limit(1)).one()
    assert (row.action, row.kind, row.region) == ("alert.silence", "silence", "530102")
    assert audit.canonical({"act": "设置"})[1:-1] in row.after


def test_a_county_sees_the_silences_above_it_and_those_of_stories_elsewhere_not(store):
    with store.write() as connection:
        here = story_of(connection, alert(connection))
        there = story_of(connection, alert(connection, region="530627"))
        drafts = {
            "county": ("530102", None), "prefecture": ("530100", None), "province": ("530000", None),
            "ours": ("530000", here), "elsewhere": ("530600", None), "theirs": ("530000", there),
        }  # fmt: skip
        for reason, (region, story_id) in drafts.items():
            draft = silences.Draft(region, ("III",), reason, NOW + HOUR, story_id=story_id)
            silences.add(connection, ADMIN, draft, now=NOW)
        seen = {one.reason for one in silences.listed(connection, CLERK, NOW)}
        assert seen == {"county", "prefecture", "province", "ours"}
        assert {one.reason for one in silences.listed(connection, SHIFT_FAR, NOW)} == {
            "province",
            "elsewhere",
            "theirs",
        }
        assert {one.reason for one in silences.listed(connection, ADMIN, NOW)} == set(drafts)


def story_of(connection, alert_id):
    return connection.scalar(select(t.alert.c.story_id).where(t.alert.c.id == alert_id))


def test_an_event_over_a_whole_prefecture_holds_back_its_parts_but_nothing_graver(store):
    with store.write() as connection:
        channel(connection)
        large = alert(connection, level="II", region="530100", title="昆明全市多个工地工人集体讨薪")
        part, graver = alert(connection, level="II"), alert(connection, level="I")
        outside = alert(connection, level="III", region="530627")
        alert(connection, level="IV", region="530100", title="昆明一工地工人讨薪")
    plan.run(store, SETTINGS, NOW + GROUP)
    assert [state for _, _, state in decided(store)] == ["已编发", "已抑制", "已编发", "已编发", "已抑制"]
    assert "YJ20261123-0001" in whys(store)[1]
    assert sorted(messages(store)[0].alert_ids) == [large, graver, outside]
    with store.write() as connection:
        set_state(connection, large, "已办结")
    plan.run(store, SETTINGS, NOW + 5 * MINUTE)
    assert part in messages(store)[-1].alert_ids
    assert {state for _, _, state in decided(store)} == {"已编发"}


def test_a_place_known_only_to_the_prefecture_holds_nothing_back(store):
    with store.write() as connection:
        channel(connection)
        alert(connection, level="II", region="530100", title="昆明一工地工人讨薪")
        alert(connection, level="III")
    plan.run(store, SETTINGS, NOW + GROUP)
    assert {state for _, _, state in decided(store)} == {"已编发"}
    with store.write() as connection:
        alert(connection, level="II", region="530600", title="昭通全市工人讨薪", at=NOW + HOUR)
        alert(connection, level="III", region="530627", at=NOW + HOUR)
    plan.run(store, with_notify(inhibit_parts=False), NOW + 2 * HOUR)
    assert {state for _, _, state in decided(store)} == {"已编发"}


def test_an_unsigned_alert_is_told_again_a_signed_one_is_not(store):
    with store.write() as connection:
        channel(connection)
        unsigned, signed = alert(connection), alert(connection)
    plan.run(store, SETTINGS, NOW + GROUP)
    with store.write() as connection:
        set_state(connection, signed)
    later = NOW + GROUP + timedelta(minutes=SETTINGS.notify.repeat_minutes)
    plan.run(store, SETTINGS, later - SECOND)
    assert len(messages(store)) == 1
    plan.run(store, SETTINGS, later)
    plan.run(store, SETTINGS, later + GROUP)
    plan.run(store, SETTINGS, later + 2 * GROUP)
    found = messages(store)
    assert [row.alert_ids for row in found[1:]] == [[unsigned]]
    assert "仍未签收" in found[1].title
    assert found[1].step == 1


def test_a_clock_set_on_by_a_day_or_back_by_an_hour_makes_no_storm(store):
    with store.write() as connection:
        channel(connection)
        for _ in range(40):
            alert(connection)
    plan.run(store, SETTINGS, NOW + GROUP)
    plan.run(store, SETTINGS, NOW - HOUR)
    assert len(messages(store)) == 1
    with store.write() as connection:
        fresh = alert(connection, at=NOW - HOUR)  # after the clock was set back
    plan.run(store, SETTINGS, NOW - HOUR + GROUP)
    assert fresh in {one for row in messages(store) for one in row.alert_ids}
    before = len(messages(store))
    plan.run(store, SETTINGS, NOW + DAY)
    plan.run(store, SETTINGS, NOW + DAY + GROUP)
    plan.run(store, SETTINGS, NOW + DAY + 2 * GROUP)
    assert len(messages(store)) == before + 1  # one digest reminds of all of them


def test_at_night_the_calm_wait_for_the_morning_and_the_grave_do_not(store):
    night = NOW + 14 * HOUR  # 00:00 in Shanghai
    with store.write() as connection:
        channel(connection, quiet_from=22 * 60, quiet_to=7 * 60)
        alert(connection, at=night - GROUP)
        grave = alert(connection, at=night - GROUP, level="II")
    plan.run(store, SETTINGS, night)
    with store.write() as connection:
        alert(connection, at=night + HOUR, level="IV")
    plan.run(store, SETTINGS, night + 2 * HOUR)
    now, morning = sorted(messages(store), key=lambda row: row.next_at)
    assert (now.alert_ids, now.next_at) == ([grave], night)
    assert (morning.alert_ids, morning.next_at) == ([1, 3], night + 7 * HOUR)
    assert morning.expires_at > morning.next_at + 23 * HOUR


@pytest.mark.parametrize(("hour", "waits"), [(22, 9), (23, 8), (0, 7), (6, 1), (7, 0), (12, 0), (21, 0)])
def test_quiet_hours_over_midnight(hour, waits):
    route = Route(1, "示例群", "530000", ("III",), 22 * 60, 7 * 60)
    now = NOW + timedelta(hours=hour - 10)
    assert route.opens_at("III", now) == (now + waits * HOUR if waits else None)
    assert route.opens_at("I", now) is None


@pytest.mark.parametrize("where", ["dispatch", "record"])
def test_a_crash_between_message_and_mark_leaves_neither(store, monkeypatch, where):
    with store.write() as connection:
        channel(connection)
        alert(connection)

    def crash(*_arguments, **_named):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(*((storms, "put", crash) if where == "dispatch" else (plan, "_record", crash)))
        with pytest.raises(KeyboardInterrupt):
            plan.run(store, SETTINGS, NOW + GROUP)
    assert (messages(store), decided(store)) == ([], [(1, "opened", "待处理")])
    plan.run(store, SETTINGS, NOW + GROUP)
    assert (len(messages(store)), decided(store)) == (1, [(1, "opened", "已编发")])


def test_five_thousand_in_a_minute_are_few_messages(store):
    with store.write() as connection:
        channel(connection)
        channel(connection, "第二个群", levels=("I", "II"))
        first = alert(connection, level="IV")
        story = connection.execute(select(t.story)).one()._asdict()
        opened = connection.execute(select(t.alert)).one()._asdict()
        numbers = range(first + 1, 5001)
        connection.execute(t.story.insert(), [story | {"id": n} for n in numbers])
        connection.execute(
            t.alert.insert(), [opened | {"id": n, "story_id": n, "number": f"YJ20261123-{n:04d}"} for n in numbers]
        )
        connection.execute(
            t.notice.insert(),
            [{"alert_id": n, "kind": "opened", "at": NOW + SECOND * (n // 100), "state": "待处理"} for n in numbers],
        )
    assert plan.run(store, SETTINGS, NOW + MINUTE) == 5000
    found = messages(store)
    assert len(found) == 1
    assert sorted(found[0].alert_ids) == list(range(1, 5001))
    assert "共 5000 起" in found[0].title
    with store.read() as connection:
        told = connection.scalar(select(func.count()).where(t.notice.c.state == "已编发"))
    assert told == 5000

"""The register of known changes: who enters what, what is refused and why, what is left in the trail."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import select

from monitors.errors import ConflictError, InputError, RefusedError
from monitors.hotspots import changes
from monitors.hotspots.changes import Draft
from monitors.store import tables as t
from tests.hotspot_house import (
    ADMIN,
    AUDITOR,
    COUNTY,
    COUNTY_SHIFT,
    ELSEWHERE,
    LEADER,
    NOW,
    PREFECTURE,
    PREFECTURE_SHIFT,
    YILIANG,
    ZHAOTONG,
    ZHENXIONG,
)

DAY = date(2026, 11, 1)


def add(store, actor=ADMIN, region=ZHENXIONG, data_set="舆情", day=DAY, reason="新开通网上投诉平台"):
    with store.write() as connection:
        return changes.add(connection, actor, Draft(region, data_set, day, reason), now=NOW)


def end(store, number, actor=ADMIN, why="登记有误"):
    with store.write() as connection:
        changes.end(connection, actor, number, why, now=NOW)


def listed(store, actor=ADMIN, data_set="舆情"):
    with store.read() as connection:
        return [one.region for one in changes.listed(connection, actor, data_set)]


def test_entered_taken_back_and_entered_again(store) -> None:
    first = add(store, reason=" 新开通 \n 网上投诉平台 ")
    with store.read() as connection:
        (one,) = changes.standing(connection, "舆情")
        assert changes.standing(connection, "台账") == ()
    assert (one.region, one.day, one.reason, one.by, one.stands) == (
        ZHENXIONG, DAY, "新开通 网上投诉平台", "示例同志", True,
    )  # fmt: skip
    end(store, first)
    with store.read() as connection:
        assert changes.standing(connection, "舆情") == ()
        (one,) = changes.listed(connection, ADMIN, "舆情")
        acts = list(connection.scalars(select(t.audit.c.after).order_by(t.audit.c.seq)))
    assert (one.stands, one.ended_by, one.ended_why) == (False, "示例同志", "登记有误")
    assert ["登记" in acts[0], "撤销" in acts[1]] == [True, True]
    assert add(store) != first


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"region": "530000"}, "请选择云南省的一个州（市）或县（市、区）"),
        ({"region": "440100"}, "请选择云南省的一个州（市）或县（市、区）"),
        ({"region": "530699"}, "请选择云南省的一个州（市）或县（市、区）"),
        ({"data_set": "别的"}, "请选择数据"),
        ({"day": date(2026, 11, 24)}, "不能晚于今天"),
        ({"day": date(2025, 11, 1)}, "已不影响基线"),
        ({"reason": " "}, "请填写变更的情况"),
        ({"reason": "长" * 201}, "不超过 200 字"),
    ],
)
def test_what_is_refused(store, given, said) -> None:
    with pytest.raises(InputError, match=said):
        add(store, **given)
    assert listed(store) == []


def test_today_in_shanghai_is_no_future(store) -> None:
    assert add(store, day=date(2026, 11, 23))


def test_the_same_change_stands_once(store) -> None:
    add(store)
    with pytest.raises(ConflictError, match="已由 示例同志 于 2026-11-23 12:00 登记"):
        add(store, reason="另一种说法")
    assert add(store, data_set="台账")
    assert add(store, day=date(2026, 11, 2))


def test_taking_back_needs_a_reason_and_happens_once(store) -> None:
    number = add(store)
    with pytest.raises(InputError, match="请填写撤销的理由"):
        end(store, number, why=" ")
    with pytest.raises(InputError, match="没有这条情况变更"):
        end(store, 99)
    end(store, number)
    with pytest.raises(ConflictError, match=r"已由 示例同志 于 .* 撤销"):
        end(store, number)


def test_who_may_enter_what(store) -> None:
    for actor in (COUNTY, PREFECTURE, LEADER, AUDITOR):
        with pytest.raises(RefusedError):
            add(store, actor)
    with pytest.raises(RefusedError):
        add(store, COUNTY_SHIFT, YILIANG)
    own = add(store, COUNTY_SHIFT)
    above = add(store, PREFECTURE_SHIFT, ZHAOTONG)
    with pytest.raises(RefusedError):
        end(store, above, COUNTY_SHIFT)
    end(store, own, PREFECTURE_SHIFT)


def test_a_county_sees_its_own_and_those_of_its_prefecture(store) -> None:
    for region in (ZHENXIONG, YILIANG, ZHAOTONG, "530100"):
        add(store, region=region)
    assert set(listed(store, COUNTY)) == {ZHENXIONG, ZHAOTONG}
    assert set(listed(store, PREFECTURE)) == {ZHENXIONG, YILIANG, ZHAOTONG}
    assert set(listed(store, ELSEWHERE)) == {"530100"}
    with pytest.raises(RefusedError):
        listed(store, AUDITOR)

"""Episodes: one for following clusters, told once, marked by people; and what people are told."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import unquote

import pytest
from sqlalchemy import insert, select, update

from monitors.access import audit
from monitors.errors import ConflictError, InputError, RefusedError
from monitors.hotspots import announce, episodes, runs
from monitors.hotspots.episodes import Due, Found
from monitors.store import tables as t
from tests.hotspot_house import (
    ADMIN,
    COUNTY,
    COUNTY_SHIFT,
    DAY,
    ELSEWHERE,
    KUNMING,
    LEADER,
    NOW,
    PREFECTURE,
    PREFECTURE_SHIFT,
    SETTINGS,
    SHIFT,
    YILIANG,
    ZHAOTONG,
    ZHENXIONG,
    calm,
    gathering,
    stories,
)

TODAY = NOW.date()


def found(regions=(ZHENXIONG, YILIANG), first=5, last=0, observed=9, tier="关注", **more):
    return Found(
        regions, TODAY - first * DAY, TODAY - last * DAY, observed, 2.1, 0.005, tier, more.get("events", ()),
        more.get("demo", False),
    )  # fmt: skip


def follow(store, *clusters, now=NOW, kind="县级", tell=True):
    """The episodes of these clusters, and those worth telling; told where ``tell``."""
    with store.write() as connection:
        ids, due = episodes.follow(connection, "舆情", kind, clusters, settings=SETTINGS, now=now)
        for one in due if tell else ():
            episodes.told(connection, one, now=now)
    return ids, [(one.episode_id, one.tier, one.again) for one in due]


def rows(store):
    with store.read() as connection:
        return connection.execute(select(t.hotspot_episode).order_by(t.hotspot_episode.c.id)).all()


def listed(store, actor=ADMIN, **asked):
    with store.read() as connection:
        return episodes.listed(connection, actor, "舆情", now=NOW, **asked)


def mark(store, actor, episode_id, verdict="属实", words="", *, revision=None):
    with store.write() as connection:
        held = t.hotspot_episode.c
        now = connection.scalar(select(held.revision).where(held.id == episode_id))
        episodes.mark(connection, actor, episode_id, verdict, words, revision=revision or now or 1, now=NOW)


# ── which clusters are one episode ───────────────────────────────────────────────────────────────────────────────────
def test_clusters_that_share_a_place_day_by_day_are_one_episode(store) -> None:
    assert follow(store, found())[0] == [1]
    assert follow(store, found((ZHENXIONG, "530629"), tier="预警", last=0), now=NOW + DAY)[0] == [1]
    (row,) = rows(store)
    assert row.regions == [ZHENXIONG, YILIANG, "530629"]
    assert (row.tier, row.opened_at, row.seen_at) == ("预警", NOW, NOW + DAY)
    assert follow(store, found((KUNMING,)), now=NOW + DAY)[0] == [2]
    assert follow(store, found(), now=NOW + DAY, kind="州市")[0] == [3], "another question, another episode"


def test_a_tier_once_reached_stays_and_two_clusters_may_join_one(store) -> None:
    follow(store, found(tier="预警"))
    ids, _ = follow(store, found((ZHENXIONG,)), found((YILIANG,)), now=NOW + DAY)
    assert ids == [1, 1]
    assert rows(store)[0].tier == "预警"


def test_it_closes_when_unseen_for_longer_than_the_gap_and_then_another_opens(store) -> None:
    follow(store, found())
    gap = SETTINGS.hotspot.gap_days
    follow(store, now=NOW + gap * DAY)
    assert rows(store)[0].closed_at is None
    follow(store, now=NOW + (gap + 1) * DAY)
    assert rows(store)[0].closed_at == NOW + (gap + 1) * DAY
    assert follow(store, found(), now=NOW + (gap + 1) * DAY)[0] == [2]


def test_days_far_apart_are_not_one_episode(store) -> None:
    follow(store, found(first=40, last=30))
    assert follow(store, found(first=29, last=0))[0] == [1]
    follow(store, found((KUNMING,), first=40, last=30))
    assert follow(store, found((KUNMING,), first=10, last=0))[0] == [3]


# ── telling ──────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_told_once_again_when_graver_or_half_as_many_more(store) -> None:
    assert follow(store, found())[1] == [(1, "关注", False)]
    assert follow(store, found(observed=13), now=NOW + DAY)[1] == []
    assert follow(store, found(observed=14), now=NOW + DAY)[1] == [(1, "关注", True)]
    assert follow(store, found(observed=14, tier="预警"), now=NOW + DAY)[1] == [(1, "预警", True)]
    assert follow(store, found(observed=14), now=NOW + 2 * DAY)[1] == []


def test_one_marked_false_or_of_the_demonstration_is_not_told(store) -> None:
    follow(store, found(), tell=False)
    mark(store, ADMIN, 1, "误报", "同一批工人分别发帖")
    assert follow(store, found(observed=30, tier="预警"), now=NOW + DAY)[1] == []
    assert follow(store, found((KUNMING,), demo=True), now=NOW + DAY)[1] == []


def _channels(connection, *given):
    for name, region, levels, quiet in given:
        connection.execute(
            insert(t.channel).values(
                name=name, kind="webhook", shown="hook.example", sealed=b"-", region=region, levels=levels,
                quiet_from=quiet, quiet_to=420 if quiet else None, created_at=NOW, updated_at=NOW,
            )
        )  # fmt: skip


ALL = ["I", "II", "III", "IV"]


@pytest.fixture
def told(store):
    """Channels of the province, of places inside and outside, and a gathering found by a scan."""
    with store.write() as connection:
        _channels(
            connection, ("省", "530000", ALL, None), ("镇雄", ZHENXIONG, ALL, None), ("昭通", ZHAOTONG, ALL, None),
            ("昆明", "530100", ALL, None), ("省领导", "530000", ["I", "II"], None),
        )  # fmt: skip
        stories(connection, *calm(), *gathering())
    runs.run(store, SETTINGS, "舆情", now=NOW)
    return store


def messages(store):
    with store.read() as connection:
        name, held = t.channel.c.name, t.message.c
        query = select(name, t.message).join(t.message, held.channel_id == t.channel.c.id).order_by(held.id)
        return connection.execute(query).all()


def test_channels_of_the_province_and_of_the_places_hear_of_it_once(told) -> None:
    by_kind = [(row.name, "昭通市 " in row.title) for row in messages(told)]
    assert sorted(name for name, prefecture in by_kind if not prefecture) == ["昭通", "省", "镇雄"]
    assert sorted(name for name, prefecture in by_kind if prefecture) == ["昭通", "省"], "a county has no prefecture"
    before = len(by_kind)
    runs.run(told, SETTINGS, "舆情", now=NOW + timedelta(minutes=2), force=True)
    assert len(messages(told)) == before
    assert {(row.kind, row.level, row.state) for row in messages(told)} == {("hotspot", "III", "待发")}


def test_a_message_says_where_how_many_how_rare_and_whose_stories(told) -> None:
    settings = SETTINGS.model_copy(
        update={"notify": SETTINGS.notify.model_copy(update={"site_url": "https://duty.example/"})}
    )
    with told.read() as connection:
        one = next(one for one in episodes.listed(connection, ADMIN, "舆情", now=NOW) if one.kind == "县级")
        due = Due(one.id, "舆情", "县级", one.tier, found(one.regions, observed=24, events=one.events), again=False)
        counted = announce.events.of(connection, "舆情", one.events)
    said = announce.message(due, one.regions, counted, settings=settings, now=NOW)
    assert said.title.startswith("【聚集")
    assert "24 起，通常 2.1 起" in said.title
    assert "纯属偶然出现这样的聚集，约 200 天才有一次" in said.body
    assert said.body.count("· ") == 5
    assert "……另有 19 起" in said.body
    address = said.body.split("\n")[-1]
    assert unquote(address) == f"https://duty.example/hotspots?view=聚集事件&episode={one.id}"


def test_a_county_is_told_of_its_own_stories_alone(told) -> None:
    body = next(row.body for row in messages(told) if row.name == "镇雄")
    assert "含本辖区外" in body
    assert "彝良" not in body.split("\n")[0]
    whole = next(row.body for row in messages(told) if row.name == "省")
    assert len(body) < len(whole) or "另有 7 起" in body


def test_in_quiet_hours_it_waits_for_the_morning(store) -> None:
    night = NOW + timedelta(hours=11)  # 23:00 in Shanghai
    with store.write() as connection:
        _channels(connection, ("省", "530000", ALL, 1320))
        stories(connection, *calm(), *gathering())
    runs.run(store, SETTINGS, "舆情", now=night)
    assert {row.next_at for row in messages(store)} == {NOW + timedelta(hours=19)}  # 07:00


def test_without_a_channel_it_stays_untold_until_there_is_one(store) -> None:
    with store.write() as connection:
        stories(connection, *calm(), *gathering())
    runs.run(store, SETTINGS, "舆情", now=NOW)
    assert {row.told_at for row in rows(store)} == {None}
    with store.write() as connection:
        _channels(connection, ("省", "530000", ALL, None))
    runs.run(store, SETTINGS, "舆情", now=NOW + timedelta(minutes=1), force=True)
    assert None not in {row.told_at for row in rows(store)}
    assert messages(store)


def test_a_demonstration_is_nobodys_message(store) -> None:
    with store.write() as connection:
        _channels(connection, ("省", "530000", ALL, None))
        stories(connection, *calm(), *gathering(demo=True))
    runs.run(store, SETTINGS, "舆情", now=NOW)
    assert rows(store)
    assert messages(store) == []


# ── marking ──────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_mark_is_kept_and_leaves_a_row_in_the_trail(store) -> None:
    follow(store, found())
    mark(store, SHIFT, 1, "属实", "两县同一总包，已派人")
    (one,) = listed(store)
    assert (one.verdict, one.verdict_words, one.verdict_by) == ("属实", "两县同一总包，已派人", "示例同志")
    with store.read() as connection:
        row = connection.execute(select(t.audit).where(t.audit.c.action == "hotspot.mark")).one()
    assert (row.region, row.outcome, row.target) == (ZHAOTONG, "成功", "1")
    assert row.after == audit.canonical({"标注": "属实", "说明": "两县同一总包，已派人"})


@pytest.mark.parametrize("actor", [LEADER, PREFECTURE, COUNTY], ids=lambda one: one.role)
def test_who_may_not_mark(store, actor) -> None:
    follow(store, found())
    with pytest.raises(RefusedError):
        mark(store, actor, 1)
    assert rows(store)[0].verdict == ""


def test_a_mark_is_for_those_whose_places_they_are(store) -> None:
    follow(store, found(), found((KUNMING,)))
    mark(store, PREFECTURE_SHIFT, 1)
    with pytest.raises(RefusedError, match="涉及本辖区以外"):
        mark(store, COUNTY_SHIFT, 1)
    with pytest.raises(RefusedError, match="没有这起聚集事件"):
        mark(store, COUNTY_SHIFT, 2)


def test_a_mark_needs_sense(store) -> None:
    follow(store, found())
    with pytest.raises(InputError, match="请选择属实、误报或不明"):
        mark(store, ADMIN, 1, "也许")
    with pytest.raises(InputError, match="请说明原因"):
        mark(store, ADMIN, 1, "误报", "  ")
    with pytest.raises(InputError, match="不能超过 200 字"):
        mark(store, ADMIN, 1, "属实", "长" * 201)
    with pytest.raises(InputError, match="没有这起聚集事件"):
        mark(store, ADMIN, 9)
    mark(store, ADMIN, 1)
    with pytest.raises(ConflictError, match="已由 示例同志 于 2026-11-23 12:00 标为属实"):
        mark(store, ADMIN, 1, "不明", revision=1)


# ── who sees which ───────────────────────────────────────────────────────────────────────────────────────────────────
def test_listed_open_ones_first_and_in_part(told) -> None:
    with told.write() as connection:
        connection.execute(update(t.hotspot_episode).where(t.hotspot_episode.c.kind == "州市").values(closed_at=NOW))
    whole = listed(told)
    assert [one.open for one in whole] == sorted((one.open for one in whole), reverse=True)
    assert all(one.open for one in listed(told, open_only=True))
    (own,) = listed(told, COUNTY)
    county = next(one for one in whole if one.kind == "县级")
    assert (own.regions, own.outside) == ((ZHENXIONG,), len(county.regions) - 1)
    assert 0 < len(own.events) < len(county.events) == county.observed
    assert listed(told, ELSEWHERE) == ()


def test_precision_by_month(store) -> None:
    kinds = [((ZHENXIONG,), "属实"), ((KUNMING,), "误报"), (("532501",), "不明"), (("532901",), "")]
    for number, (regions, verdict) in enumerate(kinds, start=1):
        follow(store, found(regions))
        if verdict:
            mark(store, ADMIN, number, verdict, "示例说明")
    follow(store, found(("533401",)), now=NOW - 40 * DAY)
    november, october = episodes.months(listed(store))
    assert (november.month, november.shown, november.true, november.false, november.unclear) == ("2026-11", 4, 1, 1, 1)
    assert november.precision == 0.5
    assert (october.month, october.precision) == ("2026-10", None)

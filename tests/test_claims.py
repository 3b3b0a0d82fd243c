"""Leases: one worker per source, the fence, and what a dead worker leaves behind."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from monitors.errors import LeaseLostError
from monitors.opinion import claims
from monitors.store import tables as t

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
LATER = NOW + timedelta(seconds=121)


def add_sources(store, count=3, **changes):
    with store.write() as connection:
        for number in range(count):
            source = {
                "id": f"s{number}", "name": f"源{number}", "kind": "feed", "url": f"http://127.0.0.1/{number}",
                "group_name": "自建", "outlet": f"源{number}", "interval_seconds": 60, "max_interval_seconds": 60,
                "tier": 3, "national": False, "condition": "正常", "paused": False, "origin": "page", "created_at": NOW,
                "updated_at": NOW, "recipe": {"items": "li", "headers": [["x-a", "b"]], "follow": True},
            }  # fmt: skip
            connection.execute(t.source.insert().values(source | changes))
            due = NOW - timedelta(seconds=number)
            connection.execute(
                t.source_state.insert().values(source_id=f"s{number}", next_at=due, interval_seconds=45.0)
            )


def claim(store, owner, now=NOW, limit=10, among=None):
    with store.write() as connection:
        return claims.claim(connection, owner, now=now, limit=limit, lease_seconds=120, among=among)


def test_most_overdue_first_and_nobody_else_gets_them(store):
    add_sources(store)
    first = claim(store, "a", limit=2)
    assert [c.source.id for c in first] == ["s2", "s1"]
    assert first[0].source.recipe.headers == (("x-a", "b"),)
    assert (first[0].interval_seconds, first[0].source.interval_seconds) == (45.0, 60)
    assert [c.source.id for c in claim(store, "b")] == ["s0"]
    assert claim(store, "b") == []


@pytest.mark.parametrize("changes", [{"paused": True}, {"removed": True}])
def test_paused_and_removed_sources_rest(store, changes):
    add_sources(store, **changes)
    assert claim(store, "a") == []
    assert claim(store, "a", among=["s0"]) == []
    with store.read() as connection:
        assert not claims.anything_due(connection, NOW)


def test_not_due_is_left_unless_named(store):
    add_sources(store)
    early = NOW - timedelta(hours=1)
    with store.read() as connection:
        assert not claims.anything_due(connection, early)
        assert claims.anything_due(connection, NOW)
    assert claim(store, "a", now=early) == []
    assert [c.source.id for c in claim(store, "a", now=early, among=["s1"])] == ["s1"]


def test_the_fence_refuses_a_worker_that_overslept(store):
    add_sources(store, 1)
    (old,) = claim(store, "a")
    (new,) = claim(store, "b", now=LATER)
    assert new.generation == old.generation + 1
    with pytest.raises(LeaseLostError, match="s0"), store.write() as connection:
        claims.settle(connection, "a", old, {"next_at": LATER})
    with store.write() as connection:
        claims.settle(connection, "b", new, {"next_at": LATER + timedelta(seconds=60), "failures": 1.0})
    with store.read() as connection:
        row = connection.execute(select(t.source_state)).one()
    assert (row.lease_owner, row.failures, row.next_at) == (None, 1.0, LATER + timedelta(seconds=60))


def test_the_same_worker_s_older_claim_is_fenced_too(store):
    add_sources(store, 1)
    (old,) = claim(store, "a")
    claim(store, "a", now=LATER)
    with pytest.raises(LeaseLostError), store.write() as connection:
        claims.settle(connection, "a", old, {"next_at": LATER})


def test_renewing_keeps_a_long_poll_ours_and_release_frees_all(store):
    add_sources(store, 1)
    claim(store, "a")
    with store.write() as connection:
        claims.renew(connection, "b", ["s0"], until=LATER + timedelta(hours=1))  # not b's to renew
    assert len(claim(store, "c", now=LATER)) == 1
    with store.write() as connection:
        claims.renew(connection, "c", ["s0"], until=LATER + timedelta(hours=1))
    assert claim(store, "d", now=LATER + timedelta(minutes=5)) == []
    with store.write() as connection:
        assert claims.release_all(connection) == 1
    assert len(claim(store, "d", now=LATER)) == 1


def test_four_workers_never_share_a_source(store):
    add_sources(store, 40)
    got: list[str] = []
    lock = threading.Lock()

    def work(owner: str) -> None:
        while held := claim(store, owner, limit=3):
            with lock:
                got.extend(c.source.id for c in held)

    threads = [threading.Thread(target=work, args=(f"w{n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(got) == sorted(f"s{n}" for n in range(40))


def test_what_is_still_being_polled_here_is_not_claimed_again(store):
    add_sources(store, 2)
    with store.write() as connection:
        got = claims.claim(connection, "a", now=NOW, limit=9, lease_seconds=120, without=["s1"])
    assert [c.source.id for c in got] == ["s0"]


def test_holding_keeps_the_lease_and_is_fenced(store):
    add_sources(store, 1)
    (held,) = claim(store, "a")
    with store.write() as connection:
        claims.hold(connection, "a", held)
    assert claim(store, "b") == []
    claim(store, "b", now=LATER)
    with pytest.raises(LeaseLostError), store.write() as connection:
        claims.hold(connection, "a", held)


def test_an_edited_address_fences_the_poll_under_way(store):
    from dataclasses import replace

    from monitors.access.actor import SYSTEM
    from monitors.opinion import sources

    add_sources(store, 1)
    (held,) = claim(store, "a")
    with store.write() as connection:
        new = replace(held.source, url="http://127.0.0.1/new")
        sources.edit_source(connection, SYSTEM, new, revision=1, now=NOW)
    with pytest.raises(LeaseLostError), store.write() as connection:
        claims.settle(connection, "a", held, {"etag": '"of the old address"'})
    (again,) = claim(store, "a")
    assert (again.etag, again.source.url) == (None, "http://127.0.0.1/new")


def test_a_clock_set_back_takes_due_times_with_it_once(store):
    add_sources(store, 3)
    hour = timedelta(hours=1)
    with store.write() as connection:
        # s0 waits ten minutes, s1 was never polled, s2 is held by a worker that no longer lives.
        update = t.source_state.update().where
        connection.execute(
            update(t.source_state.c.source_id == "s0").values(
                last_poll_at=NOW, last_ok_at=NOW, full_poll_at=NOW, newest_item_at=NOW, next_at=NOW + hour / 6
            )
        )
        connection.execute(
            update(t.source_state.c.source_id == "s2").values(lease_owner="gone", lease_until=NOW + hour / 30)
        )
    earlier = NOW - hour
    for expected in (3, 0):
        with store.write() as connection:
            assert claims.bring_back(connection, earlier, lease_seconds=120) == expected
    with store.read() as connection:
        states = {row.source_id: row for row in connection.execute(select(t.source_state))}
    assert states["s0"].next_at == earlier + hour / 6
    assert {states["s0"].last_poll_at, states["s0"].last_ok_at, states["s0"].full_poll_at} == {earlier}
    assert states["s1"].next_at == earlier
    assert states["s2"].lease_until == earlier + timedelta(seconds=120)
    assert [c.source.id for c in claim(store, "a", now=earlier)] == ["s1"]


def test_a_clock_that_is_right_leaves_everything_alone(store):
    add_sources(store, 2)
    claim(store, "a")
    with store.write() as connection:
        assert claims.bring_back(connection, NOW, lease_seconds=120) == 0

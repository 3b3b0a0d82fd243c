"""Several workers on one PostgreSQL: sources shared, nothing doubled, an overslept worker's result refused."""

from __future__ import annotations

import signal
import subprocess
import sys
import time

import pytest
from sqlalchemy import func, select

from monitors.settings import ROOT
from monitors.store import tables as t
from monitors.store.engine import Store
from tests.conftest import fresh_database
from tests.feedserver import FeedServer
from tests.test_watch import BODY, REPORT, count, prepared, source_block, write_config


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_two_workers_share_and_a_sleeper_is_fenced(postgres_server, tmp_path):
    with FeedServer() as server:
        feeds = [server.feed(f"/{number}.xml") for number in range(12)]
        environ = write_config(
            tmp_path, "".join(source_block(n, feed.url) for n, feed in enumerate(feeds)), lease_seconds="10"
        )
        environ["DATABASE_URL"] = fresh_database(postgres_server, "two_workers")
        _, store = prepared(environ, Store(environ["DATABASE_URL"]))
        workers = [
            subprocess.Popen(
                [sys.executable, "-m", "monitors", "watch"], cwd=ROOT, env=environ, stderr=subprocess.DEVNULL
            )
            for _ in range(2)
        ]
        try:
            wait(lambda: len(owners(store)) == 2 or count(store, t.poll) > 30, 60)
            for round_number in range(4):
                for number, feed in enumerate(feeds):
                    # The same event from all twelve outlets: one story, whoever takes which report in.
                    n = 20 + round_number * 17
                    feed.append(title=REPORT.format(n=n), text=BODY.format(n=n, m=n * 3, k=number))
                if round_number == 1:
                    workers[0].send_signal(signal.SIGSTOP)
                time.sleep(1.5)
            time.sleep(11)  # past the lease: the other takes over what the sleeper held
            wait(lambda: count(store, t.item) == 48, 90)  # patience, not a measure: two workers share a loaded machine
            workers[0].send_signal(signal.SIGCONT)
            time.sleep(3)
        finally:
            for worker in workers:
                worker.send_signal(signal.SIGCONT)
                worker.send_signal(signal.SIGTERM)
            codes = [worker.wait(30) for worker in workers]
        assert codes == [0, 0]
        assert count(store, t.item) == 48
        with store.read() as connection:
            doubled = connection.execute(
                select(t.item.c.source_id, t.item.c.guid)
                .group_by(t.item.c.source_id, t.item.c.guid)
                .having(func.count() > 1)
            ).all()
            stories = connection.execute(select(t.story.c["items"], t.story.c.outlets).order_by(t.story.c.id)).all()
            leases = connection.scalar(select(func.count()).where(t.source_state.c.lease_owner.is_not(None)))
        assert doubled == []
        assert [tuple(story) for story in stories] == [(12, 12)] * 4
        assert count(store, t.alert) == 4
        assert leases == 0
        store.close()


def owners(store: Store) -> set[str]:
    with store.read() as connection:
        return set(
            connection.scalars(select(t.source_state.c.lease_owner).where(t.source_state.c.lease_owner.is_not(None)))
        )


def wait(condition, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.1)

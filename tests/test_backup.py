"""Backup and restore: consistent under load, checked before anything is touched, never half done."""

from __future__ import annotations

import json
import sqlite3
import threading
import zipfile
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from sqlalchemy import func, select

from monitors.access.scope import EVERYWHERE
from monitors.errors import StoreError
from monitors.opinion import search
from monitors.store import backup as b
from monitors.store import restore as r
from monitors.store import tables as t
from monitors.store.engine import Store
from monitors.store.schema import upgrade

NOW = datetime(2026, 11, 23, 2, 30, tzinfo=UTC)


@dataclass(frozen=True)
class Deployed:
    database_url: str
    data_dir: Path
    watch: SimpleNamespace = field(default_factory=lambda: SimpleNamespace(heartbeat_red_seconds=60))


def url_of(store):
    return store.url.render_as_string(hide_password=False)


def fill(store, count=3, word="讨薪"):
    with store.write() as connection:
        connection.execute(
            t.source.insert().values(
                id="a", name="甲源", kind="feed", url="http://127.0.0.1/", group_name="州市", outlet="甲报", tier=3,
                interval_seconds=60, max_interval_seconds=60, national=False, condition="正常", paused=False,
                recipe={"headers": [["a", "b"]]}, origin="page", created_at=NOW, updated_at=NOW,
            )
        )  # fmt: skip
        for n in range(count):
            values = {
                "source_id": "a", "guid": str(n), "url": "https://example.org/", "title": f"{word}{n}", "text": "正文",
                "text_hash": "", "outlet": "甲报", "published_at": NOW - timedelta(hours=n), "fetched_at": NOW,
                "relevant": True, "relevance": 1.0, "sentiment": -1.0, "stance": "unresolved", "scope": "本省",
                "level": "IV", "region": "530100", "judgement": {"matched": ["讨薪"]}, "amount_fen": 10**13,
            }  # fmt: skip
            item_id = connection.execute(t.item.insert().values(values).returning(t.item.c.id)).scalar_one()
            search.index_items(connection, [(item_id, values["title"], values["text"])])
        connection.execute(t.story_band.insert().values(band=2**62, item_id=1))
        connection.execute(t.story_signature.insert().values(item_id=1, at=NOW, signature=b"\x00\xff"))


def contents(store):
    """Every row of every table, for comparison."""
    with store.read() as connection:
        return {
            table.name: [tuple(row) for row in connection.execute(select(table).order_by(*table.primary_key.columns))]
            for table in t.metadata.sorted_tables
        }


def found(store, word):
    with store.read() as connection:
        return [hit.title for hit in search.search(connection, EVERYWHERE, search.Filters(query=word)).hits]


def test_a_restored_backup_is_the_database_that_was_backed_up(store, tmp_path):
    fill(store)
    search.ensure(store)
    before = contents(store)
    made = b.backup(store, tmp_path, now=NOW)
    assert made.path.name == "monitors-20261123-103000.zip"
    assert made.manifest.rows["item"] == 3
    assert made.manifest.dialect == store.dialect
    assert b.verify(made.path) == made.manifest
    assert made.path.stat().st_mode & 0o077 == 0
    with store.write() as connection:
        connection.execute(t.meta.insert().values(key="later", value="x"))
        connection.execute(t.item.update().values(title="改过"))
    store.close()

    deployed = Deployed(url_of(store), tmp_path)
    done = r.restore(deployed, made.path, now=NOW)
    again = Store(deployed.database_url)
    assert contents(again) == before
    assert found(again, "讨薪") == ["讨薪0", "讨薪1", "讨薪2"]
    assert found(again, "改过") == []
    with again.write() as connection:
        connection.execute(
            t.poll.insert().values(source_id="a", started_at=NOW, finished_at=NOW, outcome="ok", note="")
        )
        item = connection.execute(select(t.item).limit(1)).mappings().one()
        values = {**item, "guid": "new"}
        del values["id"]
        assert connection.execute(t.item.insert().values(values).returning(t.item.c.id)).scalar_one() == 4
    again.close()
    assert done.kept is not None
    assert done.kept.exists()
    if again.dialect == "sqlite":
        with closing(sqlite3.connect(done.kept)) as raw:
            assert raw.execute("SELECT DISTINCT title FROM item").fetchall() == [("改过",)]
    else:
        assert b.verify(done.kept).rows["meta"] == 2
    assert not list(tmp_path.glob(f"{b._WORK_PREFIX}*"))


def test_an_office_moves_between_databases_by_backup_and_restore(store, tmp_path, postgres_server):
    fill(store)
    search.ensure(store)
    made = b.backup(store, tmp_path / "b.zip", now=NOW)
    if store.dialect == "sqlite":
        from tests.conftest import fresh_database

        target = fresh_database(postgres_server, "moved")
    else:
        target = f"sqlite:///{tmp_path / 'moved' / 'monitors.db'}"
    done = r.restore(Deployed(target, tmp_path), made.path, now=NOW)
    assert done.kept is None
    moved = Store(target)
    assert contents(moved) == contents(store)
    assert found(moved, "薪1") == ["讨薪1"]
    moved.close()


def test_backup_under_concurrent_writers_is_one_instant(store, tmp_path):
    """Writers keep two rows equal; a backup taken meanwhile must never hold them different."""
    with store.write() as connection:
        connection.execute(t.meta.insert(), [{"key": "left", "value": "0"}, {"key": "right", "value": "0"}])
    stop = threading.Event()
    failures = []

    def write(number):
        count = 0
        try:
            while not stop.is_set():
                count += 1
                with store.write() as connection:
                    for key in ("left", "right"):
                        connection.execute(t.meta.update().where(t.meta.c.key == key).values(value=f"{number}.{count}"))
                    connection.execute(t.heartbeat.delete())
                    connection.execute(t.heartbeat.insert().values(part="loop", at=NOW, note="字" * 2000))
        except Exception as error:  # noqa: BLE001 - reported below
            if "deadlock" not in str(error) and "serialize" not in str(error) and "unique" not in str(error).lower():
                failures.append(error)

    threads = [threading.Thread(target=write, args=(n,)) for n in range(3)]
    for thread in threads:
        thread.start()
    try:
        made = [b.backup(store, tmp_path / f"{n}.zip", now=NOW) for n in range(4)]
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert failures == []
    for one in made:
        copy = tmp_path / "copy.db"
        b.unpack(one.path, b.verify(one.path), copy)
        b.inspect_database(copy)
        with closing(sqlite3.connect(copy)) as raw:
            values = dict(raw.execute("SELECT key, value FROM meta WHERE key IN ('left', 'right')"))
        assert values["left"] == values["right"]


def sqlite_at(path, **content):
    opened = Store(f"sqlite:///{path}")
    upgrade(opened)
    fill(opened, **content)
    return opened


def test_restore_is_refused_while_the_watch_runs_and_while_a_page_is_open(tmp_path):
    store = sqlite_at(tmp_path / "monitors.db")
    made = b.backup(store, tmp_path / "b.zip", now=NOW)
    deployed = Deployed(url_of(store), tmp_path)
    with pytest.raises(StoreError, match="仍有程序"):
        r.restore(deployed, made.path, now=NOW)
    with store.write() as connection:
        connection.execute(t.heartbeat.insert().values(part="loop", at=NOW - timedelta(seconds=59)))
    store.close()
    with pytest.raises(StoreError, match="值守仍在运行"):
        r.restore(deployed, made.path, now=NOW)
    assert r.restore(deployed, made.path, now=NOW, force=True).kept
    assert r.restore(deployed, made.path, now=NOW + timedelta(minutes=5)).kept


def test_a_damaged_or_foreign_file_changes_nothing(tmp_path):
    store = sqlite_at(tmp_path / "monitors.db")
    made = b.backup(store, tmp_path / "good.zip", now=NOW)
    store.close()
    before = (tmp_path / "monitors.db").read_bytes()
    good = made.path.read_bytes()
    middle = len(good) // 2
    foreign = tmp_path / "foreign.zip"
    with zipfile.ZipFile(foreign, "w") as archive:
        archive.writestr("readme.txt", "nothing of ours")
    lying = tmp_path / "lying.zip"
    with zipfile.ZipFile(made.path) as whole, zipfile.ZipFile(lying, "w") as archive:
        manifest = json.loads(whole.read(b.MANIFEST))
        archive.writestr(b.MANIFEST, json.dumps(manifest | {"sha256": "0" * 64}))
        archive.writestr(b.DATABASE, whole.read(b.DATABASE))
    newer = tmp_path / "newer.zip"
    with zipfile.ZipFile(newer, "w") as archive:
        archive.writestr(b.MANIFEST, json.dumps(manifest | {"version": 99}))
    cases = [
        (tmp_path / "flipped.zip", good[:middle] + bytes([good[middle] ^ 0xFF]) + good[middle + 1 :], "损坏"),
        (tmp_path / "cut.zip", good[:middle], "不是本程序的备份"),
        (tmp_path / "text.zip", b"hello", "不是本程序的备份"),
        (tmp_path / "empty.zip", b"", "不是本程序的备份"),
        (foreign, None, "不是本程序的备份"),
        (lying, None, "校验值不符"),
        (newer, None, "更新的程序"),
        (tmp_path / "absent.zip", None, "无法读取"),
    ]
    for path, content, message in cases:
        if content is not None:
            path.write_bytes(content)
        with pytest.raises(StoreError, match=message):
            r.restore(Deployed(f"sqlite:///{tmp_path / 'monitors.db'}", tmp_path), path, now=NOW)
        assert (tmp_path / "monitors.db").read_bytes() == before, path.name
    assert not list(tmp_path.glob(f"{b._WORK_PREFIX}*"))


def repacked(made, target, change):
    """The same backup with its database changed and its digest right."""
    database = target.with_suffix(".db")
    b.unpack(made.path, made.manifest, database)
    with closing(sqlite3.connect(database)) as raw:
        change(raw)
        raw.commit()
    changed = replace(made.manifest, bytes=database.stat().st_size, sha256=b.digest(database))
    b._pack(target, database, changed)
    return target


def test_a_newer_revision_is_refused(tmp_path):
    store = sqlite_at(tmp_path / "monitors.db")
    made = b.backup(store, tmp_path / "good.zip", now=NOW)
    store.close()
    newer = repacked(
        made, tmp_path / "n.zip", lambda raw: raw.execute("UPDATE alembic_version SET version_num = '9999'")
    )
    with pytest.raises(StoreError, match="比本程序新"):
        r.restore(Deployed(f"sqlite:///{tmp_path / 'monitors.db'}", tmp_path), newer, now=NOW)


def test_an_index_of_another_making_is_made_anew_on_restore(tmp_path):
    store = sqlite_at(tmp_path / "monitors.db")
    search.ensure(store)
    made = b.backup(store, tmp_path / "good.zip", now=NOW)
    store.close()
    other = repacked(made, tmp_path / "o.zip", lambda raw: raw.execute("UPDATE meta SET value = 'another'"))
    done = r.restore(Deployed(f"sqlite:///{tmp_path / 'monitors.db'}", tmp_path), other, now=NOW)
    assert done.indexed == 3
    again = Store(f"sqlite:///{tmp_path / 'monitors.db'}")
    assert found(again, "讨薪") == ["讨薪0", "讨薪1", "讨薪2"]
    again.close()


@pytest.mark.parametrize("content", [b"", b"not a database at all", b"SQLite format 3\x00" + b"\xee" * 8000])
def test_a_damaged_database_is_replaced_and_kept_aside(tmp_path, content):
    store = sqlite_at(tmp_path / "monitors.db")
    made = b.backup(store, tmp_path / "good.zip", now=NOW)
    store.close()
    (tmp_path / "monitors.db").write_bytes(content)
    done = r.restore(Deployed(f"sqlite:///{tmp_path / 'monitors.db'}", tmp_path), made.path, now=NOW)
    assert done.kept.read_bytes() == content
    again = Store(f"sqlite:///{tmp_path / 'monitors.db'}")
    assert found(again, "讨薪") == ["讨薪0", "讨薪1", "讨薪2"]
    again.close()


def test_killed_at_the_last_moment_the_old_database_is_there(tmp_path, monkeypatch):
    store = sqlite_at(tmp_path / "monitors.db", word="现在")
    made = b.backup(store, tmp_path / "good.zip", now=NOW)
    store.close()

    def killed(self, target):
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", killed)
    with pytest.raises(KeyboardInterrupt):
        r.restore(Deployed(f"sqlite:///{tmp_path / 'monitors.db'}", tmp_path), made.path, now=NOW)
    monkeypatch.undo()
    again = Store(f"sqlite:///{tmp_path / 'monitors.db'}")
    assert found(again, "现在") == ["现在0", "现在1", "现在2"]
    again.close()


def test_a_log_not_yet_folded_in_is_not_lost_and_not_inherited(tmp_path):
    live = tmp_path / "monitors.db"
    store = sqlite_at(live, word="旧的")
    made = b.backup(store, tmp_path / "good.zip", now=NOW)
    with store.write() as connection:
        connection.execute(t.meta.insert().values(key="in-the-log", value="x"))
    assert Path(f"{live}-wal").stat().st_size > 0
    done = r.restore(Deployed(f"sqlite:///{live}", tmp_path), made.path, now=NOW, force=True)
    store.close()
    again = Store(f"sqlite:///{live}")
    with again.read() as connection:
        assert connection.scalar(select(func.count()).select_from(t.meta).where(t.meta.c.key == "in-the-log")) == 0
    again.close()
    with closing(sqlite3.connect(done.kept)) as raw:
        assert raw.execute("SELECT value FROM meta WHERE key = 'in-the-log'").fetchall() == [("x",)]


def test_a_place_that_cannot_be_written_is_said(tmp_path):
    store = sqlite_at(tmp_path / "monitors.db")
    with pytest.raises(StoreError, match="文件夹不存在"):
        b.backup(store, tmp_path / "no" / "such" / "b.zip", now=NOW)
    store.close()


def test_backup_replaces_an_older_file_of_the_same_name(tmp_path):
    store = sqlite_at(tmp_path / "monitors.db")
    target = tmp_path / "nightly.zip"
    target.write_bytes(b"yesterday")
    assert b.backup(store, target, now=NOW).path == target
    assert b.verify(target).rows["item"] == 3
    store.close()

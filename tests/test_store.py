"""The store: one schema on both databases, versions that move, writes that are whole."""

from __future__ import annotations

import threading
from datetime import UTC, datetime

import pytest
from sqlalchemy import inspect, text

from monitors.errors import StoreError
from monitors.store import engine
from monitors.store import tables as t
from monitors.store.engine import Store
from monitors.store.schema import present, upgrade

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)


def test_migrated_schema_is_the_declared_one(store):
    with store.read() as connection:
        found = inspect(connection)
        for table in t.metadata.sorted_tables:
            columns = {c["name"] for c in found.get_columns(table.name)}
            assert columns == {c.name for c in table.columns}, table.name
            indexes = {i["name"] for i in found.get_indexes(table.name)}
            assert {i.name for i in table.indexes} <= indexes, table.name


def test_upgrade_twice_changes_nothing(store):
    before = store.versions()
    upgrade(store)
    assert present(store) == "0006"
    assert store.versions() == before


def test_version_moves_on_commit_and_not_on_rollback(store):
    before = store.versions("meta", "alert")
    with store.write() as connection:
        connection.execute(t.meta.insert().values(key="a", value="1"))
    after = store.versions("meta", "alert")
    assert after[0] != before[0]
    assert after[1] == before[1]
    with pytest.raises(KeyError), store.write() as connection:
        connection.execute(t.meta.insert().values(key="b", value="1"))
        raise KeyError
    assert store.versions("meta", "alert") == after
    with store.write() as connection:
        connection.execute(t.meta.update().values(value="2"))
        connection.execute(t.meta.delete())
    assert store.versions("meta") != after[:1]


def test_moments_come_back_aware_and_naive_ones_are_refused(store):
    with store.write() as connection:
        connection.execute(t.heartbeat.insert().values(part="loop", at=NOW))
    with store.read() as connection:
        assert connection.execute(t.heartbeat.select()).one().at == NOW
    with pytest.raises(Exception, match="without zone"), store.write() as connection:
        connection.execute(t.heartbeat.insert().values(part="x", at=datetime(2026, 1, 1)))  # noqa: DTZ001


def test_one_open_alert_per_story_is_the_database_s_rule(store):
    story = {
        "id": 1, "title": "x", "region": "530000", "scope": "本省", "stance": "unresolved", "sentiment": -0.5,
        "items": 1, "outlets": 1, "first_outlet": "x", "first_published_at": NOW, "first_seen_at": NOW,
        "last_seen_at": NOW, "level": "IV", "score": 20, "severity": {}, "matched": [],
    }  # fmt: skip
    alert = {
        "story_id": 1, "level": "IV", "score": 20, "opened_at": NOW, "raised_at": NOW, "sign_due_at": NOW,
        "public_due_at": NOW, "case_ids": [],
    }  # fmt: skip
    with store.write() as connection:
        connection.execute(t.story.insert().values(story))
        connection.execute(t.alert.insert().values(alert | {"number": "1", "state": "已办结"}))
        connection.execute(t.alert.insert().values(alert | {"number": "2", "state": "新警情"}))
    with pytest.raises(Exception, match=r"(?i)unique"), store.write() as connection:
        connection.execute(t.alert.insert().values(alert | {"number": "3", "state": "核查中"}))


def test_concurrent_writers_lose_nothing(store):
    with store.write() as connection:
        connection.execute(t.meta.insert().values(key="n", value="0"))

    def add() -> None:
        for _ in range(20):
            with store.write() as connection:
                lock = "" if store.dialect == "sqlite" else " FOR UPDATE"
                value = connection.execute(text(f"SELECT value FROM meta WHERE key = 'n'{lock}")).scalar_one()
                connection.execute(t.meta.update().values(value=str(int(value) + 1)))

    threads = [threading.Thread(target=add) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with store.read() as connection:
        assert connection.execute(text("SELECT value FROM meta WHERE key = 'n'")).scalar_one() == "80"
    assert store.checkpoint() == 0


def test_sqlite_runs_with_the_measured_pragmas(tmp_path):
    store = Store(f"sqlite:///{tmp_path / 'a.db'}")
    with store.read() as connection:
        values = [
            connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "wal_autocheckpoint")
        ]
    assert values == ["wal", 2, 1, 0]


@pytest.mark.parametrize(("content", "message"), [(b"", "空文件"), (b"PK\x03\x04 not a database", "不是 SQLite")])
def test_an_empty_or_foreign_file_is_refused_not_replaced(tmp_path, monkeypatch, content, message):
    monkeypatch.setattr(engine, "_KNOWN_FILES", set())  # inodes of removed files come again
    path = tmp_path / "monitors.db"
    path.write_bytes(content)
    with pytest.raises(StoreError, match=message):
        Store(f"sqlite:///{path}")
    assert path.read_bytes() == content

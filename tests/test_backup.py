"""Backup and restore: consistent under load, checked before anything is touched, never half done."""

from __future__ import annotations

import base64
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
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError

from monitors.access import acting, audit, chain, keys, recovery, restricted
from monitors.access.actor import SYSTEM
from monitors.access.scope import EVERYWHERE
from monitors.errors import StoreError
from monitors.opening import prepare
from monitors.opinion import search
from monitors.settings import load
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


def put_back(deployed, file, *, now, admit=lambda *_: None, force=False):
    return r.restore(deployed, file, now=now, admit=admit, force=force)


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
    done = put_back(deployed, made.path, now=NOW)
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
    done = put_back(Deployed(target, tmp_path), made.path, now=NOW)
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
        put_back(deployed, made.path, now=NOW)
    with store.write() as connection:
        connection.execute(t.heartbeat.insert().values(part="loop", at=NOW - timedelta(seconds=59)))
    store.close()
    with pytest.raises(StoreError, match="值守仍在运行"):
        put_back(deployed, made.path, now=NOW)
    assert put_back(deployed, made.path, now=NOW, force=True).kept
    assert put_back(deployed, made.path, now=NOW + timedelta(minutes=5)).kept


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
            put_back(Deployed(f"sqlite:///{tmp_path / 'monitors.db'}", tmp_path), path, now=NOW)
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
        put_back(Deployed(f"sqlite:///{tmp_path / 'monitors.db'}", tmp_path), newer, now=NOW)


def test_an_index_of_another_making_is_made_anew_on_restore(tmp_path):
    store = sqlite_at(tmp_path / "monitors.db")
    search.ensure(store)
    made = b.backup(store, tmp_path / "good.zip", now=NOW)
    store.close()
    other = repacked(made, tmp_path / "o.zip", lambda raw: raw.execute("UPDATE meta SET value = 'another'"))
    done = put_back(Deployed(f"sqlite:///{tmp_path / 'monitors.db'}", tmp_path), other, now=NOW)
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
    done = put_back(Deployed(f"sqlite:///{tmp_path / 'monitors.db'}", tmp_path), made.path, now=NOW)
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
        put_back(Deployed(f"sqlite:///{tmp_path / 'monitors.db'}", tmp_path), made.path, now=NOW)
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
    done = put_back(Deployed(f"sqlite:///{live}", tmp_path), made.path, now=NOW, force=True)
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


def inhabit(store):
    """Accounts, a sign-in, restricted fields, and a trail of what was done."""
    with store.write() as connection:
        connection.execute(t.meta.insert().values(key="key_mark", value=keys._mark()))
        connection.execute(
            t.account.insert().values(
                id=1, name="li", display="李经办", role="县级经办", region="530102", password="hash", must_change=False,
                origin="local", created_at=NOW, updated_at=NOW,
            )
        )  # fmt: skip
        for token, ended in (("a" * 64, None), ("b" * 64, NOW)):
            connection.execute(
                t.session.insert().values(
                    token_hash=token, account_id=1, created_at=NOW, seen_at=NOW, expires_at=NOW + timedelta(hours=12),
                    address="10.0.0.9", agent="x", ended_at=ended, ended_why="退出" if ended else "",
                )
            )  # fmt: skip
        for n in range(5):
            at = NOW + timedelta(microseconds=n * 111)  # fractions of different lengths
            audit.append(
                connection, SYSTEM, "source.edit", at=at, target=str(n), after={"n": '名\n"\\', "m": [1.5, None]}
            )
    with acting.acting(store, SYSTEM) as connection:
        fields = restricted.Fields(reporter="赵某某", phone="13812345678")
        restricted.write(connection, SYSTEM, "story", "1", "530102", fields, revision=None, now=NOW)


def recovering(deployed, file):
    """``admit`` as the command gives it."""
    return lambda connection, manifest: recovery.admit(
        connection, deployed, file=file, made_at=manifest.created_at, now=NOW + timedelta(hours=1)
    )


def whole(store, folder):
    with store.read() as connection:
        return chain.verify(connection, folder / chain.ANCHORS)


def test_people_and_trail_survive_a_move_between_databases_and_sign_ins_do_not(store, tmp_path, postgres_server):
    inhabit(store)
    assert chain.anchor(store, Deployed(url_of(store), tmp_path), NOW)
    made = b.backup(store, tmp_path / "b.zip", now=NOW)
    assert keys.derived("audit") not in made.path.read_bytes()
    if store.dialect == "sqlite":
        from tests.conftest import fresh_database

        target = fresh_database(postgres_server, "moved_people")
    else:
        target = f"sqlite:///{tmp_path / 'moved' / 'monitors.db'}"
    deployed = Deployed(target, tmp_path)
    for round_ in (1, 2):  # the second time over a database that already holds a trail
        put_back(deployed, made.path, now=NOW, admit=recovering(deployed, made.path))
        moved = Store(target)
        verdict = whole(moved, tmp_path)
        assert (verdict.ok, verdict.rows) == (True, 7), verdict
        assert "恢复过备份（第 7 条）" in verdict.words
        with moved.read() as connection:
            last = connection.execute(select(t.audit).where(t.audit.c.seq == 7)).one()
            sessions = (
                connection.execute(select(t.session.c.ended_why).order_by(t.session.c.token_hash)).scalars().all()
            )
            assert connection.scalar(select(func.count()).select_from(t.audit_head)) == 1
        assert (last.action, last.kind, last.target) == ("backup.restore", "backup", "b.zip")
        assert last.actor.startswith("控制台:")
        assert json.loads(last.after)["ended"] == 1
        assert sessions == ["恢复备份", "退出"]
        opened = restricted.read(moved, SYSTEM, "story", "1", "530102", why="核对", now=NOW)
        assert opened.reporter == "赵某某"
        with pytest.raises(DBAPIError, match="only grows"), moved.write() as connection:
            connection.execute(t.audit.delete())
        with pytest.raises(DBAPIError, match="only grows"), moved.write() as connection:
            connection.execute(t.audit.update().values(actor="别人"))
        chain.anchor(moved, deployed, NOW)
        assert whole(moved, tmp_path).ok, round_
        moved.close()
    assert whole(store, tmp_path).ok, "the house moved out of keeps its own anchors"


def test_a_restore_cuts_the_trail_with_leave_and_says_so(store, tmp_path):
    inhabit(store)
    deployed = Deployed(url_of(store), tmp_path)
    made = b.backup(store, tmp_path / "b.zip", now=NOW)
    with store.write() as connection:
        for n in range(4):
            audit.append(connection, SYSTEM, "source.edit", at=NOW, target=str(n))
    chain.anchor(store, deployed, NOW)
    assert whole(store, tmp_path).rows == 10
    store.close()
    put_back(deployed, made.path, now=NOW)  # the same file put there without the command
    again = Store(deployed.database_url)
    assert "末尾被截去：库外锚点" in whole(again, tmp_path).words
    again.close()
    put_back(deployed, made.path, now=NOW, admit=recovering(deployed, made.path))
    again = Store(deployed.database_url)
    verdict = whole(again, tmp_path)
    assert (verdict.ok, verdict.rows) == (True, 7), verdict
    with again.read() as connection:
        after = connection.execute(select(t.audit.c.after).where(t.audit.c.seq == 7)).scalar_one()
    assert json.loads(after)["取代的锚点"] == 10
    again.close()


def test_under_another_key_nothing_is_changed(store, tmp_path, monkeypatch):
    inhabit(store)
    deployed = Deployed(url_of(store), tmp_path)
    made = b.backup(store, tmp_path / "b.zip", now=NOW)
    with store.write() as connection:
        connection.execute(t.meta.insert().values(key="later", value="x"))
    before = contents(store)
    store.close()
    with monkeypatch.context() as patch:
        patch.setenv("MONITORS_KEY", base64.b64encode(b"another".ljust(32, b".")).decode())
        with pytest.raises(StoreError, match="不是建立这份备份时的密钥；未做任何改动"):
            put_back(deployed, made.path, now=NOW, admit=recovering(deployed, made.path))
    again = Store(deployed.database_url)
    assert contents(again) == before
    again.close()
    assert not (tmp_path / chain.ANCHORS).exists()
    assert not list(tmp_path.glob("*replaced*"))


def test_a_backup_that_fails_on_the_way_in_leaves_the_trail_and_its_guard(store, tmp_path, monkeypatch):
    """Broken off between the noted restore and the exchange: the old database and its anchors still hold."""
    inhabit(store)
    deployed = Deployed(url_of(store), tmp_path)
    made = b.backup(store, tmp_path / "b.zip", now=NOW)
    with store.write() as connection:
        audit.append(connection, SYSTEM, "source.edit", at=NOW)
        audit.append(connection, SYSTEM, "source.edit", at=NOW)
    chain.anchor(store, deployed, NOW)
    store.close()

    def broken(*_args, **_keywords):
        raise StoreError("off")

    with monkeypatch.context() as patch, pytest.raises(StoreError, match="off"):
        patch.setattr(r, "_replace_file" if store.dialect == "sqlite" else "copy_rows", broken)
        put_back(deployed, made.path, now=NOW, admit=recovering(deployed, made.path))
    again = Store(deployed.database_url)
    verdict = whole(again, tmp_path)
    assert (verdict.ok, verdict.rows) == (True, 8), verdict
    assert "1 个锚点相符" in verdict.words
    with pytest.raises(DBAPIError, match="only grows"), again.write() as connection:
        connection.execute(t.audit.delete())
    again.close()


def test_a_server_role_that_does_not_own_the_tables_cannot_lift_the_guard(postgres_server, tmp_path):
    """What the guide advises for PostgreSQL: the service under a role with rights on rows, not on tables."""
    from tests.conftest import fresh_database

    store = Store(fresh_database(postgres_server, "owned"))
    upgrade(store)
    inhabit(store)
    with store.write() as connection:
        connection.execute(text("DROP ROLE IF EXISTS wages_service"))
        connection.execute(text("CREATE ROLE wages_service LOGIN"))
        connection.execute(text("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO wages_service"))
        connection.execute(text("REVOKE UPDATE, DELETE ON audit FROM wages_service"))
        connection.execute(text("GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO wages_service"))

    def attempt(statement):
        with store.write() as connection:
            connection.execute(text("SET LOCAL ROLE wages_service"))
            connection.execute(text(statement) if isinstance(statement, str) else statement)

    for statement in (
        "DROP TRIGGER audit_no_change ON audit",
        "ALTER TABLE audit DISABLE TRIGGER audit_no_change",
        "DROP FUNCTION refuse_audit_change() CASCADE",
        "TRUNCATE audit",
        "DROP TABLE audit",
        "DELETE FROM audit",
        "UPDATE audit SET actor = 'x'",
        "SET session_replication_role = replica",
    ):
        with pytest.raises(DBAPIError, match=r"must be owner|permission denied"):
            attempt(statement)
    with store.write() as connection:
        connection.execute(text("SET LOCAL ROLE wages_service"))
        audit.append(connection, SYSTEM, "source.edit", at=NOW)
        fields = restricted.Fields(note="改")
        restricted.write(connection, SYSTEM, "story", "1", "530102", fields, revision=1, now=NOW)
    with store.read() as connection:
        assert chain.verify(connection, Path("/nonexistent")).rows == 8
    made = b.backup(store, tmp_path / "b.zip", now=NOW)
    service = store.url.set(username="wages_service").render_as_string(hide_password=False)
    serving = Store(service)
    prepare(serving, load(environ={"MONITORS_DATA": str(tmp_path)}), NOW)  # rights on rows are all the service needs
    serving.close()
    with pytest.raises(StoreError, match="不是数据表的所有者，未恢复"):
        put_back(Deployed(service, tmp_path), made.path, now=NOW)
    with store.write() as connection:
        connection.execute(text("DROP OWNED BY wages_service"))
        connection.execute(text("DROP ROLE wages_service"))
    store.close()


def test_a_backup_from_before_there_were_accounts_is_brought_up_and_written_down(tmp_path):
    from alembic import command

    from monitors.store.schema import _config

    path = tmp_path / "old" / "monitors.db"
    old = Store(f"sqlite:///{path}")
    with old.write() as connection:
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
    made = b.backup(old, tmp_path / "old.zip", now=NOW)
    assert made.manifest.revision == "0001"
    old.close()
    deployed = Deployed(f"sqlite:///{tmp_path / 'monitors.db'}", tmp_path)
    put_back(deployed, made.path, now=NOW, admit=recovering(deployed, made.path))
    again = Store(deployed.database_url)
    assert whole(again, tmp_path).rows == 1
    again.close()

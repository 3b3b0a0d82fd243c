"""The audit chain: whatever somebody with the database but without the key does to it is found and named."""

from __future__ import annotations

import base64
import itertools
import json
import random
import string
import threading
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text

from monitors import settings as settings_module
from monitors.access import audit, chain
from monitors.access.actor import SYSTEM, Actor
from monitors.access.roles import Role
from monitors.store import tables as t

NOW = datetime(2026, 11, 23, 5, 6, 7, 890, tzinfo=UTC)
CLERK = Actor(7, "li", "李经办", Role.COUNTY_CLERK, "530102", "10.0.0.9", "abcd")
COLUMNS = [column.name for column in t.audit.c]


def grow(store, count, *, start=NOW):
    with store.write() as connection:
        for n in range(count):
            actor = CLERK if n % 2 else SYSTEM
            audit.append(
                connection, actor, "story.export", at=start + timedelta(seconds=n), kind="alert", target=str(n),
                region="530102", before={"旧": n}, after={"新": '值😀\\"\n', "n": [1, None, 2.5]},
            )  # fmt: skip


@contextmanager
def unguarded(store):
    """A write by somebody who owns the database: the triggers are dropped first."""
    with store.write() as connection:
        if store.dialect == "sqlite":
            connection.execute(text("DROP TRIGGER IF EXISTS audit_no_update"))
            connection.execute(text("DROP TRIGGER IF EXISTS audit_no_delete"))
        else:
            connection.execute(text("DROP TRIGGER IF EXISTS audit_no_change ON audit"))
        yield connection


def verdict(store, anchors=Path("/nonexistent/anchors")):
    with store.read() as connection:
        return chain.verify(connection, anchors)


def forge(store, statement, **values):
    with unguarded(store) as connection:
        connection.execute(text(statement), values)


def test_a_trail_that_nobody_touched_is_whole(store):
    assert verdict(store) == chain.Verdict(
        0, True, "审计链完整：共 0 条记录，编号连续，逐条校验无误；库外尚无锚点", None
    )
    grow(store, 5)
    found = verdict(store)
    assert (found.rows, found.ok, found.first_bad) == (5, True, None)


def test_more_rows_than_one_batch(store, monkeypatch):
    monkeypatch.setattr(chain, "_ROWS", 3)
    grow(store, 10)
    assert verdict(store).rows == 10
    forge(store, "UPDATE audit SET target = 'x' WHERE seq = 8")
    assert (verdict(store).rows, verdict(store).first_bad) == (7, 8)


def test_any_column_of_any_row(store):
    grow(store, 3)
    with store.read() as connection:
        rows = connection.execute(text("SELECT * FROM audit ORDER BY seq")).mappings().all()
    for seq, column in itertools.product((1, 2, 3), COLUMNS):
        value = rows[seq - 1][column]
        if isinstance(value, datetime):
            other = value + timedelta(microseconds=1)
        elif column in {"seq", "account_id"}:
            other = seq + 100
        else:
            other = value[:-1] + ("0" if value[-1] != "0" else "1") if value else "x"
        change = f'UPDATE audit SET "{column}" = :value WHERE seq = :seq'
        forge(store, change, value=other, seq=seq)
        found = verdict(store)
        assert (found.ok, found.first_bad, found.rows) == (False, seq, seq - 1), (column, found)
        forge(store, change, value=value, seq=other if column == "seq" else seq)
        assert verdict(store).ok


def flipped(value, where, how):
    """``value`` with one byte of its UTF-8 changed to another."""
    held = bytearray(value.encode())
    held[where % len(held)] ^= how
    return bytes(held)


@pytest.fixture
def grown(store):
    grow(store, 4)
    with store.read() as connection:
        rows = [dict(row) for row in connection.execute(text("SELECT * FROM audit ORDER BY seq")).mappings()]
    return store, rows


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_one_changed_byte_is_found(grown, data):
    """One byte of one value, whatever it makes of it; put back, the trail is whole again."""
    store, rows = grown
    row = data.draw(st.sampled_from(rows))
    texts = [c for c in COLUMNS if isinstance(row[c], str) and row[c]]
    column = data.draw(st.sampled_from(texts))
    where, how = data.draw(st.integers(0, 500)), data.draw(st.integers(1, 255))
    changed = flipped(row[column], where, how)
    if store.dialect == "sqlite":
        forge(store, f'UPDATE audit SET "{column}" = CAST(:v AS TEXT) WHERE seq = :seq', v=changed, seq=row["seq"])
    else:  # the server takes valid text without NUL only
        changed = changed.decode("utf-8", "replace").replace("\x00", "0\x01")[: t.audit.c[column].type.length or 9999]
        if changed == row[column]:
            return
        forge(store, f'UPDATE audit SET "{column}" = :v WHERE seq = :seq', v=changed, seq=row["seq"])
    found = verdict(store)
    forge(store, f'UPDATE audit SET "{column}" = :v WHERE seq = :seq', v=row[column], seq=row["seq"])
    assert (found.ok, found.first_bad) == (False, row["seq"])
    assert verdict(store).ok


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit SET at = '2026-11-23T05:06:08.000890' WHERE seq = 2",  # the same instant, otherwise written
        "UPDATE audit SET at = '2026-11-23 05:06:08.00089' WHERE seq = 2",
        "UPDATE audit SET at = 'yesterday' WHERE seq = 2",
        "UPDATE audit SET at = 2026 WHERE seq = 2",
        "UPDATE audit SET before = CAST(before AS BLOB) WHERE seq = 2",
        "UPDATE audit SET before = before || char(0) WHERE seq = 2",
        "UPDATE audit SET actor = CAST(x'ff' AS TEXT) WHERE seq = 2",
        "UPDATE audit SET account_id = CAST(x'ff' AS TEXT) WHERE seq = 2",
        "UPDATE audit SET account_id = 7.5 WHERE seq = 2",
        "UPDATE audit SET account_id = NULL WHERE seq = 2",
    ],
)
def test_what_sqlite_would_let_a_value_become(tmp_path, statement):
    from monitors.store.engine import Store
    from monitors.store.schema import upgrade

    store = Store(f"sqlite:///{tmp_path / 'monitors.db'}")
    upgrade(store)
    grow(store, 3)
    forge(store, statement)
    assert verdict(store).first_bad == 2
    store.close()


@pytest.mark.parametrize("moment", ["infinity", "-infinity", "2026-11-23 05:06:08.00089+00 BC", "12026-11-23"])
def test_times_postgresql_would_let_in(postgres_server, moment):
    from monitors.store.engine import Store
    from monitors.store.schema import upgrade
    from tests.conftest import fresh_database

    store = Store(fresh_database(postgres_server, "moments"))
    upgrade(store)
    grow(store, 3)
    forge(store, f"UPDATE audit SET at = '{moment}' WHERE seq = 2")
    assert verdict(store).first_bad == 2
    store.close()


@pytest.mark.parametrize(
    ("statements", "first_bad", "words"),
    [
        (["DELETE FROM audit WHERE seq = 2"], 2, "第 2 条记录缺失（其后是第 3 条）"),
        (["DELETE FROM audit WHERE seq IN (2, 3)"], 2, "第 2 至 3 条记录缺失（其后是第 4 条）"),
        (["DELETE FROM audit WHERE seq = 1"], 1, "第 1 条记录缺失"),
        (["DELETE FROM audit WHERE seq = 5"], 5, "末尾被截去：链头记到第 5 条，实有 4 条"),
        (["DELETE FROM audit"], 1, "末尾被截去：链头记到第 5 条，实有 0 条"),
        (["DELETE FROM audit WHERE seq = 5", "UPDATE audit_head SET seq = 4"], 4, "链头不符"),
        (
            [
                "DELETE FROM audit WHERE seq = 5",
                "UPDATE audit_head SET seq = 4, mac = (SELECT mac FROM audit WHERE seq = 4)",
            ],
            4,
            "链头不符",
        ),
        (["DELETE FROM audit", "UPDATE audit_head SET seq = 0"], 0, "链头不符"),
        (["UPDATE audit_head SET mac = ''"], 5, "链头不符"),
        (["UPDATE audit_head SET seq = 3"], 4, "链头不符：链头记到第 3 条，实有 5 条"),
        (["DELETE FROM audit_head"], 5, "链头缺失"),
        (["INSERT INTO audit_head VALUES (2, 5, 'x')"], 5, "多于一行"),
        (
            [
                "UPDATE audit SET seq = -1 WHERE seq = 2",
                "UPDATE audit SET seq = 2 WHERE seq = 3",
                "UPDATE audit SET seq = 3 WHERE seq = -1",
            ],
            2,
            "第 2 条记录被改动",
        ),
        (["INSERT INTO audit SELECT 6, {rest} FROM audit WHERE seq = 5"], 6, "第 6 条记录被改动"),
        (["INSERT INTO audit SELECT 0, {rest} FROM audit WHERE seq = 5"], 0, "编号 0 的记录不属于审计链"),
        (
            [
                "UPDATE audit SET seq = 1000 + seq WHERE seq > 2",
                "UPDATE audit SET seq = seq - 999 WHERE seq > 1000",
                "INSERT INTO audit SELECT 3, {rest} FROM audit WHERE seq = 2",
                "UPDATE audit_head SET seq = 6",
            ],
            3,
            "第 3 条记录被改动",
        ),
    ],
)
def test_rows_removed_swapped_inserted_or_cut(store, statements, first_bad, words):
    grow(store, 5)
    rest = ", ".join(f'"{name}"' for name in COLUMNS if name != "seq")
    for statement in statements:
        forge(store, statement.format(rest=rest))
    found = verdict(store)
    assert (found.ok, found.first_bad, words in found.words) == (False, first_bad, True), found


def rewrite(store, change):
    """The whole chain computed anew, head included, with the key of the moment."""
    with unguarded(store) as connection:
        rows = [dict(row) for row in connection.execute(select(t.audit).order_by(t.audit.c.seq)).mappings()]
        connection.execute(t.audit.delete())
        previous = audit.GENESIS
        for row in rows:
            change(row)
            row["mac"] = previous = audit.digest({**row}, previous)
            connection.execute(t.audit.insert().values(row))
        connection.execute(t.audit_head.update().values(seq=len(rows), mac=audit.head_digest(len(rows), previous)))


def test_a_chain_rewritten_whole_without_the_key(store, monkeypatch):
    grow(store, 5)
    rewrite(store, lambda row: row)
    assert verdict(store).ok, "the rewriting itself is faithful"
    with monkeypatch.context() as patch:
        patch.setenv("MONITORS_KEY", base64.b64encode(b"guessed".ljust(32, b".")).decode())
        rewrite(store, lambda row: row.update(actor="别人"))
        assert verdict(store).ok, "whole under the key it was written with"
    assert verdict(store).first_bad == 1


def test_rows_appended_while_it_is_verified_are_no_fault(store):
    stop, failures = threading.Event(), []

    def write():
        while not stop.is_set():
            grow(store, 3)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(30):
            found = verdict(store)
            if not found.ok:
                failures.append(found)
    finally:
        stop.set()
        writer.join()
    assert failures == []


def deployed(store, folder):
    return SimpleNamespace(data_dir=folder, database_url=store.url.render_as_string(hide_password=False))


def test_anchors_are_written_where_the_trail_has_grown_and_are_nobody_elses_to_read(store, tmp_path):
    folder = tmp_path / "house"
    assert not chain.anchor(store, deployed(store, folder), NOW)
    grow(store, 2)
    assert chain.anchor(store, deployed(store, folder), NOW)
    assert not chain.anchor(store, deployed(store, folder), NOW)
    grow(store, 1)
    assert chain.anchor(store, deployed(store, folder), NOW)
    path = folder / chain.ANCHORS
    assert path.stat().st_mode & 0o777 == 0o600
    held = [json.loads(line) for line in path.read_text("utf-8").splitlines() if line]
    assert [(one["seq"], one["restored"]) for one in held] == [(2, False), (3, False)]
    assert "password" not in path.read_text("utf-8")
    found = verdict(store, path)
    assert found.ok
    assert "与库外 2 个锚点相符" in found.words


def test_an_older_state_put_back_whole_is_found_by_the_anchors(store, tmp_path):
    path = tmp_path / "house" / chain.ANCHORS
    place = deployed(store, path.parent)
    grow(store, 3)
    chain.anchor(store, place, NOW)
    with store.read() as connection:
        head = dict(connection.execute(select(t.audit_head)).mappings().one())
    grow(store, 3)
    chain.anchor(store, place, NOW)
    with unguarded(store) as connection:
        connection.execute(text("DELETE FROM audit WHERE seq > 3"))
        connection.execute(t.audit_head.update().values(head))
    assert verdict(store).ok, "consistent in itself"
    found = verdict(store, path)
    assert (found.ok, found.first_bad) == (False, 4)
    assert "末尾被截去：库外锚点（2026-11-23 13:06）记到第 6 条，实有 3 条" in found.words
    chain.anchor(store, place, NOW)  # a start in that state does not hide it
    assert not verdict(store, path).ok
    grow(store, 8, start=NOW + timedelta(days=1))
    found = verdict(store, path)
    assert (found.ok, found.first_bad, "换回较早" in found.words) == (False, 6, True)
    chain.anchor(store, place, NOW)
    assert not verdict(store, path).ok


def test_a_trail_emptied_and_begun_anew_is_found_by_the_anchors(store, tmp_path):
    path = tmp_path / "house" / chain.ANCHORS
    grow(store, 3)
    chain.anchor(store, deployed(store, path.parent), NOW)
    with unguarded(store) as connection:
        connection.execute(text("DELETE FROM audit"))
        connection.execute(t.audit_head.update().values(seq=0, mac=""))
    assert verdict(store, path).first_bad == 1
    grow(store, 5, start=NOW + timedelta(hours=1))
    assert verdict(store).ok
    assert verdict(store, path).first_bad == 3


def test_only_a_restore_the_trail_holds_releases_older_anchors(store, tmp_path):
    path = tmp_path / "house" / chain.ANCHORS
    place = deployed(store, path.parent)
    grow(store, 3)
    with store.read() as connection:
        head = dict(connection.execute(select(t.audit_head)).mappings().one())
    grow(store, 3)
    chain.anchor(store, place, NOW)
    chain.note_restore(place, 4, "f" * 64, NOW)  # broken off: the trail is as before
    assert verdict(store, path).ok
    with unguarded(store) as connection:
        connection.execute(text("DELETE FROM audit WHERE seq > 3"))
        connection.execute(t.audit_head.update().values(head))
    assert not verdict(store, path).ok
    with store.write() as connection:
        seq = audit.append(connection, SYSTEM, chain.RESTORED, at=NOW)
        mac = connection.scalar(select(t.audit.c.mac).where(t.audit.c.seq == seq))
    assert not verdict(store, path).ok
    chain.note_restore(place, seq, mac, NOW)
    found = verdict(store, path)
    assert found.ok
    assert "恢复过备份（第 4 条）" in found.words
    chain.anchor(store, place, NOW)
    grow(store, 1)
    chain.anchor(store, place, NOW)
    assert "与库外 2 个锚点相符" in verdict(store, path).words


def test_other_databases_and_torn_lines_do_not_disturb(store, tmp_path):
    path = tmp_path / "house" / chain.ANCHORS
    place = deployed(store, path.parent)
    grow(store, 2)
    chain.anchor(store, place, NOW)
    other = chain.Anchor("elsewhere:5432/x", 99, "0" * 64, NOW.isoformat())
    chain._append(path, other)
    with path.open("ab") as file:
        file.write(b'{"database": "x", "se')
    grow(store, 1)
    chain.anchor(store, place, NOW)
    with path.open("ab") as file:
        file.write("[]\n{}\nnull\n\xff".encode("latin-1"))
    found = verdict(store, path)
    assert found.ok
    assert "与库外 2 个锚点相符；锚点文件有 5 行无法读取" in found.words


def test_names_of_databases_hold_no_password(monkeypatch, tmp_path):
    from sqlalchemy import make_url

    monkeypatch.setenv("MONITORS_DATA", str(tmp_path))
    settings_module.current.cache_clear()
    assert chain.database_name(make_url("postgresql+psycopg://u:secret@db:5433/wages")) == "db:5433/wages"
    assert chain.database_name(make_url(f"sqlite:///{tmp_path}/monitors.db")) == "monitors.db"
    assert chain.database_name(make_url("sqlite:////srv/x.db")) == "/srv/x.db"
    settings_module.current.cache_clear()


def test_a_random_edit_of_the_file_itself_is_found_or_harmless(tmp_path):
    """A byte of the audit table's pages on the disk, changed behind SQLite's back."""
    from monitors.store.engine import Store
    from monitors.store.schema import upgrade

    path = tmp_path / "monitors.db"
    store = Store(f"sqlite:///{path}")
    upgrade(store)
    grow(store, 4)
    store.checkpoint()
    with store.read() as connection:
        macs = connection.scalars(select(t.audit.c.mac)).all()
    store.close()
    good = path.read_bytes()
    chance = random.Random(530_000)
    for mac in macs:
        end = good.index(mac.encode()) + len(mac)
        start = good.rindex(b"story.export", 0, end)
        for _ in range(15):
            place = chance.randrange(start, end)
            letter = chance.choice([c for c in string.ascii_letters.encode() if c != good[place]])
            path.write_bytes(good[:place] + bytes([letter]) + good[place + 1 :])
            opened = Store(f"sqlite:///{path}")
            assert not verdict(opened).ok, (place - start, chr(letter))
            opened.close()

"""The key outside the database: made once, asked for ever after, never another one in its place."""

from __future__ import annotations

import base64
import os
import subprocess
import sys

import pytest
from sqlalchemy import select, update

from monitors.access import keys
from monitors.errors import StoreError
from monitors.store import tables as t
from monitors.store.engine import Store
from monitors.store.schema import upgrade
from tests.conftest import ROOT


@pytest.fixture
def place(tmp_path, monkeypatch):
    """The key as a file of this test's own, none there yet."""
    path = tmp_path / "house" / "secret.key"
    monkeypatch.delenv("MONITORS_KEY")
    monkeypatch.setenv("MONITORS_KEY_FILE", str(path))
    keys._derived.cache_clear()
    yield path
    keys._derived.cache_clear()


def mark(store):
    with store.read() as connection:
        return keys.recorded(connection)


def encoded(word):
    return base64.b64encode(word.ljust(32, b".")).decode()


def test_the_first_start_makes_a_key_nobody_else_can_read(store, place):
    keys.settle(store)
    assert place.stat().st_mode & 0o777 == 0o600
    assert place.parent.stat().st_mode & 0o777 == 0o700
    assert len(base64.b64decode(place.read_text("ascii").strip(), validate=True)) == 32
    assert [path.name for path in place.parent.iterdir()] == ["secret.key"]
    first, held = mark(store), place.read_bytes()
    assert len(first) == 16
    keys.settle(store)
    assert (mark(store), place.read_bytes()) == (first, held)
    assert keys.location() == str(place)
    assert keys.file() == place


def test_the_mark_tells_nothing_of_the_key(store, place):
    keys.settle(store)
    with store.read() as connection:
        held = str(connection.execute(select(t.meta)).all())
    assert place.read_text("ascii").strip() not in held
    assert keys.derived("audit").hex() not in held
    assert len({keys.derived(purpose) for purpose in ("audit", "restricted", "cookie", "mark")}) == 4


def test_a_key_file_gone_missing_is_not_replaced(store, place):
    keys.settle(store)
    place.rename(place.with_name("elsewhere"))
    keys._derived.cache_clear()
    with pytest.raises(StoreError, match="不见了，未启动"):
        keys.settle(store)
    assert not place.exists()
    with pytest.raises(StoreError, match="无法读取密钥文件"):
        keys.derived("audit")
    place.with_name("elsewhere").rename(place)
    keys.settle(store)


def test_another_key_is_refused_and_the_mark_stays(store, place):
    keys.settle(store)
    first = mark(store)
    place.write_text(encoded(b"another"))
    keys._derived.cache_clear()
    with pytest.raises(StoreError, match="与数据库不符"):
        keys.settle(store)
    assert mark(store) == first


def test_the_environment_goes_before_the_file(store, place, monkeypatch):
    monkeypatch.setenv("MONITORS_KEY", encoded(b"given"))
    keys.settle(store)
    assert not place.exists()
    assert (keys.location(), keys.file()) == ("环境变量 MONITORS_KEY", None)
    monkeypatch.setenv("MONITORS_KEY", encoded(b"other"))
    with pytest.raises(StoreError, match="与数据库不符"):
        keys.settle(store)
    monkeypatch.delenv("MONITORS_KEY")
    with pytest.raises(StoreError, match="不见了"):
        keys.settle(store)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not base64!",
        b"AAAA",
        base64.b64encode(b"x" * 31),
        base64.b64encode(b"x" * 33),
        b"\xff\xfe" * 20,
        base64.b64encode(b"x" * 32) + b"AAAA",
        base64.urlsafe_b64encode(b"\xff" * 32),
    ],
)
def test_what_is_no_key_is_refused_without_repeating_it(store, place, content):
    place.parent.mkdir()
    place.write_bytes(content)
    with pytest.raises(StoreError, match="密钥") as caught:
        keys.settle(store)
    assert len(content) < 5 or content.decode("latin-1") not in str(caught.value)
    assert mark(store) is None
    assert place.read_bytes() == content


def test_a_key_in_the_environment_is_not_repeated_either(store, monkeypatch):
    monkeypatch.setenv("MONITORS_KEY", "almost-a-secret")
    with pytest.raises(StoreError) as caught:
        keys.settle(store)
    assert "almost" not in str(caught.value)


def test_a_folder_that_cannot_be_written_is_said(store, place):
    place.parent.parent.joinpath("house").write_text("a file, not a folder")
    with pytest.raises(StoreError, match="无法写入密钥文件"):
        keys.settle(store)
    assert mark(store) is None


_START = """
import sys
from monitors.access import keys
from monitors.store.engine import Store
store = Store(sys.argv[1])
sys.stdin.readline()
keys.settle(store)
print(keys.derived("audit").hex())
"""


def test_of_processes_that_start_together_one_makes_the_key(store, place):
    address = store.url.render_as_string(hide_password=False)
    starting = [
        subprocess.Popen(
            [sys.executable, "-c", _START, address], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
        )
        for _ in range(4)
    ]  # fmt: skip
    for one in starting:
        one.stdin.write("\n")
        one.stdin.flush()
    derived = {one.communicate(timeout=60)[0].strip() for one in starting}
    assert [one.returncode for one in starting] == [0] * 4
    assert derived == {keys.derived("audit").hex()}
    assert [path.name for path in place.parent.iterdir()] == ["secret.key"]
    keys.settle(store)


def test_a_backup_under_another_key_is_not_admitted(tmp_path, place):
    store = Store(f"sqlite:///{tmp_path / 'monitors.db'}")
    upgrade(store)
    with store.read() as connection:
        keys.admit(connection)  # made before there were keys: any will do, and the first is made
    assert place.exists()
    keys.settle(store)
    with store.read() as connection:
        keys.admit(connection)
    with store.write() as connection:
        connection.execute(update(t.meta).where(t.meta.c.key == "key_mark").values(value="another"))
    with store.read() as connection, pytest.raises(StoreError, match="不是建立这份备份时的密钥；未做任何改动"):
        keys.admit(connection)
    place.unlink()
    keys._derived.cache_clear()
    with store.read() as connection, pytest.raises(StoreError, match="请先放入原密钥文件"):
        keys.admit(connection)
    assert not place.exists()
    store.close()

"""The secret kept outside the database: it signs the audit trail and encrypts the restricted fields (密钥).

One master key of 32 bytes; every use derives its own from it. It comes from ``MONITORS_KEY`` (base64), the file
``MONITORS_KEY_FILE`` names, or ``secret.key`` in the data folder, which the first start makes (mode 0600). Whoever
has the database alone can neither read the fields nor rewrite the trail unseen; whoever loses the key cannot either.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import secrets
from collections.abc import Mapping
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

from sqlalchemy import Connection, select

from monitors import settings as settings_module
from monitors.errors import StoreError, reason
from monitors.store import tables as t
from monitors.store.engine import Store
from monitors.store.upsert import insert_into

_BYTES = 32
_MARK = "key_mark"  # meta key: a fingerprint of the master key the database was made with


def derived(purpose: str) -> bytes:
    """The 32-byte key for one purpose (``audit``, ``restricted``, ``cookie``).

    Raises:
        StoreError: the key is missing, unreadable or malformed.
    """
    return _derived(purpose, *_origin(os.environ))


def location() -> str:
    """Where the key comes from, for the operator; never the key itself."""
    given, path = _origin(os.environ)
    return "环境变量 MONITORS_KEY" if given else path


def file() -> Path | None:
    """The file the key is read from, None where the environment holds it."""
    given, path = _origin(os.environ)
    return None if given else Path(path)


def settle(store: Store) -> None:
    """Make the key at the first start; afterwards refuse to start with another than the database was made with.

    Raises:
        StoreError: the key is missing or another one. Nothing was written.
    """
    with store.read() as connection:
        mark = recorded(connection)
    if mark is None:
        make()
        with store.write() as connection:
            wanted = insert_into(connection, t.meta).values(key=_MARK, value=_mark())
            connection.execute(wanted.on_conflict_do_nothing(index_elements=[t.meta.c.key]))
            mark = recorded(connection)  # of two that start together, the first one's
    elif _absent():
        raise StoreError(f"密钥文件 {location()} 不见了，未启动；请放回原来的密钥文件（受限信息与审计链都靠它）")
    if not fits(mark):
        raise StoreError(f"密钥（{location()}）与数据库不符，未启动；请换回建库时的密钥")


def make() -> None:
    """Make the key file where there is no key yet.

    Raises:
        StoreError: it cannot be written.
    """
    if _absent():
        _write(Path(_origin(os.environ)[1]))


def recorded(connection: Connection) -> str | None:
    """The fingerprint of the key the database was made with; None where none was used yet."""
    return connection.scalar(select(t.meta.c.value).where(t.meta.c.key == _MARK))


def fits(mark: str | None) -> bool:
    """Whether the present key is the one of that fingerprint; any key fits None.

    Raises:
        StoreError: there is no key, or it is malformed.
    """
    return mark is None or hmac.compare_digest(mark.encode(), _mark().encode())


def admit(connection: Connection) -> None:
    """Refuse a backup (unpacked, not yet in place) made under another key than the present one.

    Raises:
        StoreError: says what to do.
    """
    mark = recorded(connection)
    if mark is None:
        make()
    elif _absent():
        raise StoreError(
            f"备份要用建库时的密钥才能恢复，而 {location()} 不存在；未做任何改动。"
            "请先放入原密钥文件（或设置 MONITORS_KEY）"
        )
    elif not fits(mark):
        raise StoreError(
            f"密钥（{location()}）不是建立这份备份时的密钥；未做任何改动。"
            "请先换上原密钥文件（或设置 MONITORS_KEY）再恢复"
        )


def _absent() -> bool:
    given, path = _origin(os.environ)
    return not given and not Path(path).exists()


def _mark() -> str:
    return hashlib.sha256(derived("mark")).hexdigest()[:16]


def _origin(environ: Mapping[str, str]) -> tuple[str, str]:
    given = environ.get("MONITORS_KEY", "")
    if given:
        return given, ""
    return "", environ.get("MONITORS_KEY_FILE", "") or str(settings_module.current().data_dir / "secret.key")


@lru_cache(maxsize=16)
def _derived(purpose: str, given: str, path: str) -> bytes:
    return hmac.new(_master(given, path), purpose.encode(), hashlib.sha256).digest()


def _master(given: str, path: str) -> bytes:
    try:
        text = given or Path(path).read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        why = reason(error) if isinstance(error, OSError) else "内容不是密钥"
        raise StoreError(f"无法读取密钥文件 {path}：{why}") from error
    key = b""
    with suppress(binascii.Error, ValueError):
        key = base64.b64decode(text, validate=True)
    if len(key) != _BYTES:
        where = "环境变量 MONITORS_KEY" if given else f"密钥文件 {path}"
        raise StoreError(f"{where} 的内容不是 32 字节的 base64 密钥")
    return key


def _write(path: Path) -> None:
    fresh = path.with_name(f".{path.name}-{secrets.token_hex(4)}")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with open(fresh, "x", encoding="ascii", opener=_private) as file:
            file.write(base64.b64encode(secrets.token_bytes(_BYTES)).decode() + "\n")
            file.flush()
            os.fsync(file.fileno())
        # Whole and exclusive in one step: of two processes starting together one makes it, the other reads it.
        with suppress(FileExistsError):
            os.link(fresh, path)
    except OSError as error:
        raise StoreError(f"无法写入密钥文件 {path}：{reason(error)}") from error
    finally:
        with suppress(OSError):
            fresh.unlink()


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)

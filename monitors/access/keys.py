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

from sqlalchemy import insert, select

from monitors import settings as settings_module
from monitors.errors import StoreError, reason
from monitors.store import tables as t
from monitors.store.engine import Store

_BYTES = 32
_MARK = "key_mark"  # meta key: a fingerprint of the master key the database was made with


def derived(purpose: str) -> bytes:
    """The 32-byte key for one purpose (``audit``, ``restricted``, ``cookie``).

    Raises:
        StoreError: the key is missing, unreadable or malformed.
    """
    return hmac.new(_master(*_origin(os.environ)), purpose.encode(), hashlib.sha256).digest()


def location() -> str:
    """Where the key comes from, for the operator; never the key itself."""
    given, path = _origin(os.environ)
    return "环境变量 MONITORS_KEY" if given else path


def settle(store: Store) -> None:
    """Make the key at the first start; afterwards refuse to start with another than the database was made with.

    Raises:
        StoreError: the key is missing or another one. Nothing was written.
    """
    given, path = _origin(os.environ)
    with store.read() as connection:
        mark = connection.scalar(select(t.meta.c.value).where(t.meta.c.key == _MARK))
    if not given and not Path(path).exists():
        if mark is not None:
            raise StoreError(f"密钥文件 {path} 不见了，未启动；请放回原来的密钥文件（受限信息与审计链都靠它）")
        _make(Path(path))
    found = hashlib.sha256(derived("mark")).hexdigest()[:16]
    if mark is None:
        with store.write() as connection:
            if connection.scalar(select(t.meta.c.value).where(t.meta.c.key == _MARK)) is None:
                connection.execute(insert(t.meta).values(key=_MARK, value=found))
    elif not hmac.compare_digest(mark, found):
        raise StoreError(f"密钥（{location()}）与数据库不符，未启动；请换回建库时的密钥")


def _origin(environ: Mapping[str, str]) -> tuple[str, str]:
    path = environ.get("MONITORS_KEY_FILE", "") or str(settings_module.current().data_dir / "secret.key")
    return environ.get("MONITORS_KEY", ""), path


@lru_cache(maxsize=4)
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


def _make(path: Path) -> None:
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Exclusive: of two processes starting together one makes it, the other reads it.
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return
    except OSError as error:
        raise StoreError(f"无法写入密钥文件 {path}：{reason(error)}") from error
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(base64.b64encode(secrets.token_bytes(_BYTES)).decode() + "\n")
        file.flush()
        os.fsync(file.fileno())

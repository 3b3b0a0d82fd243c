"""Restricted fields of a record (受限信息): who reported it and how to reach them, encrypted at rest.

The values lie in the database only as AES-256-GCM under a key kept outside it (``monitors.access.keys``), bound to
their record, so that a sealed row moved to another record does not open. Lists see which fields are filled; the
values come out by ``read`` alone, which asks for a reason and writes every reading into the audit trail. No value
ever stands in the trail, a log line, an exception or a ``repr``.
"""

from __future__ import annotations

import json
import re
import secrets
import unicodedata
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Connection, RowMapping, delete, func, insert, select, update

from monitors.access import audit, keys
from monitors.access.acting import acting
from monitors.access.actor import Actor
from monitors.errors import ConflictError, InputError, StoreError
from monitors.store import tables as t
from monitors.store.engine import Store
from monitors.store.turns import Turn, take

FIELDS = {"reporter": "举报人", "phone": "联系电话", "identity": "证件号", "note": "备注"}
MAX_CHARS = 500  # of each field, and of the reason for reading
_FORMAT = b"\x01"  # first byte of ``sealed``; the nonce and the ciphertext with its tag follow
_NONCE = 12
_KIND = re.compile(r"[a-z_]{1,20}")  # no "|": kind and target are joined by it
_PHONE = re.compile(r"[0-9+\-()（） ,，;；、/转分机]+")
_IDENTITY = re.compile(r"[0-9A-Za-z()（）\-]{5,30}")


@dataclass(frozen=True, slots=True, repr=False)
class Fields:
    """The values, ``""`` where not known. ``repr`` shows none of them, so that no trace or log line can."""

    reporter: str = ""
    phone: str = ""
    identity: str = ""
    note: str = ""

    @property
    def filled(self) -> tuple[str, ...]:
        """Names (keys of ``FIELDS``) of the fields that hold something."""
        return tuple(name for name in FIELDS if getattr(self, name))


@dataclass(frozen=True, slots=True)
class Summary:
    """That restricted fields are held for a record, and which; no values. ``created_by`` is a sign-in name."""

    filled: tuple[str, ...]
    created_by: str
    created_at: datetime
    updated_at: datetime
    revision: int

    @property
    def words(self) -> str:
        """Which fields are filled, as the page names them."""
        return "、".join(FIELDS[name] for name in self.filled)


def summary(connection: Connection, actor: Actor, kind: str, target: str, region: str) -> Summary | None:
    """Which restricted fields the record has; None where it has none. ``region``: the record's present division.

    Raises:
        RefusedError: the role may neither read nor write them, or the record is not within the actor's region.
    """
    action = "restricted.write" if actor.may("restricted.write") else "restricted.read"
    actor.require(action, region, kind=kind, target=target)
    row = _row(connection, kind, target)
    if row is None:
        return None
    return Summary(tuple(row["fields"]), row["created_by"], row["created_at"], row["updated_at"], row["revision"])


def read(store: Store, actor: Actor, kind: str, target: str, region: str, *, why: str, now: datetime) -> Fields:
    """The values. The reading is in the audit trail, with its reason, before the caller has them.

    Raises:
        RefusedError: as in ``summary``; recorded.
        InputError: no reason given, or the record has no restricted fields.
        StoreError: the key is another one or the sealed row damaged; the attempt is recorded as 失败.
    """
    damaged: StoreError | None = None
    opened = Fields()
    with acting(store, actor) as connection:
        actor.require("restricted.read", region, kind=kind, target=target)
        why = why.strip()
        if not why or len(why) > MAX_CHARS:
            raise InputError(f"请写明查阅受限信息的事由（不超过 {MAX_CHARS} 字），查阅会留痕")
        row = _row(connection, kind, target)
        if row is None:
            raise InputError("该记录没有登记受限信息")
        try:
            opened = _open(row["sealed"], kind, target)
        except StoreError as error:
            damaged = error
        audit.append(
            connection,
            actor,
            "restricted.read",
            at=now,
            kind=kind,
            target=target,
            region=region,
            after={"why": why, "fields": [FIELDS[name] for name in row["fields"]]},
            outcome="失败" if damaged else "成功",
        )
    if damaged:
        raise damaged
    return opened


def write(  # noqa: PLR0917 - kind, target and region name one record
    connection: Connection,
    actor: Actor,
    kind: str,
    target: str,
    region: str,
    fields: Fields,
    *,
    revision: int | None,
    now: datetime,
) -> None:
    """Set the restricted fields of a record. ``revision`` None: there are none yet; else the one last seen.

    The trail says which fields are filled before and after, never what they hold.

    Raises:
        RefusedError: not allowed, or not on a record of this region.
        InputError: nothing filled in, a field too long, a telephone or document number that cannot be one.
        ConflictError: somebody else wrote or removed them meanwhile.
    """
    actor.require("restricted.write", region, kind=kind, target=target)
    clean = check(fields)
    sealed = _seal(clean, kind, target)
    take(connection, Turn.RESTRICTED)
    present = _row(connection, kind, target)
    if (present["revision"] if present else None) != revision:
        raise ConflictError("受限信息已被他人更改，本次未保存；请刷新页面后再改")
    values: dict[str, Any] = {"region": region, "sealed": sealed, "fields": list(clean.filled), "updated_at": now}
    if present:
        values["revision"] = present["revision"] + 1
        connection.execute(update(t.restricted).where(t.restricted.c.id == present["id"]).values(values))
    else:
        values |= {"kind": kind, "target": target, "created_by": actor.name, "created_at": now}
        connection.execute(insert(t.restricted).values(values))
    audit.append(
        connection,
        actor,
        "restricted.write",
        at=now,
        kind=kind,
        target=target,
        region=region,
        before={"fields": [FIELDS[name] for name in present["fields"]]} if present else None,
        after={"fields": [FIELDS[name] for name in clean.filled]},
    )


def remove(connection: Connection, actor: Actor, kind: str, target: str, region: str, *, now: datetime) -> None:
    """Remove the restricted fields of a record for good; where there are none, nothing happens.

    Raises:
        RefusedError: not allowed, or not on a record of this region.
    """
    actor.require("restricted.write", region, kind=kind, target=target)
    present = _row(connection, kind, target)
    if present is None:
        return
    connection.execute(delete(t.restricted).where(t.restricted.c.id == present["id"]))
    audit.append(
        connection,
        actor,
        "restricted.remove",
        at=now,
        kind=kind,
        target=target,
        region=region,
        before={"fields": [FIELDS[name] for name in present["fields"]]},
    )


def check(fields: Fields) -> Fields:
    """The fields trimmed, if they can be what they say they are.

    Raises:
        InputError: names the field and what is wrong, without repeating what was entered.
    """
    held = {name: _trimmed(name, value) for name, value in asdict(fields).items()}
    if not any(held.values()):
        raise InputError("请至少填写一项受限信息；如需删除请用“删除受限信息”")
    digits = sum(character.isdigit() for character in held["phone"])
    if held["phone"] and not (_PHONE.fullmatch(held["phone"]) and digits >= 5):
        raise InputError("联系电话应为电话号码（可含 +、-、括号、“转”，多个号码用顿号隔开），其他说明请写在备注中")
    if held["identity"]:
        _check_identity(held["identity"])
    return Fields(**held)


def probe(connection: Connection) -> int:
    """Number of records with restricted fields, after opening the newest to see that the key fits.

    Raises:
        StoreError: it cannot be opened.
    """
    count = connection.scalar(select(func.count()).select_from(t.restricted)) or 0
    newest = connection.execute(select(t.restricted).order_by(t.restricted.c.id.desc()).limit(1)).mappings().first()
    if newest:
        _open(newest["sealed"], newest["kind"], newest["target"])
    return count


def _trimmed(name: str, value: str) -> str:
    value = unicodedata.normalize("NFKC", value).strip() if name in {"phone", "identity"} else value.strip()
    if len(value) > MAX_CHARS:
        raise InputError(f"{FIELDS[name]}不能超过 {MAX_CHARS} 字，现有 {len(value)} 字")
    if any(unicodedata.category(c) in {"Cc", "Cs"} and not (name == "note" and c in "\r\n\t") for c in value):
        raise InputError(f"{FIELDS[name]}含有不可见的控制字符，请重新输入")
    return value


def _check_identity(value: str) -> None:
    if not _IDENTITY.fullmatch(value) or not any(c.isdigit() for c in value):
        raise InputError("证件号应为 5–30 位字母或数字，其他说明请写在备注中")
    if not re.fullmatch(r"\d{17}[\dXx]", value):
        return
    # GB 11643-1999: weights 2^(17-i) mod 11 for the first seventeen digits, then the check character.
    total = sum(int(digit) * pow(2, 17 - i, 11) for i, digit in enumerate(value[:17]))
    fits = "10X98765432"[total % 11] == value[17].upper()
    try:
        date(int(value[6:10]), int(value[10:12]), int(value[12:14]))
    except ValueError:
        fits = False
    if not fits:
        raise InputError("身份证号的出生日期或校验位不对，请核对；来信所写如此时请写在备注中")


def _row(connection: Connection, kind: str, target: str) -> RowMapping | None:
    if not _KIND.fullmatch(kind):
        raise ValueError(f"not a kind of record: {kind!r}")
    where = (t.restricted.c.kind == kind, t.restricted.c.target == target)
    return connection.execute(select(t.restricted).where(*where).order_by(t.restricted.c.id)).mappings().first()


def _bound(kind: str, target: str, form: bytes = _FORMAT) -> bytes:
    return form + f"{kind}|{target}".encode()


def _seal(fields: Fields, kind: str, target: str) -> bytes:
    nonce = secrets.token_bytes(_NONCE)
    plain = json.dumps({name: getattr(fields, name) for name in fields.filled}, ensure_ascii=False).encode()
    return _FORMAT + nonce + AESGCM(keys.derived("restricted")).encrypt(nonce, plain, _bound(kind, target))


def _open(sealed: bytes, kind: str, target: str) -> Fields:
    nonce, body = sealed[1 : 1 + _NONCE], sealed[1 + _NONCE :]
    try:
        # The format byte is held against tampering too: as a part of what the tag covers.
        plain = AESGCM(keys.derived("restricted")).decrypt(nonce, body, _bound(kind, target, sealed[:1]))
    except (InvalidTag, ValueError):
        # Without the cause: nothing of what was read may reach a trace.
        raise StoreError(
            "受限信息无法解密：密钥不是登记时的密钥，或内容已被改动；请核对密钥，或用备份恢复该记录"
        ) from None
    return Fields(**json.loads(plain))

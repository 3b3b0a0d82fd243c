"""Reading accounts, and what may stand in one: names, regions that fit a role (账号)."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, func, select, update

from monitors.access.actor import Actor
from monitors.access.roles import REGION_LEVEL, Role
from monitors.access.scope import PROVINCE
from monitors.errors import InputError
from monitors.regions import divisions
from monitors.store import tables as t

_NAME = re.compile(r"[a-z0-9\u4e00-\u9fff][a-z0-9\u4e00-\u9fff._@-]{1,39}")


@dataclass(frozen=True, slots=True)
class Account:
    """One account. The password is not in it: what is never loaded is never printed.

    ``failures`` counts wrong passwords in a row, ``locked_until`` the wait after them; ``origin`` is ``local`` or
    ``sso``; ``must_change`` where somebody else set the password; ``revision`` rises with each edit.
    """

    id: int
    name: str
    display: str
    unit: str
    role: Role
    region: str
    must_change: bool
    disabled: bool
    failures: int
    locked_until: datetime | None
    origin: str
    signed_in_at: datetime | None
    created_at: datetime
    revision: int

    def actor(self, address: str, session: str = "") -> Actor:
        """The person acting from ``address`` in the sign-in ``session``."""
        return Actor(self.id, self.name, self.display, self.role, self.region, cut(address, 64), session)


_COLUMNS = [t.account.c[name] for name in Account.__slots__]


def any_exists(connection: Connection) -> bool:
    """Whether the house has been set up."""
    return connection.scalar(select(t.account.c.id).limit(1)) is not None


def list_accounts(connection: Connection, actor: Actor) -> tuple[Account, ...]:
    """All accounts by name, the disabled ones too.

    Raises:
        RefusedError: the actor may not see accounts.
    """
    actor.require("account.view", kind="account")
    rows = connection.execute(select(*_COLUMNS).order_by(t.account.c.name)).mappings()
    return tuple(read_row(row) for row in rows)


def get(connection: Connection, account_id: int, *, lock: bool = False) -> Account:
    """The account with this number; ``lock`` holds it to the end of the transaction (PostgreSQL).

    Raises:
        InputError: there is none.
    """
    query = select(*_COLUMNS).where(t.account.c.id == account_id)
    row = connection.execute(query.with_for_update() if lock else query).mappings().first()
    if row is None:
        raise InputError(f"没有编号为 {account_id} 的账号")
    return read_row(row)


def by_name(connection: Connection, name: str) -> Account | None:
    """The account with this sign-in name, whatever its capitals or full-width letters."""
    found = with_password(connection, name)
    return found[0] if found else None


def with_password(connection: Connection, name: str, *, lock: bool = False) -> tuple[Account, str | None] | None:
    """The account and its stored hash, for those who verify."""
    plain = normal_name(name)
    if not _NAME.fullmatch(plain):  # also what a database could not even compare: NUL, half characters
        return None
    query = select(*_COLUMNS, t.account.c.password).where(t.account.c.name == plain)
    row = connection.execute(query.with_for_update() if lock else query).mappings().first()
    return (read_row(row), row["password"]) if row else None


def read_row(row: RowMapping) -> Account:
    values: dict[str, Any] = {name: row[name] for name in Account.__slots__}
    return Account(**values | {"role": Role(row["role"])})


def change(connection: Connection, account: Account, now: datetime, **values: Any) -> None:
    """Write columns of one account; an edit begun before it will find itself outdated."""
    connection.execute(
        update(t.account)
        .where(t.account.c.id == account.id)
        .values(values | {"updated_at": now, "revision": t.account.c.revision + 1})
    )


def other_administrators(connection: Connection, account_id: int) -> int:
    """How many enabled 省级管理员 there are besides this account."""
    query = select(func.count()).where(
        t.account.c.role == str(Role.ADMINISTRATOR), t.account.c.disabled.is_(False), t.account.c.id != account_id
    )
    return connection.scalar(query) or 0


def normal_name(name: str) -> str:
    """The one spelling of a sign-in name: no capitals, no full-width letters, no blanks around it."""
    return unicodedata.normalize("NFKC", name[:200]).strip().lower()


def checked_name(name: str) -> str:
    """The sign-in name as it is stored.

    Raises:
        InputError: it is none.
    """
    plain = normal_name(name)
    if not _NAME.fullmatch(plain):
        raise InputError("登录名须为 2–40 个字符，只用字母、数字、汉字和 . _ - @，并以字母、数字或汉字开头")
    return plain


def checked_words(value: str, label: str, *, required: bool) -> str:
    """A person's name or department, at most 60 characters.

    Raises:
        InputError: it is missing, too long or holds control characters.
    """
    plain = value.strip()
    if required and not plain:
        raise InputError(f"请填写{label}")
    if len(plain) > 60 or not plain.isprintable():
        raise InputError(f"{label}须在 60 个字符以内，不含换行等控制字符")
    return plain


def check_region(role: Role, region: str) -> None:
    """See that the division is one of Yunnan's and of the level the role is bound to.

    Raises:
        InputError: says what to choose instead.
    """
    division = divisions.by_code(region) if len(region) == 6 and region.startswith("53") else None
    level = REGION_LEVEL[role]
    if division is not None and level in (None, division.level):
        return
    wanted = {
        "county": "须选择一个县（市、区）",
        "prefecture": "须选择一个州（市）",
        "province": "的辖区须为云南省（530000）",
        None: "须选择云南省或省内的一个州（市）、县（市、区）",
    }[level]
    raise InputError(f"{role}{wanted}")


def cut(value: str, length: int) -> str:
    """What a stranger sent, made fit to be stored: no control or half characters, at most ``length``."""
    return "".join(character for character in value[: length * 2] if character.isprintable())[:length]


def place(account: Account) -> str:
    """Region in words, for sentences: 昆明市五华区; 云南省."""
    return divisions.full_name(account.region) if account.region != PROVINCE else "云南省"

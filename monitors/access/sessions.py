"""Sign-ins that hold (登录会话): a random token in the browser's cookie, its digest in the database.

Whoever reads the database cannot use what stands there; whoever ends a session ends it everywhere at the next look.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, and_, insert, select, update

from monitors.access import audit
from monitors.access.account_rows import Account, cut, get
from monitors.access.actor import Actor
from monitors.access.roles import Role
from monitors.settings import Settings
from monitors.store import tables as t
from monitors.store.engine import Store

COOKIE = "monitors_session"
_TOUCH = timedelta(minutes=1)  # the idle limit is counted in minutes: a write per click would buy nothing
_DESK = timedelta(days=30)
_SHORT = 12  # hexadecimal digits of the digest that name a session in the trail: enough to tell, useless to forge


@dataclass(frozen=True, slots=True)
class Signed:
    """A sign-in that held when it was read. ``seen_at`` is the person's last act, ``expires_at`` the absolute limit."""

    actor: Actor
    account_id: int
    display: str
    must_change: bool
    created_at: datetime
    expires_at: datetime
    seen_at: datetime
    token_hash: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class OpenSession:
    """A sign-in as the administrator sees it."""

    token_hash: str = field(repr=False)
    account_id: int
    name: str
    display: str
    created_at: datetime
    seen_at: datetime
    expires_at: datetime
    address: str
    agent: str


def token_hash(token: str) -> str:
    """The digest under which a token is kept; 64 hexadecimal digits."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def short(hash: str) -> str:  # noqa: A002 - it is one
    """What names a session in the audit trail and in ``Actor.session``: the first digits of its digest."""
    return hash[:_SHORT]


def mint(
    connection: Connection, account: Account, *, settings: Settings, now: datetime, address: str, agent: str
) -> str:
    """A new session for this account; returns the token for the cookie, each time another one."""
    token = secrets.token_urlsafe(32)
    connection.execute(
        insert(t.session).values(
            token_hash=token_hash(token),
            account_id=account.id,
            created_at=now,
            seen_at=now,
            expires_at=now + timedelta(hours=settings.session.absolute_hours),
            address=cut(address, 64),
            agent=cut(agent, 200),
        )
    )
    return token


def _alive(settings: Settings, now: datetime) -> ColumnElement[bool]:
    return and_(
        t.session.c.ended_at.is_(None),
        t.session.c.expires_at > now,
        t.session.c.seen_at > now - timedelta(minutes=settings.session.idle_minutes),
        t.account.c.disabled.is_(False),
    )


def find(connection: Connection, token: str, *, settings: Settings, now: datetime) -> Signed | None:
    """Whose sign-in this token is, with role and region as they are now; one look-up by key, nothing is written.

    None where it is unknown, ended, expired, idle too long, or the account disabled.
    """
    account = t.account.c
    row = connection.execute(
        select(
            *t.session.c["token_hash", "created_at", "seen_at", "expires_at", "address"],
            *account["id", "name", "display", "role", "region", "must_change"],
        )
        .join_from(t.session, t.account)
        .where(t.session.c.token_hash == token_hash(token), _alive(settings, now))
    ).first()
    if row is None:
        return None
    actor = Actor(row.id, row.name, row.display, Role(row.role), row.region, row.address, session=short(row.token_hash))
    return Signed(
        actor=actor,
        account_id=row.id,
        display=row.display,
        must_change=row.must_change,
        created_at=row.created_at,
        expires_at=row.expires_at,
        seen_at=row.seen_at,
        token_hash=row.token_hash,
    )


def used_from(connection: Connection, account_id: int, address: str, now: datetime) -> bool:
    """Whether the account was signed in to from this address within the last month: its owner's own desk."""
    held = t.session.c
    found = select(held.token_hash).where(
        held.account_id == account_id, held.address == address, held.created_at > now - _DESK
    )
    return bool(address) and connection.scalar(found.limit(1)) is not None


def touch(store: Store, signed: Signed, *, now: datetime) -> None:
    """The person acted: the idle limit counts from here. Written at most once a minute, whoever asks."""
    if now - signed.seen_at < _TOUCH:
        return
    with store.write() as connection:
        connection.execute(
            update(t.session)
            .where(
                t.session.c.token_hash == signed.token_hash,
                t.session.c.ended_at.is_(None),
                t.session.c.seen_at <= now - _TOUCH,
            )
            .values(seen_at=now)
        )


def end(connection: Connection, actor: Actor, hash: str, *, why: str, now: datetime) -> bool:  # noqa: A002 - it is one
    """End one session, one's own or, as administrator, another's. False where it had ended or never was.

    ``why`` is 退出, 管理员结束 … at most 20 characters.

    Raises:
        RefusedError: another's, and the actor is no administrator.
    """
    owner = connection.scalar(select(t.session.c.account_id).where(t.session.c.token_hash == hash))
    if owner is None:
        return False
    account = get(connection, owner)
    if actor.account_id != owner:
        actor.require("account.manage", kind="account", target=account.name)
    done = connection.execute(
        update(t.session)
        .where(t.session.c.token_hash == hash, t.session.c.ended_at.is_(None))
        .values(ended_at=now, ended_why=why)
    )
    if done.rowcount != 1:
        return False
    own = actor.session == short(hash)
    audit.append(
        connection,
        actor,
        "session.sign_out" if own else "session.end",
        at=now,
        kind="account",
        target=account.name,
        region=account.region,
        after={"why": why} if own else {"why": why, "session": short(hash)},
    )
    return True


def end_account(
    connection: Connection, actor: Actor, account_id: int, *, why: str, now: datetime, keep: str = ""
) -> int:
    """End every open session of an account but ``keep`` (a digest or the first digits of one); returns how many.

    Raises:
        RefusedError: another's account, and the actor is no administrator.
    """
    account = get(connection, account_id)
    if actor.account_id != account_id:
        actor.require("account.manage", kind="account", target=account.name)
    condition = and_(t.session.c.account_id == account_id, t.session.c.ended_at.is_(None), t.session.c.expires_at > now)
    if keep:
        condition = and_(condition, ~t.session.c.token_hash.startswith(keep, autoescape=True))
    count = connection.execute(update(t.session).where(condition).values(ended_at=now, ended_why=why)).rowcount
    if count:
        audit.append(
            connection,
            actor,
            "session.end",
            at=now,
            kind="account",
            target=account.name,
            region=account.region,
            after={"why": why, "count": count},
        )
    return count


def list_open(connection: Connection, actor: Actor, *, settings: Settings, now: datetime) -> tuple[OpenSession, ...]:
    """Every session that holds now, the most recently used first.

    Raises:
        RefusedError: the actor may not see sessions.
    """
    actor.require("account.view", kind="session")
    rows = connection.execute(
        select(
            *t.session.c["token_hash", "account_id", "created_at", "seen_at", "expires_at", "address", "agent"],
            *t.account.c["name", "display"],
        )
        .join_from(t.session, t.account)
        .where(_alive(settings, now))
        .order_by(t.session.c.seen_at.desc(), t.session.c.token_hash)
    ).mappings()
    return tuple(OpenSession(**{name: row[name] for name in OpenSession.__slots__}) for row in rows)

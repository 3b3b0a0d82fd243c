"""Signing in and out (登录): the password verified outside any transaction, the answer settled in one short one."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, update

from monitors.access import accounts, audit, passwords, sessions
from monitors.access.account_rows import Account, cut, get, normal_name, with_password
from monitors.access.actor import Actor
from monitors.access.lockout import (
    TURNSTILE,
    Failures,
    SignInFailed,
    count_wrong,
    desk,
    failures_of,
    must_wait,
    seconds_left,
)
from monitors.access.roles import Role
from monitors.access.scope import PROVINCE
from monitors.errors import InputError
from monitors.settings import Settings
from monitors.store import tables as t
from monitors.store.engine import Store

__all__ = ["SignInFailed", "admit", "sign_in", "sign_in_external", "sign_out"]

_ACT = "session.sign_in"
_WRONG = "登录名或密码不正确"
_DISABLED = "账号已停用，请联系省级管理员"


@dataclass(frozen=True, slots=True)
class _Try:
    """One attempt: who says to be whom, from where, when."""

    name: str
    address: str
    agent: str
    now: datetime
    settings: Settings

    @property
    def actor(self) -> Actor:
        """Nobody yet: the name as typed."""
        typed = cut(self.name.strip(), 40) or "（未填写）"
        return Actor(None, typed, typed, None, PROVINCE, self.address)


@dataclass(frozen=True, slots=True)
class _Proof:
    """What verification found against ``stored``: the hash to keep where the password is right, else None."""

    stored: str | None = field(repr=False)
    proved: str | None = field(repr=False)
    untried: bool  # the account was waiting


def sign_in(
    store: Store, name: str, password: str, *, settings: Settings, now: datetime, address: str, agent: str
) -> tuple[str, bool]:
    """Sign in with name and password: the token for the cookie, and whether the password must be changed first.

    A name that belongs to nobody is answered like a wrong password, in the same words, after the same work and with
    the same waits. A try during a wait is refused unread and does not prolong it; but wrong passwords from elsewhere
    keep nobody from signing in at the desk they worked at before, where only those from there count.

    Raises:
        SignInFailed: with the sentence to show.
    """
    attempt = _Try(name, cut(address, 64), agent, now, settings)
    failures = failures_of(store)
    if wait := failures.address_wait(attempt.address, now):
        raise SignInFailed(f"登录失败次数过多，请 {wait} 秒后再试", status=429, retry_after=wait)
    while True:
        with store.read() as connection:
            found = with_password(connection, name)
            wait = (
                _wait(connection, failures, attempt, found[0]) if found else failures.name_wait(normal_name(name), now)
            )
        stored = found[1] if found else None
        proof = _Proof(stored, None if wait else _prove(stored, password), untried=wait > 0)
        with store.write() as connection:
            answer = _settle(connection, failures, attempt, proof)
            if isinstance(answer, SignInFailed) and failures.note_address(attempt.address, now):
                _note_failure(connection, attempt, None, {"why": "该地址失败次数过多，暂不受理"})
        if isinstance(answer, SignInFailed):
            raise answer
        if answer is not None:
            return answer


def _prove(stored: str | None, password: str) -> str | None:
    """The hash to keep where the password is right (a stronger one where the parameters rose), else None."""
    with TURNSTILE.passing():
        if not passwords.matches(stored, password) or stored is None:
            return None
        return passwords.hashed(password) if passwords.outdated(stored) else stored


def _settle(
    connection: Connection, failures: Failures, attempt: _Try, proof: _Proof
) -> tuple[str, bool] | SignInFailed | None:
    """Count, or let in. The failure is returned, not raised: raising would take back the count.

    None where the account changed while the password was verified, be it that a sign-in beside it stored a stronger
    hash, or that the wait was lifted: verify again.
    """
    held = with_password(connection, attempt.name, lock=True)
    if held is None:
        return _settle_nobody(connection, failures, attempt)
    account, present = held
    if wait := _wait(connection, failures, attempt, account):  # others guessed while this one waited for its turn
        _note_failure(connection, attempt, account, {"why": "等待期内"})
        return must_wait(wait)
    if proof.untried or present != proof.stored:
        return None
    if proof.proved is None:
        return _wrong(connection, attempt, account, "密码不正确", _count(connection, failures, attempt, account))
    if account.disabled:
        _note_failure(connection, attempt, account, {"why": "账号已停用"})
        return SignInFailed(_DISABLED)
    if proof.proved != present:
        connection.execute(update(t.account).where(t.account.c.id == account.id).values(password=proof.proved))
    failures.forget_name(desk(account, attempt.address))
    token = admit(
        connection, account, settings=attempt.settings, now=attempt.now, address=attempt.address, agent=attempt.agent
    )
    return token, account.must_change


def _wait(connection: Connection, failures: Failures, attempt: _Try, account: Account) -> int:
    """Seconds until the account may be tried from here: a wait that others brought about does not count at its desk."""
    wait = seconds_left(account.locked_until, attempt.now)
    if wait and sessions.used_from(connection, account.id, attempt.address, attempt.now):
        return failures.name_wait(desk(account, attempt.address), attempt.now)
    return wait


def _count(connection: Connection, failures: Failures, attempt: _Try, account: Account) -> tuple[int, int]:
    """Count a wrong password: with the account, and beside it with the desk, which goes on alone while the other waits.

    Both count from the first on, so that a guesser at the desk has no more tries than one elsewhere.
    """
    now, rules = attempt.now, attempt.settings.password
    here = None
    if sessions.used_from(connection, account.id, attempt.address, now):
        here = failures.note_name(desk(account, attempt.address), rules=rules, now=now)
    if here and seconds_left(account.locked_until, now):
        return here
    return count_wrong(connection, account, rules=rules, now=now)


def _settle_nobody(connection: Connection, failures: Failures, attempt: _Try) -> SignInFailed:
    name, now = normal_name(attempt.name), attempt.now
    counted = failures.note_name(name, rules=attempt.settings.password, now=now)
    if counted is None:
        _note_failure(connection, attempt, None, {"why": "等待期内"})
        return must_wait(failures.name_wait(name, now) or 1)
    return _wrong(connection, attempt, None, "没有这个账号", counted)


def _wrong(
    connection: Connection, attempt: _Try, account: Account | None, why: str, counted: tuple[int, int]
) -> SignInFailed:
    count, wait = counted
    _note_failure(
        connection, attempt, account, {"why": why, "failures": count} | ({"wait_seconds": wait} if wait else {})
    )
    if wait:
        return SignInFailed(f"{_WRONG}，已连续 {count} 次，请 {wait} 秒后再试", retry_after=wait)
    return SignInFailed(_WRONG)


def _note_failure(connection: Connection, attempt: _Try, account: Account | None, after: dict[str, Any]) -> None:
    audit.append(
        connection,
        attempt.actor,
        _ACT,
        at=attempt.now,
        kind="account",
        target=account.name if account else "",
        region=account.region if account else "",
        after=after,
        outcome="失败",
    )


def admit(
    connection: Connection,
    account: Account,
    *,
    settings: Settings,
    now: datetime,
    address: str,
    agent: str,
    way: str = "密码",
) -> str:
    """Open a session for somebody whose identity is proved, forget wrong passwords, write it down; the token."""
    token = sessions.mint(connection, account, settings=settings, now=now, address=address, agent=agent)
    connection.execute(
        update(t.account).where(t.account.c.id == account.id).values(failures=0, locked_until=None, signed_in_at=now)
    )
    audit.append(
        connection,
        account.actor(address, sessions.short(sessions.token_hash(token))),
        _ACT,
        at=now,
        kind="account",
        target=account.name,
        region=account.region,
        after={"way": way},
    )
    return token


def sign_in_external(
    store: Store,
    *,
    issuer: str,
    subject: str,
    name: str,
    display: str,
    role: Role,
    region: str,
    settings: Settings,
    now: datetime,
    address: str,
    agent: str,
) -> str:
    """Sign in somebody the office's provider vouches for; the token.

    Raises:
        SignInFailed: the account is disabled, its name taken by another, or role and region do not fit.
    """
    attempt = _Try(name, cut(address, 64), agent, now, settings)
    try:
        with store.write() as connection:
            account = accounts.from_sso(
                connection,
                issuer=issuer,
                subject=subject,
                name=name,
                display=display,
                role=role,
                region=region,
                address=attempt.address,
                now=now,
            )
            if account.disabled:
                raise InputError(_DISABLED)  # noqa: TRY301 - takes back what the provider would have changed
            return admit(
                connection,
                get(connection, account.id),
                settings=settings,
                now=now,
                address=attempt.address,
                agent=agent,
                way="统一身份认证",
            )
    except InputError as error:
        with store.write() as connection:
            _note_failure(connection, attempt, None, {"why": str(error), "way": "统一身份认证"})
        raise SignInFailed(str(error)) from error


def sign_out(store: Store, token: str, *, settings: Settings, now: datetime) -> None:
    """End the sign-in of this token; nothing happens where it no longer holds."""
    with store.read() as connection:
        signed = sessions.find(connection, token, settings=settings, now=now)
    if signed is None:
        return
    with store.write() as connection:
        sessions.end(connection, signed.actor, signed.token_hash, why="退出", now=now)

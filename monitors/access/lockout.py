"""Guessing made slow (登录限制): waits after wrong passwords, failures per address, one verification at a time."""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, update

from monitors.access.account_rows import Account
from monitors.errors import MonitorsError
from monitors.settings import Password as Rules
from monitors.store import tables as t
from monitors.store.engine import Store

_REMEMBERED = 4096  # addresses and unknown names kept in memory; the longest untouched is forgotten first
_ADDRESS_FAILURES = 20
_ADDRESS_PERIOD = timedelta(minutes=5)
_WAITING = 8  # behind the one being verified: at 0.12 s each the last waits about a second


class SignInFailed(MonitorsError):  # noqa: N818 - the word of the contract; it is an answer, not a fault
    """Not signed in. ``status`` is 401, or 429 where waiting helps: then ``retry_after`` is how many seconds, or 0."""

    def __init__(self, message: str, *, status: int = 401, retry_after: int = 0) -> None:
        super().__init__(message)
        self.status = status
        self.retry_after = retry_after


def wait_seconds(failures: int, rules: Rules) -> int:
    """How long an account waits after so many wrong passwords in a row: doubles with each, up to the cap."""
    beyond = failures - rules.lock_after
    if beyond < 0:
        return 0
    return min(rules.lock_cap_seconds, rules.lock_seconds << min(beyond, 20))


def seconds_left(until: datetime | None, now: datetime) -> int:
    """Whole seconds until then, rounded up; 0 where it has passed."""
    left = (until - now) if until else timedelta(0)
    return max(0, -int(-left.total_seconds() // 1))


def must_wait(seconds: int) -> SignInFailed:
    """The refusal during a wait."""
    return SignInFailed(f"尝试次数过多，请 {seconds} 秒后再试", status=429, retry_after=seconds)


def count_wrong(connection: Connection, account: Account, *, rules: Rules, now: datetime) -> tuple[int, int]:
    """Count one wrong password on a row held for update: wrong ones in a row, and the seconds to wait from now."""
    failures = account.failures + 1
    wait = wait_seconds(failures, rules)
    until = now + timedelta(seconds=wait) if wait else None
    connection.execute(
        update(t.account).where(t.account.c.id == account.id).values(failures=failures, locked_until=until)
    )
    return failures, wait


class Turnstile:
    """Lets one through at a time and a few wait; verification is 64 MiB and a whole core for a tenth of a second."""

    def __init__(self, waiting: int = _WAITING) -> None:
        self._places = threading.BoundedSemaphore(waiting + 1)
        self._one = threading.Lock()

    @contextmanager
    def passing(self) -> Iterator[None]:
        """Wait for one's turn.

        Raises:
            SignInFailed: too many are waiting already; at once.
        """
        if not self._places.acquire(blocking=False):
            raise SignInFailed("登录请求过多，请稍后再试", status=429, retry_after=3)
        try:
            with self._one:
                yield
        finally:
            self._places.release()


TURNSTILE = Turnstile()  # one for the whole process, whatever door the password comes through


class Failures:
    """What cannot stand in an account's row: failures by address, and waits of names that belong to nobody.

    In memory and bounded. A name without account must wait like one with, or the wait would tell which names exist.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._addresses: OrderedDict[str, deque[datetime]] = OrderedDict()
        self._names: OrderedDict[str, tuple[int, datetime | None]] = OrderedDict()

    def address_wait(self, address: str, now: datetime) -> int:
        """Seconds until this address may try again, or 0."""
        with self._lock:
            times = self._addresses.get(address)
            if times is None or len(times) < _ADDRESS_FAILURES:
                return 0
            return seconds_left(times[0] + _ADDRESS_PERIOD, now)

    def note_address(self, address: str, now: datetime) -> bool:
        """Count a failure; True where it is the one that shuts the address out."""
        with self._lock:
            times = self._addresses.setdefault(address, deque(maxlen=_ADDRESS_FAILURES))
            self._addresses.move_to_end(address)
            while times and times[0] + _ADDRESS_PERIOD <= now:
                times.popleft()
            times.append(now)
            _shrink(self._addresses)
            return len(times) == _ADDRESS_FAILURES

    def name_wait(self, name: str, now: datetime) -> int:
        """Seconds until this unknown name may be tried again, or 0."""
        with self._lock:
            return seconds_left(self._names.get(name, (0, None))[1], now)

    def note_name(self, name: str, *, rules: Rules, now: datetime) -> tuple[int, int] | None:
        """Count a wrong password for an unknown name, as ``count_wrong`` does; None while it waits."""
        with self._lock:
            failures, until = self._names.get(name, (0, None))
            if seconds_left(until, now):
                return None
            wait = wait_seconds(failures + 1, rules)
            self._names[name] = failures + 1, now + timedelta(seconds=wait) if wait else None
            self._names.move_to_end(name)
            _shrink(self._names)
            return failures + 1, wait

    def forget_name(self, name: str) -> None:
        """Its owner came in."""
        with self._lock:
            self._names.pop(name, None)


def desk(account: Account, address: str) -> str:
    """The name under which wrong passwords from an owner's own desk are counted; none that is typed begins so."""
    return f"\n{account.id}@{address}"


def _shrink(held: OrderedDict[str, Any]) -> None:
    while len(held) > _REMEMBERED:
        held.popitem(last=False)


_BOOKS: WeakKeyDictionary[Store, Failures] = WeakKeyDictionary()
_BOOKS_LOCK = threading.Lock()


def failures_of(store: Store) -> Failures:
    """The one book of failures of this process for this database."""
    with _BOOKS_LOCK:
        return _BOOKS.setdefault(store, Failures())

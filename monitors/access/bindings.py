"""Who was given which address (地址归属): a file's address handed to one person opens it for nobody else.

Streamlit serves ``/media/<name>`` to whoever knows the name, and takes uploads for whichever of its sessions the
address names. Every address a person may use has come to them over their own WebSocket, so the gate reads what goes
out there. It is read as Streamlit's own message, not searched as text: otherwise an address typed into a search box
and shown back would count as given.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

_LIMIT = 4096  # addresses remembered; files live as long as the page that offers them, far fewer at a time


@dataclass(frozen=True, slots=True)
class Told:
    """What one outgoing message gives away: names under /media/, and the page session's id where it is told."""

    media: tuple[str, ...] = ()
    session: str = ""


Reader = Callable[[bytes], Told]


class Bindings:
    """Names and session ids by the accounts they were sent to; the oldest are forgotten first. Event loop only."""

    def __init__(self, read: Reader, limit: int = _LIMIT) -> None:
        self._read = read
        self._limit = limit
        self._media: OrderedDict[str, set[int]] = OrderedDict()
        self._sessions: OrderedDict[str, int] = OrderedDict()

    def learn(self, payload: bytes, account_id: int) -> None:
        """Remember what this outgoing message gives to the account."""
        told = self._read(payload)
        for name in told.media:
            self._media.setdefault(name, set()).add(account_id)
            self._media.move_to_end(name)
        if told.session:
            self._sessions.setdefault(told.session, account_id)
            self._sessions.move_to_end(told.session)
        for held in (self._media, self._sessions):
            while len(held) > self._limit:
                held.popitem(last=False)

    def may_fetch(self, name: str, account_id: int) -> bool:
        """Whether /media/``name`` was given to the account."""
        return account_id in self._media.get(name, ())

    def may_upload(self, session: str, account_id: int) -> bool:
        """Whether the page session ``session`` is the account's."""
        return self._sessions.get(session) == account_id

"""A message on its way and what became of it: the words between the outbox, the senders and the page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

MAX_TOLD = 300  # characters of what the channel said
CUT = "…（全文见系统）"


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message. ``key`` (64 hex digits) makes a repeated one recognisable; ``alerts`` are numbers (YJ…).

    ``recipient``: a mailbox or a member within the channel, empty for everybody there.
    """

    key: str
    kind: str  # alert | digest | escalation | hotspot | dead | test
    title: str
    body: str
    created_at: datetime
    level: str = ""
    step: int = 0
    recipient: str = ""
    alerts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of one attempt.

    ``status``: HTTP status or SMTP code, None where nothing came back. ``told``: the channel's own words where it had
    any, ours otherwise; never a secret. ``retry_after``: seconds the channel asks us to wait. ``permanent``: trying
    again will not help.
    """

    ok: bool
    status: int | None
    told: str
    retry_after: float | None = None
    permanent: bool = False


def tidy(words: str) -> str:
    """Somebody else's words on one line, without control characters, cut."""
    line = " ".join("".join(one if one.isprintable() else " " for one in words).split())
    return line if len(line) <= MAX_TOLD else line[: MAX_TOLD - 1] + "…"


def cut(text: str, limit: int) -> str:
    """``text`` in at most ``limit`` bytes of UTF-8, on a character boundary, saying that it was cut."""
    raw = text.encode(errors="replace")
    if len(raw) <= limit:
        return raw.decode()
    return raw[: max(0, limit - len(CUT.encode()))].decode(errors="ignore").rstrip() + CUT


def whole(message: Outgoing) -> str:
    """Title and body for a robot.

    Robots read ``<at …>`` and ``<@…>`` in a text as a call to members: a headline must not call the whole group.
    """
    return f"{message.title}\n{message.body}".replace("<", "＜").replace("\0", "").strip()


def fitted(text: str, limit: int, ending: str = "") -> str:
    """``text`` cut so that with ``ending`` it has at most ``limit`` bytes; a last line with a link outlives the cut."""
    room = limit - len(ending.encode())
    if len(text.encode(errors="replace")) <= room:
        return cut(text, room) + ending
    head, _, last = text.rpartition("\n")
    if head and "http" in last and len(last.encode()) <= room // 4:
        return f"{cut(head, room - len(last.encode()) - 1)}\n{last}{ending}"
    return cut(text, room) + ending

"""From what a source published to ``Entry``: the one place where titles, texts, links, times and identities are made.

Feeds, lists and JSON endpoints read their formats into ``RawEntry``; everything after is the same for all, so that two
ways of reading one body give one answer. A bad entry is set aside with its reason; the rest goes on.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from monitors import settings
from monitors.opinion.addresses import absolute_url, canonical_url
from monitors.opinion.dates import NOTE_NONE, Moment, date_in_url, read_date, read_epoch
from monitors.opinion.decode import Decoded, squeeze, strip_forbidden
from monitors.opinion.model import Entry, Parsed, Rejected
from monitors.opinion.plain import plain_line, plain_text

TITLE_CHARS = 40  # of the text, where there is no title
NO_TITLE = "（无标题）"
MAX_TITLE_CHARS = 500
MAX_GUID_CHARS = 500
_EXCERPT_CHARS = 120
_MAX_REJECTED = 100  # reasons kept per body; the rest is counted in one line


@dataclass(frozen=True, slots=True)
class RawEntry:
    """One report as a format gives it: markup, relative links and all. ``texts``: candidates, the longest is taken.

    ``date`` is text as published, or a number of seconds or milliseconds since 1970.
    """

    guid: str = ""
    title: str = ""
    link: str = ""
    texts: tuple[str, ...] = ()
    date: str | float = ""


@dataclass(frozen=True, slots=True)
class Frame:
    """What holds for every entry of one body: where it came from and what is believed."""

    now: datetime
    limits: settings.Parse
    base: str = ""


def finish(
    raws: Sequence[RawEntry],
    frame: Frame,
    decoded: Decoded,
    *,
    title: str,
    format_name: str,
    keep_empty: bool = False,
    beyond: int = 0,
) -> Parsed:
    """All entries of a body in their order, identities made unique, the bad ones set aside.

    ``keep_empty``: an item without any content is still an entry (a feed says so); elsewhere it is set aside.
    ``beyond``: entries the format reader saw but did not read because ``limits.max_entries`` was reached.
    """
    limit = frame.limits.max_entries
    beyond += max(0, len(raws) - limit)
    entries: list[Entry] = []
    rejected: list[Rejected] = []
    for raw in raws[:limit]:
        made = _entry(raw, frame, keep_empty=keep_empty)
        if isinstance(made, Entry):
            entries.append(made)
        else:
            rejected.append(made)
    if len(rejected) > _MAX_REJECTED:
        rest = len(rejected) - _MAX_REJECTED
        rejected[_MAX_REJECTED:] = [Rejected(f"另有 {rest} 条同样无法读取", "")]
    if beyond:
        rejected.append(Rejected(f"超过每次 {limit} 条的上限，其余 {beyond} 条未读", ""))
    return Parsed(
        entries=tuple(_unique(entries)),
        rejected=tuple(rejected),
        title=plain_line(title)[:MAX_TITLE_CHARS],
        format=format_name,
        encoding=decoded.encoding,
        repaired=decoded.repaired,
    )


def _entry(raw: RawEntry, frame: Frame, *, keep_empty: bool) -> Entry | Rejected:
    limit = frame.limits.max_text_chars
    title = plain_line(raw.title)[:MAX_TITLE_CHARS]
    text = max((plain_text(markup, limit) for markup in dict.fromkeys(raw.texts)), key=len, default="")
    guid = squeeze(raw.guid)[:MAX_GUID_CHARS]
    if not (title or text or keep_empty):
        return Rejected("没有标题也没有正文", squeeze(f"{raw.link} {raw.guid}")[:_EXCERPT_CHARS])
    # An item of a feed without words is still a sign of a report: its page may be read for them.
    title = title or squeeze(text)[:TITLE_CHARS] or NO_TITLE
    # A fault of one link must not lose the report: without an address it is still judged and shown.
    url = absolute_url(strip_forbidden(raw.link), frame.base) or absolute_url(guid)
    moment = read_time(raw.date, frame)
    if moment.at is None and moment.note == NOTE_NONE and url:
        moment = date_in_url(url, frame.now)
    return Entry(
        guid=guid or _own_guid(url, title),
        title=title,
        url=url,
        text=text,
        published=moment.at,
        published_note=moment.note,
    )


def read_time(date: str | float, frame: Frame) -> Moment:
    """A published time in any of its forms, checked against the frame's clock."""
    tolerance = frame.limits.future_tolerance_hours
    if isinstance(date, str):
        return read_date(strip_forbidden(date), frame.now, tolerance_hours=tolerance)
    return read_epoch(date, frame.now, tolerance_hours=tolerance)


def _own_guid(url: str, title: str) -> str:
    """The identity of an entry that brought none: its canonical address with its title.

    The title belongs in: lists whose links all lead to one login page would otherwise be one report.
    """
    return f"{canonical_url(url)} {title}".strip()[:MAX_GUID_CHARS]


def _unique(entries: Iterable[Entry]) -> list[Entry]:
    """Entries that share an identity although they are different reports get one of their own (fault 21).

    Every one of them, the first included, so that the identity does not depend on the order of the feed.
    """
    listed = list(entries)
    kinds: defaultdict[str, set[tuple[str, str]]] = defaultdict(set)
    for entry in listed:
        kinds[entry.guid].add((canonical_url(entry.url), entry.title))
    return [entry if len(kinds[entry.guid]) == 1 else replace(entry, guid=_distinct_guid(entry)) for entry in listed]


def _distinct_guid(entry: Entry) -> str:
    digest = hashlib.sha256(f"{canonical_url(entry.url)}\n{entry.title}".encode()).hexdigest()[:16]
    return f"{entry.guid[: MAX_GUID_CHARS - 17]}#{digest}"

"""How many messages a channel gets (归并与汇总): one for what came together, one digest a minute in a storm.

A digest nobody has sent yet takes further alerts in; so five thousand alerts in a minute are two messages, each alert
counted once. What waits for the morning grows in the same way.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, select, update

from monitors.notify import texts
from monitors.notify.outbox import WAITING, put
from monitors.notify.routing import Route
from monitors.notify.texts import Facts
from monitors.settings import Settings
from monitors.store import tables as t


@dataclass(frozen=True, slots=True)
class Piece:
    """One notice on its way to a channel; ``kind`` is the notice's."""

    notice_id: int
    kind: str
    facts: Facts


@dataclass(frozen=True, slots=True)
class Parcel:
    """What one channel is told at one time; ``opens_at`` None: now, else after its quiet hours."""

    pieces: tuple[Piece, ...]
    opens_at: datetime | None


def parcels(pieces: Sequence[Piece], route: Route, now: datetime) -> list[Parcel]:
    """The pieces of a channel, those that wait for the morning apart from those that do not."""
    calm = tuple(one for one in pieces if route.opens_at(one.facts.level, now) is not None)
    pressing = tuple(one for one in pieces if one not in calm)
    found = [Parcel(pressing, None)] if pressing else []
    return [*found, Parcel(calm, route.opens_at(calm[0].facts.level, now))] if calm else found


def dispatch(connection: Connection, route: Route, parcel: Parcel, *, settings: Settings, now: datetime) -> str:
    """Write the parcel into the outbox, or into a message that still waits there; says how, in a few words."""
    if parcel.opens_at is not None:
        _gather(connection, route, parcel, parcel.opens_at, settings=settings, now=now)
        return "免打扰时段，待早上汇总"
    window = timedelta(seconds=settings.notify.storm_seconds)
    recent = _recent(connection, route, now - window)
    told = {alert_id for _, ids in recent for alert_id in ids} | {one.facts.id for one in parcel.pieces}
    digests = [next_at for next_at, _ in _recent(connection, route, now - 2 * window, kind="digest")]
    if len(told) >= settings.notify.storm_alerts or any(moment > now for moment in digests):
        at = max(now, max(digests) + window) if digests else now
        # The clock was set back: the last digest is of the future, and nobody waits for it longer than a window.
        _gather(connection, route, parcel, min(at, now + window), settings=settings, now=now)
        return "汇总"
    site = settings.notify.site_url
    found, first = [one.facts for one in parcel.pieces], parcel.pieces[0]
    alone = len(parcel.pieces) == 1
    words = texts.single(found[0], first.kind, site_url=site, now=now) if alone else None
    words = words or texts.several(found, site_url=site, now=now)
    repeats = all(one.kind == "repeat" for one in parcel.pieces)
    put(
        connection, route.id, "alert", words.title, words.body, key_parts=_key(parcel), now=now, settings=settings,
        alert_ids=[one.id for one in found], step=int(repeats), level=texts.gravest(found),
    )  # fmt: skip
    return "单条" if alone else f"{len(found)} 起一条"


def _gather(
    connection: Connection, route: Route, parcel: Parcel, at: datetime, *, settings: Settings, now: datetime
) -> None:
    """Into the channel's digest that waits for ``at`` or sooner, if nobody has taken it; else into a new one."""
    message = t.message.c
    when = message.next_at == at if parcel.opens_at is not None else message.next_at <= at
    waiting = (
        select(message.id, message.alert_ids)
        .where(
            message.channel_id == route.id, message.kind == "digest", message.state == WAITING, message.attempts == 0,
            message.generation == 0, message.expires_at > now, when,
        )
        .order_by(message.next_at.desc(), message.id.desc())
        .limit(1)
        .with_for_update()
    )  # fmt: skip
    held = connection.execute(waiting).one_or_none()
    ids = list(dict.fromkeys([*(held.alert_ids if held else ()), *(one.facts.id for one in parcel.pieces)]))
    found = list(texts.load(connection, ids).values())
    words = texts.digest(found, site_url=settings.notify.site_url, now=now)
    level = texts.gravest(found)
    if held is not None:
        values = {"alert_ids": ids, "title": words.title, "body": words.body, "level": level}
        alert_id = ids[0] if len(ids) == 1 else None
        connection.execute(update(t.message).where(message.id == held.id).values(alert_id=alert_id, **values))
        return
    put(
        connection, route.id, "digest", words.title, words.body, key_parts=_key(parcel), alert_ids=ids, level=level,
        now=now, settings=settings, not_before=at,
    )  # fmt: skip


def _recent(
    connection: Connection, route: Route, since: datetime, *, kind: str = ""
) -> list[tuple[datetime, Sequence[int]]]:
    """Messages about alerts the channel was given since then, what waits for the morning left out."""
    message = t.message.c
    kinds = (kind,) if kind else ("alert", "digest")
    query = select(message.created_at, message.next_at, message.alert_ids, message.attempts).where(
        message.channel_id == route.id, message.kind.in_(kinds), message.created_at > since
    )
    # A digest of the morning was made hours before it opens; a retry, too, opens late.
    soon = timedelta(hours=1)
    rows = [row for row in connection.execute(query) if row.attempts or row.next_at - row.created_at < soon]
    return [(row.created_at if row.attempts else row.next_at, row.alert_ids) for row in rows]


def _key(parcel: Parcel) -> tuple[object, ...]:
    return ("notice", *sorted(one.notice_id for one in parcel.pieces))

"""Telling people of an episode (聚集事件告知), by the outbox of the notifications, in the transaction that found it.

It goes where a yellow alert of its places would go, and waits for the morning as that does: a gathering of days is no
emergency of the night. Each channel is told of its own places and of the events there; a demonstration is never told.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from urllib.parse import quote

from sqlalchemy import Connection

from monitors.access.scope import PROVINCE
from monitors.clock import local
from monitors.hotspots import events, words
from monitors.hotspots.episodes import Due
from monitors.hotspots.events import Event
from monitors.notify import outbox, texts
from monitors.notify.routing import Route, routes
from monitors.notify.texts import Words
from monitors.regions import divisions
from monitors.settings import Settings

LEVEL = "III"  # routed and kept quiet like
_TITLES = 5


def tell(connection: Connection, due: Due, *, settings: Settings, now: datetime) -> bool:
    """Write the messages about one episode; whether any channel hears of it.

    Without a channel for its places it stays untold, and is told once there is one.
    """
    if not settings.notify.enabled:
        return False
    counted = events.of(connection, due.data_set, due.found.events)
    heard = False
    for route in routes(connection):
        near = _near(route, due.found.regions)
        if not near or LEVEL not in route.levels:
            continue
        heard = True
        said = message(due, near, _theirs(route, counted), settings=settings, now=now)
        outbox.put(
            connection, route.id, "hotspot", said.title, said.body, alert_ids=[], level=LEVEL, now=now,
            settings=settings, not_before=route.opens_at(LEVEL, now),
            key_parts=("hotspot", due.episode_id, due.tier, due.found.observed),
        )  # fmt: skip
    return heard


def message(due: Due, near: Sequence[str], counted: Sequence[Event], *, settings: Settings, now: datetime) -> Words:
    """What a channel of the places ``near`` is told, with the events that lie there."""
    found, year = due.found, local(now).year
    outside = len(found.regions) - len(near)
    said = words.sentence(
        near, found.first_day, found.last_day, found.observed, found.expected, year=year, outside=outside
    )
    what = "欠薪舆情事件" if due.data_set == "舆情" else "台账欠薪案件"
    grave = "（只计 I、II 级）" if due.kind == "严重" and due.data_set == "舆情" else ""
    grave = "（只计重大案件）" if due.kind == "严重" and due.data_set == "台账" else grave
    rare = words.rarity(found.p_value, 1 / (settings.hotspot.replicates + 1))
    lines = [
        f"{said}{'（有新变化，再次告知）' if due.again else ''}。",
        f"所计为{what}{grave}，同一事件只计一次。",
        f"{rare}，列为“{due.tier}”。请结合实际核实，并在系统中标注属实、误报或不明。",
        *(f"· {_line(one)}" for one in counted[-_TITLES:][::-1]),
        f"……另有 {len(counted) - _TITLES} 起" if len(counted) > _TITLES else "",
        _link(settings.notify.site_url, due.episode_id),
    ]
    title = texts.cut(f"【聚集{due.tier}】{said}", texts.MAX_TITLE)
    return Words(title, "\n".join(line for line in lines if line))


def _link(site_url: str, episode_id: int) -> str:
    """The address of the episode on its tab of the page."""
    if not site_url:
        return ""
    return f"{site_url.rstrip('/')}/hotspots?view={quote('聚集事件')}&episode={episode_id}"


def _near(route: Route, regions: Sequence[str]) -> tuple[str, ...]:
    return tuple(code for code in regions if route.region == PROVINCE or divisions.within(code, route.region))


def _theirs(route: Route, counted: Sequence[Event]) -> tuple[Event, ...]:
    return tuple(one for one in counted if route.region == PROVINCE or divisions.within(one.region, route.region))


def _line(one: Event) -> str:
    """A case goes by its number: the employer's name stays in the ledger."""
    if one.number.startswith("AJ"):
        return f"{one.day:%m-%d} 案件 {one.number}"
    return f"{one.day:%m-%d} {texts.cut(one.title, 40)}" + (f"（{one.number}）" if one.number else "")

"""The watch says it is alive (心跳), part by part, so that a stuck part cannot hide behind a live loop."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import Connection, func, select

from monitors.settings import Settings
from monitors.store import tables as t
from monitors.store.upsert import insert_into

LOOP = "loop"
PARSER = "parser"
JUDGE = "judge"
NOTIFY = "notify"  # decides what is told; this and the next beat from the notifications' own room
SENDER = "sender"
PART_NAMES = {LOOP: "轮询", PARSER: "解析", JUDGE: "研判", NOTIFY: "通知编发", SENDER: "通知发送"}
# The parser and the judge prove themselves by real work or, when idle, by a trial every half minute.
PROBE_SECONDS = 30.0

State = Literal["ok", "stopped", "never"]


@dataclass(frozen=True, slots=True)
class Pulse:
    """What the duty page says first. ``seconds`` is the age of the oldest part's beat; ``words`` is Chinese."""

    state: State
    seconds: float
    words: str


def beat(connection: Connection, part: str, *, now: datetime, note: str = "") -> None:
    """Record that ``part`` worked at ``now``."""
    statement = insert_into(connection, t.heartbeat).values(part=part, at=now, note=note)
    connection.execute(
        statement.on_conflict_do_update(index_elements=[t.heartbeat.c.part], set_={"at": now, "note": note})
    )


def pulse(connection: Connection, settings: Settings, now: datetime) -> Pulse:
    """How the watch is: red when the loop is late by ``heartbeat_red_seconds`` or another part by four probes."""
    rows = connection.execute(select(t.heartbeat.c.part, func.max(t.heartbeat.c.at)).group_by(t.heartbeat.c.part)).all()
    ages = {part: (now - at).total_seconds() for part, at in rows}
    if LOOP not in ages:
        return Pulse("never", 0.0, "监测尚未运行")
    red = settings.watch.heartbeat_red_seconds
    if ages[LOOP] < -red:
        # A living watch would have beaten by the present clock within seconds: this one stopped before it was set.
        return Pulse("stopped", 0.0, f"监测已停：最后心跳在 {age_words(-ages[LOOP])}之后，请核对系统时钟")
    if ages[LOOP] > red:
        return Pulse("stopped", ages[LOOP], f"监测已停 {age_words(ages[LOOP])}")
    parts = (PARSER, JUDGE, NOTIFY, SENDER) if settings.notify.enabled else (PARSER, JUDGE)
    for part in parts:
        if part in ages and ages[part] > red + 4 * PROBE_SECONDS:
            return Pulse("stopped", ages[part], f"监测的{PART_NAMES[part]}环节已停 {age_words(ages[part])}")
    age = max(0.0, ages[LOOP])
    return Pulse("ok", age, f"监测正常 · {age_words(age)}前")


def age_words(seconds: float) -> str:
    """``12 秒``, ``7 分钟``, ``3 小时`` or ``2 天``."""
    for size, unit in ((86_400, "天"), (3_600, "小时"), (60, "分钟")):
        if seconds >= size:
            return f"{int(seconds // size)} {unit}"
    return f"{int(seconds)} 秒"

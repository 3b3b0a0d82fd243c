"""The records of merges and splits by hand (合并、拆分), and what they say of a report or a story now.

Each is one row of ``meta``: which reports moved, what was known of them before, what became of the alert. Each report
carries a mark: the story a person gave it, and those it was taken out of. Whatever groups reports by itself asks the
mark (``given``, ``apart``) before it asks the words.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Connection, Row, and_, func, insert, or_, select, update

from monitors.access.actor import Actor
from monitors.errors import InputError
from monitors.store import tables as t

BY_HAND = "by_hand"  # key in ``item.judgement``: {"story": number a person gave it, "apart": [stories it left], …}
_KEY = "story_edit:"  # meta: one record per edit, ``story_edit:00000012``
Kind = Literal["merge", "split"]
KIND_NAMES: dict[Kind, str] = {"merge": "合并", "split": "拆分"}


@dataclass(frozen=True, slots=True)
class Edit:
    """One merge or split. ``source``: the story reports were taken from, ``target``: the one they were put into."""

    number: int
    kind: Kind
    source: int
    target: int
    reports: int
    by: str
    at: datetime
    why: str
    undone_by: str
    undone_at: datetime | None

    @property
    def standing(self) -> bool:
        return self.undone_at is None


def history(connection: Connection, actor: Actor, story_id: int) -> tuple[Edit, ...]:
    """The merges and splits a story took part in, newest first; those whose other side the actor sees.

    Raises:
        RefusedError: the role sees no stories.
    """
    actor.require("story.view", kind="story", target=str(story_id))
    found = [read(number, record) for number, record in among(connection, story_id=story_id)]
    others = {other for edit in found for other in (edit.source, edit.target)}
    seen = set(connection.scalars(select(t.story.c.id).where(t.story.c.id.in_(others), actor.scope.stories())))
    return tuple(edit for edit in reversed(found) if {edit.source, edit.target} <= seen)


def given(connection: Connection, judgement: Mapping[str, Any]) -> int | None:
    """The story a person gave this report, as it is now (merged since: the one it went into); None where nobody did."""
    mark = judgement.get(BY_HAND) or {}
    story_id: int | None = mark.get("story")
    return standing_story(connection, story_id) if story_id is not None else None


def apart(judgement: Mapping[str, Any]) -> tuple[int, ...]:
    """The stories a person took this report out of: it never joins them again by itself."""
    return tuple((judgement.get(BY_HAND) or {}).get("apart", ()))


def standing_story(connection: Connection, story_id: int) -> int:
    """Where a story's reports are now: the story itself, or the one it was merged into."""
    for _ in range(100):  # merging refuses an empty story, so there is no circle; a damaged record must not hang us
        into = [
            record["stories"][1]
            for _, record in among(connection, story_id=story_id)
            if record["kind"] == "merge" and record["undone"] is None and record["stories"][0] == story_id
        ]
        if not into:
            return story_id
        story_id = into[-1]
    return story_id


# ── writing and reading them ─────────────────────────────────────────────────────────────────────────────────────────


def _key(number: int) -> str:
    return f"{_KEY}{number:08d}"


def _text(record: Mapping[str, Any]) -> str:
    # The stories come first and in one spelling: they are looked for by it.
    return json.dumps(record, ensure_ascii=False, separators=(",", ":"))


def write(
    connection: Connection,
    actor: Actor,
    kind: Kind,
    between: tuple[int, int],
    now: datetime,
    *,
    why: str,
    moved: Sequence[Row[Any]],
    stayed: Sequence[Row[Any]],
    alert: Mapping[str, Any] | None,
) -> Edit:
    """Keep what was done. ``between``: the story taken from, the story put into; ``alert``: what became of it."""
    last = connection.scalar(select(func.max(t.meta.c.key)).where(t.meta.c.key.like(f"{_KEY}%")))
    number = int(last.removeprefix(_KEY)) + 1 if last else 1
    record = {
        "stories": list(between),
        "kind": kind,
        "items": [[row.id, row.judgement.get(BY_HAND), row.judgement.get("joined", "")] for row in moved],
        "stayed": [row.id for row in stayed],
        "alert": dict(alert) if alert else None,
        "by": actor.display,
        "at": now.isoformat(),
        "why": why,
        "undone": None,
    }
    connection.execute(insert(t.meta).values(key=_key(number), value=_text(record)))
    return read(number, record)


def held(connection: Connection, number: int) -> dict[str, Any]:
    """The record itself, locked until the transaction ends.

    Raises:
        InputError: there is none.
    """
    value = connection.scalar(select(t.meta.c.value).where(t.meta.c.key == _key(number)).with_for_update())
    if value is None:
        raise InputError("没有这次合并或拆分的记录")
    found: dict[str, Any] = json.loads(value)
    return found


def among(connection: Connection, *, story_id: int | None = None, after: int = 0) -> list[tuple[int, dict[str, Any]]]:
    """The records in order, of one story or after a number."""
    key, value = t.meta.c.key, t.meta.c.value
    wanted = [key > _key(after), key < f"{_KEY}A"]
    if story_id is not None:
        ours = or_(value.like(f'{{"stories":[{story_id},%'), value.like(f'{{"stories":[%,{story_id}],%'))
        wanted.append(ours)
    rows = connection.execute(select(key, value).where(and_(*wanted)).order_by(key))
    found = [(int(row.key.removeprefix(_KEY)), json.loads(row.value)) for row in rows]
    return [one for one in found if story_id is None or story_id in one[1]["stories"]]


def rewrite(connection: Connection, number: int, record: Mapping[str, Any]) -> None:
    """Put a record that was ``held`` back as it now is."""
    connection.execute(update(t.meta).where(t.meta.c.key == _key(number)).values(value=_text(record)))


def read(number: int, record: Mapping[str, Any]) -> Edit:
    """The record as pages show it."""
    undone = record["undone"] or {}
    return Edit(
        number=number,
        kind=record["kind"],
        source=record["stories"][0],
        target=record["stories"][1],
        reports=len(record["items"]),
        by=record["by"],
        at=datetime.fromisoformat(record["at"]),
        why=record["why"],
        undone_by=undone.get("by", ""),
        undone_at=datetime.fromisoformat(undone["at"]) if undone else None,
    )

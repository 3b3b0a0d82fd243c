"""Merging and splitting stories by hand (合并、拆分事件), each reversible, and respected by whatever joins by itself.

A person's decision is one record and a mark on each report that moved (``story_edit_records``): grouping, labels and
judging again ask the mark before they ask the words. Undoing puts back the reports that moved and no others: what
joined meanwhile stays where it joined.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, update

from monitors.access import audit
from monitors.access.actor import Actor
from monitors.clock import local
from monitors.errors import InputError, RefusedError
from monitors.opinion import story_alerts
from monitors.opinion import story_edit_records as records
from monitors.opinion.board import place_name
from monitors.opinion.dossier import MISSING
from monitors.opinion.masking import mask
from monitors.opinion.story_edit_records import BY_HAND, KIND_NAMES, Edit, apart
from monitors.opinion.story_summary import hold_stories, refresh_story
from monitors.settings import Settings
from monitors.store import tables as t

ACTION = "story.edit"
MAX_WHY = 200  # characters of the reason


def merge(
    connection: Connection, actor: Actor, story_id: int, into_id: int, *, why: str, settings: Settings, now: datetime
) -> Edit:
    """Put all reports of one story into another, which is summed up again; the first one's open alert becomes 并案.

    The story with the graver standing alert has to be the one that stays (see ``direction``).

    Raises:
        RefusedError: the actor may not, or does not see one of the two.
        InputError: they cannot be merged, or not in this direction; the sentence says what to do.
    """
    why = _reason(why)
    actor.require(ACTION, kind="story", target=str(story_id))
    hold_stories(connection)
    gone, kept = _story(connection, actor, story_id), _story(connection, actor, into_id)
    if story_id == into_id:
        raise InputError("不能把事件并入它自己，请选择另一起事件")
    if gone.demo != kept.demo:
        raise InputError("演示数据与真实事件不能合并")
    if not gone.items or not kept.items:
        empty = story_id if not gone.items else into_id
        raise InputError(f"事件 {empty} 已没有报道（可能已并入其他事件），不能再合并")
    if direction(connection, story_id, into_id) != (story_id, into_id):
        raise InputError(f"事件 {story_id} 的警情级别更高或仍在办理，应予保留：请把事件 {into_id} 并入事件 {story_id}")
    moved = _rows(connection, t.item.c.story_id == story_id)
    _place(connection, moved, into_id, actor, now, left=())
    _sum_up(connection, (story_id, into_id), settings, now)
    after = connection.scalar(select(t.story.c.region).where(t.story.c.id == into_id)) or ""
    if not actor.scope.covers(after):
        raise InputError(f"合并后的事件将归属“{place_name(after)}”，不在您的辖区内，请报上级办理")
    closed = story_alerts.close_into(connection, actor, story_id, into_id, reports=len(moved), now=now)
    edit = records.write(
        connection, actor, "merge", (story_id, into_id), now, why=why, moved=moved, stayed=(), alert=closed
    )
    told = {"操作": "合并", "并入": f"事件 {into_id} {kept.title}", "报道": len(moved), "原因": why}
    _record(connection, actor, gone, now, before={"标题": gone.title}, after=told)
    return edit


def split(
    connection: Connection,
    actor: Actor,
    story_id: int,
    item_ids: Collection[int],
    *,
    why: str,
    settings: Settings,
    now: datetime,
) -> Edit:
    """Take the chosen reports out of a story into one of their own; an alert of its own by the ordinary rules only.

    The new story may belong to another place than the actor's: then it is that place's from here on.

    Raises:
        RefusedError: the actor may not, or does not see the story.
        InputError: none, all or foreign reports were chosen.
    """
    why = _reason(why)
    actor.require(ACTION, kind="story", target=str(story_id))
    hold_stories(connection)
    whole = _story(connection, actor, story_id)
    rows = _rows(connection, t.item.c.story_id == story_id)
    chosen = set(item_ids)
    moved = [row for row in rows if row.id in chosen]
    stayed = [row for row in rows if row.id not in chosen]
    if not moved:
        raise InputError("请先选择要拆出的报道")
    if len(moved) != len(chosen):
        raise InputError("所选报道中有的已不在本事件，请刷新后重新选择")
    if not stayed:
        raise InputError("不能把全部报道都拆出，请至少留下一篇")
    fresh = _found(connection, whole, moved[0])
    _place(connection, moved, fresh, actor, now, left=(story_id,))
    _keep_apart(connection, stayed, fresh)
    _sum_up(connection, (story_id, fresh), settings, now)
    edit = records.write(
        connection, actor, "split", (story_id, fresh), now, why=why, moved=moved, stayed=stayed, alert=None
    )
    story_alerts.tell(connection, actor, story_id, f"{len(moved)} 篇报道拆出为事件 {fresh}", now=now)
    told = {"操作": "拆分", "拆出": f"事件 {fresh} {moved[0].title}", "报道": len(moved), "原因": why}
    _record(connection, actor, whole, now, before={"标题": whole.title}, after=told)
    return edit


def undo(connection: Connection, actor: Actor, number: int, *, settings: Settings, now: datetime) -> Edit:
    """Put back what an edit moved, and its alert; reports that joined since stay, those that left since stay away.

    Raises:
        RefusedError: the actor may not, or does not see one of the two stories.
        InputError: there is no such edit, it is undone already, or a later one moved the same reports again.
    """
    actor.require(ACTION, kind="story")
    hold_stories(connection)
    held = records.held(connection, number)
    edit = records.read(number, held)
    before, after = (_story(connection, actor, story_id) for story_id in (edit.source, edit.target))
    if not edit.standing:
        raise InputError("这次操作已经撤销过")
    ids = {one[0] for one in held["items"]}
    for later in records.among(connection, after=number):
        if later[1]["undone"] is None and ids & {one[0] for one in later[1]["items"]}:
            name = KIND_NAMES[later[1]["kind"]]
            raise InputError(f"之后又有一次{name}（编号 {later[0]}）移动了同样的报道，请先撤销那一次")
    back = _rows(connection, t.item.c.id.in_(ids))
    _restore(connection, back, held, edit)
    # The alert comes back first, else the story would open another.
    story_alerts.reopen(connection, actor, held["alert"], reason=f"撤销合并（编号 {number}）", now=now)
    _sum_up(connection, (edit.source, edit.target), settings, now)
    if edit.kind == "split" and not connection.scalar(select(t.story.c["items"]).where(t.story.c.id == edit.target)):
        story_alerts.close_into(connection, actor, edit.target, edit.source, reports=len(back), now=now)
    held["undone"] = {"by": actor.display, "at": now.isoformat()}
    records.rewrite(connection, number, held)
    told = {"操作": f"撤销{KIND_NAMES[edit.kind]}", "编号": number, "报道": len(back), "另一事件": f"事件 {after.id}"}
    _record(connection, actor, before, now, before={}, after=told)
    return records.read(number, held)


def direction(connection: Connection, one: int, other: int) -> tuple[int, int]:
    """Which of two stories goes into which, (gone, kept): the one with the graver standing alert stays.

    Where their alerts stand alike, the first into the second.
    """
    first, second = (story_alerts.weight(connection, story_id) for story_id in (one, other))
    return (other, one) if first > second else (one, other)


def as_of(connection: Connection, story_id: int, now: datetime) -> datetime:
    """When a story's spread is reckoned: now while somebody works on its alert, else when its last report came."""
    if story_alerts.open_alert(connection, story_id) is not None:
        return now
    last = connection.scalar(select(func.max(t.item.c.fetched_at)).where(t.item.c.story_id == story_id))
    return min(now, last) if last else now


# ── stories and reports ──────────────────────────────────────────────────────────────────────────────────────────────


def _reason(why: str) -> str:
    """The reason as it may be kept: nobody's name or number belongs there."""
    cleaned = " ".join(why.split())
    if len(cleaned) > MAX_WHY:
        raise InputError(f"原因不能超过 {MAX_WHY} 字")
    return mask(cleaned).text


def _story(connection: Connection, actor: Actor, story_id: int) -> Row[Any]:
    found = connection.execute(
        select(t.story).where(t.story.c.id == story_id, actor.scope.stories()).with_for_update()
    ).one_or_none()
    if found is None:
        raise RefusedError(MISSING, action=ACTION, kind="story", target=str(story_id))
    return found


def _sum_up(connection: Connection, story_ids: Sequence[int], settings: Settings, now: datetime) -> None:
    for story_id in story_ids:
        if connection.scalar(select(t.item.c.id).where(t.item.c.story_id == story_id).limit(1)) is None:
            # It keeps what it said: its number stands in alerts, exports and addresses.
            connection.execute(update(t.story).where(t.story.c.id == story_id).values(items=0, outlets=0))
            continue
        refresh_story(connection, story_id, settings=settings, now=now, as_of=as_of(connection, story_id, now))


def _rows(connection: Connection, condition: Any) -> list[Row[Any]]:
    columns = (t.item.c["id", "title", "story_id", "region", "scope", "stance", "sentiment", "outlet"],)
    query = select(*columns[0], t.item.c.published_at, t.item.c.fetched_at, t.item.c.judgement, t.item.c.demo)
    ordered = query.where(condition).order_by(t.item.c.published_at, t.item.c.id)
    return list(connection.execute(ordered.with_for_update()))


def _found(connection: Connection, whole: Row[Any], first: Row[Any]) -> int:
    """A story for reports that leave theirs; ``refresh_story`` says what it is about."""
    fresh: int = connection.execute(
        insert(t.story)
        .values(
            title=first.title, region=first.region, scope=first.scope, stance=first.stance, sentiment=first.sentiment,
            items=0, outlets=0, first_outlet=first.outlet, first_published_at=first.published_at,
            first_seen_at=first.fetched_at, last_seen_at=first.fetched_at, level="关注", score=0, severity={},
            matched=[], demo=whole.demo,
        )
        .returning(t.story.c.id)
    ).scalar_one()  # fmt: skip
    return fresh


def _place(
    connection: Connection, rows: Sequence[Row[Any]], story_id: int, actor: Actor, now: datetime, *, left: Sequence[int]
) -> None:
    words = f"{actor.display}{'拆分' if left else '合并'}归入（{local(now):%Y-%m-%d %H:%M}）"
    for row in rows:
        out_of = [one for one in dict.fromkeys((*apart(row.judgement), *left)) if one != story_id]
        mark = {"story": story_id, "apart": out_of, "by": actor.display, "at": now.isoformat()}
        _mark(connection, row, {**row.judgement, BY_HAND: mark, "joined": words}, story_id=story_id)


def _keep_apart(connection: Connection, rows: Sequence[Row[Any]], from_id: int) -> None:
    """Those that stay must not follow by themselves either."""
    for row in rows:
        mark = dict(row.judgement.get(BY_HAND) or {})
        _mark(connection, row, {**row.judgement, BY_HAND: {**mark, "apart": [*mark.get("apart", ()), from_id]}})


def _restore(connection: Connection, rows: Sequence[Row[Any]], held: Mapping[str, Any], edit: Edit) -> None:
    known = {one[0]: one for one in held["items"]}
    for row in rows:
        _, mark, joined = known[row.id]
        judgement = {**row.judgement, "joined": joined}
        judgement.pop(BY_HAND, None)
        if mark:
            judgement[BY_HAND] = mark
        # Out of every story by now (judged or said to be irrelevant): it stays out, and comes back to where it was.
        if row.story_id == edit.target:
            _mark(connection, row, judgement, story_id=edit.source)
        else:
            _mark(connection, row, judgement)
    for row in _rows(connection, t.item.c.id.in_(held["stayed"])):
        mark = dict(row.judgement.get(BY_HAND) or {})
        rest = [one for one in mark.get("apart", ()) if one != edit.target]
        judgement = {key: value for key, value in row.judgement.items() if key != BY_HAND}
        if rest or "story" in mark:
            judgement[BY_HAND] = {**mark, "apart": rest}
        _mark(connection, row, judgement)


def _mark(connection: Connection, row: Row[Any], judgement: Mapping[str, Any], **columns: Any) -> None:
    connection.execute(update(t.item).where(t.item.c.id == row.id).values(judgement=dict(judgement), **columns))


def _record(
    connection: Connection,
    actor: Actor,
    about: Row[Any],
    now: datetime,
    *,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
) -> None:
    audit.append(
        connection, actor, ACTION, at=now, kind="story", target=str(about.id), region=about.region, before=before,
        after={key: value for key, value in after.items() if value != ""},
    )  # fmt: skip

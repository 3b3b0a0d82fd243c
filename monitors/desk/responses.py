"""Answers to the public (对外回应, R26): written by a person, approved by another, published; and their clocks.

草稿 → 待批 → 已批准 → 已发布; from 待批 and 已批准 it can be sent back with a reason. What is out is never edited.
The clocks run from the first report published: 国办发〔2016〕80号 (5 h), 〔2016〕61号 (24 h to a conference, 48 h).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal
from urllib.parse import urlsplit

from sqlalchemy import Connection, RowMapping, insert, select, update

from monitors.access import audit
from monitors.access.actor import Actor
from monitors.clock import local, stamp
from monitors.desk import alerts, needs
from monitors.desk.alerts import CONFERENCE, PUBLISHED, Alert
from monitors.desk.faults import Fault, refuse
from monitors.desk.ways import CHECKING, DONE, FALSE, HANDLING, MERGED
from monitors.errors import ConflictError, InputError
from monitors.opinion.alerts import append_event
from monitors.regions import divisions
from monitors.settings import Settings
from monitors.store import tables as t
from monitors.store.desk_tables import response

KINDS = ("权威信息", CONFERENCE, "回应")
DRAFT, WAITING, APPROVED = "草稿", "待批", "已批准"
STATES = (DRAFT, WAITING, APPROVED, PUBLISHED)
MOST_CHARS, NAME_CHARS, URL_CHARS, REASON_CHARS = 5000, 60, 500, 500
_UNIT = "（发布单位）"
MISSING = "没有这条对外回应，或您无权查看"
Standing = Literal["按时", "超时完成", "计时中", "已超时", "无需回应", "已办结"]


@dataclass(frozen=True, slots=True)
class Response:
    """One answer as stored. ``returned``: why it was sent back last, until it is sent in again."""

    id: int
    alert_id: int
    kind: str
    state: str
    body: str
    unit: str
    author_id: int | None
    author: str
    approver: str
    approved_at: datetime | None
    returned: str
    channel: str
    published_at: datetime | None
    url: str
    created_at: datetime
    updated_at: datetime
    revision: int


@dataclass(frozen=True, slots=True)
class ResponseDraft:
    """What a person writes."""

    kind: str
    body: str
    unit: str


@dataclass(frozen=True, slots=True)
class Publication:
    """Where and when it came out; ``url`` may be empty (television, a notice board)."""

    channel: str
    published_at: datetime | None
    url: str = ""


@dataclass(frozen=True, slots=True)
class Timer:
    """One clock: what is due when, when it was met, and by how much it stands before (positive) or past its end."""

    name: str
    due_at: datetime
    met_at: datetime | None
    standing: Standing
    left: timedelta

    @property
    def late(self) -> bool:
        """Not met in time, whether met since or not."""
        return self.standing in ("超时完成", "已超时")


def listed(connection: Connection, actor: Actor, alert_id: int) -> tuple[Response, ...]:
    """The alert's answers, oldest first.

    Raises:
        RefusedError, InputError: as ``alerts.get``.
    """
    alerts.get(connection, actor, alert_id)
    query = select(response).where(response.c.alert_id == alert_id).order_by(response.c.id)
    return tuple(_read(row) for row in connection.execute(query).mappings())


def timers(alert: Alert, answers: Iterable[Response], now: datetime, settings: Settings) -> tuple[Timer, ...]:
    """The clocks of this alert: the first answer, and at I and II the press conference.

    ``settings`` name the clock by its hours; its end is the alert's own, which a rise may have brought forward.
    """
    out = [one for one in answers if one.published_at is not None and one.state == PUBLISHED]
    clock = settings.clocks[alert.level]
    first = min((one.published_at for one in out if one.published_at), default=None)
    found = [_timer(f"首次回应（{clock.public_response_hours} 小时）", alert.public_due_at, first, alert, now)]
    if alert.conference_due_at is not None:
        met = min((one.published_at for one in out if one.published_at and one.kind == CONFERENCE), default=None)
        hours = f"（{clock.conference_hours} 小时）" if clock.conference_hours else ""
        found.append(_timer(f"新闻发布会{hours}", alert.conference_due_at, met, alert, now))
    return tuple(found)


def _timer(name: str, due: datetime, met: datetime | None, alert: Alert, now: datetime) -> Timer:
    left = due - (met or now)
    if met is not None:
        return Timer(name, due, met, "按时" if left >= timedelta() else "超时完成", left)
    if alert.no_response or alert.state in (FALSE, MERGED):
        return Timer(name, due, None, "无需回应", left)
    if alert.state == DONE and alert.closed_at is not None:  # its clocks stand still
        left = due - min(now, alert.closed_at)
        return Timer(name, due, None, "已办结" if left >= timedelta() else "已超时", left)
    return Timer(name, due, None, "计时中" if left >= timedelta() else "已超时", left)


def skeleton(alert: Alert, unit: str = "") -> str:
    """A plain beginning from what the record holds: the day, the place, and that it is being checked if it is.

    It claims nothing; what was found and done is for the person to write.
    """
    day = local(alert.first_published_at)
    place = divisions.full_name(alert.region).removeprefix("云南省") or "我省"
    checked = "目前，有关情况正在核查" if alert.state in (CHECKING, HANDLING) else "有关情况待核查"
    return (
        f"关于网络反映{place}工资支付有关问题的情况说明\n\n"
        f"{day.month}月{day.day}日，有媒体（网民）发布信息，反映{place}工资支付有关问题。{checked}，"
        f"核查和处置结果将及时向社会公布。\n\n{unit or _UNIT}"
    )


# ── acts ─────────────────────────────────────────────────────────────────────────────────────────────────────────────
def write(connection: Connection, actor: Actor, alert_id: int, draft: ResponseDraft, *, now: datetime) -> int:
    """Begin an answer (草稿).

    Raises:
        RefusedError, InputError: as ``alerts.hold``.
        DeskError: something is missing or too long, or the alert is 误报 or 并案.
    """
    alert = alerts.hold(connection, actor, alert_id, None, action="alert.work")
    if alert.state in (FALSE, MERGED):
        refuse(Fault("", f"警情 {alert.number} 为“{alert.state}”，不拟写对外回应"))
    draft = _checked(draft)
    values = {"kind": draft.kind, "body": draft.body, "unit": draft.unit, "author_id": actor.account_id}
    number: int = connection.execute(
        insert(response)
        .values(**values, author=actor.display[:60], alert_id=alert_id, state=DRAFT, created_at=now, updated_at=now)
        .returning(response.c.id)
    ).scalar_one()
    _told(connection, actor, alert, number, act="拟写", action="response.write", now=now, kind=draft.kind)
    return number


def rewrite(
    connection: Connection, actor: Actor, response_id: int, revision: int, draft: ResponseDraft, *, now: datetime
) -> None:
    """Change a draft; whoever does is its author from now on, and no longer the one who may approve it.

    Raises:
        ConflictError: somebody was faster.
        DeskError: it is no draft any more; as ``write``.
    """
    alert, held = _held(connection, actor, response_id, revision, "alert.work")
    _must_be(held, DRAFT)
    draft = _checked(draft)
    if (draft.kind, draft.body, draft.unit) == (held.kind, held.body, held.unit):
        return
    values = {"kind": draft.kind, "body": draft.body, "unit": draft.unit}
    _set(connection, held, now, **values, author_id=actor.account_id, author=actor.display[:60])
    _told(connection, actor, alert, held.id, act="修改", action="response.write", now=now, kind=draft.kind)


def send_in(connection: Connection, actor: Actor, response_id: int, revision: int, *, now: datetime) -> None:
    """草稿 → 待批.

    Raises:
        ConflictError, DeskError: as ``rewrite``.
    """
    alert, held = _held(connection, actor, response_id, revision, "alert.work")
    _must_be(held, DRAFT)
    _set(connection, held, now, state=WAITING, returned="")
    _told(connection, actor, alert, held.id, act="送批", action="response.write", now=now, kind=held.kind)


def approve(connection: Connection, actor: Actor, response_id: int, revision: int, *, now: datetime) -> None:
    """待批 → 已批准, by somebody else than who wrote it.

    Raises:
        RefusedError: the actor may not approve.
        ConflictError, DeskError: as ``rewrite``; the actor wrote the text.
    """
    alert, held = _held(connection, actor, response_id, revision, "alert.approve")
    _must_be(held, WAITING)
    own = held.author_id == actor.account_id if held.author_id is not None else held.author == actor.display
    if own:
        refuse(Fault("", "回应须由拟稿人以外的人批准"))
    approver = {"approver_id": actor.account_id, "approver": actor.display[:60], "approved_at": now}
    _set(connection, held, now, state=APPROVED, **approver)
    _told(connection, actor, alert, held.id, act="批准", action="response.approve", now=now, kind=held.kind)


def send_back(
    connection: Connection, actor: Actor, response_id: int, revision: int, reason: str, *, now: datetime
) -> None:
    """待批 or 已批准 → 草稿, with the reason; an approval given falls.

    Raises:
        ConflictError, DeskError: as ``approve``; there is no reason.
    """
    alert, held = _held(connection, actor, response_id, revision, "alert.approve")
    _must_be(held, WAITING, APPROVED)
    reason = needs.words("reason", reason, "退回原因")
    refuse(Fault("reason", f"退回原因不超过 {REASON_CHARS} 字") if len(reason) > REASON_CHARS else None)
    _set(connection, held, now, state=DRAFT, returned=reason, approver_id=None, approver="", approved_at=None)
    _told(connection, actor, alert, held.id, act="退回", action="response.approve", now=now, kind=held.kind, why=reason)


def publish(
    connection: Connection, actor: Actor, response_id: int, revision: int, given: Publication, *, now: datetime
) -> None:
    """已批准 → 已发布: record where and when it came out.

    Raises:
        ConflictError, DeskError: as ``rewrite``; the time lies before the approval or in the future, the address is
            none a browser may be sent to.
    """
    alert, held = _held(connection, actor, response_id, revision, "alert.work")
    _must_be(held, APPROVED)
    channel, url = " ".join(given.channel.split()), given.url.strip()
    refuse(*_publication_faults(channel, url, given.published_at, held, now))
    _set(connection, held, now, state=PUBLISHED, channel=channel, url=url, published_at=given.published_at)
    more: dict[str, Any] = {"channel": channel, "published_at": given.published_at, "url": url}
    _told(connection, actor, alert, held.id, act="发布", action="response.publish", now=now, kind=held.kind, **more)


# ── checks ───────────────────────────────────────────────────────────────────────────────────────────────────────────
def _checked(draft: ResponseDraft) -> ResponseDraft:
    unit = " ".join(draft.unit.split())
    body = draft.body.replace("\x00", "").replace(_UNIT, unit or _UNIT).strip()  # what the skeleton left open
    refuse(
        None if draft.kind in KINDS else Fault("kind", "请选择回应类型"),
        None if body else Fault("body", "请填写回应正文"),
        Fault("body", f"回应正文不超过 {MOST_CHARS} 字，现为 {len(body)} 字") if len(body) > MOST_CHARS else None,
        None if unit else Fault("unit", "请填写发布单位"),
        None if unit.isprintable() else Fault("unit", "发布单位含有不可见字符"),
        Fault("unit", f"发布单位不超过 {NAME_CHARS} 字") if len(unit) > NAME_CHARS else None,
    )
    return ResponseDraft(draft.kind, body, unit)


def _publication_faults(
    channel: str, url: str, at: datetime | None, held: Response, now: datetime
) -> Iterable[Fault | None]:
    yield None if channel else Fault("channel", "请填写发布渠道")
    yield None if channel.isprintable() else Fault("channel", "发布渠道含有不可见字符")
    yield Fault("channel", f"发布渠道不超过 {NAME_CHARS} 字") if len(channel) > NAME_CHARS else None
    yield None if not url or _browsable(url) else Fault("url", "网址须以 http:// 或 https:// 开头，且不超过 500 字")
    if at is None:
        yield Fault("published_at", "请填写发布时间")
    elif at > now:
        yield Fault("published_at", "发布时间不能晚于当前时间")
    elif held.approved_at is not None and at < held.approved_at.replace(second=0, microsecond=0):
        # A form gives whole minutes: what came out in the minute of its approval did not come out before it.
        yield Fault("published_at", f"发布时间不能早于批准时间 {stamp(held.approved_at)}")


def _browsable(url: str) -> bool:
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return False
    plain = len(url) <= URL_CHARS and url.isprintable() and " " not in url
    return plain and parts.scheme in ("http", "https") and bool(host) and parts.username is None


def _must_be(held: Response, *states: str) -> None:
    if held.state not in states:
        over = "已发布的回应不能修改" if held.state == PUBLISHED else f"该回应现为“{held.state}”，不能进行此操作"
        refuse(Fault("", over))


# ── reading and writing ──────────────────────────────────────────────────────────────────────────────────────────────
def _read(row: RowMapping) -> Response:
    return Response(**{name: row[name] for name in Response.__slots__})


def _held(connection: Connection, actor: Actor, response_id: int, revision: int, action: str) -> tuple[Alert, Response]:
    """The answer, its alert locked first, as it was when the person looked at it."""
    actor.require(action, kind="alert")
    alert_id = connection.scalar(select(response.c.alert_id).where(response.c.id == response_id))
    if alert_id is None:
        raise InputError(MISSING)
    alert = alerts.hold(connection, actor, alert_id, None, action=action)
    query = select(response).where(response.c.id == response_id).with_for_update()
    held = _read(connection.execute(query).mappings().one())
    if held.revision != revision:
        event = t.alert_event.c
        last = connection.execute(
            select(event.actor, event.at, event.after)
            .where(event.alert_id == alert_id, event.kind == "response")
            .order_by(event.id.desc())
        ).all()
        by = next((one for one in last if one.after.get("response") == response_id), None)
        did = f"由 {by.actor} 于 {local(by.at):%m-%d %H:%M} {by.after.get('act', '修改')}" if by else "有变化"
        raise ConflictError(f"该回应已{did}，请刷新后再办")
    return alert, held


def _set(connection: Connection, held: Response, now: datetime, **values: Any) -> None:
    connection.execute(
        update(response).where(response.c.id == held.id).values(**values, updated_at=now, revision=held.revision + 1)
    )


def _told(
    connection: Connection, actor: Actor, alert: Alert, response_id: int, *, act: str, action: str, now: datetime,
    kind: str, why: str = "", **more: Any,
) -> None:  # fmt: skip
    """The event, then the line of the trail. The alert's own revision stays: nobody's open form falls."""
    connection.execute(update(t.alert).where(t.alert.c.id == alert.id).values(touched_at=now))
    at: datetime | None = more.pop("published_at", None)
    after = {"act": f"{act}回应", "response": response_id, "kind": kind, "why": why, **more}
    after |= {"published_at": at.isoformat()} if at else {}
    after = {name: value for name, value in after.items() if value not in ("", None)}
    append_event(connection, alert.id, "response", at=now, actor=actor.display[:60], before={}, after=after)
    told = {"回应类型": kind, "序号": response_id, "why": why, "发布渠道": more.get("channel"), "url": more.get("url")}
    told |= {"发布时间": stamp(at)} if at else {}
    audit.append(
        connection, actor, action, at=now, kind="alert", target=alert.number, region=alert.region,
        after={name: value for name, value in told.items() if value} | {"act": f"{act}对外回应"},
    )  # fmt: skip

"""What becomes of a notice (编发): inhibit → silence → flapping → route → group or digest → outbox, in this order.

State lies in the database alone: a notice is decided and its messages are written in one transaction, so that a crash
loses nothing and a restart repeats nothing. Every decision leaves its reason in ``notice.why``. What was held back is
looked at again while nobody has signed: told after all once the silence or the larger event has ended.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, and_, func, insert, or_, select, update

from monitors.errors import LeaseLostError
from monitors.notify import silences, storms, texts
from monitors.notify.inhibition import inhibitor, wide
from monitors.notify.notices import PENDING
from monitors.notify.routing import routes
from monitors.notify.texts import Facts
from monitors.settings import Settings
from monitors.store import tables as t
from monitors.store.engine import Store
from monitors.store.turns import Turn, take

TOLD, SILENCED, INHIBITED, MERGED, NOWHERE = "已编发", "已静默", "已抑制", "已合并", "无渠道"
REPEAT = "repeat"
KINDS = ("opened", "raised", "reopened", REPEAT)  # the other kinds (step1 …, overdue) are the escalation's own record
BATCH = 1000  # notices of one transaction: some 0.3 s
_AT_ONCE = 500  # ids in one statement


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a notice came to: its new state and why."""

    state: str
    why: str


@dataclass(frozen=True, slots=True)
class _Rulings:
    """What the notices of one batch are judged by."""

    settings: Settings
    now: datetime
    told: Mapping[int, str]  # the gravest level at which the alert was told of late
    large: Sequence[Facts]
    silences: Sequence[silences.Silence]

    def needless(self, facts: Facts, notice: Any) -> Verdict | None:
        """Why this notice needs no telling whoever would hear of it; None: it does."""
        return _kept(facts, notice, self.told, self.settings, self.now)

    def held_back(self, facts: Facts) -> Verdict | None:
        """Whether the alert is part of a larger one, or silenced."""
        if (larger := inhibitor(facts, self.large)) is not None:
            words = f"所属的{larger.number}（{texts.cut(larger.title, 40)}）已告知且未办结，不再逐起通知"
            return Verdict(INHIBITED, words)
        silence = silences.matching(self.silences, facts, self.now)
        return Verdict(SILENCED, silence.why) if silence is not None else None


def _rulings(connection: Connection, alert_ids: Sequence[int], settings: Settings, now: datetime) -> _Rulings:
    return _Rulings(
        settings=settings,
        now=now,
        told=_told_levels(connection, alert_ids, settings, now),
        large=wide(connection) if settings.notify.inhibit_parts else (),
        silences=silences.standing(connection, now),
    )


def run(store: Store, settings: Settings, now: datetime, *, look_back: bool = True) -> int:
    """Decide every notice that is ripe; how many were.

    ``look_back``: first look whether what was held back may be told by now, and who is to be reminded.

    Raises:
        StoreError: the database cannot be used; what was not decided waits.
        LeaseLostError: somebody else decided the same notices; nothing was written twice.
    """
    if look_back:
        with store.read() as connection:
            wanted = _held_back(connection) or _to_repeat(connection, settings, now)
        if wanted:
            with store.write() as connection:
                take(connection, Turn.NOTICES)
                _release(connection, settings, now)
                _repeat(connection, settings, now)
    total = 0
    while True:
        with store.read() as connection:
            if not _ripe(connection, settings, now):
                return total
        with store.write() as connection:
            take(connection, Turn.NOTICES)
            total += _decide(connection, settings, now)


def _ripe(connection: Connection, settings: Settings, now: datetime) -> bool:
    """Whether the oldest waiting notice has waited for company long enough; one of the future has (a wrong clock)."""
    notice = t.notice.c
    since = now - timedelta(seconds=settings.notify.group_seconds)
    query = select(notice.id).where(notice.state == PENDING, or_(notice.at <= since, notice.at > now)).limit(1)
    return connection.scalar(query) is not None


def _decide(connection: Connection, settings: Settings, now: datetime) -> int:
    notice = t.notice.c
    rows = connection.execute(
        select(notice.id, notice.alert_id, notice.kind, notice.at)
        .where(notice.state == PENDING)
        .order_by(notice.id)
        .limit(BATCH)
    ).all()
    found = texts.load(connection, [row.alert_id for row in rows])
    rulings = _rulings(connection, list(found), settings, now)
    needless = {row.id: rulings.needless(found[row.alert_id], row) for row in rows}
    # The last that is worth telling speaks for those before it; one that tells nothing speaks for none.
    last = {row.alert_id: row.id for row in rows if needless[row.id] is None}
    verdicts: dict[int, Verdict] = {}
    going: dict[int, list[storms.Piece]] = defaultdict(list)
    open_routes = routes(connection)
    for row in rows:
        facts = found[row.alert_id]
        verdict = needless[row.id]
        if verdict is None:
            later = last[row.alert_id] != row.id
            verdict = Verdict(MERGED, "与同一警情随后的通知合并") if later else rulings.held_back(facts)
        takers = [] if verdict else [route for route in open_routes if route.takes(facts)]
        for route in takers:
            going[route.id].append(storms.Piece(row.id, row.kind, facts))
        if not takers:
            nobody = f"没有渠道接收{facts.place}的{texts.level_name(facts.level)}警情"
            verdicts[row.id] = verdict or Verdict(NOWHERE, nobody)
    said: dict[int, list[str]] = defaultdict(list)
    for route in open_routes:
        for parcel in storms.parcels(going[route.id], route, now):
            how = storms.dispatch(connection, route, parcel, settings=settings, now=now)
            for piece in parcel.pieces:
                said[piece.notice_id].append(f"“{route.name}”（{how}）")
    for notice_id, channels in said.items():
        verdicts[notice_id] = Verdict(TOLD, "编发至" + "、".join(channels))
    _record(connection, verdicts, now)
    return len(rows)


def _kept(facts: Facts, notice: Any, told: Mapping[int, str], settings: Settings, now: datetime) -> Verdict | None:
    """Why the notice needs no telling whatever the channels are; None: go on."""
    if facts.demo:
        return Verdict(MERGED, "演示数据，不通知")
    if facts.over:
        return Verdict(MERGED, f"通知发出前警情已{facts.state.removeprefix('已')}")
    if now - notice.at > timedelta(hours=settings.notify.expire_hours) and facts.state != texts.UNSIGNED:
        return Verdict(MERGED, f"通知停用期间已签收，超过 {settings.notify.expire_hours} 小时不再补发")
    if notice.kind == REPEAT and facts.state != texts.UNSIGNED:
        return Verdict(MERGED, "再次提醒前已签收")
    if notice.kind == "raised" and facts.id in told and texts.rank(facts.level) >= texts.rank(told[facts.id]):
        return Verdict(
            MERGED, f"{settings.notify.flap_minutes} 分钟内已按{texts.level_name(told[facts.id])}告知，不重复"
        )
    return None


def _told_levels(connection: Connection, alert_ids: Sequence[int], settings: Settings, now: datetime) -> dict[int, str]:
    """The gravest level at which each alert was told within the flapping time; by the alert's own history.

    A rise noted after the telling was not in it, whatever its time says: who makes it reads the clock well before the
    transaction ends, and the clock may have been wrong at the telling.
    """
    notice, event = t.notice.c, t.alert_event.c
    since = now - timedelta(minutes=settings.notify.flap_minutes)
    found: dict[int, str] = {}
    for start in range(0, len(alert_ids), _AT_ONCE):
        some = alert_ids[start : start + _AT_ONCE]
        query = select(notice.id, notice.alert_id, notice.decided_at).where(
            notice.alert_id.in_(some), notice.state == TOLD, notice.kind.in_(KINDS), notice.decided_at > since
        )
        told = connection.execute(query).all()
        if not told:
            continue
        rises: dict[int, list[tuple[int, datetime]]] = defaultdict(list)
        raised = select(notice.id, notice.alert_id, notice.at).where(
            notice.alert_id.in_({row.alert_id for row in told}), notice.kind == "raised"
        )
        for one in connection.execute(raised):
            rises[one.alert_id].append((one.id, one.at))
        history: dict[int, list[tuple[datetime, str]]] = defaultdict(list)
        events = (
            select(event.alert_id, event.at, event.after)
            .where(event.alert_id.in_({row.alert_id for row in told}), event.kind.in_(("opened", "level")))
            .order_by(event.id)
        )
        for one in connection.execute(events):
            history[one.alert_id].append((one.at, str(one.after.get("level", ""))))
        for row in told:
            unheard = {at for number, at in rises[row.alert_id] if number > row.id}
            heard = [said for at, said in history[row.alert_id] if at <= row.decided_at and at not in unheard]
            level = heard[-1] if heard else ""
            found[row.alert_id] = min(level, found.get(row.alert_id, level), key=texts.rank)
    return found


def _record(connection: Connection, verdicts: Mapping[int, Verdict], now: datetime) -> None:
    """Write what was decided. Raises LeaseLostError where a notice was decided already: nothing of this shall stay."""
    together: dict[Verdict, list[int]] = defaultdict(list)
    for notice_id, verdict in verdicts.items():
        together[verdict].append(notice_id)
    for verdict, ids in together.items():
        for start in range(0, len(ids), _AT_ONCE):
            some = ids[start : start + _AT_ONCE]
            done = connection.execute(
                update(t.notice)
                .where(t.notice.c.id.in_(some), t.notice.c.state == PENDING)
                .values(state=verdict.state, why=verdict.why, decided_at=now)
            )
            if done.rowcount != len(some):
                raise LeaseLostError("通知已由其他进程编发，本次结果不计")


# ── looking back ─────────────────────────────────────────────────────────────────────────────────────────────────────
def _held_back(connection: Connection) -> list[Any]:
    """The latest notice of each unsigned alert, where it was silenced or inhibited."""
    notice, alert = t.notice.c, t.alert.c
    latest = select(func.max(notice.id).label("id")).where(notice.kind.in_(KINDS)).group_by(notice.alert_id).subquery()
    query = (
        select(notice.id, notice.alert_id, notice.state)
        .join(latest, latest.c.id == notice.id)
        .join(t.alert, alert.id == notice.alert_id)
        .where(notice.state.in_((SILENCED, INHIBITED)), alert.state == texts.UNSIGNED)
        .order_by(notice.id)
    )
    return list(connection.execute(query).all())


def _release(connection: Connection, settings: Settings, now: datetime) -> None:
    """What nothing holds back any more waits again, and is decided like a new one."""
    rows = _held_back(connection)
    if not rows:
        return
    found = texts.load(connection, [row.alert_id for row in rows])
    rulings = _rulings(connection, [], settings, now)
    free = [row.id for row in rows if rulings.held_back(found[row.alert_id]) is None]
    for start in range(0, len(free), _AT_ONCE):
        connection.execute(
            update(t.notice)
            .where(t.notice.c.id.in_(free[start : start + _AT_ONCE]))
            .values(state=PENDING, why="静默或抑制已结束，尚未签收，补发", decided_at=None)
        )


def _to_repeat(connection: Connection, settings: Settings, now: datetime) -> list[int]:
    """Unsigned alerts whose latest notice was told, merged with another, or found no channel ``repeat_minutes`` ago."""
    notice, alert = t.notice.c, t.alert.c
    latest = select(func.max(notice.id).label("id")).where(notice.kind.in_(KINDS)).group_by(notice.alert_id).subquery()
    query = (
        select(alert.id)
        .join(t.notice, notice.alert_id == alert.id)
        .join(latest, latest.c.id == notice.id)
        .where(
            and_(alert.state == texts.UNSIGNED, alert.demo.is_(False)),
            notice.state.in_((TOLD, MERGED, NOWHERE)),
            notice.decided_at <= now - timedelta(minutes=settings.notify.repeat_minutes),
        )
        .order_by(alert.id)
    )
    return list(connection.scalars(query))


def _repeat(connection: Connection, settings: Settings, now: datetime) -> None:
    for alert_id in _to_repeat(connection, settings, now):
        connection.execute(insert(t.notice).values(alert_id=alert_id, kind=REPEAT, at=now, state=PENDING))

"""Alerts, channels and a receiver that does as it is told, for the tests of the notifications; all invented."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

from sqlalchemy import func, insert, select, update

from monitors import settings as settings_module
from monitors.access.actor import Actor
from monitors.access.roles import Role
from monitors.notify import notices
from monitors.notify.outgoing import Sent
from monitors.store import tables as t

SETTINGS = settings_module.load(environ={})
NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)  # 10:00 in Shanghai
SECOND, MINUTE, HOUR, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
GROUP = timedelta(seconds=SETTINGS.notify.group_seconds)
ADMIN = Actor(None, "boss", "示例管理员", Role.ADMINISTRATOR, "530000", "10.20.0.9", "feedfeedfeed")
SHIFT_FAR = Actor(None, "far", "示例带班", Role.SHIFT_LEADER, "530600", "10.20.0.9", "feedfeedfeed")
CLERK = Actor(None, "clerk", "示例经办", Role.COUNTY_CLERK, "530102", "10.20.0.9", "feedfeedfeed")


def with_notify(**changes):
    """The settings with these keys of [notify] changed."""
    return SETTINGS.model_copy(update={"notify": SETTINGS.notify.model_copy(update=changes)})


def channel(connection, name="示例群", *, region="530000", levels=("I", "II", "III", "IV"), **changes) -> int:
    """A channel; its number."""
    values = {
        "name": name, "kind": "webhook", "shown": "hook.invalid", "sealed": b"\x01" + bytes(40), "region": region,
        "levels": list(levels), "per_minute": 20, "created_at": NOW, "updated_at": NOW,
    }  # fmt: skip
    return connection.execute(insert(t.channel).values(values | changes).returning(t.channel.c.id)).scalar_one()


def contact(connection, channel_id, *, step=1, region="530000", name="示例联系人", recipient="") -> None:
    """One line of the list for escalation."""
    connection.execute(
        insert(t.contact).values(region=region, step=step, name=name, channel_id=channel_id, recipient=recipient)
    )


def alert(connection, *, at=NOW, level="III", region="530102", title="", notice="opened", demo=False) -> int:
    """An alert just opened, with its story, history and notice; its number."""
    number = (connection.scalar(select(func.max(t.alert.c.id))) or 0) + 1
    story_id = connection.execute(
        insert(t.story).values(
            title=title or f"示例工地工人讨薪（{number}）", region=region, scope="本省", kind="讨薪维权",
            stance="unresolved", sentiment=-0.5, workers=12, amount_fen=126_000_000, employer="示例劳务公司", items=1,
            outlets=1, first_outlet="示例晨报", first_published_at=at, first_seen_at=at, last_seen_at=at, level=level,
            score=50, severity={}, matched=["讨薪"], demo=demo,
        ).returning(t.story.c.id)
    ).scalar_one()  # fmt: skip
    alert_id = connection.execute(
        insert(t.alert).values(
            number=f"YJ20261123-{number:04d}", story_id=story_id, level=level, score=50, state="新警情", opened_at=at,
            raised_at=at, sign_due_at=at + timedelta(minutes=SETTINGS.clocks[level].sign_minutes),
            public_due_at=at + 5 * HOUR, case_ids=[], demo=demo,
        ).returning(t.alert.c.id)
    ).scalar_one()  # fmt: skip
    event(connection, alert_id, "opened", level, at)
    if notice:
        notices.note(connection, alert_id, notice, now=at)
    return alert_id


def event(connection, alert_id, kind, level, at) -> None:
    connection.execute(
        insert(t.alert_event).values(
            alert_id=alert_id, kind=kind, at=at, actor="系统", before={}, after={"level": level}
        )
    )


def rise(connection, alert_id, level, at) -> None:
    """The alert's level changes by itself, as ``opinion.alerts`` does it."""
    connection.execute(update(t.alert).where(t.alert.c.id == alert_id).values(level=level, raised_at=at))
    event(connection, alert_id, "level", level, at)
    notices.note(connection, alert_id, "raised", now=at)


def set_state(connection, alert_id, state="已签收") -> None:
    signed = {"signed_by": "示例值班员", "signed_at": NOW} if state != "新警情" else {}
    connection.execute(update(t.alert).where(t.alert.c.id == alert_id).values(state=state, **signed))


def messages(store, *conditions):
    """Rows of ``message``, oldest first."""
    with store.read() as connection:
        return connection.execute(select(t.message).where(*conditions).order_by(t.message.c.id)).all()


def decided(store) -> list[tuple[int, str, str]]:
    """Alert, kind and state of every notice, oldest first."""
    with store.read() as connection:
        query = select(t.notice.c.alert_id, t.notice.c.kind, t.notice.c.state).order_by(t.notice.c.id)
        return [tuple(row) for row in connection.execute(query)]


def whys(store) -> list[str]:
    with store.read() as connection:
        return list(connection.scalars(select(t.notice.c.why).order_by(t.notice.c.id)))


class Clock:
    """A clock that is set by hand."""

    def __init__(self, now=NOW):
        self.now = now

    def __call__(self):
        return self.now


class Receiver:
    """What the other side does: ``answers`` in turn (the last one stays), or ``does`` by message."""

    def __init__(self, *answers, does=None):
        self.answers = list(answers) or [Sent(True, 200, "ok")]
        self.does = does
        self.got = Counter()
        self.messages = []

    async def __call__(self, channel, message, *, timeout):  # noqa: ASYNC109 - as the real one
        self.got[message.key] += 1
        self.messages.append(message)
        if self.does is not None:
            return await self.does(channel, message)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

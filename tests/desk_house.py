"""Stories, alerts and people for the tests of the alert desk; all invented."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import insert, select, update

from monitors import settings as settings_module
from monitors.access.actor import Actor
from monitors.access.roles import Role
from monitors.desk import life
from monitors.opinion import alerts as opening
from monitors.store import tables as t
from monitors.store.desk_tables import alert_link, response

SETTINGS = settings_module.load(environ={})
NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)  # 10:00 in Shanghai
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
COUNTY, PREFECTURE, PROVINCE = "530102", "530100", "530000"


def actor(name, role, region):
    return Actor(None, name, f"{name}同志", role, region, "10.20.0.9", "feedfeedfeed")


CLERK = actor("clerk", Role.COUNTY_CLERK, COUNTY)
OTHER_CLERK = actor("clerk2", Role.COUNTY_CLERK, COUNTY)
ELSEWHERE = actor("far", Role.COUNTY_CLERK, "530627")
REVIEWER = actor("reviewer", Role.PREFECTURE_REVIEWER, PREFECTURE)
ADMIN = actor("boss", Role.ADMINISTRATOR, PROVINCE)
DUTY = actor("duty", Role.DUTY_OFFICER, PROVINCE)
OTHER_DUTY = actor("duty2", Role.DUTY_OFFICER, PROVINCE)
COUNTY_DUTY = actor("duty3", Role.DUTY_OFFICER, COUNTY)
SHIFT = actor("shift", Role.SHIFT_LEADER, PROVINCE)
OTHER_SHIFT = actor("shift2", Role.SHIFT_LEADER, PROVINCE)
LEADER = actor("leader", Role.LEADER, PROVINCE)
AUDITOR = actor("auditor", Role.AUDITOR, PROVINCE)
EVERYONE = (
    CLERK, OTHER_CLERK, ELSEWHERE, REVIEWER, ADMIN, DUTY, OTHER_DUTY, COUNTY_DUTY, SHIFT, OTHER_SHIFT, LEADER, AUDITOR,
)  # fmt: skip

# What each way takes, filled in plainly.
CHECK = {"unit": "示例区人社局", "person": "示例核查员", "check_due_at": NOW + timedelta(days=2)}
FOUND = {
    "verified": "情况属实，已约谈施工单位",
    "verified_workers": 12,
    "verified_fen": 140_000_00,
    "no_case": "已当场兑付，未立案",
}
FALSE = {"reason": "工程款等其他债务", "evidence": "合同为分包工程款，工资已足额发放"}
DONE = {"result": "工资已足额发放", "feedback": "已电话反馈工人代表", "no_response": "事态平息，未引发关注"}
AGAIN = CHECK | {"evidence": "工人再次反映仍有三人未领到工资"}


def story(connection, **changes):
    """A story of its own; its number."""
    number = (connection.scalar(select(t.story.c.id).order_by(t.story.c.id.desc()).limit(1)) or 0) + 1
    values = {
        "id": number, "title": f"示例工地工人讨薪（{number}）", "region": COUNTY, "scope": "本省",
        "stance": "unresolved",
        "sentiment": -0.5, "workers": 12, "amount_fen": 140_000_00, "employer": "示例建筑劳务有限公司", "items": 1,
        "outlets": 1, "first_outlet": "示例都市报", "first_published_at": NOW - HOUR, "first_seen_at": NOW,
        "last_seen_at": NOW, "level": "III", "score": 45, "severity": {}, "matched": [], "demo": False,
    } | changes  # fmt: skip
    connection.execute(insert(t.story).values(values))
    return values


def opened(connection, level="III", *, now=NOW, settings=SETTINGS, **changes):
    """A new alert (新警情) of a story of its own, opened as the watch opens it; its id."""
    change = opening.consider(connection, story(connection, level=level, **changes), settings=settings, now=now)
    assert change.kind == "opened"
    return change.alert_id


def rise(connection, alert_id, level, *, now=NOW):
    """The alert's story is graver now, as the watch finds it; the alert this raised or opened, None where neither."""
    story_id = row(connection, alert_id).story_id
    connection.execute(update(t.story).where(t.story.c.id == story_id).values(level=level))
    found = connection.execute(select(t.story).where(t.story.c.id == story_id)).one()._asdict()
    return opening.consider(connection, found, settings=SETTINGS, now=now).alert_id


def row(connection, alert_id):
    return connection.execute(select(t.alert).where(t.alert.c.id == alert_id)).one()


def move(connection, who, alert_id, to, values=None, *, now=NOW, settings=SETTINGS):
    """One act on the alert as it stands now."""
    revision = row(connection, alert_id).revision
    life.move(connection, who, alert_id, revision, to, values or {}, settings=settings, now=now)


def decide(connection, who, alert_id, agree=True, words="", *, now=NOW, settings=SETTINGS):
    revision = row(connection, alert_id).revision
    life.decide(connection, who, alert_id, revision, agree, words, settings=settings, now=now)


def signed(connection, level="III", *, who=DUTY, now=NOW, **changes):
    alert_id = opened(connection, level, now=now, **changes)
    life.sign(connection, who, alert_id, settings=SETTINGS, now=now)
    return alert_id


def checking(connection, level="III", *, now=NOW, **changes):
    alert_id = signed(connection, level, now=now, **changes)
    move(connection, DUTY, alert_id, "核查中", CHECK, now=now)
    return alert_id


def handling(connection, level="III", *, now=NOW, **changes):
    alert_id = checking(connection, level, now=now, **changes)
    move(connection, DUTY, alert_id, "处置中", FOUND, now=now)
    return alert_id


def closed(connection, level="III", *, now=NOW, **changes):
    alert_id = handling(connection, level, now=now, **changes)
    move(connection, DUTY, alert_id, "已办结", DONE, now=now)
    decide(connection, SHIFT, alert_id, now=now)
    return alert_id


def unfounded(connection, level="III", *, now=NOW, **changes):
    alert_id = checking(connection, level, now=now, **changes)
    move(connection, DUTY, alert_id, "误报", FALSE, now=now)
    if level in ("I", "II"):
        decide(connection, SHIFT, alert_id, now=now)
    return alert_id


def events(connection, alert_id):
    rows = connection.execute(
        select(t.alert_event).where(t.alert_event.c.alert_id == alert_id).order_by(t.alert_event.c.id)
    ).all()
    return [(event.kind, event.actor, event.before.get("state"), event.after.get("state")) for event in rows]


def linked(connection, alert_id, number="KM-2026-0001", *, kind="case"):
    """A standing link to a record of the ledger; its id."""
    values = {
        "alert_id": alert_id, "kind": kind, "record_id": 1, "number": number, "why": [], "by": "示例", "at": NOW,
    }  # fmt: skip
    return connection.execute(insert(alert_link).values(values).returning(alert_link.c.id)).scalar_one()


def published(connection, alert_id, *, at=NOW, kind="回应", state="已发布"):
    """A response of the alert; its id."""
    values = {
        "alert_id": alert_id, "kind": kind, "state": state, "body": "正在核查处理", "author": "示例",
        "published_at": at,
        "created_at": at, "updated_at": at,
    }  # fmt: skip
    return connection.execute(insert(response).values(values).returning(response.c.id)).scalar_one()

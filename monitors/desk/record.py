"""How an act on an alert is written down: the row, one event of its history, one line of the audit trail."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, update

from monitors.access import audit
from monitors.access.actor import Actor
from monitors.clock import stamp
from monitors.desk.alerts import Alert
from monitors.notify import escalation
from monitors.opinion.alerts import append_event
from monitors.opinion.model import LEVEL_NAMES
from monitors.store import tables as t

# The fields of an act in the words of the audit trail.
NAMES = {
    "act": "操作", "state": "状态", "level": "级别", "unit": "核查单位", "person": "核查人",
    "check_due_at": "核查时限", "verified": "查实情况", "verified_workers": "查实人数",
    "verified_fen": "查实金额（分）", "no_case": "未关联案件的理由", "result": "办结结果", "feedback": "反馈情况",
    "no_response": "无需回应的理由", "reason": "原因", "evidence": "依据", "master": "并入", "words": "内容",
    "leader": "带班领导", "holder": "承办人", "proposed_by": "提请人", "floors": "突破的级别下限",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Act:
    """One act: ``kind`` of its event, ``action`` of its audit row, ``columns`` of the alert it changes."""

    kind: str
    action: str
    columns: Mapping[str, Any]
    before: Mapping[str, Any]
    after: Mapping[str, Any]


def write(connection: Connection, actor: Actor, alert: Alert, act: Act, *, now: datetime) -> None:
    """Change the row and append the event. The audit trail comes after all else: ``tell``."""
    values = {**act.columns, "revision": alert.revision + 1, "touched_at": now}
    connection.execute(update(t.alert).where(t.alert.c.id == alert.id).values(values))
    if "state" in act.columns:
        escalation.cancel(connection, alert.id, now)  # whoever changes its state has seen it
    append_event(
        connection, alert.id, act.kind, at=now, actor=actor.display[:60], before=plain(act.before),
        after=plain(act.after),
    )  # fmt: skip


def tell(connection: Connection, actor: Actor, alert: Alert, act: Act, *, now: datetime) -> None:
    """Append the act to the audit trail."""
    audit.append(
        connection, actor, act.action, at=now, kind="alert", target=alert.number, region=alert.region,
        before=_spoken(act.before), after=_spoken(act.after),
    )  # fmt: skip


def done(connection: Connection, actor: Actor, alert: Alert, act: Act, *, now: datetime) -> None:
    """``write``, then ``tell``."""
    write(connection, actor, alert, act, now=now)
    tell(connection, actor, alert, act, now=now)


def plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """The mapping as JSON holds it."""
    return {key: value.isoformat() if isinstance(value, datetime) else value for key, value in values.items()}


def _spoken(values: Mapping[str, Any]) -> dict[str, Any]:
    names = {**NAMES, "verified_fen": "查实金额（元）"}
    return {names[key]: _value(key, value) for key, value in values.items() if key in NAMES and value not in (None, "")}


def _value(key: str, value: Any) -> Any:
    if isinstance(value, datetime):
        return stamp(value)
    if key == "verified_fen":
        return f"{value // 100}.{value % 100:02d}"
    return LEVEL_NAMES.get(value, value) if key == "level" else value

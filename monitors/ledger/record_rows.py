"""Employers, projects, inspections, clues, hazards and receptions as they lie in the store: adding one, changing one.

What ``case_rows`` is for cases: nobody writes a record without the history and the trail, and an edit that rests on an
older state is refused with the name of who was faster. The trail names the columns as the office does.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, Select, Table, insert, select, update

from monitors.access import audit
from monitors.access.actor import Actor
from monitors.access.scope import Scope, within
from monitors.errors import InputError
from monitors.ledger import events
from monitors.ledger.field_names import spoken, yuan
from monitors.ledger.model import RECORD_NAMES, Record
from monitors.store import tables as t

TABLES: dict[Record, Table] = {
    Record.EMPLOYER: t.employer,
    Record.PROJECT: t.project,
    Record.INSPECTION: t.inspection,
    Record.CLUE: t.clue,
    Record.HAZARD: t.hazard,
    Record.RECEPTION: t.reception,
}
_DUTIES = {"checks": "检查结果", "project_id": "工程项目编号", "employer_id": "用人单位编号", "case_id": "案件编号"}
_SITE = {"on": "日期", "region": "地区", "note": "情况"}
# What trail and history call the columns; the others have one name in every record and stand in ``field_names``.
NAMES: dict[Record, dict[str, str]] = {
    Record.EMPLOYER: {
        "name": "企业名称", "class": "企业类别", "region": "注册地", "uscc": "统一社会信用代码",
        "legal_rep": "法定代表人", "state_owned": "国有企业", "credit": "信用等级", "operating_status": "经营状况",
    },
    Record.PROJECT: _DUTIES | {
        "name": "项目名称", "region": "项目所在地", "industry": "行业类别", "developer": "建设单位",
        "contractor_id": "总包单位编号", "subcontractors": "分包单位", "gov": "政府投资工程",
        "ppp": "政府与社会资本合作", "soe": "国企项目", "status": "项目状态", "bond": "工资保证金",
    },
    Record.INSPECTION: _DUTIES | _SITE | {
        "unit": "检查单位", "workers": "职工人数", "migrants": "农民工人数",
        "migrants_with_contract": "签订劳动合同人数",
    },
    Record.CLUE: _DUTIES | {
        "employer_name": "反映的单位", "project_name": "反映的项目", "persons": "反映人数",
        "amount_fen": "反映金额", "unit": "承办单位", "person": "承办人", "received_at": "收到时间",
        "due": "核处期限", "summary": "线索内容",
    },
    Record.HAZARD: _DUTIES | {
        "source": "隐患来源", "cause": "隐患情况", "persons": "涉及人数", "amount_fen": "预估金额",
        "proof": "排除依据",
    },
    Record.RECEPTION: _DUTIES | _SITE | {
        "kind": "来访类型", "units": "参加单位", "staff": "接访人员", "persons": "来访人数",
        "representatives": "代表人数",
    },
}  # fmt: skip


def add(
    connection: Connection,
    actor: Actor,
    kind: Record,
    values: Mapping[str, Any],
    *,
    name: str,
    now: datetime,
    demo: bool = False,
) -> int:
    """Write a new record, called ``name`` in the trail, with its first event; its id.

    The caller has checked the values and that the actor may.
    """
    stored = _stored(values) | {"demo": demo, "created_at": now, "updated_at": now}
    made: int = connection.execute(insert(TABLES[kind]).values(stored).returning(TABLES[kind].c.id)).scalar_one()
    _tell(connection, actor, kind, made, name=name, region=str(values["region"]), act="登记", at=now, after=values)
    return made


def hold(connection: Connection, actor: Actor, kind: Record, record_id: int, revision: int, *, name: str) -> RowMapping:
    """The record for a change, locked until the transaction ends; ``name``: the column it is called by.

    Raises:
        RefusedError: the actor may not, or the record is another division's.
        InputError: there is no such record.
        ConflictError: somebody changed it since ``revision``.
    """
    actor.require("ledger.edit", kind=kind, target=str(record_id))
    table = TABLES[kind]
    row = connection.execute(select(table).where(table.c.id == record_id).with_for_update()).mappings().one_or_none()
    if row is None:
        raise InputError(f"没有编号为 {record_id} 的{RECORD_NAMES[kind]}")
    called = f"{RECORD_NAMES[kind]} {record_id}" if name == "id" else str(row[name])
    actor.require("ledger.edit", row["region"], kind=kind, target=called)
    if row["revision"] != revision:
        raise events.conflict(connection, kind, record_id, called)
    return row


def change(
    connection: Connection,
    actor: Actor,
    kind: Record,
    row: RowMapping,
    values: Mapping[str, Any],
    *,
    name: str,
    now: datetime,
    act: str = "修改",
    words: str = "",
) -> bool:
    """Write what differs of ``values`` over the held ``row``; whether anything did. ``words``: for the history."""
    after = {key: value for key, value in _stored(values).items() if row[key] != value}
    if not after:
        return False
    table = TABLES[kind]
    done = connection.execute(
        update(table)
        .where(table.c.id == row["id"], table.c.revision == row["revision"])
        .values(after | {"revision": row["revision"] + 1, "updated_at": now})
    )
    if done.rowcount != 1:
        raise events.conflict(connection, kind, row["id"], name)
    before = {key: row[key] for key in after}
    region = str(after.get("region", row["region"]))
    _tell(
        connection, actor, kind, row["id"], name=name, region=region, act=act, at=now, before=before, after=after,
        words=words,
    )  # fmt: skip
    return True


def follow_up(
    connection: Connection,
    actor: Actor,
    kind: Record,
    row: RowMapping,
    *,
    name: str,
    words: str,
    now: datetime,
    act: str = "跟进",
) -> None:
    """Say in the history what was done about the held ``row`` (跟进); the record counts as touched."""
    table = TABLES[kind]
    connection.execute(
        update(table).where(table.c.id == row["id"]).values(revision=row["revision"] + 1, updated_at=now)
    )
    _tell(
        connection, actor, kind, row["id"], name=name, region=row["region"], act=act, at=now, after={"note": words},
        words=words,
    )  # fmt: skip


def narrowed(query: Select[Any], column: ColumnElement[str], scope: Scope, region: str = "") -> Select[Any]:
    """Only what the reader may see, and of that only what lies within ``region`` where one is asked for."""
    if not scope.everything:
        query = query.where(within(column, scope.region))
    return query.where(within(column, region)) if region else query


def _tell(
    connection: Connection,
    actor: Actor,
    kind: Record,
    record_id: int,
    *,
    name: str,
    region: str,
    act: str,
    at: datetime,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    words: str = "",
) -> None:
    events.note(connection, kind, record_id, at=at, act=act, actor=actor, before=before, after=after, words=words)
    code = f"{kind}.{'add' if act == '登记' else 'edit'}"
    old, new = _told(kind, before or {}, act), _told(kind, after or {}, act)
    audit.append(connection, actor, code, at=at, kind=str(kind), target=name, region=region, before=old, after=new)


def _told(kind: Record, values: Mapping[str, Any], act: str) -> dict[str, Any]:
    """The values as the trail may hold them, under the names this record's columns go by."""
    told: dict[str, Any] = {}
    for key, value in values.items():
        if value in ({}, ()) or (value is False and act == "登记"):  # of a new record only what it is
            continue
        plain = _worded(value) if isinstance(value, Mapping) else value
        for name, word in spoken({key: plain}).items():
            told[NAMES.get(kind, {}).get(key, name)] = word
    return told


def _worded(held: Mapping[str, Any]) -> str:
    """The findings of a check, or a 保证金, in one line."""
    if "amount_fen" in held:
        until = f"，至{held['expiry']}" if held.get("expiry") else ""
        return f"{held['kind']} {yuan(held['amount_fen'])} {held['bank']}{until}"
    return "、".join(f"{name}{one['value']}（{one['on']}）" for name, one in held.items())


def _stored(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: list(value) if isinstance(value, tuple) else value for key, value in values.items()}

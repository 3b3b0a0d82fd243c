"""Cases as they lie in the store (案件): reading one, holding it for a change, writing it, and what is told of it.

Everybody who changes a case goes through ``hold`` (may they, is it still the state they saw?), ``put`` and ``record``
(history and audit trail), so that none of the three is ever forgotten.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, select, update

from monitors.access import audit
from monitors.access.actor import Actor
from monitors.access.scope import Scope
from monitors.errors import InputError, RefusedError
from monitors.ledger import events
from monitors.ledger.field_names import spoken
from monitors.ledger.model import CLOSED_CASE, Record
from monitors.regions import divisions
from monitors.store import tables as t

KIND = Record.CASE


@dataclass(frozen=True, slots=True)
class Case:
    """One case: the columns of ``wage_case``, and the names of employer and project."""

    id: int
    number: str
    employer_id: int
    project_id: int | None
    region: str
    channel: str
    external_no: str
    first_receiver: str
    summary: str
    tags: tuple[str, ...]
    occurred_on: date | None
    accepted_on: date
    claimed_workers: int
    claimed_migrants: int
    claimed_fen: int
    verified_workers: int | None
    verified_migrants: int | None
    verified_fen: int | None
    verified_migrant_fen: int | None
    verified_on: date | None
    prior_period: bool
    period_from: date | None
    period_to: date | None
    lead_unit: str
    co_units: tuple[str, ...]
    plan: str
    unit: str
    person: str
    due: date | None
    deadline: date | None
    major: bool
    listed: bool
    escalated: bool
    leader: str
    leader_unit: str
    recurring: bool
    state: str
    handler: str
    filed_on: date | None
    first_filed_on: date | None
    withdrawn_on: date | None
    closed_on: date | None
    first_closed_on: date | None
    legal_ending: str
    recheck_on: date | None
    paid_workers: int
    paid_fen: int
    created_by: str
    demo: bool
    created_at: datetime
    updated_at: datetime
    revision: int
    employer_name: str
    employer_class: str
    uscc: str | None
    project_name: str

    @property
    def closed(self) -> bool:
        """销账 is done: figures, payments and duty stand as they were."""
        return self.state in CLOSED_CASE


_OWN = tuple(field.name for field in fields(Case) if field.name in t.wage_case.c)


def query() -> Select[Any]:
    """Cases with the names of employer and project, to be narrowed by the caller; rows for ``read``."""
    return select(
        *(t.wage_case.c[name] for name in _OWN),
        t.employer.c.name.label("employer_name"),
        t.employer.c["class"].label("employer_class"),
        t.employer.c.uscc,
        t.project.c.name.label("project_name"),
    ).select_from(
        t.wage_case.join(t.employer, t.employer.c.id == t.wage_case.c.employer_id).outerjoin(
            t.project, t.project.c.id == t.wage_case.c.project_id
        )
    )


def read(row: Row[Any]) -> Case:
    """A row of ``query``."""
    values = row._asdict()
    values["tags"], values["co_units"] = tuple(values["tags"]), tuple(values["co_units"])
    values["project_name"] = values["project_name"] or ""
    return Case(**values)


def get(connection: Connection, scope: Scope, case_id: int) -> Case:
    """The case.

    Raises:
        InputError: there is none, or it lies outside ``scope``; the two are not told apart.
    """
    row = connection.execute(query().where(t.wage_case.c.id == case_id)).one_or_none()
    if row is None or not scope.covers(row.region):
        raise InputError(f"没有编号为 {case_id} 的案件，或该案件不在您的辖区内")
    return read(row)


def hold(
    connection: Connection,
    actor: Actor,
    case_id: int,
    revision: int | None,
    *,
    action: str = "ledger.edit",
    owner: bool = False,
) -> Case:
    """The case for a change, locked until the transaction ends; ``revision`` None where no edit is repeated.

    ``owner``: an act for whoever is in charge. A case taken over by the prefecture (提级办理, R16) is no longer the
    county's, which helps (协办).

    Raises:
        RefusedError: the actor may not.
        InputError: there is no such case.
        ConflictError: somebody changed it since ``revision``.
    """
    actor.require(action, kind=KIND, target=str(case_id))
    found = connection.execute(query().where(t.wage_case.c.id == case_id).with_for_update(of=t.wage_case)).one_or_none()
    if found is None:
        raise InputError(f"没有编号为 {case_id} 的案件")
    case = read(found)
    actor.require(action, case.region, kind=KIND, target=case.number)
    if owner and case.escalated and not actor.region.endswith("00"):
        above = divisions.full_name(divisions.prefecture_of(case.region)) or "上级"
        words = f"案件 {case.number} 已提级由{above}办理，县级为协办单位，请报{above}处理"
        raise RefusedError(words, action=action, kind=KIND, target=case.number)
    if revision is not None and revision != case.revision:
        raise events.conflict(connection, KIND, case.id, case.number)
    return case


def put(connection: Connection, case: Case, values: Mapping[str, Any], now: datetime) -> None:
    """Write the columns of an edit over ``case`` and count it.

    Raises:
        ConflictError: the stored revision is no longer that of ``case``.
    """
    done = connection.execute(
        update(t.wage_case)
        .where(t.wage_case.c.id == case.id, t.wage_case.c.revision == case.revision)
        .values(_stored(values) | {"revision": case.revision + 1, "updated_at": now})
    )
    if done.rowcount != 1:
        raise events.conflict(connection, KIND, case.id, case.number)
    bring_along(connection, case.id, values)


def bring_along(connection: Connection, case_id: int, values: Mapping[str, Any]) -> None:
    """Documents and enforcements of a case stand where it stands and against whom it does; the case is held.

    附件2 counts them by their own division and employer: left behind they would count in another unit's form.
    """
    for table, names in ((t.measure, ("region", "employer_id")), (t.execution, ("region",))):
        if moved := {name: values[name] for name in names if name in values}:
            connection.execute(update(table).where(table.c.case_id == case_id).values(moved))


def put_derived(connection: Connection, case_id: int, values: Mapping[str, Any], now: datetime) -> None:
    """Write what follows from other records (sums, deadline, flags): no person's edit, so nobody's edit conflicts."""
    connection.execute(
        update(t.wage_case).where(t.wage_case.c.id == case_id).values(_stored(values) | {"updated_at": now})
    )


def record(
    connection: Connection,
    actor: Actor,
    code: str,
    case: Case,
    *,
    act: str,
    at: datetime,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    words: str = "",
    said: str = "",
) -> None:
    """Tell the case's history (whole values) and the audit trail (free text only as changed) of one act.

    ``words`` goes to the history alone; ``said`` names the act more closely than ``code`` in the trail.
    """
    events.note(connection, KIND, case.id, at=at, act=act, actor=actor, before=before, after=after, words=words)
    audit.append(
        connection,
        actor,
        code,
        at=at,
        kind=KIND,
        target=case.number,
        region=case.region,
        before=spoken(before or {}),
        after=({"操作": said} if said else {}) | spoken(after or {}),
    )


def difference(case: Case, values: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """What of ``values`` differs from the case, as it was and as it becomes."""
    after = {key: value for key, value in values.items() if getattr(case, key) != value}
    return {key: getattr(case, key) for key in after}, after


def _stored(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: list(value) if isinstance(value, tuple) else value for key, value in values.items()}

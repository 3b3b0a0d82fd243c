"""A previewed workbook written to the ledger: all of its good rows in one transaction, or none.

What is written is what the preview showed: where the ledger has changed since, the plan is made again and must come out
the same. One row in the audit trail tells of the file, one event of each record of its history.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select, update

from monitors.access import acting, audit
from monitors.access.actor import Actor
from monitors.clock import local
from monitors.errors import ConflictError, InputError
from monitors.ledger import case_rows, cases, consequences, deadlines, events, law, suggestions
from monitors.ledger.model import CaseState, PaymentSource, Record
from monitors.ledger.workbook_known import versions
from monitors.ledger.workbook_parties import Party
from monitors.ledger.workbook_plan import Plan, PlannedRow, Verdict, revised
from monitors.ledger.workbook_writing import Parts, add_parties, change_parties
from monitors.settings import Settings
from monitors.sheets import clean
from monitors.store import tables as t
from monitors.store.engine import Store
from monitors.store.turns import Turn, take

ACTION = "ledger.import"
ACT = "导入"
_TRIES = 3  # how often a ledger that changes under our hands is looked at again
_AT_ONCE = 500
_STANDS = ("revision", "updated_at", "paid_workers", "paid_fen")  # by which a case is still what the plan saw
_WRITTEN = (Verdict.ADD, Verdict.CHANGE)
_MOVED = "预览之后台账有变动，本次未导入任何内容；请重新预览后再导入"


@dataclass(frozen=True, slots=True)
class Result:
    """What was written. ``refused`` and ``duplicates`` rows were left out; ``batch_id`` is the import's own number."""

    batch_id: int
    added: int
    changed: int
    same: int
    refused: int
    duplicates: int

    @property
    def words(self) -> str:
        """One sentence for a page or a console."""
        left = "".join(
            f"，{name} {count} 行未导入"
            for name, count in (("拒绝", self.refused), ("疑似重复", self.duplicates))
            if count
        )
        return f"已导入：新增 {self.added} 件，修改 {self.changed} 件，不变 {self.same} 件{left}"


def apply(store: Store, actor: Actor, plan: Plan, *, settings: Settings, now: datetime) -> Result:
    """Write the plan's new and changed rows.

    Raises:
        RefusedError: the actor may not import, or a row lies outside their division.
        InputError: the workbook as a whole cannot be imported.
        ConflictError: the ledger has changed so that the preview no longer holds. Nothing was written.
    """
    with acting.looking(store, actor):
        actor.require(ACTION, kind="ledger", target=clean(plan.file_name)[:80])
        for row in plan.rows:
            for region in _regions(row):
                actor.require(ACTION, region, kind="ledger", target=row.key)
    if plan.faults:
        raise InputError("；".join(plan.faults))
    for _ in range(_TRIES):
        plan = _still(store, actor, plan, settings, now)
        prepared = _prepared(plan, actor, settings, now)
        with store.write() as connection:
            take(connection, Turn.LEDGER_NUMBERS)  # who enters a case by hand waits, and sees ours
            if versions(connection) == plan.versions:
                words = f"导入《{clean(plan.file_name)[:200]}》"
                return _write(Parts(connection, actor, settings, now, words), plan, prepared)
    raise ConflictError("台账正在频繁变动，本次未导入任何内容；请稍后重新预览")


def _regions(row: PlannedRow) -> Iterator[str]:
    """The divisions a row writes in: where the case is, and where it goes."""
    if row.verdict in _WRITTEN:
        if row.case:
            yield row.case.region
        if "region" in row.values:
            yield row.values["region"]


def _still(store: Store, actor: Actor, plan: Plan, settings: Settings, now: datetime) -> Plan:
    """The plan for the ledger of this moment, if it says the same."""
    with store.read() as connection:
        if versions(connection) == plan.versions:
            return plan
        fresh = revised(connection, actor.scope, plan, settings=settings, now=now)
    if [_said(row) for row in fresh.rows] != [_said(row) for row in plan.rows]:
        raise ConflictError(_MOVED)
    return fresh


def _said(row: PlannedRow) -> tuple[Any, ...]:
    return row.verdict, row.case.id if row.case else None, row.values, row.payment, row.changes


@dataclass(frozen=True, slots=True)
class _New:
    """A new case's columns but for what only the store can give, and what the law proposes for it."""

    row: PlannedRow
    values: dict[str, Any]
    proposals: tuple[law.Suggested, ...]


def _prepared(plan: Plan, actor: Actor, settings: Settings, now: datetime) -> list[_New]:
    """All that can be made ready before anybody waits for us."""
    today = local(now).date()
    blank = dict.fromkeys(
        ("occurred_on", "filed_on", "withdrawn_on", "closed_on", "recheck_on", "project_id", "deadline")
    )
    common: dict[str, Any] = blank | {
        "tags": [],
        "prior_period": False,
        "listed": False,
        "escalated": False,
        "recurring": False,
        "handler": "",
        "legal_ending": "",
        "first_receiver": actor.display[:60],
        "created_by": actor.name[:80],
        "demo": False,
        "created_at": now,
        "updated_at": now,
        "revision": 1,
        "paid_workers": 0,
        "paid_fen": 0,
    }
    found = []
    for row in plan.rows:
        if row.verdict != Verdict.ADD:
            continue
        values = common | dict(row.values)
        values["handler"] = _handler(values["state"], actor)
        if row.payment:
            values |= {"paid_workers": row.payment.first_persons, "paid_fen": row.payment.wage_fen}
        project, employer = plan.parties.project_of(row.reading), plan.parties.employer_of(row.reading)
        trade = {"industry": project.value("industry"), "soe": project.value("soe")} if project else None
        lead, helping = law.lead_unit(trade, _owned(employer))
        values |= {"lead_unit": lead, "co_units": list(helping)}
        running = deadlines.clocks(values, (), (), settings=settings, today=today)
        values["deadline"] = deadlines.effective(running)
        proposals: tuple[law.Suggested, ...] = ()
        if values["verified_fen"]:
            proposals = law.suggestions(values, (), _owned(employer), settings=settings, today=today)
        found.append(_New(row, values, proposals))
    return found


def _handler(state: str, actor: Actor) -> str:
    """Whose finding the next step has somebody else review, as of a case moved by hand (``case_moves``)."""
    return actor.name[:80] if state == CaseState.CHECKING else ""


def _owned(employer: Party | None) -> dict[str, bool]:
    return {"state_owned": bool(employer and employer.value("state_owned"))}


def _write(parts: Parts, plan: Plan, prepared: Sequence[_New]) -> Result:
    written = [row for row in plan.rows if row.verdict in _WRITTEN]
    add_parties(parts, plan, written)
    change_parties(parts, plan, written)
    _add(parts, plan, prepared)
    _change(parts, plan, [row for row in written if row.verdict == Verdict.CHANGE])
    parts.flush()
    return _recorded(parts.connection, parts.actor, plan, parts.now)


def _add(parts: Parts, plan: Plan, prepared: Sequence[_New]) -> None:
    if not prepared:
        return
    connection = parts.connection
    numbers = cases.numbers(connection, "AJ", parts.now, len(prepared))
    settled = _settled_sites(connection)
    stored = []
    for new, number in zip(prepared, numbers, strict=True):
        row, values = new.row, new.values
        employer, project = plan.parties.employer_of(row.reading), plan.parties.project_of(row.reading)
        values |= {"number": number, "employer_id": parts.employers[employer.key] if employer else None}
        values["project_id"] = parts.projects[project.key] if project else None
        if values["project_id"] in settled:
            values["recurring"] = consequences.recurs(connection, values["project_id"], values["accepted_on"])
        stored.append(values)
    ids = parts.insert(t.wage_case, stored)
    proposals: list[dict[str, Any]] = []
    for new, case_id in zip(prepared, ids, strict=True):
        row, values = new.row, new.values
        told = {key: values[key] for key in row.values if values[key] not in (None, "", False)}
        # 核查中 by a person's hand: the history says by whose.
        act = events.MOVED if values["state"] == CaseState.CHECKING else ACT
        after = {"number": values["number"], "by": parts.actor.name} | told
        parts.note(Record.CASE, case_id, act=act, after=after, where=row.key)
        if row.payment:
            _pay(parts, row, case_id)
        for one in new.proposals:
            rule, why = one.rule[:120], suggestions.words(one)
            proposals.append(
                {"case_id": case_id, "kind": str(one.kind), "rule": rule, "why": why, "at": parts.now, "state": "待定"}
            )
    if proposals:
        connection.execute(insert(t.suggestion), proposals)


def _settled_sites(connection: Connection) -> set[int]:
    """Projects with a case that is closed: on them new arrears are 边清边欠 (R20)."""
    case = t.wage_case.c
    query = select(case.project_id).where(case.closed_on.is_not(None), case.project_id.is_not(None)).distinct()
    return set(connection.scalars(query))


def _change(parts: Parts, plan: Plan, rows: Sequence[PlannedRow]) -> None:
    connection, now = parts.connection, parts.now
    _hold(connection, rows)
    groups: dict[tuple[str, ...], list[dict[str, Any]]] = defaultdict(list)
    follow: list[int] = []
    for row in rows:
        case = row.case
        if case is None:
            continue
        values = dict(row.values)
        project = plan.parties.project_of(row.reading)
        if project is not None and case.project_id is None:
            values["project_id"] = parts.projects[project.key]
        if row.payment:
            _pay(parts, row, case.id)
            values["paid_workers"] = case.paid_workers + row.payment.first_persons
            values["paid_fen"] = case.paid_fen + row.payment.wage_fen
        if not values:
            continue  # only what is known of its employer or project changes
        before, after = case_rows.difference(case, values)
        if "state" in after:
            after["by"] = parts.actor.name
            values["handler"] = _handler(after["state"], parts.actor) or case.handler
        act = events.MOVED if "state" in after else ACT
        parts.note(Record.CASE, case.id, act=act, before=before, after=after, where=row.key)
        stored = values | {"revision": case.revision + 1, "updated_at": now}
        groups[tuple(sorted(stored))].append(stored | {"own_id": case.id})
        follow.append(case.id)
        case_rows.bring_along(connection, case.id, values)
    for names, group in groups.items():
        statement = update(t.wage_case).where(t.wage_case.c.id == bindparam("own_id"))
        connection.execute(statement.values({name: bindparam(f"new_{name}") for name in names}), [
            {"own_id": one["own_id"]} | {f"new_{name}": one[name] for name in names} for one in group
        ])  # fmt: skip
    consequences.follow_all(connection, follow, settings=parts.settings, now=now)


def _hold(connection: Connection, rows: Sequence[PlannedRow]) -> None:
    """Lock the cases and see that nobody changed them; elsewhere than in SQLite others may write beside us.

    A payment leaves the revision as it is: what was added to sums of before would undo it.
    """
    wanted = {row.case.id: row.case for row in rows if row.case}
    ids = sorted(wanted)
    for start in range(0, len(ids), _AT_ONCE):
        own = t.wage_case.c
        query = select(own.id, *(own[name] for name in _STANDS)).where(own.id.in_(ids[start : start + _AT_ONCE]))
        for case_id, *stands in connection.execute(query.order_by(own.id).with_for_update()):
            if stands != [getattr(wanted[case_id], name) for name in _STANDS]:
                raise events.conflict(connection, Record.CASE, case_id, wanted[case_id].number)


def _pay(parts: Parts, row: PlannedRow, case_id: int) -> None:
    made = row.payment
    if made is None:
        return
    values = {
        "case_id": case_id, "on": made.on, "persons": made.persons, "migrants": made.migrants,
        "first_persons": made.first_persons, "first_migrants": made.first_migrants, "wage_fen": made.wage_fen,
        "wage_migrant_fen": made.wage_migrant_fen, "compensation_fen": 0, "compensation_migrant_fen": 0,
        "source": str(PaymentSource.OTHER), "proof": f"{parts.words}（{row.key}行）", "demo": False,
        "created_at": parts.now, "updated_at": parts.now, "revision": 1,
    }  # fmt: skip
    parts.payments.append(values)
    told = {key: values[key] for key in ("on", "persons", "migrants", "wage_fen", "wage_migrant_fen", "source")}
    parts.note(Record.CASE, case_id, act="登记支付", after=told, where=row.key)


def _recorded(connection: Connection, actor: Actor, plan: Plan, now: datetime) -> Result:
    counts, name = plan.counts, clean(plan.file_name)
    figures = {
        "added": counts[Verdict.ADD],
        "changed": counts[Verdict.CHANGE],
        "same": counts[Verdict.SAME],
        "refused": counts[Verdict.REFUSED] + counts[Verdict.DUPLICATE],
    }
    batch = {"at": now, "actor": actor.display[:80], "region": actor.region, "file_name": name[:200]}
    batch_id: int = connection.execute(
        insert(t.import_batch)
        .values(batch | figures | {"sha256": plan.sha256})
        .returning(t.import_batch.c.id)
    ).scalar_one()  # fmt: skip
    told = {"新增": figures["added"], "修改": figures["changed"], "不变": figures["same"], "未导入": figures["refused"]}
    audit.append(
        connection,
        actor,
        ACTION,
        at=now,
        kind="ledger",
        target=name[:80],
        region=actor.region,
        after={"文件指纹": plan.sha256, **told},
    )
    return Result(
        batch_id,
        figures["added"],
        figures["changed"],
        figures["same"],
        counts[Verdict.REFUSED],
        counts[Verdict.DUPLICATE],
    )

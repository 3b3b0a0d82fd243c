"""责令改正 on a project: an order for duties found wanting, its answer, and what the law proposes after it (R59).

The document is a measure against the main contractor; that it is about this project and these duties stands in the
project's history, written in the same transaction.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime

from sqlalchemy import Connection, select

from monitors.access.actor import Actor
from monitors.access.scope import Scope
from monitors.clock import local
from monitors.errors import InputError
from monitors.ledger import checks, events, law, measures, projects, record_rows
from monitors.ledger.events import Event
from monitors.ledger.faults import Fault, refuse
from monitors.ledger.measures import Measure, MeasureDraft
from monitors.ledger.model import CHECKS, CheckValue, MeasureType, Record
from monitors.ledger.projects import Checked
from monitors.settings import Settings
from monitors.store import tables as t

TYPES = (MeasureType.ORDER, MeasureType.DECISION, MeasureType.PENALTY)
_ACTS = frozenset(f"登记{one}" for one in TYPES)
DUTIES = "改正事项"  # under it the project's history holds which duties a document is about


@dataclass(frozen=True, slots=True)
class Rectification:
    """One document about duties of a project."""

    measure: Measure
    duties: tuple[str, ...]

    def late(self, today: date) -> bool:
        """An order that has run out unheeded (逾期不改)."""
        return bool(law.overdue((self.measure,), law.ORDERS, today))


@dataclass(frozen=True, slots=True)
class Proposal:
    """A fine the law provides for, once an order has run out; a person decides."""

    order: Rectification
    rule: str
    why: tuple[str, ...]


def issue(
    connection: Connection,
    actor: Actor,
    project_id: int,
    duties: Collection[str],
    draft: MeasureDraft,
    *,
    settings: Settings,
    now: datetime,
) -> int:
    """Register a document against the project's main contractor; the id of the measure.

    Raises:
        RefusedError: the actor may not.
        InputError: there is no such project within the actor's division.
        LedgerError: a field is wrong, no duty is named, or no main contractor is on record.
    """
    actor.require("ledger.edit", kind=Record.MEASURE)
    project = projects.get(connection, actor.scope, project_id)
    about = tuple(name for name in CHECKS if name in duties)
    found = [*checks.required("duties", tuple(duties), DUTIES), *checks.chosen("duties", duties, CHECKS, DUTIES)]
    found += checks.choice("type", draft.type, TYPES, "文书类型")
    if project.contractor_id is None:
        found.append(Fault("contractor_id", "请先在“修改”中登记施工总承包单位，再登记文书"))
    found += measures.check(draft, settings=settings, today=local(now).date())
    refuse(found)
    contractor = project.contractor_id or 0  # refused above where there is none
    made = measures.add_for_employer(connection, actor, contractor, project.region, draft, settings=settings, now=now)
    told = {"id": made, "doc_no": draft.doc_no.strip(), "on": draft.on, "限期": draft.due, DUTIES: about}
    events.note(
        connection, Record.PROJECT, project_id, at=now, act=f"登记{draft.type}", actor=actor,
        after={name: value for name, value in told.items() if value is not None},
    )  # fmt: skip
    return made


def answered(
    connection: Connection,
    actor: Actor,
    measure_id: int,
    done_on: date | None,
    revision: int,
    *,
    project_id: int,
    result: str = "",
    mended: bool = True,
    settings: Settings,
    now: datetime,
) -> None:
    """Note that a document was obeyed on ``done_on``; ``mended``: its duties were seen fulfilled and count so.

    Raises:
        RefusedError: the actor may not.
        ConflictError: somebody changed the document since ``revision``.
        LedgerError: the day is missing, in the future, or before the document's.
        InputError: there is no such document of the project.
    """
    actor.require("ledger.edit", kind=Record.MEASURE, target=str(measure_id))
    one = next((one for one in listed(connection, actor.scope, project_id) if one.measure.id == measure_id), None)
    if one is None:
        raise InputError("这份文书已不存在，请刷新")
    refuse(checks.required("done_on", done_on, "履行日期"))
    day = done_on or date.max  # refused above where there is none
    # Held before the trail's turn is taken: the importer and whoever edits the project take them in this order.
    connection.execute(select(t.project.c.id).where(t.project.c.id == project_id).with_for_update())
    measures.obeyed(connection, actor, measure_id, day, revision, result=result, settings=settings, now=now)
    if mended:
        found = {name: Checked(CheckValue.YES, day) for name in one.duties}
        projects.observe(connection, actor, project_id, found, now=now)
    told = {"id": measure_id, "doc_no": one.measure.doc_no, "done_on": day}
    events.note(connection, Record.PROJECT, project_id, at=now, act="文书已履行", actor=actor, after=told)


def listed(connection: Connection, scope: Scope, project_id: int) -> tuple[Rectification, ...]:
    """Documents about the project, oldest first, of the reader's division."""
    return read(connection, scope, events.history(connection, Record.PROJECT, project_id))


def read(connection: Connection, scope: Scope, history: Iterable[Event]) -> tuple[Rectification, ...]:
    """The documents that a project's ``history`` tells of."""
    about = {one.after["id"]: tuple(one.after.get(DUTIES, ())) for one in history if one.act in _ACTS}
    if not about:
        return ()
    measure = t.measure.c
    query = select(*(measure[one.name] for one in fields(Measure))).where(measure.id.in_(about))
    query = record_rows.narrowed(query, measure.region, scope).order_by(measure.on, measure.id)
    return tuple(Rectification(Measure(*row), about[row.id]) for row in connection.execute(query))


def proposals(
    registered: Collection[Rectification], held: Mapping[str, Checked], *, today: date
) -> tuple[Proposal, ...]:
    """What follows from each order that ran out while a duty it names is still wanting and no fine followed it.

    条例54–57 where the duty falls under one of them, else 监察条例30.
    """
    wanting = {name for name, _ in projects.unmet(held)}
    found = []
    for one in registered:
        open_duties = [name for name in one.duties if name in wanting]
        if not one.late(today) or not open_duties or _fined(one, registered):
            continue
        articles = law.penalty_articles(dict.fromkeys(open_duties, CheckValue.NO))
        why = [
            f"{one.measure.type}文书（{one.measure.doc_no}）期限{one.measure.due}已过，未改正：{'、'.join(open_duties)}"
        ]
        why += [f"{each.words}：{each.fine_words}（{each.number}）" for each in articles]
        if {each.check for each in articles} != set(open_duties):
            why.append(f"拒不改正：处2000元—2万元罚款（{law.DEFIANCE}）")
        rule = law.ACT + "、".join(dict.fromkeys(each.number.split("第（")[0] for each in articles))
        found.append(Proposal(one, rule if articles else law.DEFIANCE, tuple(why)))
    return tuple(found)


def _fined(order: Rectification, registered: Iterable[Rectification]) -> bool:
    last = order.measure.due
    return any(
        one.measure.type == MeasureType.PENALTY
        and last
        and one.measure.on > last
        and set(one.duties) & set(order.duties)
        for one in registered
    )

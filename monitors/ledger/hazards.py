"""Hazards (隐患): arrears that have not come yet, who defuses each by when, and what became of it (R7, R49, R51).

States change by ``transitions.move`` alone; here a hazard is noted, followed up, and found again when it goes stale.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Any

from sqlalchemy import Connection, Join, RowMapping, Select, func, or_, select

from monitors.access.actor import Actor
from monitors.access.scope import Scope
from monitors.clock import local
from monitors.errors import InputError
from monitors.ledger import cases, checks, projects, record_rows, transitions
from monitors.ledger.case_drafts import CaseDraft, confirmed
from monitors.ledger.case_edit import known
from monitors.ledger.faults import Fault, refuse
from monitors.ledger.model import HazardState, Record
from monitors.settings import Settings
from monitors.store import tables as t
from monitors.store.turns import Turn, take

SOURCES = ("排查", "检查", "线索", "舆情", "上级交办", "部门通报", "其他")  # offered; any short word may stand
UNMET = "未落实"  # a duty not fulfilled on a project: the source reads 专用账户未落实
ENDED = (HazardState.ENDED, HazardState.BECAME_CASE)
AT_WORK = (HazardState.NOTED, HazardState.DEFUSING)  # somebody has to do something about it
_FAR = timedelta(days=3650)  # a 完成时限 beyond it is a mistyped year


@dataclass(frozen=True, slots=True)
class HazardDraft:
    """What is given of a hazard; ``amount_fen`` is an estimate. The four of E03 may wait until it is being defused."""

    region: str
    source: str
    cause: str
    employer_id: int | None = None
    project_id: int | None = None
    persons: int | None = None
    amount_fen: int | None = None
    plan: str = ""
    unit: str = ""
    person: str = ""
    due: date | None = None


@dataclass(frozen=True, slots=True)
class Hazard:
    """One hazard as stored, with the names of employer and project."""

    id: int
    number: str
    region: str
    employer_id: int | None
    employer_name: str
    project_id: int | None
    project_name: str
    source: str
    cause: str
    persons: int | None
    amount_fen: int | None
    plan: str
    unit: str
    person: str
    due: date | None
    recheck_on: date | None
    proof: str
    state: str
    case_id: int | None
    demo: bool
    created_at: datetime
    updated_at: datetime
    revision: int


@dataclass(frozen=True, slots=True)
class Defusal:
    """隐患化解率 (domain.md 6): hazards by what became of them; those only noted count on neither side."""

    removed: int  # 已排除, and rechecked since
    running: int
    became_case: int

    @property
    def rate(self) -> Fraction | None:
        """已排除 ÷ (已排除 + 化解中 + 转问题); None where there is none."""
        total = self.removed + self.running + self.became_case
        return Fraction(self.removed, total) if total else None


def check(draft: HazardDraft, *, noted_on: date) -> list[Fault]:
    """What is wrong with it, field by field."""
    found = [
        *checks.region(draft.region),
        *checks.required("source", draft.source, "隐患来源"),
        *checks.text("source", draft.source, "隐患来源", 20),
        *checks.required("cause", draft.cause, "隐患情况"),
        *checks.text("cause", draft.cause, "隐患情况"),
        *checks.count("persons", draft.persons, "涉及人数"),
        *checks.fen("amount_fen", draft.amount_fen, "预估金额"),
        *checks.plausible("persons", draft.persons, "amount_fen", draft.amount_fen),
        *checks.text("plan", draft.plan, "化解方案"),
        *checks.text("unit", draft.unit, "责任单位", 60),
        *checks.text("person", draft.person, "责任人", 60),
        *checks.ordered(noted_on, "due", draft.due, "完成时限不能早于登记日期"),
    ]
    if draft.due is not None and draft.due - noted_on > _FAR:
        found.append(Fault("due", "完成时限过远，请核对年份"))
    if draft.employer_id is None and draft.project_id is None:
        found.append(Fault("employer_id", "请选择用人单位或工程项目"))
    return found


def add(
    connection: Connection,
    actor: Actor,
    draft: HazardDraft,
    *,
    now: datetime,
    demo: bool = False,
    confirm_figures: bool = False,
) -> int:
    """Note a hazard (已登记); returns its id. ``confirm_figures``: a person has looked at what E13 doubts.

    Raises:
        LedgerError: see ``check``; also where employer or project is not there.
        RefusedError: it lies in another division.
    """
    draft = _clean(draft)
    actor.require("ledger.edit", kind=Record.HAZARD)
    found = confirmed(check(draft, noted_on=local(now).date()), confirm_figures)
    refuse([*found, *_related(connection, draft)])
    actor.require("ledger.edit", draft.region, kind=Record.HAZARD)
    number = cases.number(connection, "YH", now)
    values = _columns(draft) | {"number": number, "state": str(HazardState.NOTED)}
    return record_rows.add(connection, actor, Record.HAZARD, values, name=number, now=now, demo=demo)


def edit(
    connection: Connection,
    actor: Actor,
    hazard_id: int,
    changes: Mapping[str, Any],
    revision: int,
    *,
    now: datetime,
    confirm_figures: bool = False,
) -> None:
    """Change fields of ``HazardDraft`` while the hazard is not over; being defused it keeps its four of E03.

    Raises:
        LedgerError, RefusedError: as in ``add``; also where it is over.
        ConflictError: somebody else changed it first.
    """
    row = record_rows.hold(connection, actor, Record.HAZARD, hazard_id, revision, name="number")
    _open(row)
    before = HazardDraft(**{one.name: row[one.name] for one in fields(HazardDraft)})
    draft = _clean(replace(before, **changes))
    found = confirmed(check(draft, noted_on=local(row["created_at"]).date()), confirm_figures)
    if row["state"] != HazardState.NOTED:
        found += checks.duty(_columns(draft))
    refuse([*found, *_related(connection, draft)])
    actor.require("ledger.edit", draft.region, kind=Record.HAZARD, target=row["number"])
    record_rows.change(connection, actor, Record.HAZARD, row, _columns(draft), name=row["number"], now=now)


def follow_up(
    connection: Connection, actor: Actor, hazard_id: int, words: str, revision: int, *, now: datetime
) -> None:
    """Write down what was done about it (跟进), so that it is not stale (R51: 定人定责、盯住不放).

    Raises:
        LedgerError: nothing was said, or the hazard is over.
        RefusedError, ConflictError: as in ``edit``.
    """
    row = record_rows.hold(connection, actor, Record.HAZARD, hazard_id, revision, name="number")
    _open(row)
    words = words.strip()
    refuse([*checks.required("note", words, "跟进情况"), *checks.text("note", words, "跟进情况")])
    record_rows.follow_up(connection, actor, Record.HAZARD, row, name=row["number"], words=words, now=now)


def open_case(
    connection: Connection,
    actor: Actor,
    hazard_id: int,
    draft: CaseDraft,
    revision: int,
    *,
    settings: Settings,
    now: datetime,
    confirm_duplicate: bool = False,
    confirm_figures: bool = False,
) -> int:
    """The hazard has become arrears (转问题, R8): enter the case and bind the two; returns the case's id.

    Raises:
        LedgerError: the case is refused, or the hazard is not being defused (E06). Nothing may be kept of either.
        RefusedError, ConflictError: as in ``edit``.
    """
    actor.require("ledger.edit", kind=Record.HAZARD, target=str(hazard_id))
    take(connection, Turn.LEDGER_NUMBERS)  # before the record, as everybody does who takes both
    record_rows.hold(connection, actor, Record.HAZARD, hazard_id, revision, name="number")
    case_id = cases.create(
        connection, actor, draft, settings=settings, now=now, confirm_duplicate=confirm_duplicate,
        confirm_figures=confirm_figures,
    )  # fmt: skip
    transitions.move(
        connection, actor, Record.HAZARD, hazard_id, HazardState.BECAME_CASE, {"case_id": case_id}, revision,
        settings=settings, now=now,
    )  # fmt: skip
    return case_id


def get(connection: Connection, scope: Scope, hazard_id: int) -> Hazard:
    """The hazard.

    Raises:
        InputError: there is none, or it lies outside ``scope``; the two are not told apart.
    """
    row = connection.execute(_query().where(t.hazard.c.id == hazard_id)).mappings().one_or_none()
    if row is None or not scope.covers(row["region"]):
        raise InputError(f"没有编号为 {hazard_id} 的隐患")
    return _read(row)


def listed(
    connection: Connection,
    scope: Scope,
    *,
    text: str = "",
    region: str = "",
    states: Sequence[str] = (),
    employer_id: int | None = None,
    project_id: int | None = None,
    overdue_on: date | None = None,
    untouched_since: datetime | None = None,
    limit: int = 50,
    offset: int = 0,
) -> tuple[Hazard, ...]:
    """Hazards of the reader's division, newest first. ``overdue_on``: only those not removed by their day, as of it.

    ``untouched_since``: only those at work that nobody touched after it (``stale_before``).
    """
    query = _narrowed(
        _query(), scope, text=text, region=region, states=states, employer_id=employer_id, project_id=project_id,
        overdue_on=overdue_on, untouched_since=untouched_since,
    )  # fmt: skip
    query = query.order_by(t.hazard.c.id.desc()).limit(limit).offset(offset)
    return tuple(_read(row) for row in connection.execute(query).mappings())


def counted(connection: Connection, scope: Scope, **asked: Any) -> int:
    """How many hazards ``listed`` would give, asked alike, were there no limit."""
    query = _narrowed(select(func.count(t.hazard.c.id)).select_from(_joined()), scope, **asked)
    return int(connection.execute(query).scalar_one())


def _narrowed(
    query: Select[Any],
    scope: Scope,
    *,
    text: str = "",
    region: str = "",
    states: Sequence[str] = (),
    employer_id: int | None = None,
    project_id: int | None = None,
    overdue_on: date | None = None,
    untouched_since: datetime | None = None,
) -> Select[Any]:
    hazard = t.hazard.c
    query = record_rows.narrowed(query, hazard.region, scope, region)
    if text.strip():
        columns = hazard.number, hazard.cause, t.employer.c.name, t.project.c.name
        query = query.where(or_(*(one.contains(text.strip(), autoescape=True) for one in columns)))
    if states:
        query = query.where(hazard.state.in_(states))
    if employer_id is not None:
        query = query.where(hazard.employer_id == employer_id)
    if project_id is not None:
        query = query.where(hazard.project_id == project_id)
    if overdue_on is not None:
        query = query.where(hazard.state.in_(AT_WORK), hazard.due < overdue_on)
    if untouched_since is not None:
        query = query.where(hazard.state.in_(AT_WORK), hazard.updated_at < untouched_since)
    return query


def stale_before(settings: Settings, now: datetime) -> datetime:
    """Whoever was last touched before it is stale (R51)."""
    return now - timedelta(days=settings.ledger.stale_hazard_days)


def stale(
    connection: Connection, scope: Scope, *, settings: Settings, now: datetime, region: str = ""
) -> tuple[Hazard, ...]:
    """Hazards that nobody touched for more than ``ledger.stale_hazard_days`` days, the longest first (R51)."""
    hazard = t.hazard.c
    query = _narrowed(_query(), scope, region=region, untouched_since=stale_before(settings, now))
    query = query.order_by(hazard.updated_at, hazard.id)
    return tuple(_read(row) for row in connection.execute(query).mappings())


def rechecks(connection: Connection, scope: Scope, *, today: date, region: str = "") -> tuple[Hazard, ...]:
    """Removed hazards whose 回头看 has come due, the earliest first (R54)."""
    hazard = t.hazard.c
    waiting = (HazardState.REMOVED, HazardState.RECHECKING)
    query = record_rows.narrowed(_query(), hazard.region, scope, region)
    query = query.where(hazard.state.in_(waiting), hazard.recheck_on <= today).order_by(hazard.recheck_on, hazard.id)
    return tuple(_read(row) for row in connection.execute(query).mappings())


def proposed(
    connection: Connection, scope: Scope, *, project_id: int | None = None, region: str = ""
) -> tuple[HazardDraft, ...]:
    """What the projects' failed checks ask to be noted as hazards and is not yet (R49), ready to be added by a person.

    A duty counts as noted while a hazard of that project and duty is not over.
    """
    project, hazard = t.project.c, t.hazard.c
    columns = project.id, project.name, project.region, project.contractor_id, project.checks
    query = record_rows.narrowed(select(*columns), project.region, scope, region).order_by(project.region, project.id)
    if project_id is not None:
        query = query.where(project.id == project_id)
    noted = select(hazard.project_id, hazard.source).where(
        hazard.source.endswith(UNMET), hazard.state.not_in(ENDED), hazard.project_id.is_not(None)
    )
    there = {(row.project_id, row.source) for row in connection.execute(noted)}
    found = []
    for row in connection.execute(query):
        for name, one in projects.unmet(projects.read_checks(row.checks)):
            source = f"{name}{UNMET}"
            if (row.id, source) not in there:
                cause = f"{one.on.isoformat()}检查发现“{row.name}”的{name}{UNMET}，存在欠薪隐患"
                found.append(HazardDraft(row.region, source, cause, row.contractor_id, row.id))
    return tuple(found)


def defusal(connection: Connection, scope: Scope, *, region: str = "") -> Defusal:
    """How many hazards were removed, are being defused, became cases."""
    hazard = t.hazard.c
    query = record_rows.narrowed(select(hazard.state, func.count()), hazard.region, scope, region)
    counts = {row.state: row[1] for row in connection.execute(query.group_by(hazard.state))}
    removed = sum(counts.get(s, 0) for s in (HazardState.REMOVED, HazardState.RECHECKING, HazardState.ENDED))
    return Defusal(removed, counts.get(HazardState.DEFUSING, 0), counts.get(HazardState.BECAME_CASE, 0))


def _query() -> Select[Any]:
    names = t.employer.c.name.label("employer_name"), t.project.c.name.label("project_name")
    return select(t.hazard, *names).select_from(_joined())


def _joined() -> Join:
    joined = t.hazard.outerjoin(t.employer, t.employer.c.id == t.hazard.c.employer_id)
    return joined.outerjoin(t.project, t.project.c.id == t.hazard.c.project_id)


def _read(row: RowMapping) -> Hazard:
    values = {name: row[name] for name in Hazard.__slots__}
    names = {"employer_name": row["employer_name"] or "", "project_name": row["project_name"] or ""}
    return Hazard(**values | names)


def _clean(draft: HazardDraft) -> HazardDraft:
    return replace(draft, **{
        name: getattr(draft, name).strip() for name in ("source", "cause", "plan", "unit", "person")
    })  # fmt: skip


def _columns(draft: HazardDraft) -> dict[str, Any]:
    return {one.name: getattr(draft, one.name) for one in fields(HazardDraft)}


def _related(connection: Connection, draft: HazardDraft) -> list[Fault]:
    found = known(connection, draft.employer_id or 0, draft.project_id)
    return [one for one in found if one.field != "employer_id" or draft.employer_id is not None]


def _open(row: RowMapping) -> None:
    over = [Fault("state", f"隐患 {row['number']} 的状态为“{row['state']}”，不能修改")]
    refuse(over if row["state"] in ENDED else [])

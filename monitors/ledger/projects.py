"""Projects (工程建设项目): the site, who builds it, five systems and three source checks, and what they come to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from datetime import date, datetime
from fractions import Fraction
from typing import Any

from sqlalchemy import Connection, RowMapping, Select, select

from monitors.access.actor import Actor
from monitors.access.scope import Scope
from monitors.errors import InputError
from monitors.ledger import checks, record_rows
from monitors.ledger.employers import tidy
from monitors.ledger.faults import Fault, refuse
from monitors.ledger.model import BOND_KINDS, CHECKS, SYSTEMS, CheckValue, Industry, ProjectStatus, Record
from monitors.store import tables as t
from monitors.store.turns import Turn, take


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found of one duty, and on which day."""

    value: str  # model.CheckValue
    on: date


@dataclass(frozen=True, slots=True)
class Bond:
    """工资保证金: cash or a guarantee; the amount in 分."""

    kind: str
    amount_fen: int
    bank: str
    expiry: date | None = None


@dataclass(frozen=True, slots=True)
class ProjectDraft:
    """What is given of a project. ``gov``, ``ppp`` and ``soe`` may hold together (附件2 备注3)."""

    name: str
    region: str
    industry: str
    developer: str = ""
    contractor_id: int | None = None
    subcontractors: tuple[str, ...] = ()
    gov: bool = False
    ppp: bool = False
    soe: bool = False
    status: str = ProjectStatus.UNDER_WAY
    checks: Mapping[str, Checked] | None = None
    bond: Bond | None = None


@dataclass(frozen=True, slots=True)
class Project:
    """One project as stored, with its main contractor's name."""

    id: int
    name: str
    region: str
    industry: str
    developer: str
    contractor_id: int | None
    contractor: str
    subcontractors: tuple[str, ...]
    gov: bool
    ppp: bool
    soe: bool
    status: str
    checks: Mapping[str, Checked]
    bond: Bond | None
    demo: bool
    revision: int

    @property
    def unmet(self) -> tuple[str, ...]:
        """Duties found not fulfilled: each is a hazard (隐患) and asks for rectification (R48, R49)."""
        return tuple(name for name, _ in unmet(self.checks))


@dataclass(frozen=True, slots=True)
class Screening:
    """排查覆盖率 and 五项制度落实率 (domain.md 6); a share whose denominator is 0 is None."""

    under_way: int
    checked: int
    met: int
    unmet: int

    @property
    def coverage(self) -> Fraction | None:
        """排查覆盖率 = checked ÷ 在建."""
        return Fraction(self.checked, self.under_way) if self.under_way else None

    @property
    def fulfilment(self) -> Fraction | None:
        """五项制度落实率 = 是 ÷ (是 + 否), over the five systems of all projects."""
        return Fraction(self.met, self.met + self.unmet) if self.met + self.unmet else None


def check(draft: ProjectDraft, *, today: date) -> list[Fault]:
    """What is wrong with it, field by field."""
    found = [
        *checks.required("name", draft.name, "项目名称"),
        *checks.text("name", draft.name, "项目名称", 120),
        *checks.region(draft.region, name="项目所在地"),
        *checks.required("industry", draft.industry, "行业类别"),
        *checks.choice("industry", draft.industry, Industry, "行业类别"),
        *checks.choice("status", draft.status, ProjectStatus, "项目状态"),
        *checks.text("developer", draft.developer, "建设单位", 120),
        *(one for name in draft.subcontractors for one in checks.text("subcontractors", name, "分包单位", 120)),
    ]
    found += [*check_duties(draft.checks or {}, today=today)]
    if draft.bond is not None:
        found += [
            *checks.required("bond", draft.bond.kind, "保证金形式"),
            *checks.choice("bond", draft.bond.kind, BOND_KINDS, "保证金形式"),
            *checks.text("bond", draft.bond.bank, "保证金银行", 60),
            *checks.fen("bond", draft.bond.amount_fen, "保证金"),
        ]
    return found


def check_duties(held: Mapping[str, Checked], *, today: date) -> list[Fault]:
    """Findings of the five systems and three source checks: known duties, known answers, days not in the future."""
    found: list[Fault] = []
    for name, one in held.items():
        found += checks.choice("checks", name, CHECKS, "检查事项")
        found += checks.required("checks", one.value, f"“{name}”的检查结果")
        found += checks.choice("checks", one.value, CheckValue, f"“{name}”的检查结果")
        found += checks.dates({"checks": one.on}, today=today)
    return found


def add(
    connection: Connection, actor: Actor, draft: ProjectDraft, *, today: date, now: datetime, demo: bool = False
) -> int:
    """Register a project.

    Raises:
        LedgerError: see ``check``; also where one of this name stands in the same county already.
        RefusedError: the site is in another division.
    """
    draft = _clean(draft)
    actor.require("ledger.edit", kind=Record.PROJECT, target=draft.name)
    refuse(check(draft, today=today))
    actor.require("ledger.edit", draft.region, kind=Record.PROJECT, target=draft.name)
    take(connection, Turn.LEDGER_NUMBERS)
    refuse(_related(connection, draft, None))
    return record_rows.add(connection, actor, Record.PROJECT, _columns(draft), name=draft.name, now=now, demo=demo)


def edit(
    connection: Connection,
    actor: Actor,
    project_id: int,
    changes: Mapping[str, Any],
    revision: int,
    *,
    today: date,
    now: datetime,
) -> None:
    """Change fields of ``ProjectDraft``.

    Raises:
        LedgerError: see ``check``.
        ConflictError: somebody else changed it first.
        RefusedError: the site is, or would be, in another division.
    """
    actor.require("ledger.edit", kind=Record.PROJECT, target=str(project_id))
    take(connection, Turn.LEDGER_NUMBERS)  # two at once would give two projects of a county one name
    row = record_rows.hold(connection, actor, Record.PROJECT, project_id, revision, name="name")
    held = get(connection, actor.scope, project_id)
    before = ProjectDraft(**{one.name: getattr(held, one.name) for one in fields(ProjectDraft)})
    draft = _clean(replace(before, **changes))
    refuse([*check(draft, today=today), *_related(connection, draft, project_id)])
    actor.require("ledger.edit", draft.region, kind=Record.PROJECT, target=draft.name)
    record_rows.change(connection, actor, Record.PROJECT, row, _columns(draft), name=draft.name, now=now)


def observe(
    connection: Connection, actor: Actor, project_id: int, found: Mapping[str, Checked], *, now: datetime
) -> None:
    """Bring what an inspection found into the project's own state, duty by duty, where nothing newer stands there."""
    query = select(t.project).where(t.project.c.id == project_id).with_for_update()
    row = connection.execute(query).mappings().one()
    held = read_checks(row["checks"])
    newer = {name: one for name, one in found.items() if name not in held or held[name].on <= one.on}
    values = {"checks": stored_checks(held | newer)}
    record_rows.change(connection, actor, Record.PROJECT, row, values, name=row["name"], now=now, act="检查")


def put(
    connection: Connection, actor: Actor, draft: ProjectDraft, *, today: date, now: datetime, demo: bool = False
) -> tuple[int, bool]:
    """The project of a row that is imported: that of this name in this county, else added; (id, whether it is new)."""
    found = find(connection, name=draft.name, region=draft.region)
    return (
        (found, False) if found is not None else (add(connection, actor, draft, today=today, now=now, demo=demo), True)
    )


def find(connection: Connection, *, name: str, region: str) -> int | None:
    """The project of exactly this name in this division."""
    project = t.project.c
    query = select(project.id).where(project.name == tidy(name), project.region == region).order_by(project.id)
    return connection.scalar(query.limit(1))


def get(connection: Connection, scope: Scope, project_id: int) -> Project:
    """The project.

    Raises:
        InputError: there is none, or it lies outside ``scope``; the two are not told apart.
    """
    row = connection.execute(_query().where(t.project.c.id == project_id)).mappings().one_or_none()
    if row is None or not scope.covers(row["region"]):
        raise InputError(f"没有编号为 {project_id} 的工程项目")
    return _read(row)


def listed(
    connection: Connection,
    scope: Scope,
    *,
    text: str = "",
    region: str = "",
    industries: Sequence[str] = (),
    statuses: Sequence[str] = (),
    limit: int = 50,
    offset: int = 0,
) -> tuple[Project, ...]:
    """Projects of the reader's division by name."""
    project = t.project.c
    query = record_rows.narrowed(_query(), project.region, scope, region)
    query = query.order_by(project.name, project.id).limit(limit).offset(offset)
    if text.strip():
        query = query.where(project.name.contains(text.strip(), autoescape=True))
    if industries:
        query = query.where(project.industry.in_(industries))
    if statuses:
        query = query.where(project.status.in_(statuses))
    return tuple(_read(row) for row in connection.execute(query).mappings())


def screening(connection: Connection, scope: Scope, *, region: str = "") -> Screening:
    """How many of the projects under way were checked at all, and how the five systems stand there."""
    project = t.project.c
    query = select(project.checks).where(project.status == ProjectStatus.UNDER_WAY)
    held = list(connection.scalars(record_rows.narrowed(query, project.region, scope, region)))
    values = [one.get("value") for row in held for name, one in row.items() if name in SYSTEMS]
    return Screening(
        len(held), sum(1 for row in held if row), values.count(CheckValue.YES), values.count(CheckValue.NO)
    )


def unmet(held: Mapping[str, Checked]) -> tuple[tuple[str, Checked], ...]:
    """The duties found not fulfilled, in the official order."""
    return tuple((name, held[name]) for name in CHECKS if name in held and held[name].value == CheckValue.NO)


def stored_checks(held: Mapping[str, Checked]) -> dict[str, dict[str, str]]:
    """As the column ``checks`` holds them, in the official order."""
    return {name: {"value": str(held[name].value), "on": held[name].on.isoformat()} for name in CHECKS if name in held}


def read_checks(held: Mapping[str, Mapping[str, str]]) -> dict[str, Checked]:
    """The other way."""
    return {name: Checked(one["value"], date.fromisoformat(one["on"])) for name, one in held.items()}


def _query() -> Select[Any]:
    joined = t.project.outerjoin(t.employer, t.employer.c.id == t.project.c.contractor_id)
    return select(t.project, t.employer.c.name.label("contractor")).select_from(joined)


def _read(row: RowMapping) -> Project:
    values = {name: row[name] for name in Project.__slots__}
    values |= {"contractor": row["contractor"] or "", "subcontractors": tuple(row["subcontractors"])}
    bond = row["bond"]
    if bond:
        expiry = date.fromisoformat(bond["expiry"]) if bond.get("expiry") else None
        values["bond"] = Bond(bond["kind"], bond["amount_fen"], bond["bank"], expiry)
    else:
        values["bond"] = None
    return Project(**values | {"checks": read_checks(row["checks"])})


def _clean(draft: ProjectDraft) -> ProjectDraft:
    subs = tuple(dict.fromkeys(tidy(name) for name in draft.subcontractors if name.strip()))
    return replace(draft, name=tidy(draft.name), developer=tidy(draft.developer), subcontractors=subs)


def _columns(draft: ProjectDraft) -> dict[str, Any]:
    bond: dict[str, Any] = {}
    if draft.bond is not None:
        bond = asdict(draft.bond) | {"expiry": draft.bond.expiry.isoformat() if draft.bond.expiry else None}
    values = {one.name: getattr(draft, one.name) for one in fields(ProjectDraft)}
    return values | {"checks": stored_checks(draft.checks or {}), "bond": bond, "status": str(draft.status)}


def _related(connection: Connection, draft: ProjectDraft, own: int | None) -> list[Fault]:
    """The name is another project's of the county, or the main contractor is no employer on record."""
    same = find(connection, name=draft.name, region=draft.region)
    found = [Fault("name", "该地已有同名项目，标段不同请在名称中注明")] if same is not None and same != own else []
    builder = select(t.employer.c.id).where(t.employer.c.id == draft.contractor_id)
    if draft.contractor_id is not None and connection.scalar(builder) is None:
        found.append(Fault("contractor_id", "请选择施工总承包单位"))
    return found

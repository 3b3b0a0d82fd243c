"""Employers (用人单位): one record per credit code, found by code, by name, or by a name much like it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime
from typing import Any

from rapidfuzz import fuzz, process
from sqlalchemy import Connection, RowMapping, func, or_, select

from monitors.access.actor import Actor
from monitors.errors import InputError
from monitors.ledger import checks, record_rows, uscc
from monitors.ledger.faults import Fault, refuse
from monitors.ledger.model import CREDITS, EmployerClass, Record
from monitors.store import tables as t
from monitors.store.turns import Turn, take

_FORM = re.compile(r"(?:股份)?(?:有限|有限责任)?(?:公司|集团公司|集团)$|有限合伙$|个体工商户$|个体户$")
_MARKS = re.compile(r"[\s（）()【】\[\]《》<>“”\"'‘’·、，,.。-]+")
_NEAR = 82  # of 100: below it names of different firms began to be offered for one another


@dataclass(frozen=True, slots=True)
class EmployerDraft:
    """What is given of an employer; ``region`` is where it is registered, any province's division."""

    name: str
    employer_class: str
    region: str
    uscc: str = ""
    legal_rep: str = ""
    state_owned: bool = False
    credit: str = ""
    operating_status: str = ""


@dataclass(frozen=True, slots=True)
class Employer:
    """One employer as stored; ``uscc`` is empty while unknown."""

    id: int
    name: str
    uscc: str
    employer_class: str
    legal_rep: str
    state_owned: bool
    credit: str
    operating_status: str
    region: str
    demo: bool
    revision: int


@dataclass(frozen=True, slots=True)
class Near:
    """An employer whose name is like the one asked for; ``likeness`` 0–100, ``why`` in words."""

    employer: Employer
    likeness: int
    why: str


def bare_name(name: str) -> str:
    """The name without what firms of one kind share: marks, spaces, 有限公司; full width folded. For comparing only."""
    plain = _MARKS.sub("", unicodedata.normalize("NFKC", name))
    return _FORM.sub("", plain) or plain


def check(draft: EmployerDraft) -> list[Fault]:
    """What is wrong with it, field by field (E04 for the credit code)."""
    return [
        *checks.required("name", draft.name, "企业名称"),
        *checks.text("name", draft.name, "企业名称", 120),
        *checks.required("class", draft.employer_class, "企业类别"),
        *checks.choice("class", draft.employer_class, EmployerClass, "企业类别"),
        *checks.credit_code(draft.uscc),
        *checks.region(draft.region, name="注册地", anywhere=True),
        *checks.text("legal_rep", draft.legal_rep, "法定代表人", 60),
        *checks.choice("credit", draft.credit, CREDITS, "信用等级"),
        *checks.text("operating_status", draft.operating_status, "经营状况", 20),
    ]


def add(connection: Connection, actor: Actor, draft: EmployerDraft, *, now: datetime, demo: bool = False) -> int:
    """Register an employer. An employer of another division or province may be added by whoever may edit at all.

    Raises:
        LedgerError: see ``check``; also where the code is another employer's already.
    """
    draft = _clean(draft)
    actor.require("ledger.edit", kind=Record.EMPLOYER, target=draft.name)
    take(connection, Turn.LEDGER_NUMBERS)
    refuse([*check(draft), *_taken(connection, draft, None)])
    return record_rows.add(connection, actor, Record.EMPLOYER, _columns(draft), name=draft.name, now=now, demo=demo)


def edit(
    connection: Connection, actor: Actor, employer_id: int, changes: Mapping[str, Any], revision: int, *, now: datetime
) -> None:
    """Change fields of ``EmployerDraft``. Who edits must cover the registered division: others tell the province.

    Raises:
        LedgerError: see ``check``.
        ConflictError: somebody else changed it first.
        RefusedError: the employer is registered elsewhere.
    """
    actor.require("ledger.edit", kind=Record.EMPLOYER, target=str(employer_id))
    take(connection, Turn.LEDGER_NUMBERS)  # two at once would give two employers one code
    row = record_rows.hold(connection, actor, Record.EMPLOYER, employer_id, revision, name="name")
    draft = _clean(replace(_draft(row), **changes))
    refuse([*check(draft), *_taken(connection, draft, employer_id)])
    record_rows.change(connection, actor, Record.EMPLOYER, row, _columns(draft), name=draft.name, now=now)


def get(connection: Connection, employer_id: int) -> Employer:
    """The employer. Names and codes are public register entries: whoever sees the ledger sees them.

    Raises:
        InputError: there is none.
    """
    row = connection.execute(select(t.employer).where(t.employer.c.id == employer_id)).mappings().one_or_none()
    if row is None:
        raise InputError(f"没有编号为 {employer_id} 的用人单位")
    return _read(row)


def find(connection: Connection, *, code: str = "", name: str = "") -> Employer | None:
    """The employer with this credit code; without a code, the only one of exactly this name."""
    employer = t.employer.c
    plain = uscc.normalise(code)
    if plain:
        row = connection.execute(select(t.employer).where(employer.uscc == plain)).mappings().one_or_none()
        if row is not None:
            return _read(row)
    rows = connection.execute(select(t.employer).where(employer.name == tidy(name)).limit(2)).mappings().all()
    # Two firms of one name are told apart by their codes only; a name never stands for a firm of another code.
    fitting = [row for row in rows if not plain or row["uscc"] is None]
    return _read(fitting[0]) if len(rows) == 1 and fitting else None


def near(connection: Connection, name: str, limit: int = 8) -> tuple[Near, ...]:
    """Employers whose names are like ``name``, most alike first: offered to a person, never chosen by itself."""
    wanted = bare_name(name)
    if not wanted:
        return ()
    rows = connection.execute(select(t.employer.c.id, t.employer.c.name)).all()
    bare = {row.id: bare_name(row.name) for row in rows}
    inside = [key for key, text in bare.items() if wanted in text or (len(text) > 2 and text in wanted)]
    likely = process.extract(wanted, bare, scorer=fuzz.ratio, limit=limit, score_cutoff=_NEAR)
    marks: dict[int, int] = {key: round(score) for _, score, key in likely}
    for key in sorted(inside, key=lambda one: len(bare[one]))[:limit]:
        marks[key] = max(marks.get(key, 0), 100 if bare[key] == wanted else 90)
    chosen = sorted(marks, key=lambda key: (-marks[key], bare[key]))[:limit]
    held = {one.id: one for one in _several(connection, chosen)}
    return tuple(Near(held[key], marks[key], _why(wanted, bare[key])) for key in chosen)


def put(
    connection: Connection, actor: Actor, draft: EmployerDraft, *, now: datetime, demo: bool = False
) -> tuple[int, bool]:
    """The employer of a row that is imported: found by code or exact name, else added; (id, whether it is new).

    A code that was missing is filled in where the row brings it; nothing else of a found employer is changed.
    """
    found = find(connection, code=draft.uscc, name=draft.name)
    if found is None:
        return add(connection, actor, draft, now=now, demo=demo), True
    if draft.uscc and not found.uscc and actor.may("ledger.edit", found.region):
        edit(connection, actor, found.id, {"uscc": draft.uscc}, found.revision, now=now)
    return found.id, False


def listed(
    connection: Connection, *, text: str = "", classes: Sequence[str] = (), limit: int = 50, offset: int = 0
) -> tuple[Employer, ...]:
    """Employers by name, those whose name or code holds ``text``."""
    employer = t.employer.c
    query = select(t.employer).order_by(employer.name, employer.id).limit(limit).offset(offset)
    if text.strip():
        pattern = f"%{_escaped(text.strip())}%"
        query = query.where(
            or_(employer.name.ilike(pattern, escape="\\"), func.coalesce(employer.uscc, "").ilike(pattern, escape="\\"))
        )
    if classes:
        query = query.where(employer["class"].in_(classes))
    return tuple(_read(row) for row in connection.execute(query).mappings())


def tidy(name: str) -> str:
    """The name as it is stored: one way of writing brackets and widths, no spaces around or doubled inside."""
    plain = unicodedata.normalize("NFKC", name).replace("(", "（").replace(")", "）")
    return " ".join(plain.split())


def _clean(draft: EmployerDraft) -> EmployerDraft:
    return replace(draft, name=tidy(draft.name), uscc=uscc.normalise(draft.uscc), legal_rep=draft.legal_rep.strip())


def _columns(draft: EmployerDraft) -> dict[str, Any]:
    values = asdict(draft)
    values["class"] = values.pop("employer_class")
    return values | {"uscc": draft.uscc or None}


def _draft(row: RowMapping) -> EmployerDraft:
    held = _read(row)
    return EmployerDraft(**{one.name: getattr(held, one.name) for one in fields(EmployerDraft)})


def _read(row: RowMapping) -> Employer:
    values = {name: row[name] for name in Employer.__slots__ if name not in {"employer_class", "uscc"}}
    return Employer(**values, employer_class=row["class"], uscc=row["uscc"] or "")


def _several(connection: Connection, ids: Sequence[int]) -> tuple[Employer, ...]:
    rows = connection.execute(select(t.employer).where(t.employer.c.id.in_(ids))).mappings()
    return tuple(_read(row) for row in rows)


def _taken(connection: Connection, draft: EmployerDraft, own: int | None) -> list[Fault]:
    """The code, or the name where neither has a code, is another record's."""
    employer = t.employer.c
    if draft.uscc:
        row = connection.execute(select(employer.id, employer.name).where(employer.uscc == draft.uscc)).one_or_none()
        return [Fault("uscc", f"该统一社会信用代码已登记为“{row.name}”")] if row and row.id != own else []
    same = connection.execute(select(employer.id).where(employer.name == draft.name, employer.uscc.is_(None))).scalars()
    return [Fault("name", "已有同名且未填信用代码的用人单位，请直接选用")] if any(one != own for one in same) else []


def _why(wanted: str, found: str) -> str:
    if wanted == found:
        return "去除公司形式后名称相同"
    if wanted in found or found in wanted:
        return "名称互相包含"
    return "名称相近"


def _escaped(word: str) -> str:
    return word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")

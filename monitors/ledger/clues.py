"""Clues (线索): a complaint as it came in, who received it first, by when it is to be settled, what came of it.

States change by ``transitions.move`` alone. Who complained is not here: name, telephone and document are restricted
fields (``monitors.access.restricted``, kind ``clue``, target the id), encrypted, read for a reason and never listed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, false, select

from monitors.access import restricted
from monitors.access.actor import Actor
from monitors.clock import local
from monitors.errors import ConflictError
from monitors.ledger import cases, checks, record_rows, transitions
from monitors.ledger.case_drafts import CaseDraft, confirmed
from monitors.ledger.case_edit import known
from monitors.ledger.clue_rows import Clue, Punctuality, counted, get, late, listed, punctuality
from monitors.ledger.employers import tidy
from monitors.ledger.faults import Fault, fault, refuse
from monitors.ledger.model import Channel, ClueState, Conclusion, Record
from monitors.regions import divisions
from monitors.settings import Settings
from monitors.store import tables as t
from monitors.store.turns import Turn, take

__all__ = [
    "Clue",
    "ClueDraft",
    "Punctuality",
    "RepeatedError",
    "add",
    "as_case",
    "check",
    "counted",
    "edit",
    "get",
    "late",
    "listed",
    "merge",
    "open_case",
    "punctuality",
]

KIND = str(Record.CLUE)  # of the restricted fields
_FAR = timedelta(days=3650)
_PRIVATE = re.compile(r"(?<!\d)(?:1[3-9]\d{9}|\d{17}[\dXx])(?!\d)")  # a mobile number, a citizen's number


class RepeatedError(ConflictError):
    """The channel's number is another clue's already: offer to join the two (``merge``); nothing was written."""

    def __init__(self, clue_id: int, number: str, region: str) -> None:
        self.clue_id = clue_id
        self.number = number
        place = divisions.full_name(region) or "未定位"
        super().__init__(f"该来源编号已登记为线索 {number}（{place}），可并入该线索，不重复登记")


@dataclass(frozen=True, slots=True)
class ClueDraft:
    """What is given of a clue. ``first_receiver`` empty: who enters it (首问负责, R10); ``due`` empty: counted."""

    channel: str
    region: str
    received_at: datetime
    external_no: str = ""
    first_receiver: str = ""
    employer_name: str = ""
    project_name: str = ""
    employer_id: int | None = None
    summary: str = ""
    persons: int | None = None
    amount_fen: int | None = None
    unit: str = ""
    person: str = ""
    due: date | None = None


def check(draft: ClueDraft, *, now: datetime) -> list[Fault]:
    """What is wrong with it, field by field. What names a complainant does not belong in the summary."""
    received = local(draft.received_at).date()
    found = [
        *checks.required("channel", draft.channel, "线索渠道"),
        *checks.choice("channel", draft.channel, Channel, "线索渠道"),
        *checks.region(draft.region),
        *([fault("E11", "received_at")] if draft.received_at > now else []),
        *checks.dates({"received_at": received}, today=max(received, local(now).date())),
        *checks.text("external_no", draft.external_no, "来源编号", 60),
        *checks.text("first_receiver", draft.first_receiver, "首问负责人", 60),
        *checks.text("employer_name", draft.employer_name, "反映的单位", 120),
        *checks.text("project_name", draft.project_name, "反映的项目", 120),
        *checks.text("summary", draft.summary, "线索内容"),
        *checks.count("persons", draft.persons, "反映人数"),
        *checks.fen("amount_fen", draft.amount_fen, "反映金额"),
        *checks.plausible("persons", draft.persons, "amount_fen", draft.amount_fen),
        *checks.text("unit", draft.unit, "承办单位", 60),
        *checks.text("person", draft.person, "承办人", 60),
        *checks.ordered(received, "due", draft.due, "核处期限不能早于收到日期"),
    ]
    if draft.due is not None and draft.due - received > _FAR:
        found.append(Fault("due", "核处期限过远，请核对年份"))
    if not (draft.employer_name or draft.employer_id or draft.summary):
        found.append(Fault("employer_name", "请填写反映的单位或线索内容"))
    if _PRIVATE.search(draft.summary):
        found.append(Fault("summary", "线索内容中不要写电话号码、证件号，请登记在举报人信息中（加密保存）"))
    return found


def add(
    connection: Connection,
    actor: Actor,
    draft: ClueDraft,
    *,
    settings: Settings,
    now: datetime,
    reporter: restricted.Fields | None = None,
    demo: bool = False,
    confirm_figures: bool = False,
) -> int:
    """Register a clue (待登记); returns its id. ``reporter``: who complained, kept encrypted beside it.

    The day by which it is settled counts from its receipt, whoever it is passed on to meanwhile.

    Raises:
        LedgerError: see ``check``; also where the employer is not there.
        RepeatedError: the same number came from the same channel before.
        RefusedError: it is another division's.
        InputError: the reporter's data cannot be what they say they are.
    """
    draft = _clean(draft)
    actor.require("ledger.edit", kind=Record.CLUE)
    refuse([*confirmed(check(draft, now=now), confirm_figures), *_related(connection, draft)])
    actor.require("ledger.edit", draft.region, kind=Record.CLUE)
    if reporter is not None:
        take(connection, Turn.RESTRICTED)  # before the numbers, in the order of the turns
    number = cases.number(connection, "XS", now)
    _unrepeated(connection, draft, None)
    limit = local(draft.received_at).date() + timedelta(days=settings.ledger.clue_finish_days)
    values = _columns(draft) | {"number": number, "state": str(ClueState.NEW), "due": draft.due or limit}
    values["first_receiver"] = draft.first_receiver or actor.display[:60]
    made = record_rows.add(connection, actor, Record.CLUE, values, name=number, now=now, demo=demo)
    if reporter is not None:
        restricted.write(connection, actor, KIND, str(made), draft.region, reporter, revision=None, now=now)
    return made


def edit(
    connection: Connection,
    actor: Actor,
    clue_id: int,
    changes: Mapping[str, Any],
    revision: int,
    *,
    now: datetime,
    confirm_figures: bool = False,
) -> None:
    """Change fields of ``ClueDraft`` until the clue is 办结; who received it first never changes (R10).

    Raises:
        LedgerError, RepeatedError, RefusedError: as in ``add``.
        ConflictError: somebody else changed it first.
    """
    actor.require("ledger.edit", kind=Record.CLUE, target=str(clue_id))
    take(connection, Turn.LEDGER_NUMBERS)  # two at once would give two clues one external number
    row = record_rows.hold(connection, actor, Record.CLUE, clue_id, revision, name="number")
    before = ClueDraft(**{one.name: row[one.name] for one in fields(ClueDraft)})
    draft = _clean(replace(before, **changes))
    found = confirmed(check(draft, now=now), confirm_figures)
    if draft.first_receiver != row["first_receiver"]:
        found.append(Fault("first_receiver", "首问负责人登记后不得更改"))
    if row["state"] == ClueState.DONE:
        found.append(Fault("state", f"线索 {row['number']} 已办结，不能修改"))
    refuse([*found, *_related(connection, draft)])
    actor.require("ledger.edit", draft.region, kind=Record.CLUE, target=row["number"])
    _unrepeated(connection, draft, clue_id)
    record_rows.change(connection, actor, Record.CLUE, row, _columns(draft), name=row["number"], now=now)


def merge(
    connection: Connection, actor: Actor, clue_id: int, draft: ClueDraft, revision: int, *, now: datetime
) -> tuple[str, ...]:
    """Join a second report to the clue it repeats (并入) instead of registering it; the fields it added to.

    It fills what the clue leaves blank, and where more people or more money is told, tells that: those counted twice
    are still the same. What was received first, and by whom, stays; the second report is told in the history.

    Raises:
        RefusedError, ConflictError: as in ``edit``.
        LedgerError: the second report is itself wrong.
    """
    row = record_rows.hold(connection, actor, Record.CLUE, clue_id, revision, name="number")
    draft = _clean(draft)
    refuse([one for one in check(draft, now=now) if one.code != "E13"])
    told = f"并入一条重复反映：{draft.channel} {draft.external_no}".rstrip()
    words = f"{told}：{draft.summary}" if draft.summary else told
    blank = ("employer_name", "project_name", "employer_id", "summary", "unit", "person")
    values = {name: getattr(draft, name) for name in blank if not row[name] and getattr(draft, name)}
    values |= {
        name: getattr(draft, name)
        for name in ("persons", "amount_fen")
        if (getattr(draft, name) or 0) > (row[name] or 0)
    }
    if row["state"] == ClueState.DONE:
        values = {}
    name = row["number"]
    changed = record_rows.change(
        connection, actor, Record.CLUE, row, values, name=name, now=now, act="并入", words=words
    )
    if not changed:
        record_rows.follow_up(connection, actor, Record.CLUE, row, name=name, words=words, now=now, act="并入")
    return tuple(values)


def as_case(clue: Clue, *, employer_id: int, accepted_on: date) -> CaseDraft:
    """A case's draft filled with what the clue says, for a person to complete; nothing of it is verified (查实)."""
    return CaseDraft(
        employer_id=employer_id,
        region=clue.region,
        channel=clue.channel,
        accepted_on=accepted_on,
        claimed_workers=clue.persons or 0,
        claimed_migrants=0,
        claimed_fen=clue.amount_fen or 0,
        external_no=clue.external_no,
        first_receiver=clue.first_receiver,
        summary=clue.summary,
    )


def open_case(
    connection: Connection,
    actor: Actor,
    clue_id: int,
    draft: CaseDraft,
    revision: int,
    *,
    settings: Settings,
    now: datetime,
    confirm_duplicate: bool = False,
    confirm_figures: bool = False,
) -> int:
    """Conclude the clue as 属实转案件: enter its case and bind the two; returns the case's id.

    Channel, external number and first receiver are the clue's. A case that is there already is bound by
    ``transitions.move`` to 已结论 with its ``case_id``.

    Raises:
        LedgerError: the case is refused, or the clue is not 核查中 (E06). Nothing may be kept of either.
        RefusedError, ConflictError: as in ``edit``.
    """
    actor.require("ledger.edit", kind=Record.CLUE, target=str(clue_id))
    take(connection, Turn.LEDGER_NUMBERS)  # before the record, as ``edit`` does: else the two wait for each other
    row = record_rows.hold(connection, actor, Record.CLUE, clue_id, revision, name="number")
    kept = {name: row[name] for name in ("channel", "external_no", "first_receiver")}
    case_id = cases.create(
        connection, actor, replace(draft, **kept), settings=settings, now=now, confirm_duplicate=confirm_duplicate,
        confirm_figures=confirm_figures,
    )  # fmt: skip
    given = {"conclusion": str(Conclusion.CASE), "case_id": case_id}
    transitions.move(
        connection, actor, Record.CLUE, clue_id, ClueState.CONCLUDED, given, revision, settings=settings, now=now
    )
    return case_id


def _clean(draft: ClueDraft) -> ClueDraft:
    plain = {
        name: getattr(draft, name).strip() for name in ("external_no", "first_receiver", "summary", "unit", "person")
    }
    named: dict[str, Any] = {name: tidy(getattr(draft, name)) for name in ("employer_name", "project_name")}
    return replace(draft, **plain, **named)


def _columns(draft: ClueDraft) -> dict[str, Any]:
    return {one.name: getattr(draft, one.name) for one in fields(ClueDraft)}


def _related(connection: Connection, draft: ClueDraft) -> list[Fault]:
    return known(connection, draft.employer_id, None) if draft.employer_id is not None else []


def _unrepeated(connection: Connection, draft: ClueDraft, own: int | None) -> None:
    clue = t.clue.c
    same = clue.channel == draft.channel, clue.external_no == draft.external_no
    query = select(clue.id, clue.number, clue.region).where(*same if draft.external_no else (false(),))
    row = connection.execute(query).one_or_none()
    if row is not None and row.id != own:
        raise RepeatedError(row.id, row.number, row.region)

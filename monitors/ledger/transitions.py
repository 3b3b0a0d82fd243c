"""Moving a case, clue or hazard from one state to the next (变更状态, domain.md 3.2): the only code that writes states.

``ways`` is the table of what is legal; here the given values are checked, the second reviewer is asked for, and the
change is told. What goes beyond the table for cases is in ``case_moves``. A refusal writes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Table, select, update

from monitors.access import audit
from monitors.access.actor import Actor
from monitors.clock import local
from monitors.errors import InputError
from monitors.ledger import case_moves, checks, events, needs
from monitors.ledger.faults import Fault, LedgerError, fault, refuse
from monitors.ledger.field_names import spoken
from monitors.ledger.model import RECORD_NAMES, ClueState, Conclusion, HazardState, Record
from monitors.ledger.ways import WAYS, Need, Way, allowed, find
from monitors.settings import Settings
from monitors.store import tables as t

__all__ = ["DENYING", "WAYS", "Need", "Way", "allowed", "move"]

_TABLES: dict[Record, Table] = {Record.CLUE: t.clue, Record.HAZARD: t.hazard}
# Conclusions that take a complaint's ground away: evidence and a second person (R35, journey 9).
DENYING = (Conclusion.UNFOUNDED, Conclusion.FALSE_CLAIM)


def move(  # noqa: PLR0917 - reads as the sentence it is: who brings which record where, with what
    connection: Connection,
    actor: Actor,
    kind: Record,
    record_id: int,
    to: str,
    given: Mapping[str, Any],
    revision: int,
    *,
    settings: Settings,
    now: datetime,
    confirm_figures: bool = False,
) -> None:
    """Bring the record, as it was at ``revision``, into the state ``to`` with the values its way asks for.

    ``confirm_figures``: the person has looked at the figures that E13 doubts (cases only).

    Raises:
        RefusedError: the actor may not.
        InputError: there is no such record.
        ConflictError: somebody changed the record since ``revision``.
        LedgerError: there is no such way (E06), a value is missing or wrong, or it needs another person.
    """
    if kind is Record.CASE:
        case_moves.move(
            connection, actor, record_id, to, given=given, revision=revision, settings=settings, now=now,
            confirm_figures=confirm_figures,
        )  # fmt: skip
        return
    _move(connection, actor, (kind, record_id), to, given=given, revision=revision, settings=settings, now=now)


def _move(
    connection: Connection,
    actor: Actor,
    record: tuple[Record, int],
    to: str,
    *,
    given: Mapping[str, Any],
    revision: int,
    settings: Settings,
    now: datetime,
) -> None:
    kind, record_id = record
    table = _TABLES[kind]
    able = "ledger.edit" if actor.may("ledger.edit") or not actor.may("ledger.review") else "ledger.review"
    actor.require(able, kind=kind, target=str(record_id))
    found = connection.execute(select(table).where(table.c.id == record_id).with_for_update()).one_or_none()
    if found is None:
        raise InputError(f"没有编号为 {record_id} 的{RECORD_NAMES[kind]}")
    row = found._asdict()
    actor.require(able, row["region"], kind=kind, target=row["number"])
    if revision != row["revision"]:
        raise events.conflict(connection, kind, record_id, row["number"])
    way = find(kind, row["state"], to)
    if way is None:
        raise LedgerError([fault("E06", "state", a=row["state"], b=to)])
    denying = given.get("conclusion") in DENYING
    actor.require("ledger.review" if denying else way.action, row["region"], kind=kind, target=row["number"])
    if denying and events.moved_by(connection, kind, record_id, row["state"]) == actor.name:
        refuse([Fault("conclusion", f"结论为“{given['conclusion']}”的，须由核查人以外的另一人复核")])
    values, faults = needs.checked(way, given, row)
    today = local(now).date()
    faults += _clue_faults(row, to, values, today) if kind is Record.CLUE else _hazard_faults(row, to, values)
    if "case_id" in values and not _case_there(connection, actor, values["case_id"]):
        faults.append(Fault("case_id", "没有这起案件，或该案件不在您的辖区内"))
    refuse(faults)
    stored = {key: value for key, value in values.items() if key in table.c} | {"state": to}
    stored |= (
        _clue_columns(row, to, today, settings, now) if kind is Record.CLUE else _hazard_columns(to, today, settings)
    )
    connection.execute(
        update(table)
        .where(table.c.id == record_id, table.c.revision == revision)
        .values(stored | {"revision": revision + 1, "updated_at": now})
    )
    before, after = {"state": row["state"]}, {"state": to, "by": actor.name} | values
    events.note(connection, kind, record_id, at=now, act=events.MOVED, actor=actor, before=before, after=after)
    audit.append(
        connection,
        actor,
        f"{kind}.move",
        at=now,
        kind=kind,
        target=row["number"],
        region=row["region"],
        before=spoken(before),
        after=spoken(after),
    )


def _case_there(connection: Connection, actor: Actor, case_id: int) -> bool:
    region = connection.scalar(select(t.wage_case.c.region).where(t.wage_case.c.id == case_id))
    return region is not None and actor.scope.covers(region)


def _clue_faults(row: Mapping[str, Any], to: str, values: Mapping[str, Any], today: date) -> list[Fault]:
    if to == ClueState.CONCLUDED:
        found = []
        if values.get("conclusion") in DENYING and not values.get("evidence"):
            found.append(Fault("evidence", f"结论为“{values['conclusion']}”的，须填写证据"))
        if values.get("conclusion") == Conclusion.CASE and not values.get("case_id") and not row["case_id"]:
            found.append(Fault("case_id", "结论为“属实转案件”的，须关联案件"))
        return found
    if to == ClueState.ANSWERED:
        return checks.dates(
            {"feedback_on": values.get("feedback_on")}, today=today, since=local(row["received_at"]).date()
        )
    if to == ClueState.DONE and not (row["feedback_on"] and row["feedback_how"]):
        return [fault("E09", "feedback_on")]
    return []


def _clue_columns(row: Mapping[str, Any], to: str, today: date, settings: Settings, now: datetime) -> dict[str, Any]:
    if to == ClueState.ACCEPTED and row["due"] is None:
        return {"due": today + timedelta(days=settings.ledger.clue_finish_days)}
    return {"concluded_at": now} if to == ClueState.CONCLUDED else {}


def _hazard_faults(row: Mapping[str, Any], to: str, values: Mapping[str, Any]) -> list[Fault]:
    return checks.duty(row) if to == HazardState.DEFUSING and "reason" in values else []


def _hazard_columns(to: str, today: date, settings: Settings) -> dict[str, Any]:
    if to == HazardState.REMOVED:
        return {"recheck_on": today + timedelta(days=settings.ledger.recheck_days)}
    return {"recheck_on": None} if to in (HazardState.ENDED, HazardState.DEFUSING) else {}

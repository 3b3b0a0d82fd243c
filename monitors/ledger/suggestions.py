"""What the law's thresholds suggest on a case, kept until a named person decides (处置建议, domain.md 3.4).

The product never blacklists, transfers or fines anybody: it proposes, with rule and facts; a reviewer adopts or
declines with a reason, and the document that follows is a measure somebody registers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, bindparam, delete, insert, select, update

from monitors.access.actor import SYSTEM, Actor
from monitors.access.scope import Scope
from monitors.clock import local, stamp
from monitors.errors import ConflictError, InputError
from monitors.ledger import case_rows, checks, law
from monitors.ledger.faults import refuse
from monitors.ledger.model import Record, SuggestionKind
from monitors.settings import Settings
from monitors.store import tables as t

OPEN, ADOPTED, DECLINED = "待定", "采纳", "不采纳"
_RULE_WIDTH = 120


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One proposal as it is kept. ``why`` starts with 预警 or 达标 and ends with what is still missing."""

    id: int
    case_id: int
    kind: str
    rule: str
    why: str
    at: datetime
    state: str
    decided_by: str
    decided_at: datetime | None
    reason: str


_COLUMNS = tuple(t.suggestion.c[name] for name in Suggestion.__slots__)


def listed(connection: Connection, scope: Scope, case_id: int) -> tuple[Suggestion, ...]:
    """The case's proposals, undecided ones first.

    Raises:
        InputError: there is no such case within ``scope``.
    """
    case_rows.get(connection, scope, case_id)
    rows = connection.execute(select(*_COLUMNS).where(t.suggestion.c.case_id == case_id).order_by(t.suggestion.c.id))
    return tuple(sorted((Suggestion(*row) for row in rows), key=lambda one: one.state != OPEN))


def reported_on(connection: Connection, case_id: int) -> date | None:
    """The day somebody adopted the proposal to go to the police: from it the three days to decide run."""
    decided = connection.scalar(
        select(t.suggestion.c.decided_at).where(
            t.suggestion.c.case_id == case_id,
            t.suggestion.c.kind == SuggestionKind.TRANSFER,
            t.suggestion.c.state == ADOPTED,
        )
    )
    return local(decided).date() if decided else None


def reported(kept: Sequence[RowMapping]) -> date | None:
    """``reported_on`` of a case whose proposals are at hand."""
    days = [one["decided_at"] for one in kept if one["kind"] == SuggestionKind.TRANSFER and one["state"] == ADOPTED]
    return local(days[0]).date() if days and days[0] else None


class Changes:
    """The undecided proposals of several cases brought to what the records say now, written together.

    What a person decided stays as it was.
    """

    def __init__(self, connection: Connection, now: datetime) -> None:
        self._connection = connection
        self._now = now
        self._gone: list[int] = []
        self._other: list[dict[str, Any]] = []
        self._new: list[dict[str, Any]] = []
        self._events: list[dict[str, Any]] = []

    def compare(
        self,
        case: RowMapping,
        measures: Sequence[RowMapping],
        parties: tuple[RowMapping, RowMapping | None],
        kept: Sequence[RowMapping],
        settings: Settings,
    ) -> None:
        """Note what changes for one case; ``parties``: its employer and project, ``kept``: its proposals."""
        today, (employer, project) = local(self._now).date(), parties
        found = law.suggestions(case, measures, employer, settings=settings, today=today, project=project)
        wanted, there = {one.kind: one for one in found}, {row["kind"]: row for row in kept}
        self._gone += [row["id"] for kind, row in there.items() if row["state"] == OPEN and kind not in wanted]
        for kind, one in wanted.items():
            told = {"rule": one.rule[:_RULE_WIDTH], "why": words(one)}
            row = there.get(kind)
            if row is None:
                self._add(case["id"], str(kind), told)
            elif row["state"] == OPEN and (row["rule"], row["why"]) != (told["rule"], told["why"]):
                self._other.append({"own_id": row["id"], "new_rule": told["rule"], "new_why": told["why"]})

    def _add(self, case_id: int, kind: str, told: dict[str, str]) -> None:
        self._new.append({"case_id": case_id, "kind": kind, **told, "at": self._now, "state": OPEN})
        self._events.append(
            {
                "kind": str(Record.CASE), "record_id": case_id, "at": self._now, "act": "处置建议",
                "actor": SYSTEM.display, "before": {}, "after": {"kind": kind, "rule": told["rule"]},
                "note": f"{kind}：{told['why']}",
            }
        )  # fmt: skip

    def write(self) -> None:
        """Write all of it."""
        own = t.suggestion.c.id
        if self._gone:
            self._connection.execute(delete(t.suggestion).where(own.in_(self._gone)))
        if self._other:
            values: dict[str, Any] = {"rule": bindparam("new_rule"), "why": bindparam("new_why")}
            self._connection.execute(update(t.suggestion).where(own == bindparam("own_id")).values(values), self._other)
        if self._new:
            self._connection.execute(insert(t.suggestion), self._new)
            self._connection.execute(insert(t.ledger_event), self._events)


def words(one: law.Suggested) -> str:
    """How the proposal's reasons are kept, here and by the import of a workbook."""
    missing = f"；尚缺：{'、'.join(one.missing)}" if one.missing else ""
    return f"{one.level}：{one.why}{missing}"


def decide(
    connection: Connection,
    actor: Actor,
    suggestion_id: int,
    adopt: bool,
    *,
    reason: str,
    settings: Settings,
    now: datetime,
) -> None:
    """Adopt or decline a proposal in the actor's name; what follows from it is registered as a measure.

    Raises:
        RefusedError: the actor may not review this case.
        LedgerError: no reason was given.
        ConflictError: somebody decided it already.
    """
    from monitors.ledger import consequences  # noqa: PLC0415 - it refreshes suggestions: the one circle of the two

    actor.require("ledger.review", kind=case_rows.KIND)
    own = t.suggestion.c
    case_id = connection.scalar(select(own.case_id).where(own.id == suggestion_id))
    case = case_rows.hold(connection, actor, case_id, None, action="ledger.review") if case_id is not None else None
    # Read once the case is held: while we waited for it somebody else may have decided.
    row = connection.execute(select(t.suggestion).where(own.id == suggestion_id)).one_or_none()
    if case is None or row is None:
        raise InputError("这条处置建议已不存在（案件情况已变化），请刷新")
    if row.state != OPEN:
        raise ConflictError(f"这条处置建议已由{row.decided_by}于 {stamp(row.decided_at)} 决定为“{row.state}”")
    reason = reason.strip()
    refuse(checks.required("reason", reason, "理由") + checks.text("reason", reason, "理由"))
    state = ADOPTED if adopt else DECLINED
    connection.execute(
        update(t.suggestion)
        .where(t.suggestion.c.id == suggestion_id, t.suggestion.c.state == OPEN)
        .values(state=state, decided_by=actor.display[:80], decided_at=now, reason=reason)
    )
    case_rows.record(
        connection,
        actor,
        "case.suggestion",
        case,
        act="处置建议决定",
        at=now,
        after={"kind": row.kind, "result": state, "reason": reason},
    )
    consequences.follow(connection, case.id, settings=settings, now=now)

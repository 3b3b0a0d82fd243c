"""Submitted forms (报送): frozen with their time, person, checks and explanations; what changes later leaves them.

A snapshot is never changed or removed; a correction is another one. Its digest covers all it says.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select

from monitors.access import audit
from monitors.access.actor import Actor
from monitors.access.scope import Scope, within
from monitors.clock import local
from monitors.errors import ConflictError, InputError
from monitors.ledger import form
from monitors.ledger.form import FormCells
from monitors.ledger.form_checks import Finding, check, refuse_unsound
from monitors.ledger.form_layout import BLANKS, COLUMNS, ROWS
from monitors.ledger.form_paper import (
    Kind,
    Paper,
    Signed,
    cells_from,
    cells_json,
    checked,
    finding_from,
    finding_json,
)
from monitors.settings import Campaign
from monitors.store import tables as t

SUBMIT = "form.submit"
UNIT_CHARS = 60


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A form as it was submitted. ``intact`` is False where the stored row no longer fits its digest."""

    id: int
    campaign: str
    cutoff: date
    region: str
    kind: Kind
    at: datetime
    actor: str
    cells: FormCells
    findings: tuple[Finding, ...]
    explanations: Mapping[str, str]
    signed: Signed
    unit: str
    parts: Mapping[str, int]
    digest: str
    intact: bool

    def paper(self, made_on: date) -> Paper:
        """The form to print again, ``made_on`` being the day of its submission in the office's time."""
        return Paper(
            self.cells, self.unit, made_on, self.kind, self.signed, self.findings, self.explanations, self.parts
        )


@dataclass(frozen=True, slots=True)
class Difference:
    """One exact figure that differs. ``row`` 1–5 with ``column`` 1–20; ``row`` 0 with blank 1–14 of 其他情况."""

    row: int
    column: int
    before: int
    after: int

    @property
    def words(self) -> str:
        """Where: ``合计 第8栏“涉及金额（合计）”``."""
        if self.row == 0:
            return f"其他情况{BLANKS[self.column - 1]}"
        return f"{ROWS[self.row - 1]} {COLUMNS[self.column - 1].words}"


def submit(
    connection: Connection,
    actor: Actor,
    *,
    campaign: Campaign,
    cutoff: date,
    region: str,
    unit: str,
    signed: Signed,
    explanations: Mapping[str, str],
    now: datetime,
    seen: str = "",
) -> int:
    """Count the form anew and freeze it; returns the snapshot's number.

    ``seen`` is the ``fingerprint`` of the figures the person signed: what changed since must be looked at first.

    Raises:
        RefusedError: not this person's to submit; InputError: cutoff, division or signature; LedgerError: a check
        blocks, or a W is not explained; ConflictError: the ledger has changed since ``seen``.
    """
    actor.require(SUBMIT, region, kind="form", target=f"{campaign.key} {cutoff}")
    cells = form.cells(connection, campaign=campaign, cutoff=cutoff, region=region)
    if seen and seen != fingerprint(cells):
        raise ConflictError("台账数据在您核对期间有变化，请核对新的数字后再报送")
    return freeze(connection, actor, cells, kind="本级", unit=unit, signed=signed, explanations=explanations, now=now)


def freeze(
    connection: Connection,
    actor: Actor,
    cells: FormCells,
    *,
    kind: Kind,
    unit: str,
    signed: Signed,
    explanations: Mapping[str, str],
    now: datetime,
    parts: Mapping[str, int] | None = None,
    missing: Sequence[str] = (),
) -> int:
    """Check the figures and store them for good; only ``submit`` and ``form_sum.submit`` call it.

    Raises:
        RefusedError, InputError, LedgerError: as ``submit``.
    """
    target = f"{cells.campaign} {cells.cutoff}"
    actor.require(SUBMIT, cells.region, kind="form", target=target)
    signed = checked(signed)
    if not 0 < len(unit.strip()) <= UNIT_CHARS:
        raise InputError(f"请填写制表单位名称（不超过 {UNIT_CHARS} 字）后再报送")
    if cells.cutoff > local(now).date():
        raise InputError(f"数据截止日期 {cells.cutoff} 尚未到，届时再报送")
    findings = check(cells, previous(connection, cells, kind), missing=missing)
    kept = refuse_unsound(findings, explanations)
    values: dict[str, Any] = {
        "campaign": cells.campaign,
        "cutoff": cells.cutoff,
        "region": cells.region,
        "kind": kind,
        "at": now.astimezone(UTC),
        "actor": actor.display,
        "cells": cells_json(cells),
        "checks": [finding_json(one) for one in findings],
        "explanations": kept,
        "signed": asdict(signed) | {"unit": unit.strip()},
        "parts": dict(parts or {}),
    }
    values["digest"] = digest(values)
    made = connection.execute(insert(t.form_snapshot).values(values).returning(t.form_snapshot.c.id)).scalar_one()
    after = {"kind": kind, "cutoff": cells.cutoff.isoformat(), "digest": values["digest"], "explained": sorted(kept)}
    audit.append(connection, actor, SUBMIT, at=now, kind="form", target=str(made), region=cells.region, after=after)
    return int(made)


def previous(connection: Connection, cells: FormCells, kind: Kind) -> FormCells | None:
    """The figures last submitted for this region and campaign, up to this cutoff; they should not have fallen.

    Forms of one ``kind`` are compared: what the ledger counts and what the units below reported differ by nature.
    """
    row = t.form_snapshot.c
    held = connection.scalar(
        select(row.cells)
        .where(row.campaign == cells.campaign, row.region == cells.region, row.kind == kind)
        .where(row.cutoff <= cells.cutoff)
        .order_by(row.cutoff.desc(), row.at.desc(), row.id.desc())
        .limit(1)
    )
    return cells_from(held) if held else None


def get(connection: Connection, scope: Scope, snapshot_id: int) -> Snapshot:
    """One submitted form.

    Raises:
        InputError: there is none, or it is not of this scope.
    """
    found = connection.execute(select(t.form_snapshot).where(t.form_snapshot.c.id == snapshot_id)).first()
    if found is None or not scope.covers(found.region):
        raise InputError(f"没有编号为 {snapshot_id} 的报送记录")
    return read(found)


def listed(
    connection: Connection,
    scope: Scope,
    *,
    campaign: str = "",
    cutoff: date | None = None,
    region: str = "",
    limit: int = 200,
) -> tuple[Snapshot, ...]:
    """Submitted forms within the scope, newest first; of exactly one ``region``, campaign or cutoff where given."""
    row = t.form_snapshot.c
    query = select(t.form_snapshot).where(within(row.region, scope.region))
    if campaign:
        query = query.where(row.campaign == campaign)
    if cutoff is not None:
        query = query.where(row.cutoff == cutoff)
    if region:
        query = query.where(row.region == region)
    return tuple(read(found) for found in connection.execute(query.order_by(row.at.desc(), row.id.desc()).limit(limit)))


def diff(before: FormCells, after: FormCells) -> tuple[Difference, ...]:
    """Every figure in which two forms differ, exactly."""
    found = [
        Difference(row, column.number, before.at(row, column.number), after.at(row, column.number))
        for row in range(1, len(ROWS) + 1)
        for column in COLUMNS
    ]
    blanks = zip(before.others, after.others, strict=True)
    found += [Difference(0, number, *pair) for number, pair in enumerate(blanks, start=1)]
    return tuple(one for one in found if one.before != one.after)


def fingerprint(cells: FormCells) -> str:
    """A short word that changes with any figure; 64 hexadecimal digits."""
    return hashlib.sha256(audit.canonical(cells_json(cells)).encode()).hexdigest()


def digest(values: Mapping[str, Any]) -> str:
    """What binds all that a snapshot says; 64 hexadecimal digits."""
    held = {key: value for key, value in values.items() if key not in ("id", "digest")}
    held["at"] = held["at"].astimezone(UTC).isoformat(timespec="microseconds")
    return hashlib.sha256(audit.canonical(held).encode()).hexdigest()


def read(row: Row[Any]) -> Snapshot:
    """A whole row of ``form_snapshot`` as it is used."""
    values = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's public name for it
    signed = dict(values["signed"])
    unit = signed.pop("unit")
    return Snapshot(
        id=row.id,
        campaign=row.campaign,
        cutoff=row.cutoff,
        region=row.region,
        kind=row.kind,
        at=row.at,
        actor=row.actor,
        cells=cells_from(row.cells),
        findings=tuple(map(finding_from, row.checks)),
        explanations=row.explanations,
        signed=Signed(**signed),
        unit=unit,
        parts=row.parts,
        digest=row.digest,
        intact=row.digest == digest(values),
    )

"""汇总制: a prefecture adds up the forms of its counties, the province those of its prefectures.

Each unit's newest submitted form of that cutoff is taken as printed, so that the sum balances with the papers it was
made from. What the ledger itself would count is shown beside it: an employer in two divisions is one there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection, select

from monitors.access.actor import Actor
from monitors.access.scope import within
from monitors.errors import ConflictError, InputError
from monitors.ledger import form, form_snapshots
from monitors.ledger.form import FormCells
from monitors.ledger.form_paper import Signed
from monitors.ledger.form_snapshots import SUBMIT, Difference, Snapshot, diff, fingerprint
from monitors.regions import divisions
from monitors.settings import Campaign
from monitors.store import tables as t


@dataclass(frozen=True, slots=True)
class Sum:
    """The sum of subordinate forms. ``parts``: snapshot by division. ``missing``: divisions that submitted none.

    ``own`` is the ledger's own count of the whole, ``differences`` where the sum (after) departs from it (before).
    """

    cells: FormCells
    parts: Mapping[str, Snapshot]
    missing: tuple[str, ...]
    own: FormCells
    differences: tuple[Difference, ...]


def subordinates(region: str) -> tuple[str, ...]:
    """Whose forms are summed for ``region``: the prefectures of the province, the counties of a prefecture.

    Raises:
        InputError: a county has none below it.
    """
    below = divisions.prefectures() if region == divisions.YUNNAN else divisions.counties()
    found = tuple(one.code for one in below if one.parent == region)
    if not found:
        raise InputError(f"{divisions.full_name(region) or region}没有下级报送单位，不能汇总")
    return found


def summed(connection: Connection, *, campaign: Campaign, cutoff: date, region: str) -> Sum:
    """Add up what the units below ``region`` have submitted for this cutoff.

    Raises:
        InputError: cutoff or division; a submitted form was altered in the database.
    """
    own = form.cells(connection, campaign=campaign, cutoff=cutoff, region=region)
    wanted = subordinates(region)
    parts = _newest(connection, campaign.key, cutoff, region, wanted)
    for part in parts.values():
        if not part.intact:
            name = divisions.full_name(part.region)
            raise InputError(f"{name}的报送记录（编号 {part.id}）与其校验值不符，不能汇总，请联系管理员")
    cells = added([part.cells for part in parts.values()], own)
    missing = tuple(code for code in wanted if code not in parts)
    return Sum(cells, parts, missing, own, diff(own, cells))


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
    """Add up anew and freeze the sum; returns the snapshot's number. Missing units want an explanation (F30).

    Raises:
        RefusedError, InputError, LedgerError, ConflictError: as ``form_snapshots.submit``.
    """
    actor.require(SUBMIT, region, kind="form", target=f"{campaign.key} {cutoff}")
    found = summed(connection, campaign=campaign, cutoff=cutoff, region=region)
    if not found.parts:
        raise InputError("下级单位均未报送该截止日期的报表，不能汇总")
    if seen and seen != fingerprint(found.cells):
        raise ConflictError("下级单位在您核对期间有新的报送，请核对新的数字后再报送")
    parts = {code: part.id for code, part in found.parts.items()}
    return form_snapshots.freeze(
        connection,
        actor,
        found.cells,
        kind="汇总",
        unit=unit,
        signed=signed,
        explanations=explanations,
        now=now,
        parts=parts,
        missing=found.missing,
    )


def added(parts: Sequence[FormCells], whole: FormCells) -> FormCells:
    """The sum of ``parts``, exact figures and printed ones each by themselves, under the heading of ``whole``."""
    return FormCells(
        campaign=whole.campaign,
        start=whole.start,
        cutoff=whole.cutoff,
        region=whole.region,
        rows=tuple(_lines([part.rows[index] for part in parts], len(row)) for index, row in enumerate(whole.rows)),
        others=_lines([part.others for part in parts], len(whole.others)),
        shown=tuple(_lines([part.shown[index] for part in parts], len(row)) for index, row in enumerate(whole.shown)),
        shown_others=_lines([part.shown_others for part in parts], len(whole.shown_others)),
        prior_fen=_lines([part.prior_fen for part in parts], len(whole.prior_fen)),
        demo=any(part.demo for part in parts),
    )


def _lines(lines: Sequence[Sequence[int]], width: int) -> tuple[int, ...]:
    return tuple(sum(line[place] for line in lines) for place in range(width))


def _newest(
    connection: Connection, campaign: str, cutoff: date, region: str, wanted: Sequence[str]
) -> dict[str, Snapshot]:
    row = t.form_snapshot.c
    query = (
        select(t.form_snapshot)
        .where(row.campaign == campaign, row.cutoff == cutoff, within(row.region, region), row.region.in_(wanted))
        .order_by(row.at, row.id)
    )
    newest = {found.region: found for found in connection.execute(query)}
    return {code: form_snapshots.read(newest[code]) for code in wanted if code in newest}

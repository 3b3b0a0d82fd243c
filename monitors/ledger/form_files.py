"""附件2 as a file in somebody's hands: Excel or PDF, whole or not at all, each with its line in the audit trail."""

from __future__ import annotations

import io
from datetime import datetime
from typing import Literal

from monitors import sheets
from monitors.access import audit
from monitors.access.actor import Actor
from monitors.ledger import form_pdf, form_sheet
from monitors.ledger.form_paper import Paper
from monitors.regions import divisions
from monitors.settings import Settings
from monitors.store.engine import Store

FileFormat = Literal["xlsx", "pdf"]
FORMATS: tuple[FileFormat, ...] = ("xlsx", "pdf")
MIME: dict[FileFormat, str] = {"xlsx": sheets.MIME["xlsx"], "pdf": "application/pdf"}
ACTION = "form.export"


def file(store: Store, actor: Actor, paper: Paper, fmt: FileFormat, *, now: datetime, snapshot: int = 0) -> bytes:
    """The form as the bytes of a file; ``snapshot`` is its number where a submitted one is printed again.

    Raises:
        RefusedError: the person may not export, or not this division's; MonitorsError: the PDF cannot be made.
    """
    actor.require("ledger.export", paper.cells.region, kind="form", target=str(snapshot or ""))
    stream = io.BytesIO()
    if fmt == "xlsx":
        form_sheet.write(paper, stream)
    else:
        stream.write(form_pdf.render(paper))
    record(store, actor, paper, fmt, now=now, snapshot=snapshot)
    return stream.getvalue()


def record(store: Store, actor: Actor, paper: Paper, fmt: str, *, now: datetime, snapshot: int = 0) -> None:
    """Note the export in the audit trail (逐次留痕); a file whose line cannot be written is not handed out."""
    after = {"format": fmt, "cutoff": paper.cells.cutoff.isoformat(), "kind": paper.kind}
    target = str(snapshot) if snapshot else f"{paper.cells.campaign} {paper.cells.cutoff}"
    with store.write() as connection:
        audit.append(
            connection, actor, ACTION, at=now, kind="form", target=target, region=paper.cells.region, after=after
        )


def file_name(paper: Paper, fmt: FileFormat) -> str:
    """``专项行动情况表_昆明市_20211130.xlsx``: safe on every system."""
    name = divisions.full_name(paper.cells.region)
    state = "_未报送" if paper.draft else ""
    return f"{sheets.slug(f'专项行动情况表_{name}')}_{paper.cells.cutoff:%Y%m%d}{state}.{fmt}"


def unit_name(settings: Settings, region: str) -> str:
    """制表单位名称 where the person gives none: the office for the province, the division's name below it."""
    return settings.site.office if region == divisions.YUNNAN else divisions.full_name(region)

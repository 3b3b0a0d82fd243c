"""The evidence pack as a file in somebody's hands: Word or PDF, each with its line in the audit trail."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from monitors import sheets
from monitors.access import audit
from monitors.access.acting import looking
from monitors.access.actor import Actor
from monitors.desk import pack as packs
from monitors.desk.pack import PackKind
from monitors.settings import Settings
from monitors.store.engine import Store

PackFormat = Literal["docx", "pdf"]
PACK_FORMATS: tuple[PackFormat, ...] = ("docx", "pdf")
MIME: dict[PackFormat, str] = {
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "pdf": "application/pdf",
}
ACTION = "alert.pack"


def file(
    store: Store, actor: Actor, number: str, kind: PackKind, fmt: PackFormat, *, settings: Settings, now: datetime
) -> bytes:
    """The pack of an alert as the bytes of a file; made when somebody clicks.

    Raises:
        RefusedError: the person may not export, or the alert is of another region; InputError: there is none;
        MonitorsError: the PDF cannot be set.
    """
    with looking(store, actor) as connection:
        made = packs.build(connection, actor, number, kind, settings=settings, now=now)
    if fmt == "docx":
        from monitors.desk import pack_docx  # noqa: PLC0415 - python-docx is a quarter of a second to import

        body = pack_docx.write(made)
    else:
        from monitors.desk import pack_pdf  # noqa: PLC0415 - loads the typesetter

        body = pack_pdf.render(made)
    after = {"format": fmt, "kind": kind, "reports": len(made.reports)}
    with store.write() as connection:  # a file whose line cannot be written is not handed out
        audit.append(connection, actor, ACTION, at=now, kind="alert", target=number, region=made.region, after=after)
    return body


def file_name(number: str, kind: PackKind, fmt: PackFormat, now: datetime) -> str:
    """``欠薪舆情专报_YJ20261123-0001_20261123-0415.docx``: safe on every system."""
    return f"{sheets.slug(f'欠薪舆情{kind}_{number}')}_{packs.minute(now)}.{fmt}"

"""附件2 as a PDF of one landscape A4 page, in the layout of the workbook (``form.typ``)."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from monitors import typeset
from monitors.errors import MonitorsError
from monitors.ledger.form_layout import ATTACHMENT, COLUMNS, NOTES, ROWS, headings, other_lines
from monitors.ledger.form_paper import Paper
from monitors.sheets import clean

TEMPLATE = Path(__file__).with_name("form.typ")


def render(paper: Paper, kind: Literal["pdf", "png"] = "pdf") -> bytes:
    """The form as the bytes of a PDF (or, to look at, of a picture).

    Raises:
        MonitorsError: no Chinese font, or the form does not fit.
    """
    try:
        return typeset.render(TEMPLATE, "form", _content(paper), kind)
    except typeset.NotOnePageError as error:
        raise MonitorsError("报表超出一页，请缩短制表单位或签名栏的文字后重试") from error


def _content(paper: Paper) -> dict[str, Any]:
    numbers = range(1, len(COLUMNS) + 1)
    return {
        "attachment": ATTACHMENT,
        "title": paper.title,
        "head": [clean(words) for words in paper.head()],
        "units": [str(column.unit) for column in COLUMNS],
        "headings": [
            {"top": one.top, "left": one.left, "bottom": one.bottom, "right": one.right, "words": one.words}
            for one in headings()
        ],
        "rows": [
            [str(name), str(row), *(paper.cells.printed(row, number) for number in numbers)]
            for row, name in enumerate(ROWS, start=1)
        ],
        "other_name": "其他情况",
        "others": list(other_lines(paper.cells.printed_others())),
        "signatures": [clean(words) for words in paper.signatures()],
        "note_name": "备注：",
        "notes": list(NOTES),
    }

"""One row of the preview as the clerk reads it: where it stands, what becomes of it, what changes, what is wrong."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

from monitors.ledger.import_lines import Alike, Changed, Line
from monitors.ledger.workbook_plan import Verdict
from monitors.ledger.workbook_rows import CellFault
from monitors.regions import divisions
from pages.markup import Html, joined, tag
from pages.wording import money, persons

TONES = {
    Verdict.ADD: "add", Verdict.CHANGE: "change", Verdict.SAME: "same", Verdict.REFUSED: "bad",
    Verdict.DUPLICATE: "doubt",
}  # fmt: skip
_SHOWN = 12  # changes and faults of one row; a row that differs everywhere is another case


def table(lines: Sequence[Line]) -> Html:
    """The lines one under the other."""
    heads = (("位置", "n"), ("结果", "n"), ("用人单位、项目", "who"), ("诉求", "n r"), ("说明", "said"))
    head = tag("tr", *(tag("th", name, class_=class_) for name, class_ in heads))
    return tag("div", tag("table", head, *map(_row, lines)), class_="import-rows")


def _row(line: Line) -> Html:
    return tag(
        "tr",
        tag("td", line.key, class_="n"),
        tag("td", tag("span", line.verdict, class_=f"verdict {TONES[line.verdict]}")),
        tag("td", _who(line), class_="who"),
        tag("td", tag("p", persons(line.workers)), tag("p", money(line.fen)), class_="n r"),
        tag("td", said(line), class_="said"),
    )


def _who(line: Line) -> Html:
    place = divisions.full_name(line.place) if line.place else ""
    under = "，".join(part for part in (line.project, place) if part)
    number = tag("p", "案件 ", case_link(line.number), class_="muted") if line.number else ""
    return joined(
        tag("p", line.employer or "（未填写用人单位）"), tag("p", under, class_="muted") if under else "", number
    )


def said(line: Line) -> Html:
    """Everything there is to say of the row."""
    parts = [_fault(one) for one in line.faults[:_SHOWN]]
    parts += [_change(one) for one in line.changes[:_SHOWN]]
    left = max(0, len(line.faults) - _SHOWN) + max(0, len(line.changes) - _SHOWN)
    if left:
        parts.append(tag("p", f"另有 {left} 项", class_="muted"))
    if line.alike:
        parts += [_alike(one) for one in line.alike[:3]]
    if line.choice:
        parts.append(tag("p", f"已选择：{line.choice}", class_="muted"))
    if line.trusted:
        parts.append(tag("p", "数字已确认无误", class_="muted"))
    parts += [tag("p", words, class_="muted") for words in line.remarks]
    if not parts:
        parts.append(tag("p", "登记为新案件" if line.verdict is Verdict.ADD else "与台账一致", class_="muted"))
    return joined(*parts)


def _fault(one: CellFault) -> Html:
    code = tag("span", one.code, class_="code") if one.code else ""
    return tag("p", _cell(one.address), code, f"{one.heading}：{one.words}")


def _change(one: Changed) -> Html:
    before = tag("s", one.before) if one.before else tag("span", "空", class_="muted")
    return tag("p", _cell(one.address), f"{one.heading}：", before, " → ", tag("ins", one.after or "空"))


def _alike(one: Alike) -> Html:
    which = joined("案件 ", case_link(one.number)) if one.case else Html(tag("span", f"本表 {one.number} 行"))
    return tag("p", which, f"：{one.why}", class_="muted")


def _cell(address: str) -> Html:
    """The cell without its sheet, which the row's own place names."""
    return tag("span", address.rpartition("!")[2], class_="at", title=address)


def case_link(number: str) -> Html:
    """To the case, beside this page: the preview stays."""
    return tag("a", number, href=f"/ledger?case={quote(number)}", target="_blank", rel="noopener")

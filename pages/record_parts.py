"""What the drawers of projects, inspections and employers draw alike: facts, tables, the history."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from urllib.parse import quote

from monitors.clock import stamp
from monitors.ledger import history_words
from monitors.ledger.events import Event
from monitors.ledger.history_words import Names
from monitors.ledger.inspections import Inspection
from monitors.ledger.projects import unmet
from monitors.ledger.register import CaseRow, Page
from monitors.regions import divisions
from pages.markup import Html, tag
from pages.wording import money, persons

_NOBODY: Names = {}


def place(code: str) -> str:
    """The division's name without 云南省."""
    return divisions.full_name(code).removeprefix("云南省") or code


def listing(rows: Iterable[tuple[str, object, bool]]) -> Html:
    """Names and values; of each row (name, value, whether it takes the whole width), empty values are left out."""
    shown = [
        tag("div", tag("dt", name), tag("dd", value), class_="wide" if wide else "")
        for name, value, wide in rows
        if value not in ("", None)
    ]
    return tag("dl", *shown)


def table(heads: Sequence[str], rows: Sequence[Html], nothing: str) -> Html:
    """A table, or the words that there is nothing."""
    if not rows:
        return tag("p", nothing, class_="muted")
    return tag("table", tag("tr", *(tag("th", words) for words in heads)), *rows)


def cases(found: Page, field: str, value: int) -> Html:
    """The reader's cases of a project or an employer, newest first, with the way to each and to all."""
    rows = [
        tag(
            "tr",
            tag("td", tag("a", one.number, href=f"/ledger?case={quote(one.number)}", target="_self"), class_="nowrap"),
            tag("td", one.employer if field == "project_id" else one.project or "—"),
            tag("td", one.state, class_="nowrap"),
            tag("td", _found_true(one), class_="nowrap"),
            tag("td", money(one.paid_fen) if one.verified_workers is not None else "—", class_="nowrap"),
            tag("td", one.accepted_on, class_="nowrap"),
        )
        for one in found.rows
    ]
    heads = ("案件", "用人单位" if field == "project_id" else "工程项目", "状态", "查实", "已支付", "受理")
    way = tag("a", "在台账中查看", href=f"/ledger?{field}={value}", target="_self") if rows else ""
    head = tag("h4", f"案件 {found.sums.cases} 件，未结 {found.sums.open} 件　", way)
    return tag("div", head, table(heads, rows, "没有案件。"))


def _found_true(case: CaseRow) -> str:
    return "—" if case.verified_workers is None else f"{persons(case.verified_workers)} {money(case.verified_fen)}"


def visits(found: Sequence[Inspection], *, of_project: bool) -> Html:
    """Inspections, newest first."""
    rows = []
    for one in found:
        wanting = "、".join(name for name, _ in unmet(one.checks))
        result = f"未落实：{wanting}" if wanting else "未见问题" if one.checks else "—"
        other = one.employer_name if of_project else one.project_name or "—"
        people = f"{one.workers:,} / {one.migrants:,} / {one.migrants_with_contract:,}"
        rows.append(
            tag(
                "tr",
                tag("td", tag("a", one.on, href=f"/projects?tab=visits&inspection={one.id}", target="_self"),
                    class_="nowrap"),
                tag("td", other),
                tag("td", one.unit),
                tag("td", people, class_="n"),
                tag("td", result, class_="late-words" if wanting else ""),
            )
        )  # fmt: skip
    heads = ("检查日期", "用人单位" if of_project else "工程项目", "检查单位", "职工/农民工/签合同", "结果")
    return table(heads, rows, "还没有检查记录。")


def history(found: Sequence[Event], called: Mapping[str, str], names: Names = _NOBODY) -> Html:
    """What was done to the record, newest first; ``called``: what its columns are called."""
    steps = []
    for event in found:
        told = history_words.lines(event, names, called)
        steps.append(
            tag(
                "li",
                tag("b", event.act),
                tag("span", f"{event.actor}　{stamp(event.at)}", class_="who"),
                tag("ul", *(tag("li", line) for line in told)) if told else "",
            )
        )
    return tag("div", tag("h4", f"办理过程（{len(steps)}）"), tag("ol", *steps), class_="case-history")

"""关联警情: the alerts tied to a case or clue, as its drawer names them."""

from __future__ import annotations

from monitors.clock import stamp
from monitors.ledger.model import Record
from monitors.links import linking
from pages import context
from pages.case_notes import facts
from pages.markup import Html, tag
from pages.wording import level_name


def drawn(kind: Record, record_id: int) -> Html:
    """The alerts that this person may see, each leading to its own drawer; nothing where there is none."""
    with context.look() as connection:
        found = linking.alerts_of(connection, context.actor(), kind, record_id)
    if not found:
        return Html("")
    rows = [
        tag(
            "tr",
            tag("td", tag("a", one.number, href=f"/alerts?alert={one.number}", target="_self"), class_="nowrap"),
            tag("td", f"{level_name(one.level)}　{one.state}", class_="nowrap"),
            tag("td", one.title),
            tag("td", f"{one.first_outlet} {stamp(one.first_published_at)}"),
        )
        for one in found
    ]
    head = tag("tr", *(tag("th", words) for words in ("警情", "级别与状态", "标题", "首发")))
    return facts(tag("h4", f"关联警情（{len(found)}）"), tag("table", head, *rows))
